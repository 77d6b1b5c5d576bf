internal import CLinux

/// What kind of file it is: the type bits of `st_mode`.
public enum FileType: Equatable, Sendable {
  case regular, directory, symbolicLink, characterDevice, blockDevice, fifo, socket, unknown
}

/// A time of a file: seconds since 1970, before it when negative, and the nanoseconds to add, below 1,000,000,000.
public struct FileTime: Equatable, Sendable {
  public var seconds: Int64
  public var nanoseconds: Int64
  public init(seconds: Int64, nanoseconds: Int64 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
}

/// What fstat(2) tells about a file.
public struct FileStatus: Sendable {
  /// The device number of the file system.
  public var device: UInt64
  public var inode: UInt64
  /// Bytes.
  public var size: UInt64
  /// Bytes that are allocated for it on the medium.
  public var allocated: UInt64
  /// Number of hard links.
  public var links: UInt64
  /// Type and permission bits.
  public var mode: UInt32
  public var user: UInt32
  public var group: UInt32
  /// Device number of a character or block device.
  public var specialMajor: UInt32
  public var specialMinor: UInt32
  /// When the contents changed last.
  public var modified: FileTime

  public var type: FileType {
    switch mode & 0o170000 {
    case 0o100000: .regular
    case 0o040000: .directory
    case 0o120000: .symbolicLink
    case 0o020000: .characterDevice
    case 0o060000: .blockDevice
    case 0o010000: .fifo
    case 0o140000: .socket
    default: .unknown
    }
  }

  init(_ raw: clinux_stat) {
    device = raw.device
    inode = raw.inode
    size = raw.size
    links = raw.links
    allocated = raw.blocks &* 512
    mode = raw.mode
    user = raw.user
    group = raw.group
    specialMajor = raw.special_major
    specialMinor = raw.special_minor
    modified = FileTime(seconds: raw.modified_seconds, nanoseconds: raw.modified_nanoseconds)
  }

  /// Whether both are the same file of the same file system.
  public func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}

/// What fstatfs(2) tells about a file system.
public struct FileSystemStatus: Sendable {
  /// The magic number, such as `PROC_SUPER_MAGIC`.
  public var type: UInt64
  /// The flags of the mount that the file was reached through.
  public var mountFlags: MountFlags
  /// Bytes that an unprivileged user could still write.
  public var bytesAvailable: UInt64
  /// How many files could still be made.
  public var filesAvailable: UInt64

  /// From the `ST_…` flags of statfs(2), which are those of mount(2) except for relatime and nosymfollow.
  static func flags(_ raw: UInt64) -> MountFlags {
    let same: MountFlags = [
      .readOnly, .noSetUserID, .noDevices, .noExecute, .synchronous, .mandatoryLocks, .noAccessTime, .noDirectoryAccessTime,
    ]
    var flags = MountFlags(rawValue: raw).intersection(same)
    if raw & 0x1000 != 0 { flags.insert(.relativeAccessTime) }
    if raw & 0x2000 != 0 { flags.insert(.noSymbolicLinks) }
    return flags
  }

  /// The C constant is `PROC_SUPER_MAGIC`.
  public static var procfs: UInt64 { 0x9fa0 }
  /// The C constant is `TMPFS_MAGIC`.
  public static var tmpfs: UInt64 { 0x0102_1994 }
  /// The C constant is `DEVPTS_SUPER_MAGIC`.
  public static var devpts: UInt64 { 0x1cd1 }
  /// The C constant is `CGROUP2_SUPER_MAGIC`.
  public static var cgroup2: UInt64 { 0x6367_7270 }
  /// The C constant is `RDTGROUP_SUPER_MAGIC`.
  public static var resctrl: UInt64 { 0x0765_5821 }
  /// The C constant is `CGROUP_SUPER_MAGIC`.
  public static var cgroup: UInt64 { 0x27e0eb }
}

/// `AT_SYMLINK_NOFOLLOW` and `AT_EMPTY_PATH` are the same on every architecture.
let noFollowLink: Int32 = 0x100
let emptyPath: Int32 = 0x1000

extension FileDescriptor {
  /// The C function is `fstat`; works on `O_PATH` descriptors too.
  public borrowing func status() throws(Errno) -> FileStatus { try status(of: "", flags: emptyPath) }

  /// The status of `path` below this directory; a link in the last component is not followed. The C function is `fstatat` with `AT_SYMLINK_NOFOLLOW`.
  public borrowing func status(of path: Path) throws(Errno) -> FileStatus { try status(of: path, flags: noFollowLink) }

  private borrowing func status(of path: Path, flags: Int32) throws(Errno) -> FileStatus {
    var raw = clinux_stat()
    let number = rawValue
    _ = try checked { path.withCString { clinux_fstatat(number, $0, &raw, flags) } }
    return FileStatus(raw)
  }

  /// Whether this and `other` are the same file of the same file system.
  @inline(never)
  public borrowing func isSameFile(as other: borrowing FileDescriptor) throws(Errno) -> Bool { try status().isSameFile(as: other.status()) }

  /// The C function is `fstatfs`.
  public borrowing func fileSystemStatus() throws(Errno) -> FileSystemStatus {
    var raw = clinux_statfs()
    let number = rawValue
    _ = try checked { clinux_fstatfs(number, &raw) }
    let (bytes, overflow) = raw.blocks_available.multipliedReportingOverflow(by: raw.block_size)
    return FileSystemStatus(
      type: raw.type, mountFlags: FileSystemStatus.flags(raw.flags), bytesAvailable: overflow ? .max : bytes, filesAvailable: raw.files_available)
  }
}
