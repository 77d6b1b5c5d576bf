/// A path as the kernel takes it: bytes without NUL, not necessarily UTF-8.
///
/// Names in archives and on disk are bytes; a `String` would repair what is not UTF-8, and a repaired name is another file.
///
/// One that is written as a literal is where the program has its literals: nothing is allocated for it, nor to compare it or to hand it to a system call. So the new
/// process of a container can have paths (docs/decisions/malloc.md).
public struct Path: Sendable, Equatable {
  /// The bytes, ended by one NUL, so that a system call can read them in place: a literal's, or those of `storage`, which stay where they are because nothing
  /// changes that.
  private nonisolated(unsafe) let start: UnsafePointer<CChar>
  /// What keeps the bytes and the NUL; nil for a literal.
  private let storage: [UInt8]?

  /// The path up to its end or to its first NUL. A reader of foreign bytes refuses a NUL before it makes a path of them.
  public init(bytes: some Sequence<UInt8>) {
    var copy: [UInt8] = []
    // One allocation.
    copy.reserveCapacity(bytes.underestimatedCount + 1)
    for byte in bytes {
      if byte == 0 { break }
      copy.append(byte)
    }
    copy.append(0)
    guard let base = copy.withUnsafeBytes({ $0.baseAddress }) else { preconditionFailure("a path has at least its NUL") }
    start = base.assumingMemoryBound(to: CChar.self)
    storage = copy
  }

  @inline(never)
  public init(_ string: String) { self.init(bytes: string.utf8) }

  /// The bytes without the NUL.
  public var bytes: ArraySlice<UInt8> {
    if let storage { return storage[..<(storage.count - 1)] }
    return literalBytes[...]
  }

  private var literalBytes: [UInt8] {
    @inline(never) get { Array(UnsafeRawBufferPointer(start: start, count: count)) }
  }

  /// The number of bytes without the NUL.
  public var count: Int {
    @inline(never) get {
      if let storage { return storage.count - 1 }
      var length = 0
      while start[length] != 0 { length += 1 }
      return length
    }
  }

  public var isEmpty: Bool { withCString { $0.pointee == 0 } }

  public var isAbsolute: Bool { withCString { UInt8(bitPattern: $0.pointee) == Path.slash } }

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
    withExtendedLifetime(storage) { body(start) }
  }

  @inline(never)
  public static func == (left: Path, right: Path) -> Bool {
    left.withCString { left in
      right.withCString { right in
        var at = 0
        while left[at] == right[at] {
          if left[at] == 0 { return true }
          at += 1
        }
        return false
      }
    }
  }

  /// The byte between two components.
  public static var slash: UInt8 { 0x2F }
  static var dot: UInt8 { 0x2E }
  static func isParentReference(_ name: ArraySlice<UInt8>) -> Bool { name.count == 2 && name.allSatisfy { $0 == dot } }
}

extension Path: ExpressibleByStringInterpolation {
  @inline(__always)
  public init(stringLiteral value: StaticString) {
    // A single character can be a scalar without an address; the compiler makes none of a string literal.
    start = UnsafeRawPointer(value.utf8Start).assumingMemoryBound(to: CChar.self)
    storage = nil
  }

  /// A literal that is a path, at no cost.
  @inline(__always)
  public init(_ literal: Literal) {
    start = UnsafeRawPointer(literal.start).assumingMemoryBound(to: CChar.self)
    storage = nil
  }

  @inline(never)
  public init(stringInterpolation: Text.Interpolation) { self.init(bytes: stringInterpolation.bytes) }
}

extension Text.Interpolation {
  /// What is not UTF-8 is shown as U+FFFD.
  public mutating func appendInterpolation(_ path: Path) { append(path.bytes) }
}
