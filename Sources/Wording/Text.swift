/// Text put together of literals and values, for messages: `"\(path): \(count) bytes"` where a `Text` is expected.
///
/// It is written like a `String` with interpolations, and does one short call for each part of it. What takes a sentence, such as an error, takes a `Text`: the
/// literals at its call sites are then pointers, which take less code than a `String`.
@frozen
public struct Text: ExpressibleByStringInterpolation, Sendable {
  public let string: String

  public init(_ string: String) { self.string = string }

  @inline(__always)
  public init(stringLiteral value: StaticString) { self.init(Literal(value)) }

  @inline(never)
  public init(_ literal: Literal) { string = literal.description }

  @inline(never)
  public init(stringInterpolation: Interpolation) { string = String(decoding: stringInterpolation.bytes, as: UTF8.self) }

  /// The parts, as far as they have been put together.
  public struct Interpolation: StringInterpolationProtocol {
    public private(set) var bytes: [UInt8]

    @inline(__always)
    public init(literalCapacity: Int, interpolationCount: Int) { bytes = [] }

    /// The compiler asks for the empty literals as well, before a value at the beginning and after one at the end.
    @inline(__always)
    public mutating func appendLiteral(_ literal: StaticString) {
      if literal.utf8CodeUnitCount > 0 { appendInterpolation(Literal(literal)) }
    }

    @inline(__always)
    public mutating func appendInterpolation(_ literal: StaticString) { appendInterpolation(Literal(literal)) }

    @inline(never)
    public mutating func appendInterpolation(_ literal: Literal) { bytes.append(contentsOf: literal.bytes) }

    @inline(never)
    public mutating func appendInterpolation(_ string: String) { bytes.append(contentsOf: string.utf8) }

    @inline(__always)
    public mutating func appendInterpolation(_ text: Text) { appendInterpolation(text.string) }

    @inline(__always)
    public mutating func appendInterpolation<Number: FixedWidthInteger>(_ number: Number) {
      if Number.isSigned { append(Int64(truncatingIfNeeded: number)) } else { append(UInt64(truncatingIfNeeded: number)) }
    }

    @inline(never)
    private mutating func append(_ number: Int64) { appendInterpolation(String(number)) }

    @inline(never)
    private mutating func append(_ number: UInt64) { appendInterpolation(String(number)) }

    /// Adds bytes; what is not UTF-8 is shown as U+FFFD.
    @inline(never)
    public mutating func append(_ more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }
  }
}
