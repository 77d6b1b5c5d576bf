internal import Cgroups
public import Linux
public import OCI
public import Sandbox

/// A container that is to be run in the foreground.
public struct RunRequest: Sendable {
  public var id: ContainerID
  public var spec: Spec
  /// The directory that relative paths of `spec` are relative to.
  public var bundle: Path
  /// Where the root directory comes from.
  public var root: RootSource
  /// Whom the program runs as, when that is not what `spec` says: an image's user.
  public var identity: Identity?
  /// The file that `spec` came from, for messages.
  public var origin: String

  public init(id: ContainerID, spec: Spec, bundle: Path, root: RootSource, identity: Identity? = nil, origin: String) {
    self.id = id
    self.spec = spec
    self.bundle = bundle
    self.root = root
    self.identity = identity
    self.origin = origin
  }
}

/// Runs a container in the foreground and gives its exit status; nothing of it stays.
///
/// Everything is planned before anything is touched; what is touched is on record before, so that a process that is killed here leaves nothing that the next
/// run does not clean up.
///
/// `warn` gets a sentence for each thing that was asked for, cannot be had on any kernel or this one, and changes nothing by its absence.
public func runContainer(_ request: RunRequest, state: borrowing StateDirectory, warn: (String) -> Void) throws(RuntimeError) -> ExitStatus {
  let layout = try discoverCgroups()
  let sandbox = try planSandbox(request, warn)
  try requireNamespaces(sandbox)
  let resources = request.spec.linux?.resources ?? Resources()
  let groups = try planGroups(resources, layout, request.origin)
  let groupPath = try groupPath(request)
  let record = ContainerRecord(id: request.id.text, cgroupsPath: groupPath.path.description, bundle: request.bundle.description)

  // A caller that ignores SIGCHLD leaves it ignored: the kernel would then reap the container itself, and its end would never be told here.
  Signal.childEnded.setDefaultAction()
  // From here on signals wait for the container, which they are meant for.
  let mask = try attempt("block", "signals") { () throws(Errno) in try SignalSet.forwardable.block() }
  let signals = try attempt("make", "a signal descriptor") { () throws(Errno) in try SignalSet.forwardable.makeDescriptor() }
  let directory = try state.create(request.id.text) { (left) throws(RuntimeError) in try cleanUp(left, layout) }
  do throws(RuntimeError) {
    if request.namesGroup { try requireUnused(groupPath, layout) }
    try directory.write(record)
    let status = try runInGroups(sandbox, groups, resources, groupPath, layout, record, directory, signals: signals, mask: mask)
    try directory.remove()
    return status
  } catch {
    // The first error is the one to tell; what cannot be removed now, the next run removes.
    try? directory.remove()
    throw error
  }
}

extension RunRequest {
  /// Whether config.json names the group, so that it may be somebody's.
  fileprivate var namesGroup: Bool { !(spec.linux?.cgroupsPath?.utf8.isEmpty ?? true) }
}

/// Refuses a group with processes before it is on record: what is on record the next run kills, should this one be killed before it finds them.
private func requireUnused(_ path: CgroupPath, _ layout: CgroupLayout) throws(RuntimeError) {
  try convert { () throws(CgroupError) in
    if let group = try ContainerCgroup.existing(path, layout: layout) { try group.requireUnused() }
  }
}

/// Makes the groups, runs the container in them and removes them.
private func runInGroups(
  _ sandbox: SandboxPlan, _ groups: CgroupPlan, _ resources: Resources, _ path: CgroupPath, _ layout: CgroupLayout, _ record: ContainerRecord,
  _ directory: borrowing ContainerDirectory, signals: consuming SignalDescriptor, mask: SignalSet
) throws(RuntimeError) -> ExitStatus {
  // A device filter that config.json does not ask for is set where the machine can: without it the capability and the mounts' `nodev` are what keeps devices
  // away.
  let filterIsRequired = !(resources.devices.isEmpty)
  var cgroup = try convert { () throws(CgroupError) in try ContainerCgroup.create(path, for: groups, layout: layout) }
  do throws(RuntimeError) {
    try convert { () throws(CgroupError) in
      try cgroup.apply(groups.settings)
      _ = try cgroup.apply(groups.devices, isRequired: filterIsRequired)
    }
    let container = try launch(sandbox, cgroup, layout, mask)
    var running = record
    running.process = container.process
    try directory.write(running)
    var foreground = try Foreground(container, signals: signals)
    let status = try foreground.wait()
    try end(cgroup)
    return status
  } catch {
    try? end(cgroup)
    throw error
  }
}

private func launch(
  _ sandbox: SandboxPlan, _ cgroup: borrowing ContainerCgroup, _ layout: CgroupLayout, _ mask: SignalSet
) throws(RuntimeError)
  -> LaunchedContainer
{
  do throws(SandboxError) {
    return try sandbox.launch(group: cgroup.cloneTarget, view: layout.view(of: cgroup), signals: mask) { (isBornInGroup) throws(SandboxError) in
      do throws(CgroupError) {
        // 0 is the process that writes it.
        try cgroup.add(0, alsoUnified: !isBornInGroup)
      } catch {
        throw SandboxError(error.message)
      }
    }
  } catch {
    throw RuntimeError(error)
  }
}

/// Kills what is left in the container's groups and removes them.
private func end(_ cgroup: borrowing ContainerCgroup) throws(RuntimeError) {
  try convert { () throws(CgroupError) in
    try cgroup.kill()
    try cgroup.remove()
  }
}

/// Undoes what a killed process of ours has left of a container.
private func cleanUp(_ record: ContainerRecord, _ layout: CgroupLayout) throws(RuntimeError) {
  guard let path = CgroupPath(record.cgroupsPath) else { return }
  try convert { () throws(CgroupError) in
    if let left = try ContainerCgroup.existing(path, layout: layout) {
      try left.kill()
      try left.remove()
    }
  }
}

func convert<Value: ~Copyable>(_ call: () throws(CgroupError) -> Value) throws(RuntimeError) -> Value {
  do throws(CgroupError) {
    return try call()
  } catch {
    throw RuntimeError(error.message)
  }
}
