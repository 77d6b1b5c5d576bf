internal import CLinux

/// File systems that are mounted nowhere and reached by a descriptor alone.
public enum DetachedMount {
  /// A new, read-only file system of overlayfs that shows the directory `shown`; gives its root. It has no writable layer, so nothing can make it writable, not even
  /// CAP_SYS_ADMIN, which can undo the flag of a read-only bind mount.
  ///
  /// - other: a second directory, which overlayfs wants; it must be neither above nor below `shown`, and lies beneath it.
  ///
  /// The system calls are fsopen(2), fsconfig(2) and fsmount(2), Linux 5.2.
  public static func readOnlyOverlay(of shown: borrowing FileDescriptor, above other: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    let type: Path = "overlay"
    let context = FileDescriptor(owning: try checked { type.withCString { clinux_fsopen($0) } })
    let number = context.rawValue
    let key: Path = "lowerdir"
    // By descriptor: a colon in a path would end it.
    let layers = Path("\(shown.processPath.description):\(other.processPath.description)")
    _ = try checked { key.withCString { key in layers.withCString { clinux_fsconfig_string(number, key, $0) } } }
    _ = try checked { clinux_fsconfig_create(number) }
    // MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
    return FileDescriptor(owning: try checked { clinux_fsmount(number, 1 | 2 | 4) })
  }

  /// A new tmpfs, on which device nodes work; gives its root. It is gone with the descriptor. The system calls are those of `readOnlyOverlay`.
  public static func temporary() throws(Errno) -> FileDescriptor {
    let type: Path = "tmpfs"
    let context = FileDescriptor(owning: try checked { type.withCString { clinux_fsopen($0) } })
    let number = context.rawValue
    _ = try checked { clinux_fsconfig_create(number) }
    return FileDescriptor(owning: try checked { clinux_fsmount(number, 0) })
  }
}
