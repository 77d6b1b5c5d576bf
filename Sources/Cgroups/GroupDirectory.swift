internal import Linux

/// One group of one hierarchy, open. Everything in it is reached by descriptor, so that it stays this group whatever happens to names and mounts.
final class GroupDirectory {
  let hierarchy: CgroupHierarchy
  /// The position of the hierarchy in the layout.
  let index: Int
  /// The name of the group in `parent`.
  let name: Path
  let parent: FileDescriptor
  let directory: FileDescriptor
  /// The path of the group for messages.
  let description: String

  init(hierarchy: CgroupHierarchy, index: Int, name: Path, parent: consuming FileDescriptor, directory: consuming FileDescriptor, description: String) {
    self.hierarchy = hierarchy
    self.index = index
    self.name = name
    self.parent = parent
    self.directory = directory
    self.description = description
  }

  /// Writes `value` to the control file in one write.
  func write(_ file: String, _ value: String) throws(Errno) {
    try directory.open(hierarchy.fileName(file), .writeOnly | .noFollow).writeValue(value)
  }

  /// Writes `value` unless the kernel has no such file; whether it has.
  func writeIfPresent(_ file: String, _ value: String) throws(CgroupError) -> Bool {
    do throws(Errno) {
      try write(file, value)
      return true
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw CgroupError("write", "\(value) to \(file) in \(description)", error)
    }
  }

  /// Whether the kernel has this control file.
  func has(_ file: String) throws(CgroupError) -> Bool {
    do throws(Errno) {
      _ = try directory.open(hierarchy.fileName(file), .path | .noFollow)
      return true
    } catch {
      // ENODEV: the group is gone.
      if error == .noSuchFileOrDirectory || error == .noDevice { return false }
      throw CgroupError("open", "\(file) in \(description)", error)
    }
  }

  /// The contents of the control file; nil when the kernel has no such file, or gives it in this state no contents (EOPNOTSUPP).
  func read(_ file: String) throws(CgroupError) -> [UInt8]? {
    do throws(Errno) {
      return try directory.open(hierarchy.fileName(file), .readOnly | .noFollow).readAll(limit: 1 << 20)
    } catch {
      if error == .noSuchFileOrDirectory || error == .notSupported || error == .noDevice { return nil }
      throw CgroupError("read", "\(file) in \(description)", error)
    }
  }

  /// The number that the file holds; nil when there is no such file, or a word such as `max`.
  func number(_ file: String) throws(CgroupError) -> UInt64? {
    guard let bytes = try read(file), let word = bytes.split(separator: 0x0A).first else { return nil }
    return decimal(word)
  }
}

extension CgroupHierarchy {
  /// The path of `group` for messages.
  func describe(_ group: CgroupPath) -> String {
    mountPoint.bytes.count == 1 ? group.path.description : mountPoint.description + group.path.description
  }

  /// Opens the mount point and makes sure that it is what the mount table said, not something that was mounted over it since.
  func openMountPoint() throws(CgroupError) -> FileDescriptor {
    let path = mountPoint.description
    let directory = try attempt("open", Text(path)) { () throws(Errno) in try FileDescriptor.open(mountPoint, .readOnly | .directory) }
    try verify(directory, path)
    return directory
  }

  /// Refuses a directory that is not of a control group file system of this generation: a bind mount or a planted directory would take limits without enforcing
  /// them.
  func verify(_ directory: borrowing FileDescriptor, _ path: @autoclosure () -> String) throws(CgroupError) {
    let type: UInt64
    do throws(Errno) {
      type = try directory.fileSystemStatus().type
    } catch {
      throw CgroupError("statfs", Text(path()), error)
    }
    let wanted = generation == .v2 ? FileSystemStatus.cgroup2 : FileSystemStatus.cgroup
    if type != wanted { throw .refused("\(path()) is not a control group: another file system is mounted there") }
  }
}
