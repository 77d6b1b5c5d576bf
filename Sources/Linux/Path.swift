/// A path as the kernel takes it: bytes without NUL, not necessarily UTF-8.
///
/// Names in archives and on disk are bytes; a `String` would repair what is not UTF-8, and a repaired name is another file.
public struct Path: Sendable, Equatable {
  /// The bytes, ended by one NUL, so that a system call can read them in place.
  private var storage: [UInt8]

  /// The path up to its end or to its first NUL. A reader of foreign bytes refuses a NUL before it makes a path of them.
  public init(bytes: some Sequence<UInt8>) {
    storage = []
    // One allocation: paths are made in the process that becomes a container too.
    storage.reserveCapacity(bytes.underestimatedCount + 1)
    for byte in bytes {
      if byte == 0 { break }
      storage.append(byte)
    }
    storage.append(0)
  }

  @inline(never)
  public init(_ string: String) { self.init(bytes: string.utf8) }

  /// The bytes without the NUL.
  public var bytes: ArraySlice<UInt8> { storage[..<(storage.count - 1)] }

  public var isEmpty: Bool { storage.count == 1 }

  public var isAbsolute: Bool { storage[0] == Path.slash }

  /// The path for a message; what is not UTF-8 is shown as U+FFFD.
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// The names between the slashes; empty ones and `.` are left out, `..` is not.
  public var components: [ArraySlice<UInt8>] {
    bytes.split(separator: Path.slash).filter { !($0.count == 1 && $0[$0.startIndex] == Path.dot) }
  }

  /// `self` and `name` with one slash between them.
  public func appending(_ name: some Sequence<UInt8>) -> Path {
    var joined: [UInt8] = []
    joined.reserveCapacity(bytes.count + 1 + name.underestimatedCount)
    joined.append(contentsOf: bytes)
    if let last = joined.last, last != Path.slash { joined.append(Path.slash) }
    joined.append(contentsOf: name)
    return Path(bytes: joined)
  }

  public func appending(_ name: String) -> Path { appending(name.utf8) }

  /// The directory that the last name is in; `.` for a single name.
  public var parent: Path {
    guard let end = bytes.lastIndex(of: Path.slash) else { return "." }
    return end == bytes.startIndex ? "/" : Path(bytes: bytes[..<end])
  }

  /// Whether a component is `..`.
  public var hasParentReference: Bool { components.contains { Path.isParentReference($0) } }

  /// Calls `body` with the bytes as a C string.
  @inline(__always)
  public func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    storage.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { characters in
        guard let base = characters.baseAddress else { preconditionFailure("a path has at least its NUL") }
        return body(base)
      }
    }
  }

  /// The byte between two components.
  public static var slash: UInt8 { 0x2F }
  static var dot: UInt8 { 0x2E }
  static func isParentReference(_ name: ArraySlice<UInt8>) -> Bool { name.count == 2 && name.allSatisfy { $0 == dot } }
}

extension Path: ExpressibleByStringInterpolation {
  @inline(never)
  public init(stringLiteral value: StaticString) { self.init(bytes: value.withUTF8Buffer { Array($0) }) }

  @inline(never)
  public init(stringInterpolation: Text.Interpolation) { self.init(bytes: stringInterpolation.bytes) }
}

extension Text.Interpolation {
  /// What is not UTF-8 is shown as U+FFFD.
  public mutating func appendInterpolation(_ path: Path) { append(path.bytes) }
}
