public import OCI

/// What of the specification this version does, which is what `apus features` tells engines.
///
/// Where the planner decides by a table, it is asked; where it refuses a property as a whole, a unit test keeps the two equal.
public enum Support {
  /// The types of `linux.namespaces`.
  public static var namespaces: [NamespaceType] {
    NamespaceType.allCases.filter { type in
      (try? PlannedNamespaces([Namespace(type: type)])) != nil
    }
  }

  /// The options of `mounts` that are not the file system's own.
  public static var mountOptions: [String] { MountOptions.names }

  /// The actions of `linux.seccomp`.
  public static var seccompActions: [SeccompAction] {
    SeccompAction.allCases.filter { action in
      let rule = SeccompRule(names: ["read"], action: action)
      return (try? SeccompProfile(Seccomp(defaultAction: .allow, listenerPath: "/listener", syscalls: [rule]))) != nil
    }
  }

  /// `uidMappings` and `gidMappings` of mounts.
  public static var idMappedMounts: Bool { true }

  /// `linux.netDevices`.
  public static var networkDevices: Bool { true }

  /// `linux.intelRdt`.
  public static var intelRdt: Bool { true }
}
