/// Options of a file system's own for mount(2), which takes a page of them: put together in place, without an allocation.
public struct MountData: ~Copyable {
  private var bytes = InlineArray<4096, CChar>(repeating: 0)
  /// What has been appended, the rest included for which there was no room.
  public private(set) var count = 0

  public init() {}

  public mutating func append(_ text: Path) { text.withCString { append($0) } }

  /// The path by which this process reaches an open file.
  public mutating func append(pathOf file: borrowing FileDescriptor) { ProcessPath(file.rawValue).withCString { append($0) } }

  /// The octal digits of permission bits.
  public mutating func append(mode: UInt32) {
    var shift: UInt32 = 12
    while shift > 0 {
      shift -= 3
      append(CChar(truncatingIfNeeded: 0x30 + (mode >> shift) & 7))
    }
  }

  /// The option that gives everything in a file system the SELinux context `label`, behind others. In quotes, because a context has commas.
  public mutating func append(context label: String) {
    append(",context=\"")
    var label = label
    label.withUTF8 { for byte in $0 { append(CChar(bitPattern: byte)) } }
    append("\"")
  }

  /// Takes away what is behind the first `count` bytes.
  public mutating func shorten(to count: Int) {
    self.count = count
    bytes[count] = 0
  }

  @inline(never)
  private mutating func append(_ text: UnsafePointer<CChar>) {
    var next = text
    while next.pointee != 0 {
      append(next.pointee)
      next += 1
    }
  }

  private mutating func append(_ byte: CChar) {
    if count < bytes.count - 1 {
      bytes[count] = byte
      bytes[count + 1] = 0
    }
    count += 1
  }

  /// Whether there was no room for all of it: the kernel would end it there without a word.
  var isTooLong: Bool { count >= bytes.count }

  /// Calls `body` with the options as a C string.
  @inline(__always)
  borrowing func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    bytes.span.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an array in place has an address") }
      return body(base)
    }
  }
}
