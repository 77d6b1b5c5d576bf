public import Linux
public import OCI

extension SandboxPlan {
  /// Plans the sandbox that `spec` describes. Pure: the kernel is not asked.
  ///
  /// - `root`: where the root directory comes from; a relative `root.path` has been resolved by the caller.
  /// - `bundle`: what a relative `source` of a bind mount is relative to (runtime-spec config.md, "Mounts").
  /// - Throws: `SpecError` for what cannot be done, with the JSON path. Nothing that is asked for is left out silently.
  public convenience init(
    _ spec: Spec, root: RootSource, bundle: Path, identity: Identity? = nil, seccomp: SeccompFilter?, capabilities: CapabilitySets, diesWithParent: Bool
  )
    throws(SpecError)
  {
    self.init()
    self.root = root
    self.capabilities = capabilities
    self.seccomp = seccomp
    self.diesWithParent = diesWithParent
    let linux = spec.linux ?? LinuxSection()
    let namespaces = try PlannedNamespaces(linux.namespaces)
    try planNamespaces(namespaces, spec, linux)
    try planFiles(spec, linux, bundle, namespaces)
    try planNames(spec, linux, namespaces)
    // Without one the container is made all the same, and never started.
    try planProcess(spec.process ?? Process(args: []), linux, identity)
  }

  @inline(never)
  private func planNamespaces(_ namespaces: PlannedNamespaces, _ spec: Spec, _ linux: LinuxSection) throws(SpecError) {
    sharesMounts = !namespaces.own.contains(.mount)
    if sharesMounts, namespaces.own.contains(.user) {
      let reason = "a user namespace has no rights over the mount namespace of the runtime: the container needs one of its own"
      throw SpecError(path: "linux.namespaces", reason: Text(reason))
    }
    rootReadOnly = spec.root?.readonly ?? false
    rootPropagation = RootPropagation(linux.rootfsPropagation)
    // One that shares the mount namespace of the runtime goes back to that.
    newNamespaces = sharesMounts ? namespaces.new.union(.mount) : namespaces.new
    userNamespace = try UserNamespacePlan.plan(linux)
    timeOffsets = try SandboxPlan.timeOffsets(linux)
    joinedNamespaces = namespaces.joined
    for namespace in joinedNamespaces { namespace.changedBy = SandboxPlan.change(in: namespace.kind, by: spec) }
    networkDevices = try PlannedNetworkDevice.all(linux.netDevices, namespaces: namespaces.own)
  }

  @inline(never)
  private func planFiles(_ spec: Spec, _ linux: LinuxSection, _ bundle: Path, _ namespaces: PlannedNamespaces) throws(SpecError) {
    mountLabel = try SecurityLabels.label(linux.mountLabel, "linux.mountLabel")
    for (index, mount) in spec.mounts.enumerated() {
      mounts.append(try PlannedMount(mount, origin: Text("mounts[\(index)]").string, bundle: bundle, label: mountLabel))
    }
    for mount in mounts { try mount.settleIDMap(userNamespace, hasNewMountNamespace: newNamespaces.contains(.mount)) }
    try userNamespace?.requireMountable(mounts, new: namespaces.new)
    devices = try PlannedDevice.all(linux.devices)
    deviceLinks = DeviceLink.standard
    maskedPaths = try SandboxPlan.absolute(linux.maskedPaths, "linux.maskedPaths")
    readOnlyPaths = try SandboxPlan.absolute(linux.readonlyPaths, "linux.readonlyPaths")
  }

  @inline(never)
  private func planNames(_ spec: Spec, _ linux: LinuxSection, _ namespaces: PlannedNamespaces) throws(SpecError) {
    hostname = try SandboxPlan.name(spec.hostname, "hostname", namespaces)
    domainname = try SandboxPlan.name(spec.domainname, "domainname", namespaces)
    kernelParameters = try KernelParameter.all(linux.sysctl, namespaces: namespaces.own)
    if let domainname, let other = kernelParameters.first(where: { $0.file == "sys/kernel/domainname" }), !other.value.equals(domainname.description) {
      throw SpecError(path: "linux.sysctl.kernel.domainname", reason: "domainname is another one, \(domainname.description)")
    }
  }

  @inline(never)
  private func planProcess(_ process: Process, _ linux: LinuxSection, _ identity: Identity?) throws(SpecError) {
    terminal = process.terminal
    windowSize = process.consoleSize.map { WindowSize(rows: $0.height, columns: $0.width) }
    limits = try ResourceLimit.all(process.rlimits)
    oomScoreAdjustment = process.oomScoreAdj
    labels = try SecurityLabels(process)
    scheduling = try SchedulingPlan(process, linux)
    // For additional processes only; checked here, so that what is wrong is told before one of them is started.
    _ = try ProcessorAffinity(process.execCPUAffinity)
    if identity == nil { try userNamespace?.requireMapped(process.user) }
    self.identity =
      identity ?? .numeric(user: process.user.uid, group: process.user.gid, supplementaryGroups: process.user.additionalGids)
    fileModeMask = process.user.umask ?? 0o022
    noNewPrivileges = process.noNewPrivileges
    workingDirectory = Path(process.cwd)
    arguments = process.args
    environment = process.env
  }

  /// An empty string is what generators write for "none".
  private static func isGiven(_ value: String?) -> Bool { value.map { !$0.utf8.isEmpty } ?? false }

