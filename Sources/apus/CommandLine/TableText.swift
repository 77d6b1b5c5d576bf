internal import Linux

/// A text in a table: the address of a literal, which takes less code to hand over than a `StaticString`.
struct TableText: ExpressibleByStringLiteral, CustomStringConvertible {
  /// The bytes, which end with a NUL.
  let start: UnsafePointer<UInt8>

  @inline(__always)
  init(stringLiteral literal: StaticString) { start = literal.utf8Start }

  var isEmpty: Bool { start[0] == 0 }

  @inline(never)
  var description: String { String(cString: start) }

  /// The words between its spaces.
  var words: [String] { parts(of: description, at: 0x20) }
}

extension Text.Interpolation {
  @inline(never)
  mutating func appendInterpolation(_ text: TableText) { appendInterpolation(text.description) }
}
