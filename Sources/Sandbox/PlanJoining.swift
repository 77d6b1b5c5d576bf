public import Linux
public import OCI

extension SandboxPlan {
  /// Plans a process that joins a container: `process` in the given namespaces, under the filter and with the personality and the memory policy of `container`.
  /// Pure: the kernel is not asked.
  public convenience init(
    joining container: Spec, _ process: Process, namespaces: [JoinedNamespace], seccomp: SeccompFilter?, capabilities: CapabilitySets
  ) throws(SpecError) {
    // Mounts, devices and names are the container's already.
    let linux = LinuxSection(namespaces: [Namespace(type: .mount)])
    linux.personality = container.linux?.personality
    linux.memoryPolicy = container.linux?.memoryPolicy
    let spec = Spec(process: process, linux: linux)
    try self.init(spec, root: .joined, bundle: "/", seccomp: seccomp, capabilities: capabilities, diesWithParent: false)
    newNamespaces = []
    joinedNamespaces = namespaces
    if namespaces.contains(where: { $0.kind == .user }) { userNamespace = UserNamespacePlan(isNew: false) }
    devices = []
    affinity = try ProcessorAffinity(process.execCPUAffinity)
    loadsFilterBeforeBirth = seccomp != nil && SandboxPlan.isExposed(in: container)
    if loadsFilterBeforeBirth, let profile = container.linux?.seccomp { try SandboxPlan.requireUnasked("clone", of: profile) }
  }

  /// Refuses a profile that leaves the call, which is made before the agent can be told, to an agent.
  private static func requireUnasked(_ call: String, of profile: Seccomp) throws(SpecError) {
    for (index, rule) in profile.syscalls.enumerated() where rule.action == .notify && rule.names.contains(where: { $0.equals(call) }) {
      throw SpecError(
        path: "linux.seccomp.syscalls[\(index)]",
        reason: "\(call) cannot be left to an agent for a process that joins the container, because others in it may trace (CAP_SYS_PTRACE)")
    }
  }

  /// Whether other processes may trace one that is born in the container: those with CAP_SYS_PTRACE in the user namespace that apus runs in, even though it is
  /// not dumpable (ptrace(2), "Ptrace access mode checking"). In a PID namespace that is shared, such processes may come from elsewhere.
  static func isExposed(in container: Spec) -> Bool {
    let linux = container.linux ?? LinuxSection()
    if case .some = linux.namespace(.user) { return false }
    guard let processes = linux.namespace(.pid), processes.path?.utf8.isEmpty ?? true else { return true }
    return container.process?.capabilities?.bounding.contains { $0.equals("CAP_SYS_PTRACE") } ?? false
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
