internal import Cgroups
public import Linux
public import OCI
internal import Probe
internal import Sandbox

/// A process that is to join a container.
public final class ExecRequest {
  public let process: Process
  /// The user of `process` was asked for; otherwise that of the container's image counts, if there is one.
  public let hasOwnUser: Bool
  /// Groups below the container's that the process joins, as `[CONTROLLER:]PATH`; none is the container's own.
  public let subgroups: [String]
  /// It is started in a container that is paused, too, and waits there.
  public let ignoresPause: Bool
  /// For messages: where `process` came from.
  public let origin: String

  public init(process: Process, hasOwnUser: Bool = true, subgroups: [String] = [], ignoresPause: Bool = false, origin: String) {
    self.process = process
    self.hasOwnUser = hasOwnUser
    self.subgroups = subgroups
    self.ignoresPause = ignoresPause
    self.origin = origin
  }
}

extension Container {
  /// The process that a new one takes its settings from: the container's own.
  public func configuredProcess() throws(RuntimeError) -> Process {
    guard let process = try spec(directory.filters()).process else { throw RuntimeError("container \(id.text): its config.json has no process") }
    return process
  }

  /// Runs a process in the container and waits for its end in the foreground.
  public func exec(_ request: ExecRequest, _ options: LaunchOptions, warn: (String) -> Void) throws(RuntimeError) -> ExitStatus {
    var signals = try ForegroundSignals()
    let launched: LaunchedContainer
    do throws(RuntimeError) {
      launched = try launch(request, options, signals: signals.launch, isWatched: true, warn)
    } catch {
      return try signals.status(after: error, "the process", warn)
    }
    try tellEngine(options, of: launched)
    var foreground = try Foreground(launched, signals: signals.take())
    return try foreground.wait()
  }

  /// Runs a process in the container and leaves it alone once its program runs.
  public func exec(detached request: ExecRequest, _ options: LaunchOptions, warn: (String) -> Void) throws(RuntimeError) {
    try requireConsoleSocket(request.process.terminal, options)
    var launched = try launch(request, options, signals: LaunchSignals(mask: try currentSignalMask()), isWatched: false, warn)
    do throws(RuntimeError) {
      try handOver(&launched, options)
      try tellEngine(options, of: launched)
    } catch {
      try? Linux.kill(launched.process, .kill)
      throw error
    }
  }

  private func launch(
    _ request: ExecRequest, _ options: LaunchOptions, signals: LaunchSignals, isWatched: Bool, _ warn: (String) -> Void
  )
    throws(RuntimeError) -> LaunchedContainer
  {
    switch try status() {
    case .running, .created: break
    case .paused:
      if !request.ignoresPause { throw RuntimeError("cannot exec in a paused container (use --ignore-paused to override): \(id.text)") }
      if try groups() == nil { throw RuntimeError("cannot exec in a paused container without control groups: \(id.text)") }
    case .creating: throw beingCreated()
    case .stopped: throw RuntimeError("cannot exec in a stopped container: \(id.text)")
    }
    guard let process = try findProcess() else { throw RuntimeError("cannot exec in a stopped container: \(id.text)") }
    let filters = directory.filters()
    let spec = try spec(filters)
    let namespaces = try openNamespaces(of: process, spec)
    let plan = try planJoining(spec, try standingIn(request), filters, imageUser: record.imageUser, namespaces, warn)
    plan.ownUser = record.standIns.user
    if isAndroid() { plan.addedGroup = androidInternetGroup }
    // Without a mount namespace of its own, its root is that of its processes alone.
    if case .none = spec.linux?.namespace(.mount) {
      let root = try attempt("open the root of", "container \(id.text)") { () throws(Errno) in try process.open("root", .path | .directory) }
      plan.joinedRoot = root.release()
    }
    plan.preservedDescriptors = options.preservedDescriptors
    if let seccomp = spec.linux?.seccomp { plan.seccompListener = SeccompListener(seccomp, runtimeState(.running)) }
    if record.hasKeyring { plan.sessionKeyring = Path("_ses.\(id.text)") }
    if isWatched, plan.terminal { plan.mapsNewlines = Terminal.isTerminal(StandardDescriptor.output) }
    if isWatched, plan.terminal, plan.windowSize == nil { plan.windowSize = try? Terminal.windowSize(StandardDescriptor.input) }
    return try launch(plan, in: request.subgroups, of: process.id, signals: signals)
  }

