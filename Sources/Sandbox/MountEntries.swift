internal import Linux

/// Carries out the planned mounts inside a root.
///
/// Every target is opened inside the root first and mounted on by descriptor (`/proc/self/fd/N`, or move_mount(2)), so that a link in the image or a rename by
/// another container with the same volume cannot move it elsewhere (CVE-2021-30465).
struct MountEntries: ~Copyable {
  private let cgroups: CgroupView
  /// The container has no cgroup namespace of its own.
  private let sharesCgroupNamespace: Bool

  init(cgroups: CgroupView, sharesCgroupNamespace: Bool) {
    self.cgroups = cgroups
    self.sharesCgroupNamespace = sharesCgroupNamespace
  }

  borrowing func mount(_ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) {
    switch mount.content {
    case .fileSystem(let type, let source, let flags, let data):
      let place = try directory(mount, in: root, onlyRealDirectory: type == "proc" || type == "sysfs")
      try mountFileSystem(mount, on: place, type: type, source: source, flags: flags, data: data)
      try requireKnown(flags, mount, in: root)
      if let label = mount.rootLabel { try setLabel(label, mount, in: root) }
    case .bind(let source, let recursive, let set, let clear, let recursiveSet, let recursiveClear):
      try bind(mount, source, recursive: recursive, set: set, clear: clear, recursiveSet: recursiveSet, recursiveClear: recursiveClear, in: root)
    case .cgroup(let flags):
      try withOwnCgroups { () throws(SandboxError) in try mountCgroups(mount, flags, in: root) }
      try requireKnown(flags, mount, in: root)
    }
    if !mount.propagation.isEmpty {
      let mounted = try attempt("open", mount.target.description) { () throws(Errno) in try root.open(mount.target, .path) }
      try attempt("set the propagation of", mount.target.description) { () throws(Errno) in try mounted.setPropagation(mount.propagation) }
    }
  }

  /// Opens the directory to mount on, making what is missing of it.
  ///
  /// /proc and /sys of the image must be ordinary directories: behind a link, the masks and the read-only paths would miss the mount (CVE-2023-27561).
  private func directory(_ mount: PlannedMount, in root: borrowing RootDirectory, onlyRealDirectory: Bool) throws(SandboxError) -> FileDescriptor {
    if onlyRealDirectory {
      var type: FileType?
      do throws(Errno) {
        type = try root.open(mount.target, [.path, .noFollow]).status().type
      } catch {
        if error != .noSuchFileOrDirectory { throw SandboxError(SystemError("open \(mount.target.description) of", mount.origin, error)) }
      }
      if let type, type != .directory {
        throw SandboxError("\(mount.origin): \(mount.target.description) in the container's root must be an ordinary directory to mount on")
      }
    }
    let place = try attempt("make the mount point \(mount.target.description) of", mount.origin) { () throws(Errno) in
      try root.makeDirectories(mount.target, mode: 0o755)
    }
    try refuseHiddenProc(place, mount)
    return place
  }

  /// What may stand below /proc is decided by name when the mounts are planned; a link of the image, or `..`, must not lead there under another name.
  private func refuseHiddenProc(_ place: borrowing FileDescriptor, _ mount: PlannedMount) throws(SandboxError) {
    if let first = mount.target.components.first, first.elementsEqual("proc".utf8) { return }
    let type = try attempt("examine the mount point", mount.target.description) { () throws(Errno) in try place.fileSystemStatus().type }
    if type != FileSystemStatus.procfs { return }
    throw SandboxError("\(mount.origin).destination: \(mount.target.description) leads into /proc in the container's root")
  }

  private func mountFileSystem(
    _ mount: PlannedMount, on place: borrowing FileDescriptor, type: Path, source: Path, flags: MountFlags, data: Path
  )
    throws(SandboxError)
  {
    do throws(Errno) {
      try Linux.mount(source, on: place.processPath, type: type, flags, data: data)
    } catch {
      if error == .noDevice { throw SandboxError("\(mount.origin): this kernel has no file system \(type.description)\(MountEntries.option(for: type))") }
      throw SandboxError(SystemError("mount \(type.description) on", mount.target.description, error))
    }
  }

