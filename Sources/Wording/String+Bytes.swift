extension String {
  /// Whether the bytes are the same. `==` on strings compares by canonical equivalence, which links the Unicode tables into the binary.
  @inline(never)
  public func equals(_ other: Literal) -> Bool { utf8.count == other.bytes.count && begins(with: other) }

  /// Not for literals, which are one word as a `Literal`.
  @inline(never)
  @_disfavoredOverload
  public func equals(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

  /// Whether the bytes begin with those of `prefix`. Allocates nothing, because a new process that is to become a container asks too.
  @inline(never)
  public func begins(with prefix: Literal) -> Bool {
    var wanted = prefix.start
    for byte in utf8 {
      if wanted.pointee == 0 || wanted.pointee != byte { break }
      wanted += 1
    }
    return wanted.pointee == 0
  }

  /// The number in decimal digits. The standard library's is generic, for every radix. Allocates nothing for numbers of up to 15 digits.
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
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 21) { bytes in
    var start = bytes.count
    func put(_ byte: UInt8) {
      start -= 1
      bytes[start] = byte
    }
    var rest = magnitude
    repeat {
      put(0x30 + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    if isNegative { put(0x2D) }
    return String(decoding: UnsafeBufferPointer(rebasing: bytes[start...]), as: UTF8.self)
  }
}
