/// A name and a value of a request's query.
final class QueryParameter: Sendable {
  let name: String
  let value: String

  init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// What a request is for: the path's names and the query, decoded. Only a path is taken, `origin-form` in RFC 9112 (section 3.2).
final class Target {
  let segments: [String]
  let query: [QueryParameter]

  init(_ bytes: ArraySlice<UInt8>) throws(Problem) {
    if bytes.first != 0x2F { throw Problem(.badRequest, "the target of the request must be a path") }
    for byte in bytes where !isTargetByte(byte) { throw Problem(.badRequest, "a character in the target of the request has to be written with '%'") }
    var names: [String] = []
    var parameters: [QueryParameter] = []
    let parts = bytes.dropFirst().split(separator: 0x3F, maxSplits: 1, omittingEmptySubsequences: false)
    for part in parts[0].split(separator: 0x2F, omittingEmptySubsequences: false) {
      let name = try percentDecoded(part)
      // What one reader takes for the parent, or for two names, is a file's name to another.
      if name.equals(".") || name.equals("..") || name.utf8.contains(0x2F) { throw Problem(.badRequest, "'.', '..' and '%2F' are no names in a path") }
      names.append(name)
    }
    if parts.count > 1, !parts[1].isEmpty {
      for part in parts[1].split(separator: 0x26, omittingEmptySubsequences: false) {
        let pair = part.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
        let value = pair.count > 1 ? try percentDecoded(pair[1]) : ""
        parameters.append(QueryParameter(name: try percentDecoded(pair[0]), value: value))
      }
    }
    segments = names
    query = parameters
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

/// The text that bytes of a target stand for. A plus is a plus: that it is a space is a rule of HTML's forms.
@inline(never)
private func percentDecoded(_ bytes: ArraySlice<UInt8>) throws(Problem) -> String {
  var decoded: [UInt8] = []
  var rest = bytes
  while let byte = rest.first {
    rest = rest.dropFirst()
    if byte != 0x25 {
      decoded.append(byte)
      continue
    }
    guard let number = hexadecimal(rest.prefix(2)), rest.count >= 2, number > 0 else {
      throw Problem(.badRequest, "two hexadecimal digits must follow a '%', and not be 00")
    }
    decoded.append(UInt8(truncatingIfNeeded: number))
    rest = rest.dropFirst(2)
  }
  let text = string(decoded[...])
  if !text.utf8.elementsEqual(decoded[...]) { throw Problem(.badRequest, "the target of the request is not UTF-8") }
  return text
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