  /// The kernel's option behind a file system that containers usually ask for.
  private static func option(for type: Path) -> String {
    let known: [(Path, StaticString)] = [
      ("mqueue", "CONFIG_POSIX_MQUEUE"), ("devpts", "CONFIG_UNIX98_PTYS"), ("tmpfs", "CONFIG_TMPFS"), ("sysfs", "CONFIG_SYSFS"), ("proc", "CONFIG_PROC_FS"),
      ("overlay", "CONFIG_OVERLAY_FS"),
    ]
    for (name, option) in known where name == type { return " (\(option))" }
    return ""
  }

  private func bind(
    _ mount: PlannedMount, _ source: Path, recursive: Bool, set: MountFlags, clear: MountFlags, recursiveSet: MountFlags, recursiveClear: MountFlags,
    in root: borrowing RootDirectory
  ) throws(SandboxError) {
    let from = try attempt("open the source \(source.description) of", mount.origin) { () throws(Errno) in try FileDescriptor.open(source, .path) }
    let type = try attempt("examine", source.description) { () throws(Errno) in try from.status().type }
    let place =
      type == .directory
      ? try directory(mount, in: root, onlyRealDirectory: false) : try file(mount, in: root)
    if type != .directory { try refuseHiddenProc(place, mount) }
    do throws(Errno) {
      let copy = try from.cloneMount(recursive: recursive)
      if !set.isEmpty || !clear.isEmpty { try copy.setMountFlags(set, clear: clear.subtracting(set), recursive: false) }
      if !recursiveSet.isEmpty || !recursiveClear.isEmpty { try copy.setMountFlags(recursiveSet, clear: recursiveClear, recursive: true) }
      try copy.attachMount(to: place)
      return
    } catch {
      if !error.meansAbsent { throw SandboxError(SystemError("bind \(source.description) on", mount.target.description, error)) }
    }
    guard recursiveSet.isEmpty, recursiveClear.isEmpty else {
      let since = recursiveSet.contains(.noSymbolicLinks) ? "Linux 5.12; with rnosymfollow, Linux 5.14" : "Linux 5.12"
      throw SandboxError("\(mount.origin).options: this kernel cannot set the flags of a tree of mounts (mount_setattr(2), \(since))")
    }
    try bindClassically(mount, from, on: place, recursive: recursive, set: set, clear: clear, in: root)
  }

  /// As before Linux 5.12: mount, open what is mounted, make sure that it is the source, set its flags.
  private func bindClassically(
    _ mount: PlannedMount, _ from: borrowing FileDescriptor, on place: borrowing FileDescriptor, recursive: Bool, set: MountFlags, clear: MountFlags,
    in root: borrowing RootDirectory
  ) throws(SandboxError) {
    try attempt("bind \(mount.origin) on", mount.target.description) { () throws(Errno) in
      try bindMount(from.processPath, on: place.processPath, recursive: recursive)
    }
    if set.isEmpty && clear.isEmpty { return }
    let mounted = try attempt("open", mount.target.description) { () throws(Errno) in try root.open(mount.target, .path) }
    try attempt("set the flags of", mount.target.description) { () throws(Errno) in
      guard try mounted.status().isSameFile(as: try from.status()) else { throw Errno.wouldBlock }
      let flags = try mounted.fileSystemStatus().mountFlags.subtracting(clear).union(set)
      try changeMount(mounted.processPath, flags.union([.remount, .bind]))
    }
    try requireKnown(set, mount, in: root)
  }

  /// Gives the root of what is mounted the SELinux context `label`, as an attribute.
  private func setLabel(_ label: String, _ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) {
    try attempt("set the label of", mount.target.description) { () throws(Errno) in
      try root.open(mount.target, [.readOnly, .directory]).setAttribute("security.selinux", Array(label.utf8))
    }
  }

