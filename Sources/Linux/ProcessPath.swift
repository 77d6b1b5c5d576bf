/// `/proc/self/fd/N`: the path by which this process reaches an open file itself, whatever its name is by now.
///
/// For one call, and without an allocation: the bytes are in it.
struct ProcessPath {
  private var bytes: InlineArray<28, CChar>

  @inline(never)
  init(_ descriptor: Int32) {
    bytes = InlineArray(repeating: 0)
    let folder: Literal = "/proc/self/fd/"
    var end = folder.bytes.count
    for index in 0..<end { bytes[index] = CChar(bitPattern: folder.start[index]) }
    let number = UInt32(bitPattern: descriptor)
    var unit: UInt32 = 1
    while number / unit > 9 { unit *= 10 }
    while unit > 0 {
      bytes[end] = CChar(truncatingIfNeeded: 0x30 + number / unit % 10)
      end += 1
      unit /= 10
    }
  }

  /// Calls `body` with the path as a C string.
  @inline(__always)
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    bytes.span.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an array in place has an address") }
      return body(base)
    }
  }
}

extension FileDescriptor {
  /// The path by which this process reaches the open file itself, whatever its name is by now.
  public var processPath: Path { Path("/proc/self/fd/\(rawValue)") }
}
