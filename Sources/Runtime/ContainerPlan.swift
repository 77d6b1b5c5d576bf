internal import Cgroups
internal import Linux
internal import OCI
internal import Probe
internal import Sandbox

/// Everything about a container that can be decided before anything of it is made: one pointer, because it is passed around and holds everything.
final class ContainerPlan {
  let request: ContainerRequest
  let layout: CgroupLayout
  let groups: CgroupPlan
  let groupPath: CgroupPath
  let resourceClass: ResourceClass?
  let sandbox: SandboxPlan
  /// The container has a directory for what its program tells a service manager.
  let notifies: Bool
  /// As it stands before there is a process.
  let record: ContainerRecord

  /// - gated: the program is started later; only then config.json may have none (runtime.md, "Start").
  /// - diesWithParent: the container ends with this process, however that ends.
  /// - trial: nothing is made; it gets to know what the container asks of the kernel, instead of an error for what is not there.
  /// - notify: the directory that the container gets as /run/notify, when a service manager waits for it.
  init(
    _ request: ContainerRequest, _ options: LaunchOptions, gated: Bool, diesWithParent: Bool, trial: ContainerTrial? = nil, notify: Path? = nil,
    warn: (String) -> Void
  ) throws(RuntimeError) {
    if !gated, case .none = request.spec.process { throw RuntimeError("\(request.origin): process: missing; a container that is started needs it") }
    let asked = notify.map { request.adding(NotifyRelay.mount(of: $0)) } ?? request
    let layout = try discoverCgroups()
    var standIns = try StandIns.choose(
      for: asked.spec, permitted: try asked.permittedStandIns(), layout, usesGroups: asked.usesGroups, origin: asked.origin)
    let request = standIns.without.isEmpty ? asked : asked.with(standIns.applied(to: asked.spec))
    let sandbox = try planSandbox(request, diesWithParent: diesWithParent, available: availableCapabilities(request.spec), warn)
    sandbox.preservedDescriptors = options.preservedDescriptors
    // pivot_root(2) cannot leave it, whatever is tried.
    let movesRoot = options.pivots && layout.isOnFirstRoot && !sandbox.sharesMounts
    sandbox.pivots = options.pivots && !movesRoot
    if let seccomp = request.spec.linux?.seccomp { sandbox.seccompListener = SeccompListener(seccomp, request.state(.creating, process: nil)) }
    let isOnAndroid = isAndroid()
    let hasKeyring = options.newKeyring && !isOnAndroid
    if !hasKeyring { sandbox.sessionKeyring = nil }
    if isOnAndroid { sandbox.addedGroup = androidInternetGroup }
    sandbox.environment += options.environment
    if notify != nil { sandbox.environment.append(NotifyRelay.variable) }
    request.planHooks(sandbox)
    if let trial { trial.requirements = sandbox.requirements } else { try requireFeatures(sandbox) }
    do throws(SandboxError) {
      try sandbox.leaveOutOwnUserNamespace()
    } catch {
      throw RuntimeError(error)
    }
    let groups = try planGroups(request, layout)
    let groupPath = try Runtime.groupPath(request)
    let resourceClass = try ResourceClass(request)
    if !request.usesGroups, request.hasDeviceRules {
      warn(Text("\(request.origin): linux.resources.devices: control groups are disabled, so nothing filters devices").string)
    }
    // Last, when nothing is left to refuse.
    if standIns.needsUser, standIns.user == nil { standIns.user = trial == nil ? try UserNumbers.take(in: request.dataRoot) : UserNumbers.first }
    sandbox.standIn(standIns)
    if let trial { standIns.tell(asked) { trial.standIns.append($0) } } else { standIns.tell(asked, warn) }
    if movesRoot {
      let sentence = Text("\(asked.origin): the host's root is its first RAM disk; instead of pivot_root(2): \(Feature.pivotRoot.row[.instead])").string
      if let trial { trial.standIns.append(sentence) } else { warn(sentence) }
    }
    self.request = request
    self.layout = layout
    self.groups = groups
    self.groupPath = groupPath
    self.resourceClass = resourceClass
    self.sandbox = sandbox
    notifies = notify != nil
    record = request.record(groupPath, resourceClass, hasKeyring: hasKeyring, standIns)
  }

  /// Whether config.json asks for a device filter; where it does not, one is set where the machine can: without it the capability and the mounts' `nodev` are
  /// what keeps devices away.
  var requiresDeviceFilter: Bool { request.hasDeviceRules }
}

extension ContainerRequest {
  /// What config.json says of limits and devices.
  @inline(never)
  var resources: Resources { spec.linux?.resources ?? Resources() }

  /// Whether config.json asks for a device filter.
  @inline(never)
  var hasDeviceRules: Bool { !(spec.linux?.resources?.devices.isEmpty ?? true) }

  /// Whether config.json names the group, so that it may be somebody's.
  var namesGroup: Bool { usesGroups && !(spec.linux?.cgroupsPath?.utf8.isEmpty ?? true) }

  /// Plans the hooks that run while the container is made.
  @inline(never)
  fileprivate func planHooks(_ sandbox: SandboxPlan) {
    guard let hooks = spec.hooks, !hooks.isEmpty else { return }
    // Before those of the container as well, so that it is on record when they run.
    sandbox.pausesBeforePivot = !hooks.prestart.isEmpty || !hooks.createRuntime.isEmpty || !hooks.createContainer.isEmpty
    sandbox.hooks = ContainerHooks(createContainer: hooks.createContainer, startContainer: hooks.startContainer, state: state(.creating, process: nil))
  }

  /// The record of a container without a process.
  @inline(never)
  fileprivate func record(_ groupPath: CgroupPath, _ resourceClass: ResourceClass?, hasKeyring: Bool, _ standIns: StandIns) -> ContainerRecord {
    ContainerRecord(
      id: id.text, ociVersion: spec.ociVersion, cgroupsPath: usesGroups ? groupPath.path.description : "", bundle: bundle.description, hasKeyring: hasKeyring,
      imageUser: imageUser, resourceClass: resourceClass?.record, root: root.path.description, created: Timestamp.now().preciseText,
      annotations: spec.annotations, standIns: standIns)
  }

  /// The state that a hook gets.
  func state(_ status: ContainerStatus, process: Int32?) -> ContainerState {
    ContainerState(ociVersion: spec.ociVersion, id: id, status: status, pid: process, bundle: bundle.description, annotations: spec.annotations)
  }

  /// Runs the hooks of a point of the lifecycle in this process's namespaces.
  func runHostHooks(
    _ hooks: [Hook]?, _ name: Literal, _ status: ContainerStatus, process: Int32?, _ limits: HookLimits = HookLimits()
  ) throws(SandboxError) {
    guard let hooks, !hooks.isEmpty else { return }
    try runHooks(hooks, name, state(status, process: process), directory: bundle, limits: limits)
  }
}
