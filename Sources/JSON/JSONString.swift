/// The character that an escape stands for, and the offset behind the escape; `offset` is that of the backslash.
///
/// UTF-16 surrogates count only as a pair (RFC 8259, section 7): a lone one is no character, and no UTF-8 text can hold it.
func escape(in text: [UInt8], at offset: Int) throws(JSONStringFault) -> (scalar: Unicode.Scalar, end: Int) {
  guard offset + 1 < text.count else { throw .unfinished }
  let scalar: Unicode.Scalar
  switch text[offset + 1] {
  case 0x22: scalar = "\""
  case 0x5C: scalar = "\\"
  case 0x2F: scalar = "/"
  case 0x62: scalar = "\u{08}"
  case 0x66: scalar = "\u{0C}"
  case 0x6E: scalar = "\n"
  case 0x72: scalar = "\r"
  case 0x74: scalar = "\t"
  case 0x75: return try unicodeEscape(in: text, at: offset)
  default: throw .unknownEscape
  }
  return (scalar, offset + 2)
}

private func unicodeEscape(in text: [UInt8], at offset: Int) throws(JSONStringFault) -> (scalar: Unicode.Scalar, end: Int) {
  let first = try fourDigits(in: text, at: offset + 2)
  if let scalar = Unicode.Scalar(first) { return (scalar, offset + 6) }
  guard first < 0xDC00, offset + 7 < text.count, text[offset + 6] == 0x5C, text[offset + 7] == 0x75 else { throw .loneSurrogate }
  let second = try fourDigits(in: text, at: offset + 8)
  guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) else { throw .loneSurrogate }
  return (scalar, offset + 12)
}

private func fourDigits(in text: [UInt8], at offset: Int) throws(JSONStringFault) -> UInt32 {
  guard offset + 4 <= text.count else { throw .unfinished }
  var value: UInt32 = 0
  for byte in text[offset..<(offset + 4)] {
    let digit: UInt8
    switch byte {
    case 0x30...0x39: digit = byte - 0x30
    case 0x41...0x46: digit = byte - 0x41 + 10
    case 0x61...0x66: digit = byte - 0x61 + 10
    default: throw .unknownEscape
    }
    value = value << 4 | UInt32(digit)
  }
  return value
}

/// What can be wrong inside a string.
enum JSONStringFault: Error {
  case unfinished, unknownEscape, loneSurrogate

  var reason: String {
    switch self {
    case .unfinished: "the string has no end"
    case .unknownEscape: "no escape of JSON"
    case .loneSurrogate: "half of a surrogate pair"
    }
  }
}

/// The bytes of a string whose escapes have been checked.
func unescaped(_ raw: ArraySlice<UInt8>) -> [UInt8] {
  let text = Array(raw)
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.count)
  var offset = 0
  while offset < text.count {
    if text[offset] == 0x5C, let (scalar, end) = try? escape(in: text, at: offset) {
      bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
      offset = end
    } else {
      bytes.append(text[offset])
      offset += 1
    }
  }
  return bytes
}

/// How many bytes the UTF-8 character at `offset` has; nil when there is none (The Unicode Standard, table 3-7): no overlong form, no surrogate, nothing
/// above U+10FFFF.
func characterLength(in text: [UInt8], at offset: Int) -> Int? {
  let lead = text[offset]
  let length: Int
  var second: ClosedRange<UInt8> = 0x80...0xBF
  switch lead {
  case 0x00...0x7F: return 1
  case 0xC2...0xDF: length = 2
  case 0xE0...0xEF:
    length = 3
    if lead == 0xE0 { second = 0xA0...0xBF }
    if lead == 0xED { second = 0x80...0x9F }
  case 0xF0...0xF4:
    length = 4
    if lead == 0xF0 { second = 0x90...0xBF }
    if lead == 0xF4 { second = 0x80...0x8F }
  default: return nil
  }
  guard offset + length <= text.count, second.contains(text[offset + 1]) else { return nil }
  for byte in text[(offset + 2)..<(offset + length)] where byte & 0xC0 != 0x80 { return nil }
  return length
}

/// Some bytes of a document for a message: what is not printable ASCII is replaced, and a long text is cut, so that a message stays one readable line.
public func excerpt(_ bytes: ArraySlice<UInt8>) -> String {
  let limit = 48
  var shown: [UInt8] = []
  for byte in bytes.prefix(limit) { shown.append((0x20...0x7E).contains(byte) ? byte : 0x3F) }
  if bytes.count > limit { shown.append(contentsOf: "...".utf8) }
  return String(decoding: shown, as: UTF8.self)
}
