internal import CLinux

/// A name in a directory.
public struct DirectoryEntry: Sendable {
  public var name: Path
  /// `.unknown` where the file system does not tell: ask `status(of:)`.
  public var type: FileType
}

extension FileDescriptor {
  /// The names in this directory except `.` and `..`, in the kernel's order; at most `limit`, more throws `.fileTooLarge`. Reads from the start only on a fresh
  /// descriptor. The system call is `getdents64`.
  public borrowing func entries(limit: Int = 1 << 20) throws(Errno) -> [DirectoryEntry] {
    let entries = try entries(atMost: limit + 1)
    if entries.count > limit { throw .fileTooLarge }
    return entries
  }

  /// The next names in this directory, `count` of them unless they end before; what was read beyond is lost, so the rest cannot be asked for.
  borrowing func entries(atMost count: Int) throws(Errno) -> [DirectoryEntry] {
    var entries: [DirectoryEntry] = []
    let number = rawValue
    while entries.count < count {
      let buffer = try filledBytes(atMost: 32768) { clinux_getdents64(number, $0.baseAddress, $0.count) }
      if buffer.isEmpty { return entries }
      // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name.
      var at = 0
      while at + 19 < buffer.count, entries.count < count {
        let length = Int(buffer[at + 16]) | Int(buffer[at + 17]) << 8
        let name = Path(bytes: buffer[(at + 19)..<(at + length)])
        if !DirectoryEntry.isDots(name) {
          entries.append(DirectoryEntry(name: name, type: DirectoryEntry.type(buffer[at + 18])))
        }
        at += length
      }
    }
    return entries
  }

  /// Makes a directory; a relative path starts at the working directory. The C function is `mkdir`.
  public static func makeDirectory(_ path: Path, mode: UInt32) throws(Errno) {
    _ = try checked { path.withCString { clinux_mkdirat(clinux_AT_FDCWD, $0, mode) } }
  }

  /// Makes a directory. The C function is `mkdirat`.
  public borrowing func makeDirectory(_ path: Path, mode: UInt32) throws(Errno) {
    let number = rawValue
    _ = try checked { path.withCString { clinux_mkdirat(number, $0, mode) } }
  }

  /// Makes a directory unless there is one, and opens it; anything else of that name, a link too, throws `.notDirectory`.
  public borrowing func ensureDirectory(_ name: Path, mode: UInt32) throws(Errno) -> FileDescriptor {
    do throws(Errno) {
      try makeDirectory(name, mode: mode)
    } catch {
      if error != .fileExists { throw error }
    }
    return try open(name, .readOnly | .directory | .noFollow)
  }

  /// Removes a name that is not a directory. The C function is `unlinkat`.
  public borrowing func unlink(_ path: Path) throws(Errno) {
    let number = rawValue
    _ = try checked { path.withCString { clinux_unlinkat(number, $0, 0) } }
  }

  /// Removes an empty directory. The C function is `unlinkat` with `AT_REMOVEDIR`.
  public borrowing func removeDirectory(_ path: Path) throws(Errno) {
    let number = rawValue
    _ = try checked { path.withCString { clinux_unlinkat(number, $0, 0x200) } }
  }

  /// Renames within or between directories. The C function is `renameat`.
  public borrowing func rename(_ from: Path, to directory: borrowing FileDescriptor, _ name: Path) throws(Errno) {
    let source = rawValue
    let target = directory.rawValue
    _ = try checked { from.withCString { from in name.withCString { clinux_renameat2(source, from, target, $0, 0) } } }
  }

  /// Makes a symbolic link. The C function is `symlinkat`.
  public borrowing func makeLink(_ path: Path, to target: Path) throws(Errno) {
    let number = rawValue
    _ = try checked { target.withCString { target in path.withCString { clinux_symlinkat(target, number, $0) } } }
  }

  /// What a symbolic link says. The C function is `readlinkat`.
  public borrowing func readLink(_ path: Path) throws(Errno) -> Path {
    let number = rawValue
    return try readLinkContents(number, path)
  }
}

extension FileDescriptor {
  /// Makes a device node or a FIFO; `mode` are the permission bits, before the file mode creation mask. The C function is `mknodat`.
  public borrowing func makeNode(_ path: Path, _ type: FileType, mode: UInt32, major: UInt32 = 0, minor: UInt32 = 0) throws(Errno) {
    let bits: UInt32 =
      switch type {
      case .characterDevice: 0o020000
      case .blockDevice: 0o060000
      case .fifo: 0o010000
      default: throw .invalidArgument
      }
    let number = rawValue
    _ = try checked { path.withCString { clinux_mknodat(number, $0, bits | mode, major, minor) } }
  }

  /// Sets the permission bits of the file that this descriptor, `O_PATH` too, stands for: by its /proc/self/fd name, which fchmod(2) has no replacement for
  /// before fchmodat2(2), Linux 6.6. Not for symbolic links, which have no mode.
  public borrowing func changeModeThroughProc(_ mode: UInt32) throws(Errno) {
    let path = ProcessPath(rawValue)
    _ = try checked { path.withCString { clinux_chmod($0, mode) } }
  }
}

/// What the symbolic link `path` below the directory `number` says; a target of 4096 bytes or more throws `.nameTooLong`.
func readLinkContents(_ number: Int32, _ path: Path) throws(Errno) -> Path {
  var buffer = [CChar](repeating: 0, count: 4096)
  let count = try checked { buffer.withUnsafeMutableBufferPointer { raw in path.withCString { clinux_readlinkat(number, $0, raw.baseAddress, raw.count) } } }
  guard count < buffer.count else { throw .nameTooLong }
  return Path(bytes: buffer[..<count].lazy.map { UInt8(bitPattern: $0) })
}

extension DirectoryEntry {
  static func isDots(_ name: Path) -> Bool {
    let bytes = name.bytes
    return bytes.count <= 2 && bytes.allSatisfy { $0 == Path.dot }
  }

  /// The C constants are `DT_REG` and its kin.
  static func type(_ raw: UInt8) -> FileType {
    switch raw {
    case 8: .regular
    case 4: .directory
    case 10: .symbolicLink
    case 2: .characterDevice
    case 6: .blockDevice
    case 1: .fifo
    case 12: .socket
    default: .unknown
    }
  }
}
