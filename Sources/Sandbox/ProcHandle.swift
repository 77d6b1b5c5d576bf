internal import Linux

/// The procfs that the runtime writes through: by descriptor, verified, and without anything that is mounted on parts of it.
///
/// A write to /proc/self/attr/exec or to a kernel parameter that goes into another file succeeds and does nothing, or something else (CVE-2019-16884,
/// CVE-2019-19921, CVE-2025-52881).
struct ProcHandle: ~Copyable {
  private let root: RootDirectory

  /// Takes the /proc of this process's mount namespace, which must be the host's still.
  ///
  /// A copy of the one mount, attached nowhere, has none of the mounts on it, and nobody can put one there (open_tree(2), Linux 5.2). Before that the mount
  /// itself is taken; what is opened below must then be of the same mount (openat2(2)) or, before Linux 5.6, file system.
  static func open() throws(SandboxError) -> ProcHandle {
    let place = try attempt("open", "/proc") { () throws(Errno) in try FileDescriptor.open("/proc", .path | .directory) }
    let status = try attempt("examine", "/proc") { () throws(Errno) in try place.status() }
    let type = try attempt("examine", "/proc") { () throws(Errno) in try place.fileSystemStatus().type }
    // PROC_ROOT_INO: a part of procfs that is bound there has another number.
    guard type == FileSystemStatus.procfs, status.inode == 1 else { throw SandboxError("/proc of the host is not procfs") }
    if let copy = try? place.cloneMount(recursive: false) { return ProcHandle(root: RootDirectory(copy)) }
    // In a user namespace a mount with others on it cannot be copied without them.
    return ProcHandle(root: RootDirectory(place))
  }

  /// Reads a file of procfs of at most `limit` bytes, by its path below /proc.
  borrowing func read(_ file: Path, limit: Int) throws(Errno) -> [UInt8] {
    let opened = try root.openOnSameMount(file, .readOnly | .noFollow)
    guard try opened.fileSystemStatus().type == FileSystemStatus.procfs else { throw .crossDevice }
    return try opened.readAll(limit: limit)
  }

  /// Writes a file of procfs, by its path below /proc, in one write.
  borrowing func write(_ value: String, to file: Path) throws(Errno) {
    let opened = try root.openOnSameMount(file, .writeOnly | .noFollow)
    guard try opened.fileSystemStatus().type == FileSystemStatus.procfs else { throw .crossDevice }
    try opened.writeValue(value)
  }
}