  private static func absolute(_ paths: [String], _ origin: String) throws(SpecError) -> [Path] {
    var planned: [Path] = []
    for (index, path) in paths.enumerated() {
      guard Path(path).isAbsolute else { throw SpecError(path: "\(origin)[\(index)]", reason: "must be an absolute path, not \(path)") }
      planned.append(Path(path))
    }
    return planned
  }

  /// The JSON path of the first thing that `spec` sets in a namespace of this kind.
  private static func change(in kind: NamespaceFlags, by spec: Spec) -> String? {
    // Everything that is mounted, and the root of all processes in it.
    if kind == .mount { return "root" }
    if kind == .uts, isGiven(spec.hostname) { return "hostname" }
    if kind == .uts, isGiven(spec.domainname) { return "domainname" }
    if kind == .network, let device = spec.linux?.netDevices.first { return Text("linux.netDevices.\(device.hostName)").string }
    for parameter in spec.linux?.sysctl ?? [] where KernelParameter.namespace(of: parameter.key) == kind { return Text("linux.sysctl.\(parameter.key)").string }
    return nil
  }

  /// A name of the UTS namespace: changing it in the host's namespace would rename the host.
  private static func name(_ name: String?, _ origin: String, _ namespaces: PlannedNamespaces) throws(SpecError) -> Path? {
    guard let name, isGiven(name) else { return nil }
    guard namespaces.own.contains(.uts) else { throw SpecError(path: Text(origin), reason: "needs a UTS namespace of the container's own (linux.namespaces)") }
    guard name.utf8.count <= 64 else { throw SpecError(path: Text(origin), reason: "longer than 64 bytes") }
    return Path(name)
  }
}

/// The namespaces of config.json, told apart.
struct PlannedNamespaces {
  /// Made new.
  var new: NamespaceFlags = []
  /// Joined by their path.
  var joined: [JoinedNamespace] = []

  /// New or joined: not the host's, as far as config.json tells.
  var own: NamespaceFlags { joined.reduce(new) { $0.union($1.kind) } }

  init(_ namespaces: [Namespace]) throws(SpecError) {
    for namespace in namespaces {
      let kind = namespace.type.kernelName.kind
      if let path = namespace.path, !path.utf8.isEmpty {
        joined.append(JoinedNamespace(kind: kind, path: Path(path)))
      } else {
        new.formUnion(kind)
      }
    }
    for (index, namespace) in namespaces.enumerated() where namespace.type == .mount && new.contains(.user) && !new.contains(.mount) {
      throw SpecError(path: "linux.namespaces[\(index)].path", reason: "a new user namespace has no rights over a mount namespace that is joined")
    }
  }
}

extension ResourceLimit {
  static func all(_ rlimits: [Rlimit]) throws(SpecError) -> [ResourceLimit] {
    var planned: [ResourceLimit] = []
    for (index, limit) in rlimits.enumerated() {
      guard limit.soft <= limit.hard else {
        throw SpecError(path: "process.rlimits[\(index)]", reason: "the soft limit \(limit.soft) is above the hard limit \(limit.hard)")
      }
      planned.append(ResourceLimit(resource: number(limit.type), soft: limit.soft, hard: limit.hard, name: limit.type.name))
    }
    return planned
  }

  /// The C constants of asm-generic/resource.h, which x86 and ARM use.
  public static func number(_ type: RlimitType) -> Int32 {
    switch type {
    case .cpu: 0
    case .fileSize: 1
    case .data: 2
    case .stack: 3
    case .core: 4
    case .residentSet: 5
    case .processes: 6
    case .openFiles: 7
    case .lockedMemory: 8
    case .addressSpace: 9
    case .locks: 10
    case .pendingSignals: 11
    case .messageQueue: 12
    case .nice: 13
    case .realtimePriority: 14
    case .realtimeTime: 15
    }
  }
}

extension KernelParameter {
  /// A parameter that belongs to no namespace of the container's own would change the host: refused, as runc does.
  static func all(_ parameters: [Sysctl], namespaces: NamespaceFlags) throws(SpecError) -> [KernelParameter] {
    var planned: [KernelParameter] = []
    for parameter in parameters {
      let origin = Text("linux.sysctl.\(parameter.key)").string
      guard let needed = namespace(of: parameter.key) else {
        throw SpecError(path: Text(origin), reason: "belongs to no namespace, so setting it would change the host")
      }
      guard namespaces.contains(needed) else {
        throw SpecError(path: Text(origin), reason: "needs a namespace of the container's own, which linux.namespaces does not have")
      }
      var file: [UInt8] = []
      for byte in parameter.key.utf8 { file.append(byte == 0x2E ? 0x2F : byte == 0x2F ? 0x2E : byte) }
      let path = Path(bytes: file)
      guard !path.hasParentReference, !path.isAbsolute else { throw SpecError(path: Text(origin), reason: "not the name of a kernel parameter") }
      planned.append(KernelParameter(file: "sys/\(path)", value: parameter.value))
    }
    return planned
  }

  /// The namespace that a parameter belongs to; nil when it is the whole machine's.
  fileprivate static func namespace(of key: String) -> NamespaceFlags? {
    let ipc: [Literal] = [
      "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    ]
    for name in ipc where key.equals(name) { return .ipc }
    if key.begins(with: "fs.mqueue.") { return .ipc }
    if key.begins(with: "net.") { return .network }
    if key.begins(with: "user.") { return .user }
    if key.equals("kernel.domainname") { return .uts }
    return nil
  }
}
