public import Linux
public import OCI

extension SandboxPlan {
  /// Plans a process that joins a container: `process` in the given namespaces, under the filter and with the personality and the memory policy of `container`.
  /// Pure: the kernel is not asked.
  public init(
    joining container: Spec, _ process: Process, namespaces: [JoinedNamespace], seccomp: SeccompFilter?, capabilities: CapabilitySets
  ) throws(SpecError) {
    // Mounts, devices and names are the container's already.
    var linux = LinuxSection(namespaces: [Namespace(type: .mount)])
    linux.personality = container.linux?.personality
    linux.memoryPolicy = container.linux?.memoryPolicy
    let spec = Spec(process: process, linux: linux)
    try self.init(spec, root: .joined, bundle: "/", seccomp: seccomp, capabilities: capabilities, diesWithParent: false)
    newNamespaces = []
    joinedNamespaces = namespaces
    if namespaces.contains(where: { $0.kind == .user }) { userNamespace = UserNamespacePlan(isNew: false) }
    devices = []
    affinity = try ProcessorAffinity(process.execCPUAffinity)
  }
}

extension NamespaceType {
  /// The flag of clone(2), and the file's name below /proc/PID/ns.
  public var kernelName: (kind: NamespaceFlags, file: Path) {
    switch self {
    case .pid: (.pid, "ns/pid")
    case .network: (.network, "ns/net")
    case .mount: (.mount, "ns/mnt")
    case .ipc: (.ipc, "ns/ipc")
    case .uts: (.uts, "ns/uts")
    case .user: (.user, "ns/user")
    case .cgroup: (.cgroup, "ns/cgroup")
    case .time: (.time, "ns/time")
    }
  }
}
