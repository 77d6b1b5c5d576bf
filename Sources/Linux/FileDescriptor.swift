internal import CLinux

/// An open file, owned: closed exactly once, when its owner ends.
@frozen
public struct FileDescriptor: ~Copyable, Sendable {
  public let rawValue: Int32
  public init(owning rawValue: Int32) { self.rawValue = rawValue }
  deinit { closeDescriptor(rawValue) }

  /// Gives up ownership: the caller closes the number.
  public consuming func release() -> Int32 {
    let number = rawValue
    discard self
    return number
  }

  /// A second descriptor of the same open file, closed by exec. The C function is `fcntl` with `F_DUPFD_CLOEXEC`.
  public borrowing func duplicate() throws(Errno) -> FileDescriptor {
    let number = rawValue
    return FileDescriptor(owning: try checked { clinux_duplicate(number, 3) })
  }

  /// A second descriptor of standard input, closed by exec. The C function is `fcntl` with `F_DUPFD_CLOEXEC`.
  public static func duplicateStandardInput() throws(Errno) -> FileDescriptor {
    FileDescriptor(owning: try checked { clinux_duplicate(0, 3) })
  }

  /// A second descriptor of standard output, closed by exec. The C function is `fcntl` with `F_DUPFD_CLOEXEC`.
  public static func duplicateStandardOutput() throws(Errno) -> FileDescriptor {
    FileDescriptor(owning: try checked { clinux_duplicate(1, 3) })
  }

  /// Calls on the open file, by whatever descriptor, fail with `.wouldBlock` instead of waiting. The C function is `fcntl` with `F_SETFL` and `O_NONBLOCK`.
  public borrowing func setNonBlocking() throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_set_nonblocking(number) }
  }
}

/// Closes a descriptor that no value here owns, as one that was inherited. The C function is `close`.
public func closeDescriptor(_ number: Int32) { _ = clinux_close(number) }

extension Optional where Wrapped == FileDescriptor {
  /// The descriptor's number; -1, which poll(2) passes over, without one.
  public var number: Int32 {
    switch self {
    case .some(let descriptor): descriptor.rawValue
    case .none: -1
    }
  }
}

/// Whether `number` is a descriptor that this process was started with: what it opens itself is closed by exec. The C function is `fcntl` with `F_GETFD`.
public func isInherited(_ number: Int32) -> Bool { clinux_descriptor_flags(number) == 0 }

/// The directory that relative paths start from when none is given. The C constant is `AT_FDCWD`.
public var currentDirectory: Int32 { clinux_AT_FDCWD }

extension FileDescriptor {
  /// Where the kernel says that this open file is now: absolute, without links. The C function is `readlink` of /proc/self/fd/N.
  public borrowing func currentPath() throws(Errno) -> Path { try readLinkContents(currentDirectory, processPath) }
}
