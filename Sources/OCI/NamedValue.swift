/// A value that a document spells as one of a few fixed names, such as a namespace type or a seccomp action.
///
/// The names are one literal, so that a type of many values is a few bytes of data and no code of its own.
public protocol NamedValue: RawRepresentable<UInt8>, CaseIterable, Sendable {
  /// The names as the documents spell them, in the order of the cases, with white space between.
  static var names: StaticString { get }
}

extension NamedValue {
  /// The name as the document spells it.
  @inline(__always)
  public var name: String { word(rawValue, of: Self.names) }

  /// The value that the document calls `name`; nil when there is none.
  @inline(__always)
  public init?(named name: String) {
    guard let number = position(of: name, in: Self.names) else { return nil }
    self.init(rawValue: number)
  }

  /// The value whose name stands at a position; the first one where there is none.
  @inline(__always)
  init(at number: UInt8) {
    if let value = Self(rawValue: number) { self = value } else { self = Self.allCases[Self.allCases.startIndex] }
  }
}

/// The word at a position, counted from 0; empty behind the last one.
@inline(never)
public func word(_ position: UInt8, of words: StaticString) -> String {
  var left = position
  return words.withUTF8Buffer { bytes in
    for word in bytes.split(whereSeparator: isSpace) {
      if left == 0 { return String(decoding: word, as: UTF8.self) }
      left -= 1
    }
    return ""
  }
}

/// The position of a word, counted from 0; nil when it is none of them. Bytes are compared, as `String.equals` does.
@inline(never)
public func position(of name: String, in words: StaticString) -> UInt8? {
  var position: UInt8 = 0
  return words.withUTF8Buffer { bytes in
    for word in bytes.split(whereSeparator: isSpace) {
      if name.utf8.elementsEqual(word) { return position }
      position += 1
    }
    return nil
  }
}

private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A }
