internal import Linux
public import OCI

extension ContainerCgroup {
  /// Gives the v2 group to `user`: the directory, and the files in it that the kernel means to be given (/sys/kernel/cgroup/delegate; cgroups(7), "Delegation"),
  /// not those of the limits. Groups of v1 cannot be given safely and stay.
  public func delegate(to user: UInt32) throws(CgroupError) {
    guard let group = groups.first(where: { $0.hierarchy.generation == .v2 }) else { return }
    do throws(Errno) {
      try group.directory.changeOwner(user: user, group: .max)
      for file in delegatedFiles() {
        do throws(Errno) {
          try group.directory.changeOwner(of: file, user: user, group: .max)
        } catch {
          // Not every group has every file.
          if error != .noSuchFileOrDirectory { throw error }
        }
      }
    } catch {
      throw CgroupError("change the owner of", Text(group.description), error)
    }
  }
}

/// The names that the kernel lists since Linux 4.15; before, those that config-linux.md ("Cgroup ownership") has.
private func delegatedFiles() -> [Path] {
  guard let bytes = try? readFile("/sys/kernel/cgroup/delegate", limit: 1 << 16) else { return ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"] }
  return bytes.split(separator: 0x0A).filter { !$0.contains(Path.slash) }.map { Path(bytes: $0) }
}

/// The user of the host that the container's v2 group should belong to (config-linux.md, "Cgroup ownership"): the one whom the container's program runs as, if it
/// sees the groups in a namespace of its own through a mount that can be written to. Nil when the group stays root's.
public func delegatedOwner(of spec: Spec) -> UInt32? {
  guard let namespace = spec.linux?.namespace(.cgroup), namespace.path == nil, let user = spec.process?.user.uid else { return nil }
  let isWritable = spec.mounts.contains { mount in
    guard let source = mount.source, source.equals("cgroup"), mount.destination.equals("/sys/fs/cgroup") else { return false }
    return !mount.options.contains { $0.equals("ro") }
  }
  if !isWritable { return nil }
  guard spec.linux?.namespace(.user) != nil else { return user == 0 ? nil : user }
  let mapping = spec.linux?.uidMappings.first { user >= $0.containerID && UInt64(user) < UInt64($0.containerID) + UInt64($0.size) }
  return mapping.map { user - $0.containerID &+ $0.hostID }
}
