/// Text put together of literals and values, for messages: `Text("\(path): \(count) bytes").string`.
///
/// It is written like a `String` with interpolations, and does one call for each part of it. `String`'s own interpolation is inlined wherever it stands, some
/// 150 bytes of code for each part, which made messages a third of the binary.
public struct Text: ExpressibleByStringInterpolation, Sendable {
  public let string: String

  public init(_ string: String) { self.string = string }

  @inline(never)
  public init(stringLiteral value: StaticString) { string = value.withUTF8Buffer { String(decoding: $0, as: UTF8.self) } }

  @inline(never)
  public init(stringInterpolation: Interpolation) { string = String(decoding: stringInterpolation.bytes, as: UTF8.self) }

  /// The parts, as far as they have been put together.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var bytes: [UInt8] = []

    @inline(never)
    public init(literalCapacity: Int, interpolationCount: Int) {}

    @inline(never)
    public mutating func appendLiteral(_ literal: StaticString) { literal.withUTF8Buffer { bytes.append(contentsOf: $0) } }

    @inline(never)
    public mutating func appendInterpolation(_ string: String) { bytes.append(contentsOf: string.utf8) }

    @inline(never)
    public mutating func appendInterpolation(_ literal: StaticString) { literal.withUTF8Buffer { bytes.append(contentsOf: $0) } }

    @inline(never)
    public mutating func appendInterpolation(_ number: UInt64) { appendInterpolation(String(number)) }

    @inline(never)
    public mutating func appendInterpolation(_ number: Int) { appendInterpolation(String(number)) }

    /// What is not UTF-8 is shown as U+FFFD.
    @inline(never)
    public mutating func appendInterpolation(_ path: Path) { bytes.append(contentsOf: path.bytes) }

    public mutating func appendInterpolation(_ text: Text) { appendInterpolation(text.string) }
  }
}
