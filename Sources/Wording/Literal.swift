/// A literal as the address of its bytes, which end with a NUL: one word, which takes less code to hand over than the three of a `StaticString`.
///
/// A literal with a NUL in it would end there.
@frozen
public struct Literal: ExpressibleByStringLiteral, CustomStringConvertible, @unchecked Sendable {
  public let start: UnsafePointer<UInt8>

  @inline(__always)
  public init(stringLiteral literal: StaticString) { start = literal.utf8Start }

  @inline(__always)
  public init(_ literal: StaticString) { start = literal.utf8Start }

  public var isEmpty: Bool { start[0] == 0 }

  /// The bytes without the NUL.
  @inline(never)
  public var bytes: UnsafeBufferPointer<UInt8> {
    var count = 0
    while start[count] != 0 { count += 1 }
    return UnsafeBufferPointer(start: start, count: count)
  }

  @inline(never)
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// The words, between which there is a space or a line feed.
  @inline(never)
  public var words: [String] { Wording.words(of: self) }
}