  /// The request with what takes the place of what the kernel lacks.
  private func standingIn(_ request: ExecRequest) throws(RuntimeError) -> ExecRequest {
    let standIns = record.standIns
    if standIns.without.isEmpty { return request }
    let own = try askedSpec().process?.user ?? User()
    if let user = standIns.user, request.hasOwnUser, record.imageUser != nil || request.process.user.uid != own.uid || request.process.user.gid != own.gid {
      throw RuntimeError("\(request.origin): user: container \(id.text) has one user of the host only, \(user), in place of what this kernel lacks")
    }
    return ExecRequest(
      process: standIns.applied(to: request.process), hasOwnUser: request.hasOwnUser,
      subgroups: request.subgroups, ignoresPause: request.ignoresPause, origin: request.origin)
  }

  private func launch(
    _ plan: SandboxPlan, in subgroups: [String], of process: Int32, signals: LaunchSignals
  ) throws(RuntimeError) -> LaunchedContainer {
    let below = try convert { () throws(CgroupError) in try Subgroup.parse(subgroups) }
    guard let groups = try groups() else {
      if !below.isEmpty { throw RuntimeError("--cgroup: container \(id.text) has no control groups") }
      let launched = try join(plan, LaunchContext(group: nil, view: .none, signals: signals)) { (_, _) throws(CgroupError) in }
      // A pause may have looked for processes before this one was in the container.
      try directory.lock()
      if try directory.isStopped() { try? Linux.kill(launched.process, .stop) }
      try directory.unlock()
      return launched
    }
    let isStopped = try directory.isStopped()
    let target = try convert { () throws(CgroupError) in try groups.target(of: process, below: below) }
    // What is to begin on other processors than the group's cannot be born in it.
    let group = plan.affinity?.beginsElsewhere ?? false ? nil : target.cloneTarget
    return try join(plan, LaunchContext(group: group, view: .none, signals: signals)) { (stage, isBornInGroup) throws(CgroupError) in
      try target.add(stage, alsoUnified: !isBornInGroup)
      // It waits, and is found there when the container goes on.
      if isStopped { try? Linux.kill(stage, .stop) }
    }
  }

  /// Other commands wait until the process is in the container's groups, so that what ends the container ends it too, and no longer: the container may be
  /// frozen, or stop all its processes.
  private func join(
    _ plan: SandboxPlan, _ context: LaunchContext, addToGroups: (Int32, Bool) throws(CgroupError) -> Void
  ) throws(RuntimeError) -> LaunchedContainer {
    let classGroup = try record.resourceClass?.groups()
    return try convert { () throws(SandboxError) in
      try plan.join(context) { (stage, isBornInGroup) throws(SandboxError) in
        do throws(CgroupError) {
          try classGroup?.add(stage)
          try addToGroups(stage, isBornInGroup)
        } catch {
          throw SandboxError(Text(error.message))
        }
        do throws(RuntimeError) {
          try directory.unlock()
        } catch {
          throw SandboxError(Text(error.message))
        }
      }
    }
  }

  /// Opens the namespaces that the container has of its own, those of its first process.
  @inline(never)
  private func openNamespaces(of process: borrowing ProcessHandle, _ spec: Spec) throws(RuntimeError) -> [JoinedNamespace] {
    var opened: [JoinedNamespace] = []
    for namespace in spec.linux?.namespaces ?? [] {
      let (kind, file) = namespace.type.kernelName
      let descriptor = try attempt("open", "\(file.description) of container \(id.text)") { () throws(Errno) in try process.open(file, .readOnly) }
      // The kernel refuses to join one's own user namespace; a joined one may be that.
      if kind == .user, try isOwn(descriptor, Path("/proc/self").appending(file.bytes)) { continue }
      opened.append(JoinedNamespace(kind: kind, path: Path("/proc/\(process.id)").appending(file.bytes), descriptor: descriptor.release()))
    }
    return opened
  }

  private func isOwn(_ namespace: borrowing FileDescriptor, _ path: Path) throws(RuntimeError) -> Bool {
    try attempt("examine", path) { () throws(Errno) in
      try namespace.isSameFile(as: FileDescriptor.open(path, .path))
    }
  }
}

@inline(never)
private func planJoining(
  _ spec: Spec, _ request: ExecRequest, _ filters: FilterCache, imageUser: String?, _ namespaces: [JoinedNamespace], _ warn: (String) -> Void
) throws(RuntimeError) -> SandboxPlan {
  do throws(SpecError) {
    let sets = try CapabilitySets(
      planning: request.process.capabilities, last: ThisProcess.lastCapability(), available: availableCapabilities(spec))
    warnAbout(sets, user: request.process.user.uid, request.origin, warn)
    let plan = try SandboxPlan(
      joining: spec, request.process, namespaces: namespaces, seccomp: filters.filter(of: spec, isImage: imageUser != nil), capabilities: sets)
    if let imageUser, !request.hasOwnUser { plan.identity = .image(imageUser) }
    return plan
  } catch {
    throw RuntimeError(error, in: request.origin)
  }
}
