internal import CLinux

/// Flags of mount(2).
@frozen
public struct MountFlags: OptionSet, Sendable, Equatable {
  public let rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// The C constant is `MS_RDONLY`.
  public static var readOnly: MountFlags { MountFlags(rawValue: 1) }
  /// The C constant is `MS_NOSUID`.
  public static var noSetUserID: MountFlags { MountFlags(rawValue: 2) }
  /// The C constant is `MS_NODEV`.
  public static var noDevices: MountFlags { MountFlags(rawValue: 4) }
  /// The C constant is `MS_NOEXEC`.
  public static var noExecute: MountFlags { MountFlags(rawValue: 8) }
  /// The C constant is `MS_SYNCHRONOUS`.
  public static var synchronous: MountFlags { MountFlags(rawValue: 16) }
  /// The C constant is `MS_REMOUNT`.
  public static var remount: MountFlags { MountFlags(rawValue: 32) }
  /// The C constant is `MS_MANDLOCK`.
  public static var mandatoryLocks: MountFlags { MountFlags(rawValue: 64) }
  /// The C constant is `MS_DIRSYNC`.
  public static var directorySynchronous: MountFlags { MountFlags(rawValue: 128) }
  /// The C constant is `MS_NOSYMFOLLOW`, Linux 5.10.
  public static var noSymbolicLinks: MountFlags { MountFlags(rawValue: 256) }
  /// The C constant is `MS_NOATIME`.
  public static var noAccessTime: MountFlags { MountFlags(rawValue: 1024) }
  /// The C constant is `MS_NODIRATIME`.
  public static var noDirectoryAccessTime: MountFlags { MountFlags(rawValue: 2048) }
  /// The C constant is `MS_BIND`.
  public static var bind: MountFlags { MountFlags(rawValue: 4096) }
  /// The C constant is `MS_MOVE`.
  public static var move: MountFlags { MountFlags(rawValue: 8192) }
  /// The C constant is `MS_REC`.
  public static var recursive: MountFlags { MountFlags(rawValue: 16384) }
  /// The C constant is `MS_SILENT`.
  public static var silent: MountFlags { MountFlags(rawValue: 32768) }
  /// The C constant is `MS_UNBINDABLE`.
  public static var unbindable: MountFlags { MountFlags(rawValue: 1 << 17) }
  /// The C constant is `MS_PRIVATE`.
  public static var `private`: MountFlags { MountFlags(rawValue: 1 << 18) }
  /// The C constant is `MS_SLAVE`.
  public static var slave: MountFlags { MountFlags(rawValue: 1 << 19) }
  /// The C constant is `MS_SHARED`.
  public static var shared: MountFlags { MountFlags(rawValue: 1 << 20) }
  /// The C constant is `MS_RELATIME`.
  public static var relativeAccessTime: MountFlags { MountFlags(rawValue: 1 << 21) }
  /// The C constant is `MS_I_VERSION`.
  public static var inodeVersion: MountFlags { MountFlags(rawValue: 1 << 23) }
  /// The C constant is `MS_STRICTATIME`.
  public static var strictAccessTime: MountFlags { MountFlags(rawValue: 1 << 24) }
  /// The C constant is `MS_LAZYTIME`.
  public static var lazyTime: MountFlags { MountFlags(rawValue: 1 << 25) }

  /// The flags that belong to one mount, not to its file system: what a bind mount can change, and what mount_setattr(2) takes.
  public static var perMount: MountFlags {
    .readOnly | .noSetUserID | .noDevices | .noExecute | .noSymbolicLinks | .noAccessTime | .noDirectoryAccessTime | .relativeAccessTime | .strictAccessTime
  }
}

/// Mounts a file system of `type` on `target`. The C function is `mount`.
public func mount(_ source: Path, on target: Path, type: Path, _ flags: MountFlags, data: Path = "") throws(Errno) {
  _ = try checked {
    source.withCString { source in
      target.withCString { target in type.withCString { type in data.withCString { clinux_mount(source, target, type, flags.rawValue, $0) } } }
    }
  }
}

/// Mounts a file system of `type` on `place`. The C function is `mount` on /proc/self/fd/N.
@inline(never)
public func mount(_ source: Path, on place: borrowing FileDescriptor, type: Path, _ flags: MountFlags, data: Path = "") throws(Errno) {
  let place = ProcessPath(place.rawValue)
  _ = try checked {
    source.withCString { source in
      place.withCString { target in type.withCString { type in data.withCString { clinux_mount(source, target, type, flags.rawValue, $0) } } }
    }
  }
}

