extension String {
  /// Whether the bytes are the same. `==` on strings compares by canonical equivalence, which links the Unicode tables into the binary.
  @inline(never)
  public func equals(_ other: Literal) -> Bool { utf8.count == other.bytes.count && begins(with: other) }

  /// Not for literals, which are one word as a `Literal`.
  @inline(never)
  @_disfavoredOverload
  public func equals(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

  /// Whether the bytes begin with those of `prefix`.
  @inline(never)
  public func begins(with prefix: Literal) -> Bool { Array(utf8)[...].begins(with: prefix) }

  /// The number in decimal digits. The standard library's is generic, for every radix.
  @inline(__always)
  public init<Number: FixedWidthInteger>(_ number: Number) {
    self = digits(UInt64(truncatingIfNeeded: number.magnitude), isNegative: number < 0)
  }
}

extension DefaultStringInterpolation {
  /// A number in decimal digits, as `String.init` above makes it.
  @inline(__always)
  public mutating func appendInterpolation<Number: FixedWidthInteger>(_ number: Number) { appendInterpolation(String(number)) }
}

@inline(never)
private func digits(_ magnitude: UInt64, isNegative: Bool) -> String {
  var bytes: [UInt8] = []
  var rest = magnitude
  repeat {
    bytes.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
    rest /= 10
  } while rest > 0
  if isNegative { bytes.append(0x2D) }
  return string(bytes.reversed()[...])
}
