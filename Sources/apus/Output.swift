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

/// Writes one line to standard error. Control characters, which may come from names in an image, are shown as `\xNN`, so that it stays one line and harmless.
func report(_ message: String) {
  var line = Array("apus: ".utf8)
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
      line.append(byte)
    }
  }
  line.append(0x0A)
  // Without a standard error there is nobody to tell; the status remains.
  try? writeAll(line, to: StandardDescriptor.error)
}

/// The digit of a number below 16.
func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
