/// What a request is for: the path's names and the query, decoded. Only a path is taken, `origin-form` in RFC 9112 (section 3.2).
final class Target {
  private(set) var segments: [String] = []
  /// Names and values by turns.
  private(set) var query: [String] = []

  init(_ target: ArraySlice<UInt8>) throws(Problem) {
    let bytes = Array(target)
    if bytes.first != 0x2F { throw Problem(.badRequest, "the target of the request must be a path") }
    var part: [UInt8] = []
    var isQuery = false
    var at = 1
    repeat {
      // There is no NUL in a head, so here it stands for the end.
      let byte = at < bytes.count ? bytes[at] : 0
      at += 1
      let isName = query.count & 1 == 0
      if byte == 0x25 {
        guard at + 2 <= bytes.count, let number = hexadecimal(bytes[at..<(at + 2)]), number > 0 else {
          throw Problem(.badRequest, "two hexadecimal digits must follow a '%', and not be 00")
        }
        // A plus is a plus: that it is a space is a rule of HTML's forms.
        part.append(UInt8(truncatingIfNeeded: number))
        at += 2
      } else if byte > 0 && (isQuery ? byte != 0x26 && (byte != 0x3D || !isName) : byte != 0x2F && byte != 0x3F) {
        if !isTargetByte(byte) { throw Problem(.badRequest, "a character in the target of the request has to be written with '%'") }
        part.append(byte)
      } else {
        let text = string(part[...])
        if !text.utf8.elementsEqual(part[...]) { throw Problem(.badRequest, "the target of the request is not UTF-8") }
        if isQuery {
          if byte > 0 || !part.isEmpty || !query.isEmpty { query.append(text) }
          // A name without a value.
          if byte != 0x3D && query.count & 1 == 1 { query.append("") }
        } else {
          // What one reader takes for the parent, or for two names, is a file's name to another.
          if text.equals(".") || text.equals("..") || part.contains(0x2F) { throw Problem(.badRequest, "'.', '..' and '%2F' are no names in a path") }
          segments.append(text)
          isQuery = byte == 0x3F
        }
        part = []
      }
    } while at <= bytes.count
  }
}

/// What may stand in a path or a query (RFC 3986, section 3.4).
@inline(never)
private func isTargetByte(_ byte: UInt8) -> Bool {
  switch byte {
  // Besides what is unreserved: ! $ % & ' ( ) * + , / : ; = ? @
  case 0x21, 0x24...0x2C, 0x2F, 0x3A, 0x3B, 0x3D, 0x3F, 0x40: true
  default: isUnreserved(byte)
  }
}

/// What means itself wherever it stands (RFC 3986, section 2.3).
@inline(never)
private func isUnreserved(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
  default: false
  }
}

/// The number that at most 15 hexadecimal digits write; nil when there are none, too many, or something else among them.
@inline(never)
func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
  if digits.isEmpty || digits.count > 15 { return nil }
  var number: UInt64 = 0
  for digit in digits {
    switch digit {
    case 0x30...0x39: number = number << 4 | UInt64(digit - 0x30)
    case 0x41...0x46: number = number << 4 | UInt64(digit - 0x37)
    case 0x61...0x66: number = number << 4 | UInt64(digit - 0x57)
    default: return nil
    }
  }
  return number
}

/// A text as it stands in a path or as a value in a query.
@inline(never)
func percentEncoded(_ text: String) -> String {
  var encoded: [UInt8] = []
  for byte in Array(text.utf8) {
    if isUnreserved(byte) {
      encoded.append(byte)
    } else {
      encoded.append(0x25)
      encoded.append(hexDigit(byte >> 4))
      encoded.append(hexDigit(byte & 15))
    }
  }
  return string(encoded[...])
}

func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x37 + nibble }
