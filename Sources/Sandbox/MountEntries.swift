internal import Linux

/// Carries out the planned mounts inside a root.
///
/// Every target is opened inside the root first and mounted on by descriptor (`/proc/self/fd/N`, or move_mount(2)), so that a link in the image or a rename by
/// another container with the same volume cannot move it elsewhere (CVE-2021-30465).
struct MountEntries: ~Copyable {
  let cgroups: CgroupView
  /// The container has no cgroup namespace of its own.
  let sharesCgroupNamespace: Bool
  let isInUserNamespace: Bool

  init(cgroups: CgroupView, sharesCgroupNamespace: Bool, isInUserNamespace: Bool) {
    self.cgroups = cgroups
    self.sharesCgroupNamespace = sharesCgroupNamespace
    self.isInUserNamespace = isInUserNamespace
  }

  /// Mounts one. `prepared` is what is bound, when the launching process has made that.
  borrowing func mount(_ mount: PlannedMount, _ prepared: consuming FileDescriptor?, in root: borrowing RootDirectory) throws(SandboxError) {
    switch mount.content {
    case .fileSystem(let system):
      try mountFileSystem(mount, system, in: root)
      try requireKnown(system.flags, mount, in: root)
      if let label = mount.rootLabel { try setLabel(label, mount, in: root) }
    case .bind(let bind): try self.bind(mount, bind, prepared, in: root)
    case .cgroup(let flags):
      try withOwnCgroups { () throws(SandboxError) in try mountCgroups(mount, flags, in: root) }
      try requireKnown(flags, mount, in: root)
    case .remount(let change):
      try remount(mount, change, in: root)
      try requireKnown(change.set, mount, in: root)
    }
    if mount.hasRecursiveFlags, !mount.isBind {
      let mounted = try open(mount, in: root)
      do throws(Errno) {
        try mounted.setMountFlags(mount.recursiveSet, clear: mount.recursiveClear, recursive: true)
      } catch {
        throw MountEntries.recursiveFlags(mount, error)
      }
    }
    if !mount.propagation.isEmpty {
      let mounted = try open(mount, in: root)
      try attempt("set the propagation of", mount.target) { () throws(Errno) in try mounted.setPropagation(mount.propagation) }
    }
  }

  /// Once everything is made in the root: what is to be read-only and could not be until now.
  static func finish(_ mounts: [PlannedMount], in root: borrowing RootDirectory) throws(SandboxError) {
    for mount in mounts {
      guard case .fileSystem(let system) = mount.content, system.endsReadOnly else { continue }
      let mounted = try attempt("open", mount.target) { () throws(Errno) in try root.open(mount.target, .path) }
      try setReadOnly(mounted, "\(mount.target)")
    }
  }

  /// What is mounted at the target by now.
  func open(_ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) -> FileDescriptor {
    try attempt("open", mount.target) { () throws(Errno) in try root.open(mount.target, .path) }
  }

  /// Opens the directory to mount on, making what is missing of it.
  func directory(_ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) -> FileDescriptor {
    if mount.isOrdinaryDirectory {
      var type: FileType?
      do throws(Errno) {
        type = try root.open(mount.target, .path | .noFollow).status().type
      } catch {
        if error != .noSuchFileOrDirectory { throw SandboxError("open", "\(mount.target.description) of \(mount.origin)", error) }
      }
      if let type, type != .directory {
        // Callers look for runc's words.
        throw SandboxError("\(mount.origin): \(mount.target.description) must be mounted on ordinary directory, which the container's root does not have there")
      }
    }
    let place = try attempt("make the mount point", "\(mount.target.description) of \(mount.origin)") { () throws(Errno) in
      try root.makeDirectories(mount.target, mode: 0o755)
    }
    try refuseHiddenProc(place, mount)
    return place
  }

  /// What may stand below /proc is decided by name when the mounts are planned; a link of the image must not lead there under another name.
  func refuseHiddenProc(_ place: borrowing FileDescriptor, _ mount: PlannedMount) throws(SandboxError) {
    if mount.isInProc { return }
    let type = try attempt("examine the mount point", mount.target) { () throws(Errno) in try place.fileSystemStatus().type }
    if type != FileSystemStatus.procfs { return }
    throw SandboxError("\(mount.origin).destination: \(mount.target.description) leads into /proc in the container's root")
  }

  /// Changes what is mounted at the target, which must be a mount.
  private func remount(_ mount: PlannedMount, _ change: PlannedRemount, in root: borrowing RootDirectory) throws(SandboxError) {
    let mounted = try open(mount, in: root)
    try attempt("remount", mount.target) { () throws(Errno) in
      // What is not named stays as it is: less than mount(8) gives away, which forgets `nosuid` when it is told `ro`.
      let flags = try mounted.fileSystemStatus().mountFlags.subtracting(change.clear).union(change.set).union(.remount)
      if let data = change.data {
        try changeFileSystem(mounted, flags, data: data)
      } else {
        try changeMount(mounted, flags.union(.bind))
      }
    }
  }

  /// Gives the root of what is mounted the SELinux context `label`, as an attribute.
  private func setLabel(_ label: String, _ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) {
    try attempt("set the label of", mount.target) { () throws(Errno) in
      try root.open(mount.target, .readOnly | .directory).setAttribute("security.selinux", label)
    }
  }

  /// Refuses, once the mount is in its place, a flag that the kernel passed over because it does not know it: mount(2) gives no error for `MS_NOSYMFOLLOW`
  /// before Linux 5.10.
  func requireKnown(_ flags: MountFlags, _ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) {
    if !flags.contains(.noSymbolicLinks) { return }
    let mounted = try open(mount, in: root)
    let found = try attempt("examine", mount.target) { () throws(Errno) in try mounted.fileSystemStatus().mountFlags }
    if !found.contains(.noSymbolicLinks) { throw SandboxError("\(mount.origin).options: this kernel does not know nosymfollow (Linux 5.10)") }
  }

  /// Why the flags of a tree of mounts could not be set.
  static func recursiveFlags(_ mount: PlannedMount, _ error: Errno) -> SandboxError {
    if !error.meansAbsent { return SandboxError("set the flags of the mounts below", mount.target, error) }
    let since = mount.recursiveSet.contains(.noSymbolicLinks) ? "Linux 5.12; with rnosymfollow, Linux 5.14" : "Linux 5.12"
    return SandboxError("\(mount.origin).options: this kernel cannot set the flags of a tree of mounts (mount_setattr(2), \(since))")
  }
}

extension PlannedMount {
  fileprivate var isBind: Bool { if case .bind = content { true } else { false } }
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
