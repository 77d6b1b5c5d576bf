/// A value that a document spells as one of a few fixed names, such as a namespace type or a seccomp action.
///
/// The names are one literal, so that a type of many values is a few bytes of data and no code of its own.
public protocol NamedValue: RawRepresentable<UInt8>, CaseIterable, Sendable {
  /// The names as the documents spell them, in the order of the cases, with white space between.
  static var names: Literal { get }
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

  /// The value whose name stands at a position, which is that of a name.
  @inline(__always)
  init(at number: UInt8) {
    guard let value = Self(rawValue: number) else { preconditionFailure("each name has a case") }
    self = value
  }
}

/// The word at a position, counted from 0; empty behind the last one.
@inline(never)
public func word(_ position: UInt8, of words: Literal) -> String {
  var word = words.start
  for _ in 0..<position { word = next(behind: word) }
  return String(decoding: UnsafeBufferPointer(start: word, count: length(of: word)), as: UTF8.self)
}

/// The position of a word, counted from 0; nil when it is none of them. Bytes are compared, as `String.equals` does; nothing is allocated, because much of
/// what a document says is looked up so.
@inline(never)
public func position(of name: String, in words: Literal) -> UInt8? {
  var name = name
  return name.withUTF8 { name in
    var word = words.start
    var position: UInt8 = 0
    while word[0] != 0 {
      var same = 0
      while same < name.count, !isEnd(word[same]), word[same] == name[same] { same += 1 }
      if same == name.count, isEnd(word[same]) { return position }
      word = next(behind: word)
      position += 1
    }
    return nil
  }
}

private func length(of word: UnsafePointer<UInt8>) -> Int {
  var length = 0
  while !isEnd(word[length]) { length += 1 }
  return length
}

/// The word behind one; the NUL at the end behind the last.
private func next(behind word: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
  var next = word + length(of: word)
  while next[0] == 0x20 || next[0] == 0x0A { next += 1 }
  return next
}

private func isEnd(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0 }
