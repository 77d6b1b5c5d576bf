internal import Linux
internal import OCI

/// How the owners in a bind mount are shown: a number of the file system as another one of the host.
public final class PlannedIDMap {
  /// Nil, both, until the plan knows: then they are those of the container's user namespace.
  public var users: IDMap?
  public var groups: IDMap?
  /// In all mounts below as well (`ridmap`).
  public let isRecursive: Bool

  /// What an entry of `mounts` asks for; nil when that is nothing.
  init?(_ mount: Mount, _ options: MountOptions, _ origin: String) throws(SpecError) {
    // Together, or the document is refused before.
    if mount.uidMappings.isEmpty {
      if !options.mapsOwners { return nil }
    } else {
      users = try IDMap(checking: mount.uidMappings, Text("\(origin).uidMappings").string)
      groups = try IDMap(checking: mount.gidMappings, Text("\(origin).gidMappings").string)
    }
    isRecursive = options.mapsOwnersRecursively
  }

  /// What of the entry to name in an error.
  func path(_ origin: String) -> Text { "\(origin).\(users == nil ? "options" : "uidMappings" as Literal)" }
}

extension PlannedMount {
  /// Refuses a map of owners where there can be none, and gives one without numbers those of a new user namespace.
  func settleIDMap(_ userNamespace: UserNamespacePlan?, hasNewMountNamespace: Bool) throws(SpecError) {
    guard case .bind(let bind) = content, let map = bind.idMap else { return }
    let path = map.path(origin)
    if !hasNewMountNamespace { throw SpecError(path: path, reason: "owners are not mapped in a mount namespace that is joined") }
    if map.users != nil { return }
    guard let userNamespace else {
      throw SpecError(path: path, reason: "idmap without uidMappings and gidMappings needs a user namespace (linux.namespaces)")
    }
    if !userNamespace.isNew { return }
    (map.users, map.groups) = (userNamespace.users, userNamespace.groups)
  }
}