/// The same with options that were put together for this; too many of them throw `.nameTooLong`.
@inline(never)
public func mount(_ source: Path, on place: borrowing FileDescriptor, type: Path, _ flags: MountFlags, data: borrowing MountData) throws(Errno) {
  let place = ProcessPath(place.rawValue)
  if data.isTooLong { throw .nameTooLong }
  _ = try checked {
    data.withCString { data in
      source.withCString { source in place.withCString { target in type.withCString { clinux_mount(source, target, $0, flags.rawValue, data) } } }
    }
  }
}

/// Changes what is mounted on `target`: propagation, or the flags of one mount (`.remount | .bind`). The C function is `mount` without source and type.
public func changeMount(_ target: Path, _ flags: MountFlags) throws(Errno) {
  _ = try checked { target.withCString { clinux_mount(nil, $0, nil, flags.rawValue, nil) } }
}

/// The same for what an open file is the root of. The C function is `mount` on /proc/self/fd/N.
@inline(never)
public func changeMount(_ mounted: borrowing FileDescriptor, _ flags: MountFlags) throws(Errno) {
  let target = ProcessPath(mounted.rawValue)
  _ = try checked { target.withCString { clinux_mount(nil, $0, nil, flags.rawValue, nil) } }
}

/// Changes the file system that `mounted` is the root of, with its own options in `data`; `flags` has `.remount`. The C function is `mount` on /proc/self/fd/N
/// without source and type.
public func changeFileSystem(_ mounted: borrowing FileDescriptor, _ flags: MountFlags, data: Path) throws(Errno) {
  let target = ProcessPath(mounted.rawValue)
  _ = try checked { target.withCString { target in data.withCString { clinux_mount(nil, target, nil, flags.rawValue, $0) } } }
}

/// Mounts what `source` stands for once more on `place`. The C function is `mount` with `MS_BIND` on /proc/self/fd/N.
@inline(never)
public func bindMount(_ source: borrowing FileDescriptor, on place: borrowing FileDescriptor, recursive: Bool) throws(Errno) {
  let flags: MountFlags = recursive ? .bind | .recursive : .bind
  let (source, target) = (ProcessPath(source.rawValue), ProcessPath(place.rawValue))
  _ = try checked { source.withCString { source in target.withCString { clinux_mount(source, $0, nil, flags.rawValue, nil) } } }
}

/// Takes the mount on `target` out of this namespace at once; it ends when nobody uses it any more. The C function is `umount2` with `MNT_DETACH`.
public func detachMount(_ target: Path) throws(Errno) {
  _ = try checked { target.withCString { clinux_umount($0, 2) } }
}

/// Takes the mount on `target`, which no link may lead to, out of this namespace; `.busy` while somebody uses it. The C function is `umount2` with
/// `UMOUNT_NOFOLLOW`.
public func unmount(_ target: Path) throws(Errno) {
  _ = try checked { target.withCString { clinux_umount($0, 8) } }
}

/// Makes the mount in `directory` the root of this mount namespace, with the old root on top of it, and takes the old one away; the working directory is then
/// the new root.
///
/// `pivot_root(".", ".")` needs no directory for the old root (pivot_root(2), "Notes"). The old root is made a slave first, so that the unmount does not reach
/// the host.
public func pivotRoot(to directory: borrowing FileDescriptor) throws(SystemError) {
  let oldRoot = try during("open", "/") { () throws(Errno) in try FileDescriptor.open("/", .path | .directory) }
  let new = directory.rawValue
  let old = oldRoot.rawValue
  try during("change to", "the new root") { () throws(Errno) in _ = try checked { clinux_fchdir(new) } }
  try during("pivot_root to", "the new root") { () throws(Errno) in _ = try checked { clinux_pivot_root(".", ".") } }
  try during("change to", "the old root") { () throws(Errno) in _ = try checked { clinux_fchdir(old) } }
  try during("make a slave of", "the old root") { () throws(Errno) in try changeMount(".", .slave | .recursive) }
  try during("unmount", "the old root") { () throws(Errno) in try detachMount(".") }
  try during("change to", "/") { () throws(Errno) in _ = try checked { clinux_chdir("/") } }
}

