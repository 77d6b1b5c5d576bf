internal import Linux
internal import OCI
internal import Wording

/// What a container does without, and what follows for it: a value, on record with the container, from which every command makes the same configuration anew.
struct StandIns: Sendable, Equatable {
  var without: BestEffort = []
  /// The user, and the group of the same number, that all of the container's processes run as, in place of those of its configuration.
  var user: UInt32?
  /// The limit of tasks that RLIMIT_NPROC holds, for processes that join as well.
  var tasks: Int64?
  /// The processors that the container is kept on in place of a limit of their time, as a list.
  var processors: String?
  /// The part of their speed, in percent, that it may ask for: what these processors would be too much of.
  var speed: String?

  /// Whether the container's processes have to be told from others by a user of their own: without a PID namespace nothing else keeps signals and ptrace(2)
  /// inside, and RLIMIT_NPROC counts the processes of a user.
  var needsUser: Bool { !without.isDisjoint(with: .pidNamespace | .userNamespace | .pidsLimit) }

  /// The capabilities that are left to a user of the container's own. The kernel takes them for the host's, since there is no user namespace; what they reach is
  /// the container's files and network alone. CAP_SETUID, CAP_KILL and CAP_SYS_PTRACE would lead to the processes of others, CAP_CHOWN and CAP_FOWNER to set-user-ID
  /// files of root in the bundle.
  private static var harmlessCapabilities: Literal { "CAP_DAC_OVERRIDE CAP_NET_BIND_SERVICE CAP_NET_RAW" }

  /// The configuration that is carried out in place of `spec`.
  func applied(to spec: Spec) -> Spec {
    if without.isEmpty { return spec }
    let spec = spec.copy()
    let linux = spec.linux?.copy() ?? LinuxSection()
    for (type, feature) in StandIns.namespaces where without.contains(feature) { linux.namespaces.removeAll { $0.type == type } }
    if without.contains(.userNamespace) { (linux.uidMappings, linux.gidMappings) = ([], []) }
    if without.contains(.pidNamespace) { for index in spec.mounts.indices where spec.mounts[index].isProc { spec.mounts[index].options.append("hidepid=2") } }
    if without.contains(.deviceFilter) {
      for index in spec.mounts.indices where !spec.mounts[index].holdsDevices { spec.mounts[index].options.append("nodev") }
    }
    if let resources = linux.resources { linux.resources = applied(to: resources) }
    if let process = spec.process { spec.process = applied(to: process) }
    spec.linux = linux
    return spec
  }

  /// The namespaces that can be done without.
  static var namespaces: [(type: NamespaceType, feature: BestEffort)] {
    [(.pid, .pidNamespace), (.ipc, .ipcNamespace), (.user, .userNamespace)]
  }

  private func applied(to resources: Resources) -> Resources {
    var resources = resources
    if without.contains(.pidsLimit) { resources.pids = nil }
    if without.contains(.deviceFilter) { resources.devices = [] }
    if without.contains(.cpuQuota), var cpu = resources.cpu, let quota = cpu.quota {
      // As many shares of the whole as a processor's 1024 have: a part of the time when others want it too. The ceiling is a number of processors.
      let shares = UInt64(min(quota, 1 << 40)) * 1024 / max(cpu.period ?? 100_000, 1)
      cpu.shares = min(max(shares, 2), cpu.shares ?? 262_144, 262_144)
      if let processors, cpu.cpus?.utf8.isEmpty ?? true { cpu.cpus = processors }
      (cpu.quota, cpu.period, cpu.burst) = (nil, nil, nil)
      cpu.speed = speed
      resources.cpu = cpu
    }
    return resources
  }

  /// The same for a process, the first or one that joins the container.
  func applied(to process: Process) -> Process {
    let process = process.copy()
    if without.contains(.pidsLimit), let tasks {
      var limit = Rlimit(type: .processes, soft: UInt64(tasks), hard: UInt64(tasks))
      for own in process.rlimits where own.type == .processes { (limit.soft, limit.hard) = (min(own.soft, limit.soft), min(own.hard, limit.hard)) }
      process.rlimits.removeAll { $0.type == .processes }
      process.rlimits.append(limit)
    }
    if without.contains(.deviceFilter) { process.capabilities?.keep { !$0.equals("CAP_MKNOD") } }
    if needsUser {
      process.capabilities?.keep { position(of: $0, in: StandIns.harmlessCapabilities) != nil }
      // A set-user-ID program of root would be root's on the host.
      process.noNewPrivileges = true
    }
    return process
  }
}

extension Mount {
  fileprivate var isProc: Bool { type?.equals("proc") ?? false }

  /// Whether it is where the container's own devices are made: a tmpfs on /dev, or pseudoterminals.
  fileprivate var holdsDevices: Bool {
    let type = type ?? ""
    return type.equals("devpts") || (type.equals("tmpfs") && Path(destination) == "/dev")
  }
}

extension Capabilities {
  /// Leaves out of all sets what is not to be kept.
  fileprivate mutating func keep(_ isKept: (String) -> Bool) {
    bounding = Capabilities.those(of: bounding, isKept)
    effective = Capabilities.those(of: effective, isKept)
    inheritable = Capabilities.those(of: inheritable, isKept)
    permitted = Capabilities.those(of: permitted, isKept)
    ambient = Capabilities.those(of: ambient, isKept)
  }

  @inline(never)
  private static func those(of names: [String], _ isKept: (String) -> Bool) -> [String] { names.filter(isKept) }
}
