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
  for byte in message.utf8 {
    if byte < 0x20 || byte == 0x7F {
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