/// Moves the mount in `directory` onto "/" and makes it the root of this process alone: where pivot_root(2) cannot go, on the first RAM disk. What was there
/// stays below it. The working directory is then the new root. The C functions are `mount` with `MS_MOVE` and `chroot`.
public func moveRoot(to directory: borrowing FileDescriptor) throws(SystemError) {
  let new = directory.rawValue
  try during("change to", "the new root") { () throws(Errno) in _ = try checked { clinux_fchdir(new) } }
  try during("move", "the new root") { () throws(Errno) in _ = try checked { clinux_mount(".", "/", nil, MountFlags.move.rawValue, nil) } }
  try during("change the root to", "the new root") { () throws(Errno) in _ = try checked { clinux_chroot(".") } }
  try during("change to", "/") { () throws(Errno) in _ = try checked { clinux_chdir("/") } }
}

/// Makes the directory of a descriptor the root of this process alone, and its working directory. The C functions are `fchdir` and `chroot`.
public func changeRoot(to new: Int32) throws(SystemError) {
  try during("change to", "the new root") { () throws(Errno) in _ = try checked { clinux_fchdir(new) } }
  try during("change the root to", "the new root") { () throws(Errno) in _ = try checked { clinux_chroot(".") } }
  try during("change to", "/") { () throws(Errno) in _ = try checked { clinux_chdir("/") } }
}

extension FileDescriptor {
  /// A copy of the mount, or of the whole tree of mounts, at the place that this descriptor stands for; it is nowhere yet.
  ///
  /// open_tree(2) with `OPEN_TREE_CLONE`, Linux 5.2. The descriptor is the root directory of the copy as well.
  public borrowing func cloneMount(recursive: Bool) throws(Errno) -> FileDescriptor {
    let number = rawValue
    // OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE
    let flags: UInt32 = 1 | UInt32(truncatingIfNeeded: OpenFlags.closeOnExec.rawValue) | 0x1000 | (recursive ? 0x8000 : 0)
    return FileDescriptor(owning: try checked { clinux_open_tree(number, "", flags) })
  }

  /// Puts this detached mount onto the place that `target` stands for, not onto a path that may be another place by now. move_mount(2), Linux 5.2.
  public borrowing func attachMount(to target: borrowing FileDescriptor) throws(Errno) {
    let number = rawValue
    let place = target.rawValue
    _ = try checked { clinux_move_mount(number, place) }
  }

  /// Sets and clears flags of the mount that this descriptor is the root of. mount_setattr(2), Linux 5.12.
  public borrowing func setMountFlags(_ set: MountFlags, clear: MountFlags, recursive: Bool) throws(Errno) {
    let number = rawValue
    var clearing = FileDescriptor.attributes(clear)
    let setting = FileDescriptor.attributes(set)
    // The access-time modes are one field, not bits: MOUNT_ATTR__ATIME is cleared whenever one of them is set or left, for relatime in the latter case.
    if (setting | clearing) & 0x70 != 0 || set.contains(.relativeAccessTime) { clearing |= 0x70 }
    let cleared = clearing
    _ = try checked { clinux_mount_setattr(number, recursive ? 0x8000 : 0, setting, cleared, 0) }
  }

  /// The C constants are `MOUNT_ATTR_RDONLY` and its kin.
  private static func attributes(_ flags: MountFlags) -> UInt64 {
    var attributes = flags.rawValue & 0xF
    if flags.contains(.noAccessTime) { attributes |= 0x10 }
    if flags.contains(.strictAccessTime) { attributes |= 0x20 }
    if flags.contains(.noDirectoryAccessTime) { attributes |= 0x80 }
    if flags.contains(.noSymbolicLinks) { attributes |= 0x20_0000 }
    return attributes
  }

  /// Shows the owners in this detached mount as the user namespace `namespace` maps them. mount_setattr(2) with `MOUNT_ATTR_IDMAP`, Linux 5.12.
  public borrowing func mapOwners(_ namespace: Int32, recursive: Bool) throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_mount_map_owners(number, recursive ? 0x8000 : 0, namespace) }
  }

  /// Changes how this detached mount and those below it propagate, before they are anywhere. mount_setattr(2), Linux 5.12.
  public borrowing func setPropagationOfDetached(_ flags: MountFlags) throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_mount_setattr(number, 0x8000, 0, 0, flags.rawValue) }
  }

  /// Changes how mounts below the mount of this descriptor propagate. The C function is `mount` on /proc/self/fd/N.
  public borrowing func setPropagation(_ flags: MountFlags) throws(Errno) { try changeMount(self, flags) }
}
