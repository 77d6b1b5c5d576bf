internal import Linux

/// Writes to standard output; 0 when it went out.
@discardableResult
@inline(never)
func show(_ text: String) throws(Failure) -> Int32 {
  do throws(Errno) {
    try writeAll(Array(text.utf8), to: StandardDescriptor.output)
    return 0
  } catch {
    throw Failure(SystemError("write to", "standard output", error))
  }
}

/// Writes a document, which is UTF-8, to standard output; 0 when it went out.
func show(_ document: [UInt8]) throws(Failure) -> Int32 { try show(string(document[...])) }

/// Writes one line to standard error, for people: progress, and what `fail` and `warn` have to say. Control characters, which may come from names in an image,
/// are shown as `\xNN`, so that it stays one line and harmless.
@inline(never)
func report(_ message: String) {
  // Without a standard error there is nobody to tell; the status remains.
  try? writeAll(escapingControls(Text("apus: \(message)").string) + [0x0A], to: StandardDescriptor.error)
}

/// The message with `\xNN` for every byte of a control character; with `andQuotes` a backslash stands before quotation marks and backslashes as well.
@inline(never)
func escapingControls(_ message: String, andQuotes: Bool = false) -> [UInt8] {
  var line: [UInt8] = []
  // With a byte behind the last one, to look at.
  let bytes = Array(message.utf8) + [0xFF]
  var before: UInt8 = 0
  for index in 0..<(bytes.count - 1) {
    let byte = bytes[index]
    // U+0080 to U+009F, two bytes each, are control characters as well: U+009B begins a terminal's commands.
    let isFirstOfControl = byte == 0xC2 && bytes[index + 1] < 0xA0
    let isSecondOfControl = byte < 0xA0 && before == 0xC2
    before = byte
    if byte < 0x20 || byte == 0x7F || isFirstOfControl || isSecondOfControl {
      line += [0x5C, 0x78, hexDigit(byte >> 4), hexDigit(byte & 0xF)]
    } else {
      if andQuotes, byte == 0x22 || byte == 0x5C { line.append(0x5C) }
      line.append(byte)
    }
  }
  return line
}

/// The digit of a number below 16.
func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
