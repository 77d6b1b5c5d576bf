internal import Linux

extension MountEntries {
  /// Runs `body` where the container's groups are the roots of their hierarchies: a mount shows what was the root when it was made, and must not show the
  /// host's groups, whether the container has a cgroup namespace of its own or not.
  func withOwnCgroups(_ body: () throws(SandboxError) -> Void) throws(SandboxError) {
    if !sharesCgroupNamespace { return try body() }
    if isInUserNamespace {
      // From there the namespace of the host could not be joined again.
      return try inChild("the mount of cgroups") { () throws(SandboxError) in
        try attempt("make", "a cgroup namespace for the mount") { () throws(Errno) in try unshare(.cgroup) }
        try body()
      }
    }
    let outside = try attempt("open", "/proc/self/ns/cgroup") { () throws(Errno) in try FileDescriptor.open("/proc/self/ns/cgroup", .readOnly) }
    try attempt("make", "a cgroup namespace for the mount") { () throws(Errno) in try unshare(.cgroup) }
    try body()
    try attempt("return to", "the cgroup namespace") { () throws(Errno) in try outside.joinNamespace(.cgroup) }
  }

  func mountCgroups(_ mount: PlannedMount, _ flags: MountFlags, in root: borrowing RootDirectory) throws(SandboxError) {
    let place = try directory(mount, in: root)
    switch cgroups {
    case .none:
      throw SandboxError("\(mount.origin): this host mounts no cgroups that a container could see")
    case .unified(let isOwn):
      let flags = isOwn ? flags : flags.union(.readOnly)
      try attempt("mount cgroup2 on", mount.target) { () throws(Errno) in try Linux.mount("cgroup", on: place, type: "cgroup2", flags) }
    case .legacy(let hierarchies):
      // A small tmpfs holds a directory for each hierarchy; it becomes read-only once they stand in it.
      try attempt("mount tmpfs on", mount.target) { () throws(Errno) in
        var data = MountData()
        data.append("mode=755,size=64k")
        if let label = mount.rootLabel { data.append(context: label) }
        try Linux.mount("tmpfs", on: place, type: "tmpfs", flags.subtracting(.readOnly), data: data)
      }
      let mounted = try attempt("open", mount.target) { () throws(Errno) in try root.open(mount.target, .path | .directory) }
      for hierarchy in hierarchies { try self.mount(hierarchy, in: mounted, flags, mount.target) }
      for hierarchy in hierarchies { try makeLinks(to: hierarchy, in: mounted, mount.target) }
      if flags.contains(.readOnly) { try setReadOnly(mounted, "\(mount.target)") }
    }
  }

  private func mount(_ hierarchy: LegacyHierarchy, in parent: borrowing FileDescriptor, _ flags: MountFlags, _ target: Path) throws(SandboxError) {
    let directory = try attempt("make", "\(target)/\(hierarchy.name)") { () throws(Errno) in try parent.ensureDirectory(hierarchy.name, mode: 0o755) }
    try attempt("mount cgroups on", "\(target)/\(hierarchy.name)") { () throws(Errno) in
      let flags = hierarchy.isOwn ? flags : flags.union(.readOnly)
      if let options = hierarchy.options {
        try Linux.mount("cgroup", on: directory, type: "cgroup", flags, data: options)
      } else {
        try Linux.mount("cgroup", on: directory, type: "cgroup2", flags)
      }
    }
  }

  /// Programs look for a controller under its own name: `cpu` is a link to `cpu,cpuacct`, as on the host.
  private func makeLinks(to hierarchy: LegacyHierarchy, in parent: borrowing FileDescriptor, _ target: Path) throws(SandboxError) {
    for controller in hierarchy.links {
      do throws(Errno) {
        try parent.makeLink(controller, to: hierarchy.name)
      } catch {
        // The host mounts that controller alone as well.
        if error != .fileExists { throw SandboxError("make the links in", target, error) }
      }
    }
  }
}
