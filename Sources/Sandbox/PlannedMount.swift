public import Linux

/// One mount in the container. An object, as all that it consists of, because it is handed from one step to the next.
public final class PlannedMount {
  /// Absolute, inside the root, without `.` and `..`; never the root itself.
  public let target: Path
  public let content: Content
  /// Set once the mount is in its place.
  public var propagation: MountFlags = []
  /// Flags that are set on the mount and on all mounts below it (`rro` and its kin).
  public var recursiveSet: MountFlags = []
  /// Flags that are cleared on the mount and on all mounts below it.
  public var recursiveClear: MountFlags = []
  /// The SELinux context of the mount's root, for a file system that takes none when it is mounted.
  public var rootLabel: String?
  /// The target must be an ordinary directory if it is there, not a link to one.
  let isOrdinaryDirectory: Bool
  /// The target is /proc or below it.
  let isInProc: Bool
  /// For messages: `mounts[3]`.
  public let origin: String

  /// `isOrdinary`: the target must be an ordinary directory if it is there.
  init(on target: Path, _ content: Content, isOrdinary: Bool, origin: String) {
    self.target = target
    self.content = content
    self.origin = origin
    isOrdinaryDirectory = isOrdinary
    isInProc = target.components.first.map { $0.matches("proc") } ?? false
  }

  /// What is mounted.
  public enum Content {
    case fileSystem(PlannedFileSystem)
    case bind(PlannedBind)
    /// The container's own view of the cgroups.
    case cgroup(flags: MountFlags)
    /// Nothing new: what is mounted there gets other flags.
    case remount(PlannedRemount)
  }

  /// Whether the container's /dev is a directory of the host's.
  var bindsDev: Bool {
    guard case .bind = content else { return false }
    return target == "/dev"
  }

  /// Whether it changes something of the whole tree of mounts.
  var hasRecursiveFlags: Bool { !recursiveSet.isEmpty || !recursiveClear.isEmpty }
}

/// A new file system.
public final class PlannedFileSystem {
  /// As /proc/filesystems has it.
  public let type: Path
  /// A device, or a word for /proc/self/mountinfo.
  public let source: Path
  public let flags: MountFlags
  /// Options of its own, between commas.
  public let data: Path
  /// It becomes read-only once everything is made in it.
  public let endsReadOnly: Bool
  /// It begins with what the directory has in it that it hides, as a tmpfs can.
  public let copiesUp: Bool
  /// A tmpfs.
  let isTemporary: Bool

  public init(type: Path, source: Path, flags: MountFlags = [], data: Path = "", endsReadOnly: Bool = false, copiesUp: Bool = false) {
    self.type = type
    self.source = source
    self.flags = flags
    self.data = data
    self.endsReadOnly = endsReadOnly
    self.copiesUp = copiesUp
    isTemporary = type == "tmpfs"
  }
}

/// A part of the host's tree.
public final class PlannedBind {
  public let source: Path
  /// With the mounts below it.
  public let isRecursive: Bool
  /// Flags of the one mount.
  public let set: MountFlags
  public let clear: MountFlags
  /// How owners are shown; nil is as they are.
  public let idMap: PlannedIDMap?

  public init(source: Path, isRecursive: Bool = false, set: MountFlags = [], clear: MountFlags = [], idMap: PlannedIDMap? = nil) {
    self.source = source
    self.isRecursive = isRecursive
    self.set = set
    self.clear = clear
    self.idMap = idMap
  }
}

/// A change of what is mounted already.
public final class PlannedRemount {
  public let set: MountFlags
  public let clear: MountFlags
  /// Options for the file system, wherever it is mounted; nil changes the one mount only.
  public let data: Path?

  public init(set: MountFlags, clear: MountFlags, data: Path?) {
    self.set = set
    self.clear = clear
    self.data = data
  }
}
