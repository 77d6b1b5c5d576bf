internal import Linux

/// Rows as lines, with columns as wide as their widest cell and two spaces between them.
func table(_ rows: [[String]]) -> String {
  var widths: [Int] = []
  for row in rows {
    for (column, cell) in row.enumerated() {
      if column == widths.count { widths.append(0) }
      widths[column] = max(widths[column], cell.utf8.count)
    }
  }
  var text: [UInt8] = []
  for row in rows {
    for (column, cell) in row.enumerated() {
      text.append(contentsOf: cell.utf8)
      if column == row.count - 1 { break }
      for _ in cell.utf8.count..<(widths[column] + 2) { text.append(0x20) }
    }
    text.append(0x0A)
  }
  return string(text[...])
}

extension ParsedArguments {
  /// Whether --format asks for JSON instead of a table.
  func wantsJSON(_ option: OptionID = .format) throws(Failure) -> Bool {
    guard let format = value(option), !format.equals("table") else { return false }
    if format.equals("json") { return true }
    throw .usage("option --format: \(format) is neither table nor json")
  }
}
