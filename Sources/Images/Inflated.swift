/// The contents of a gzip file that is in memory, at most `limit` bytes; nil when it is damaged, or longer.
public func inflated(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
  guard let inflater = Inflater() else { return nil }
  var contents: [UInt8] = []
  let isWhole = bytes.withUnsafeBytes { bytes in
    var input = bytes
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while contents.count <= limit {
      var outcome = Inflater.Outcome.more
      let given = piece.withUnsafeMutableBytes { room in
        var output = room
        outcome = inflater.step(&input, &output)
        return room.count - output.count
      }
      contents += piece[..<given]
      if outcome != .more { return false }
      if given == 0 { return input.isEmpty && inflater.mayEnd }
    }
    return false
  }
  return isWhole ? contents : nil
}
