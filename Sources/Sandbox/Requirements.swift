public import Linux
public import Probe

/// What a container asks of the kernel.
public final class Requirement: Sendable {
  /// Nil for a file system that is not in the table of features.
  public let feature: Feature?
  /// The type of the file system.
  public let fileSystem: Path?
  /// What in config.json asks for it: `mounts[3]`.
  public let path: String
  /// Nothing can stand in for it: what it is asked for is just what the stand-in cannot do.
  public let isStrict: Bool

  @inline(never)
  init(_ feature: Feature?, _ path: String, isStrict: Bool = false, fileSystem: Path? = nil) {
    self.feature = feature
    self.fileSystem = fileSystem
    self.path = path
    self.isStrict = isStrict
  }

  convenience init(fileSystem type: Path, _ path: String) { self.init(Feature(fileSystem: type), path, fileSystem: type) }
}

extension SandboxPlan {
  /// What is looked for before anything is made, because /proc shows it: namespaces, and security modules, without which a label would protect nothing.
  public var quickRequirements: [Requirement] {
    var requirements: [Requirement] = []
    if labels.appArmor != nil { requirements.append(Requirement(.apparmor, "process.apparmorProfile")) }
    if labels.seLinux != nil { requirements.append(Requirement(.selinux, "process.selinuxLabel")) }
    if mountLabel != nil { requirements.append(Requirement(.selinux, "linux.mountLabel")) }
    var namespaces = newNamespaces
    for joined in joinedNamespaces { namespaces.formUnion(joined.kind) }
    // Where something may stand in for one, it is not planned any more.
    for feature in Feature.behind(namespaces) { requirements.append(Requirement(feature, "", isStrict: true)) }
    return requirements
  }

  /// Everything that it asks of the kernel beside limits and the filter itself, which are tried as they are.
  public var requirements: [Requirement] {
    var requirements = quickRequirements
    if case .overlay = root { requirements.append(Requirement(.dataOverlay, "root")) }
    if case .image = root { requirements.append(Requirement(.erofs, "root")) }
    if terminal { requirements.append(Requirement(.devpts, "process.terminal")) }
    if seccomp != nil { requirements.append(Requirement(.seccomp, "linux.seccomp")) }
    if seccompListener != nil { requirements.append(Requirement(.seccompNotify, "linux.seccomp")) }
    if scheduling.ioPriority != nil { requirements.append(Requirement(.ioPriority, "process.ioPriority")) }
    if scheduling.memoryPolicy != nil { requirements.append(Requirement(.memoryPolicy, "linux.memoryPolicy")) }
    for mount in mounts { mount.require(&requirements) }
    return requirements
  }
}

extension PlannedMount {
  fileprivate func require(_ requirements: inout [Requirement]) {
    var flags = MountFlags()
    var mapsOwners = false
    switch content {
    case .fileSystem(let system):
      flags = system.flags
      requirements.append(Requirement(fileSystem: system.type, origin))
    case .bind(let bind):
      flags = bind.set
      mapsOwners = bind.idMap != nil
    case .cgroup(let own):
      flags = own
      requirements.append(Requirement(.cgroups, origin))
    case .remount(let change): flags = change.set
    }
    if flags.contains(.noSymbolicLinks) { requirements.append(Requirement(.nosymfollow, origin)) }
    if hasRecursiveFlags || mapsOwners { requirements.append(Requirement(.mountSetattr, origin, isStrict: true)) }
  }
}
