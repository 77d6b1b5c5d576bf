internal import Linux

/// Writes to standard output; 0 when it went out.
@discardableResult
func show(_ text: String) throws(Failure) -> Int32 {
  do throws(Errno) {
    try writeAll(Array(text.utf8), to: StandardDescriptor.output)
    return 0
  } catch {
    throw Failure(SystemError("write to", "standard output", error))
  }
}

/// Writes one line to standard error, for people: progress, and what `fail` and `warn` have to say. Control characters, which may come from names in an image,
/// are shown as `\xNN`, so that it stays one line and harmless.
func report(_ message: String) {
  // Without a standard error there is nobody to tell; the status remains.
  try? writeAll(Array("apus: ".utf8) + escapingControls(message) + [0x0A], to: StandardDescriptor.error)
}

/// The message with `\xNN` for every byte of a control character; with `andQuotes` a backslash stands before quotation marks and backslashes as well.
func escapingControls(_ message: String, andQuotes: Bool = false) -> [UInt8] {
  var line: [UInt8] = []
  let bytes = Array(message.utf8)
  for (index, byte) in bytes.enumerated() {
    // U+0080 to U+009F, two bytes each, are control characters as well: U+009B begins a terminal's commands.
    let isFirstOfControl = byte == 0xC2 && index + 1 < bytes.count && bytes[index + 1] < 0xA0
    let isSecondOfControl = byte < 0xA0 && index > 0 && bytes[index - 1] == 0xC2
    if byte < 0x20 || byte == 0x7F || isFirstOfControl || isSecondOfControl {
      line.append(contentsOf: "\\x".utf8)
      line.append(hexDigit(byte >> 4))
      line.append(hexDigit(byte & 0xF))
    } else {
      if andQuotes, byte == 0x22 || byte == 0x5C { line.append(0x5C) }
      line.append(byte)
    }
  }
  return line
}

/// The digit of a number below 16.
func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
