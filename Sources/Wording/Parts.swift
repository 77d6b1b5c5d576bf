/// The texts with `separator` between two of them. The library's `joined` is generic, and some 900 bytes for each kind of list that it joins.
@inline(never)
public func joined(_ texts: [String], with separator: Literal) -> String {
  var bytes: [UInt8] = []
  for (index, text) in texts.enumerated() {
    if index > 0 { bytes.append(contentsOf: separator.bytes) }
    bytes.append(contentsOf: text.utf8)
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// What stands before the first `mark` in a text, and what stands behind it; nil where there is none.
@inline(never)
public func cut(_ text: String, at mark: Literal) -> (before: String, behind: String?) {
  let bytes = Array(text.utf8)
  let length = mark.bytes.count
  for end in 0..<bytes.count where end + length <= bytes.count {
    var isMark = true
    for offset in 0..<length where bytes[end + offset] != mark.start[offset] { isMark = false }
    if isMark { return (string(bytes[..<end]), string(bytes[(end + length)...])) }
  }
  return (text, nil)
}

/// The parts of a text between the bytes `separator`; a text without any is one part.
public func parts(of text: String, at separator: UInt8) -> [String] { parts(of: text) { $0 == separator } }

@inline(never)
private func parts(of text: String, _ isSeparator: (UInt8) -> Bool) -> [String] {
  var parts: [String] = []
  var part: [UInt8] = []
  for byte in Array(text.utf8) {
    if isSeparator(byte) {
      parts.append(string(part[...]))
      part = []
    } else {
      part.append(byte)
    }
  }
  parts.append(string(part[...]))
  return parts
}

/// The words of a literal, which has one space or line feed between two of them.
@inline(never)
public func words(of literal: Literal) -> [String] {
  parts(of: literal.description) { $0 == 0x20 || $0 == 0x0A }
}

/// Bytes as text.
@inline(never)
public func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
