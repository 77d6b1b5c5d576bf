internal import Cgroups
internal import Linux
internal import OCI
internal import Probe

extension StandIns {
  /// What `spec` asks for, this kernel lacks and `permitted` lets it do without. What is not permitted stays in the configuration, and is refused by name where it
  /// is planned.
  ///
  /// - usesGroups: the container gets control groups: without a PID namespace they are what finds and ends its processes.
  static func choose(
    for spec: Spec, permitted: BestEffort, _ layout: CgroupLayout, usesGroups: Bool, origin: String
  ) throws(RuntimeError) -> StandIns {
    var chosen = StandIns()
    if permitted.isEmpty { return chosen }
    for (type, feature) in namespaces where permitted.contains(feature) {
      // One that is joined is somebody else's, and to be in it with them is what was asked for.
      guard let namespace = spec.linux?.namespace(type), namespace.path?.utf8.isEmpty ?? true, try !isPresent(Feature(namespace: type)) else { continue }
      // Where there is something to keep apart, nothing else does it.
      if feature == .ipcNamespace, try hasSomethingToShare() { continue }
      chosen.without.insert(feature)
    }
    let resources = spec.linux?.resources
    if permitted.contains(.pidsLimit), let limit = resources?.pids?.limit, limit > 0, layout.index(of: .pids) == nil {
      chosen.without.insert(.pidsLimit)
      chosen.tasks = limit
    }
    if permitted.contains(.cpuQuota), let cpu = resources?.cpu, cpu.quota ?? 0 > 0, layout.index(of: .cpu) != nil, try !isPresent(.cpuQuota) {
      chosen.without.insert(.cpuQuota)
      let ceiling = ProcessorCeiling(cpu, layout, seed: Int(processID()))
      chosen.processors = ceiling.processors
      if ceiling.speed != nil, try isPresent(.cpuClamp), ProcessorCeiling.clampsGroups(layout) { chosen.speed = ceiling.speed }
    }
    if permitted.contains(.deviceFilter), !(resources?.devices.isEmpty ?? true), layout.unifiedIndex == nil, layout.index(of: .devices) == nil {
      chosen.without.insert(.deviceFilter)
    }
    if chosen.without.contains(.pidNamespace), !usesGroups || layout.hierarchies.isEmpty {
      throw RuntimeError(
        "\(origin): linux.namespaces: without a PID namespace (CONFIG_PID_NS is off) the container needs control groups, by which its processes are found and ended"
      )
    }
    chosen.user = mappedUser(spec, without: chosen.without)
    return chosen
  }

  private static func isPresent(_ feature: Feature) throws(RuntimeError) -> Bool {
    do throws(SystemError) {
      return try feature.isPresent()
    } catch {
      throw RuntimeError(error)
    }
  }

  /// Whether the kernel has what an IPC namespace keeps apart.
  private static func hasSomethingToShare() throws(RuntimeError) -> Bool {
    if try isPresent(.systemVIpc) { return true }
    return try isPresent(.mqueue)
  }

  /// In place of a user namespace the user of the host that it would map the program's to, to whom the files of the bundle belong.
  private static func mappedUser(_ spec: Spec, without: BestEffort) -> UInt32? {
    guard without.contains(.userNamespace) else { return nil }
    let user = spec.process?.user.uid ?? 0
    for range in spec.linux?.uidMappings ?? [] where user >= range.containerID && user - range.containerID < range.size {
      let mapped = range.hostID &+ (user - range.containerID)
      // Root of the host is nobody's stand-in.
      return mapped == 0 ? nil : mapped
    }
    return nil
  }
}

extension Feature {
  fileprivate init(namespace: NamespaceType) {
    switch namespace {
    case .pid: self = .pidNamespace
    case .ipc: self = .ipcNamespace
    default: self = .userNamespace
    }
  }
}
