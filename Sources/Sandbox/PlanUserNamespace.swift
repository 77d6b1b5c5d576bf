internal import Linux
internal import OCI

/// The user namespace of a container, other than the host's.
public struct UserNamespacePlan: Sendable, Equatable {
  /// It is made with the container, and gets these numbers. Otherwise it is joined, and must have them, as far as they are given.
  public var isNew: Bool
  public var users: IDMap?
  public var groups: IDMap?

  /// Plans the user namespace that config.json asks for; nil when that is the host's.
  static func plan(_ linux: LinuxSection) throws(SpecError) -> UserNamespacePlan? {
    guard let namespace = linux.namespace(.user) else {
      if !linux.uidMappings.isEmpty { throw needsNamespace("linux.uidMappings") }
      if !linux.gidMappings.isEmpty { throw needsNamespace("linux.gidMappings") }
      return nil
    }
    let isNew = namespace.path?.utf8.isEmpty ?? true
    let users = try map(linux.uidMappings, "linux.uidMappings", isNew: isNew)
    let groups = try map(linux.gidMappings, "linux.gidMappings", isNew: isNew)
    return UserNamespacePlan(isNew: isNew, users: users, groups: groups)
  }

  private static func needsNamespace(_ path: String) -> SpecError { SpecError(path: Text(path), reason: "needs a user namespace (linux.namespaces)") }

  private static func map(_ ranges: [IDMapping], _ path: String, isNew: Bool) throws(SpecError) -> IDMap? {
    let map = try IDMap(checking: ranges, path)
    if isNew {
      if ranges.isEmpty { throw SpecError(path: Text(path), reason: "missing; a new user namespace needs it") }
      // Mounts, devices and names are made by it.
      if map.outside(0) == nil { throw SpecError(path: Text(path), reason: "must map 0, as whom the container is made") }
      return map
    }
    // Podman writes this when a namespace is joined, because old versions of runc want something: it says nothing about that namespace.
    if ranges.isEmpty || ranges == [IDMapping(containerID: 0, hostID: 0, size: 1)] { return nil }
    return map
  }

  /// Refuses what the namespace has no number for, where that is known beforehand.
  func requireMapped(_ user: User) throws(SpecError) {
    try UserNamespacePlan.requireMapped(user.uid, in: users, "process.user.uid")
    try UserNamespacePlan.requireMapped(user.gid, in: groups, "process.user.gid")
    for (index, group) in user.additionalGids.enumerated() {
      try UserNamespacePlan.requireMapped(group, in: groups, Text("process.user.additionalGids[\(index)]").string)
    }
  }

  private static func requireMapped(_ id: UInt32, in map: IDMap?, _ path: String) throws(SpecError) {
    guard let map, map.outside(id) == nil else { return }
    throw SpecError(path: Text(path), reason: "\(id) is nobody in the container's user namespace")
  }

  /// Refuses mounts that the kernel refuses to a new user namespace: those of file systems that show another namespace, if that is not new as well.
  func requireMountable(_ mounts: [PlannedMount], new: NamespaceFlags) throws(SpecError) {
    if !isNew { return }
    for mount in mounts {
      guard let type = mount.fileSystemType else { continue }
      for row in UserNamespacePlan.shownNamespaces where type == row.type && !new.contains(row.kind) {
        throw SpecError(
          path: "\(mount.origin).type", reason: "\(type.description) in a new user namespace needs a new \(row.name) namespace; a bind mount does not")
      }
    }
  }

  private static var shownNamespaces: [(type: Path, kind: NamespaceFlags, name: Literal)] {
    [("proc", .pid, "PID"), ("sysfs", .network, "network"), ("mqueue", .ipc, "IPC")]
  }
}

extension PlannedMount {
  fileprivate var fileSystemType: Path? {
    guard case .fileSystem(let system) = content else { return nil }
    return system.type
  }
}
