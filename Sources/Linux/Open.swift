internal import CLinux

/// How a file is opened. Flags that differ between architectures come from its C headers.
@frozen
public struct OpenFlags: OptionSet, Sendable {
  public let rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// The C constant is `O_RDONLY`, which is no bit at all.
  public static var readOnly: OpenFlags { OpenFlags(rawValue: clinux_O_RDONLY) }
  /// The C constant is `O_WRONLY`.
  public static var writeOnly: OpenFlags { OpenFlags(rawValue: clinux_O_WRONLY) }
  /// The C constant is `O_RDWR`.
  public static var readWrite: OpenFlags { OpenFlags(rawValue: clinux_O_RDWR) }
  /// The C constant is `O_CREAT`.
  public static var create: OpenFlags { OpenFlags(rawValue: clinux_O_CREAT) }
  /// With `create`: fail when the name is taken. The C constant is `O_EXCL`.
  public static var exclusive: OpenFlags { OpenFlags(rawValue: clinux_O_EXCL) }
  /// The C constant is `O_TRUNC`.
  public static var truncate: OpenFlags { OpenFlags(rawValue: clinux_O_TRUNC) }
  /// The C constant is `O_APPEND`.
  public static var append: OpenFlags { OpenFlags(rawValue: clinux_O_APPEND) }
  /// The C constant is `O_NONBLOCK`.
  public static var nonBlocking: OpenFlags { OpenFlags(rawValue: clinux_O_NONBLOCK) }
  /// A terminal that is opened does not become the controlling one. The C constant is `O_NOCTTY`.
  public static var noControllingTerminal: OpenFlags { OpenFlags(rawValue: clinux_O_NOCTTY) }
  /// Fail when it is not a directory. The C constant is `O_DIRECTORY`.
  public static var directory: OpenFlags { OpenFlags(rawValue: clinux_O_DIRECTORY) }
  /// Do not follow a link in the last component. The C constant is `O_NOFOLLOW`.
  public static var noFollow: OpenFlags { OpenFlags(rawValue: clinux_O_NOFOLLOW) }
  /// Closed by exec. The C constant is `O_CLOEXEC`.
  public static var closeOnExec: OpenFlags { OpenFlags(rawValue: clinux_O_CLOEXEC) }
  /// A handle on the place in the tree, not on the contents. The C constant is `O_PATH`.
  public static var path: OpenFlags { OpenFlags(rawValue: clinux_O_PATH) }
}

extension FileDescriptor {
  /// Opens `path`, relative to the working directory when it is relative; always closed by exec. The C function is `open`.
  public static func open(_ path: Path, _ flags: OpenFlags, mode: UInt32 = 0) throws(Errno) -> FileDescriptor {
    let flags = flags.union(.closeOnExec)
    return FileDescriptor(owning: try checked { path.withCString { clinux_openat(clinux_AT_FDCWD, $0, flags.rawValue, mode) } })
  }

  /// Opens `path` below this directory; always closed by exec. The path is trusted: a foreign one goes through `RootDirectory`. The C function is `openat`.
  public borrowing func open(_ path: Path, _ flags: OpenFlags, mode: UInt32 = 0) throws(Errno) -> FileDescriptor {
    let flags = flags.union(.closeOnExec)
    let number = rawValue
    return FileDescriptor(owning: try checked { path.withCString { clinux_openat(number, $0, flags.rawValue, mode) } })
  }

  /// Opens again, for other use, what this `O_PATH` descriptor stands for: not by its name, which may stand for something else by now.
  /// The C function is `open` of /proc/self/fd/N.
  public borrowing func reopen(_ flags: OpenFlags) throws(Errno) -> FileDescriptor {
    let (path, flags) = (ProcessPath(rawValue), flags.union(.closeOnExec))
    return FileDescriptor(owning: try checked { path.withCString { clinux_openat(clinux_AT_FDCWD, $0, flags.rawValue, 0) } })
  }
}

/// Reads a whole file of at most `limit` bytes.
public func readFile(_ path: Path, limit: Int) throws(SystemError) -> [UInt8] {
  let file = try during("open", path) { () throws(Errno) in try FileDescriptor.open(path, .readOnly) }
  do throws(Errno) {
    return try file.readAll(limit: limit)
  } catch {
    throw SystemError("read", path, error)
  }
}