  /// Refuses, once the mount is in its place, a flag that the kernel passed over because it does not know it: mount(2) gives no error for `MS_NOSYMFOLLOW`
  /// before Linux 5.10.
  private func requireKnown(_ flags: MountFlags, _ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) {
    if !flags.contains(.noSymbolicLinks) { return }
    let mounted = try attempt("open", mount.target.description) { () throws(Errno) in try root.open(mount.target, .path) }
    let found = try attempt("examine", mount.target.description) { () throws(Errno) in try mounted.fileSystemStatus().mountFlags }
    if !found.contains(.noSymbolicLinks) { throw SandboxError("\(mount.origin).options: this kernel does not know nosymfollow (Linux 5.10)") }
  }

  /// Opens the file to bind on; a missing one is made, empty.
  private func file(_ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) -> FileDescriptor {
    if let parent = mount.target.parent {
      _ = try attempt("make the directory of", mount.target.description) { () throws(Errno) in try root.makeDirectories(parent, mode: 0o755) }
    }
    do throws(Errno) {
      return try root.open(mount.target, .path)
    } catch {
      if error != .noSuchFileOrDirectory { throw SandboxError(SystemError("open the mount point", mount.target.description, error)) }
    }
    return try attempt("make the mount point", mount.target.description) { () throws(Errno) in
      _ = try root.open(mount.target, [.writeOnly, .create], mode: 0o644)
      return try root.open(mount.target, .path)
    }
  }

  /// Runs `body` where the container's groups are the roots of their hierarchies: a mount shows what was the root when it was made, and must not show the
  /// host's groups, whether the container has a cgroup namespace of its own or not.
  private func withOwnCgroups(_ body: () throws(SandboxError) -> Void) throws(SandboxError) {
    if !sharesCgroupNamespace { return try body() }
    let outside = try attempt("open", "/proc/self/ns/cgroup") { () throws(Errno) in try FileDescriptor.open("/proc/self/ns/cgroup", .readOnly) }
    try attempt("make", "a cgroup namespace for the mount") { () throws(Errno) in try unshare(.cgroup) }
    try body()
    try attempt("return to", "the cgroup namespace") { () throws(Errno) in try outside.joinNamespace(.cgroup) }
  }

  private func mountCgroups(_ mount: PlannedMount, _ flags: MountFlags, in root: borrowing RootDirectory) throws(SandboxError) {
    let place = try directory(mount, in: root, onlyRealDirectory: false)
    switch cgroups {
    case .none:
      throw SandboxError("\(mount.origin): this host mounts no cgroups that a container could see")
    case .unified(let isOwn):
      let flags = isOwn ? flags : flags.union(.readOnly)
      try attempt("mount cgroup2 on", mount.target.description) { () throws(Errno) in try Linux.mount("cgroup", on: place.processPath, type: "cgroup2", flags) }
    case .legacy(let hierarchies):
      // A small tmpfs holds a directory for each hierarchy; it becomes read-only once they stand in it.
      var data = Array("mode=755,size=64k".utf8)
      if let label = mount.rootLabel { PlannedMount.add(label, to: &data) }
      try attempt("mount tmpfs on", mount.target.description) { () throws(Errno) in
        try Linux.mount("tmpfs", on: place.processPath, type: "tmpfs", flags.subtracting(.readOnly), data: Path(bytes: data))
      }
      let mounted = try attempt("open", mount.target.description) { () throws(Errno) in try root.open(mount.target, [.path, .directory]) }
      for hierarchy in hierarchies {
        let target = mount.target.appending(hierarchy.name.bytes)
        let directory = try attempt("make", target.description) { () throws(Errno) in try mounted.ensureDirectory(hierarchy.name, mode: 0o755) }
        try attempt("mount cgroups on", target.description) { () throws(Errno) in
          let flags = hierarchy.isOwn ? flags : flags.union(.readOnly)
          if let options = hierarchy.options {
            try Linux.mount("cgroup", on: directory.processPath, type: "cgroup", flags, data: options)
          } else {
            try Linux.mount("cgroup", on: directory.processPath, type: "cgroup2", flags)
          }
        }
      }
      if flags.contains(.readOnly) { try setReadOnly(mounted, mount.target.description) }
    }
  }
}

extension Path {
  /// All but the last component; nil when there is only one.
  var parent: Path? {
    let names = components
    if names.count < 2 { return nil }
    var parent = Path(isAbsolute ? "/" : "")
    for name in names.dropLast() { parent = parent.appending(name) }
    return parent
  }
}
