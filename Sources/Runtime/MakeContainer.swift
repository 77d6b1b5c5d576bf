internal import Cgroups
internal import Linux
internal import OCI
internal import Sandbox

/// Makes the container of a plan, launches its first process and calls `then`, which gives the status of one that it waits for; when that or anything before it
/// fails, nothing of the container stays.
///
/// What is touched is on record before, so that a process that is killed here leaves nothing that the next one does not clean up. Other commands wait while
/// the container is made; `then` may let them at it.
///
/// - gated: the first process waits for `start` before it runs the program.
/// - warn: gets a sentence for what an earlier container left and what cannot be cleaned up.
func makeContainer(
  _ plan: ContainerPlan, in state: StateDirectory, gated: Bool, signals: LaunchSignals, _ warn: (String) -> Void,
  then: (ContainerDirectory, ContainerCgroup, ContainerRecord, consuming LaunchedContainer, consuming NotifyRelay?)
    throws(RuntimeError) -> ExitStatus?
) throws(RuntimeError) -> ExitStatus? {
  let layout = plan.layout
  let directory = try state.create(plan.request.id.text, cleanUp: { (left) throws(RuntimeError) in try cleanUp(left, layout) }, warn: warn)
  let cgroup = try makeGroups(plan, directory)
  do throws(RuntimeError) {
    try convert { () throws(CgroupError) in
      try cgroup.apply(plan.groups.settings)
      plan.record.deviceFilter = try cgroup.apply(plan.groups.devices, isRequired: plan.requiresDeviceFilter)
      if let owner = delegatedOwner(of: plan.request.spec) { try cgroup.delegate(to: owner) }
    }
    let gate = gated ? try directory.makeGate() : nil
    // Before the program can say anything; one that is started later has its own.
    let relay = gated ? nil : try directory.listenForNotifications()
    let classGroup = try plan.resourceClass?.make()
    let record = plan.record
    let container = try launch(plan, directory, cgroup, classGroup, gate: gated ? gate.number : nil, signals, record, warn)
    return try follow(container, relay, plan, gated: gated, directory, cgroup, record, warn, then)
  } catch {
    // The first error is the one to tell; what cannot be undone now stays on record for the next run.
    try? undo(cgroup, plan, directory)
    throw error
  }
}

/// Puts the container on record and makes its groups; when that fails nothing of it stays.
@inline(never)
private func makeGroups(_ plan: ContainerPlan, _ directory: ContainerDirectory) throws(RuntimeError) -> ContainerCgroup {
  do throws(RuntimeError) {
    try directory.lockForCommand()
    if plan.request.namesGroup, plan.request.usesGroups { try requireUnused(plan.groupPath, plan.layout) }
    try directory.write(plan.record)
    if let text = plan.request.configuration { try directory.keepConfiguration(text) }
    if plan.notifies { try directory.makeNotifyDirectory() }
    return try convert { () throws(CgroupError) in try ContainerCgroup.create(plan.groupPath, for: plan.groups, layout: plan.layout) }
  } catch {
    try? directory.remove()
    throw error
  }
}

private func undo(_ cgroup: ContainerCgroup, _ plan: ContainerPlan, _ directory: ContainerDirectory) throws(RuntimeError) {
  // Another command has done it: what has the names now is another container's.
  if try directory.isRemoved() { return }
  try end(cgroup)
  try plan.resourceClass?.undo()
  try directory.remove()
}

/// Calls `then`, with a first process that waits for its start put on record before; a process that is there when that fails is killed, and the hooks hear of the end.
@inline(never)
private func follow(
  _ container: consuming LaunchedContainer, _ relay: consuming NotifyRelay?, _ plan: ContainerPlan, gated: Bool, _ directory: ContainerDirectory,
  _ cgroup: ContainerCgroup, _ record: ContainerRecord, _ warn: (String) -> Void,
  _ then: (ContainerDirectory, ContainerCgroup, ContainerRecord, consuming LaunchedContainer, consuming NotifyRelay?)
    throws(RuntimeError) -> ExitStatus?
) throws(RuntimeError) -> ExitStatus? {
  let process = container.process
  do throws(RuntimeError) {
    if gated { try put(process, on: record, directory, isBeingMade: false) }
    return try then(directory, cgroup, record, container, relay)
  } catch {
    try? kill(process, .kill)
    if try !directory.isRemoved() {
      try? end(cgroup)
      _ = try? waitForExit(of: process)
      plan.request.runPoststopHooks(warn)
    }
    throw error
  }
}

/// Writes a container's record with its process, a child of this one.
private func put(
  _ process: Int32, on record: ContainerRecord, _ directory: ContainerDirectory, isBeingMade: Bool
) throws(RuntimeError) {
  if record.process == nil {
    record.process = process
    // It may have ended already; its number is not another's before this process has looked.
    record.startTime = try attempt("examine", "process \(process)") { () throws(Errno) in try ProcessStatus.read(process)?.startTime }
  }
  record.isBeingMade = isBeingMade
  try directory.write(record)
}

/// Refuses a group with processes before it is on record: what is on record the next run kills, should this one be killed before it finds them.
private func requireUnused(_ path: CgroupPath, _ layout: CgroupLayout) throws(RuntimeError) {
  try convert { () throws(CgroupError) in
    if let group = try ContainerCgroup.existing(path, layout: layout) { try group.requireUnused() }
  }
}

@inline(never)
private func launch(
  _ plan: ContainerPlan, _ directory: ContainerDirectory, _ cgroup: ContainerCgroup, _ classGroup: ResctrlGroup?, gate: Int32?,
  _ signals: LaunchSignals, _ record: ContainerRecord, _ warn: (String) -> Void
) throws(RuntimeError) -> LaunchedContainer {
  let context = LaunchContext(group: cgroup.cloneTarget, view: plan.layout.view(of: cgroup), signals: signals, gate: gate)
  var hasHooks = false
  do throws(SandboxError) {
    return try plan.sandbox.launch(context) { (isBornInGroup) throws(SandboxError) in
      try joinGroups(cgroup, isBornInGroup)
      try joinClass(classGroup)
    } beforePivot: { (process) throws(SandboxError) in
      hasHooks = true
      // They may take their time: from here on the container can be ended by others.
      try convert { () throws(RuntimeError) in try put(process, on: record, directory, isBeingMade: true) }
      try runHooks(of: plan, process, signals)
    } beforeProgram: { (process) throws(SandboxError) in
      // What the program says can make somebody ask for the container, which then is on record as running.
      try convert { () throws(RuntimeError) in try put(process, on: record, directory, isBeingMade: false) }
    }
  } catch {
    // runtime.md, "Lifecycle": once hooks have begun to prepare it, others are told of the container's end.
    if hasHooks { plan.request.runPoststopHooks(warn) }
    throw RuntimeError(error)
  }
}

/// Runs the hooks of the host while the container waits in front of its root.
private func runHooks(of plan: ContainerPlan, _ process: Int32, _ signals: LaunchSignals) throws(SandboxError) {
  // Before Linux 5.3 there is none.
  let end = try? openPidfd(process)
  let limits = HookLimits(interruption: signals.interruption, process: end.number < 0 ? nil : end.number)
  let hooks = plan.request.spec.hooks
  // runtime.md: from step 2 of the lifecycle on, which is done here, the status is `created`, as crun has it; runc says `creating`.
  try plan.request.runHostHooks(hooks?.prestart, "prestart", .created, process: process, limits)
  try plan.request.runHostHooks(hooks?.createRuntime, "createRuntime", .created, process: process, limits)
}

/// Moves the calling process into the container's groups.
func joinGroups(_ cgroup: ContainerCgroup, _ isBornInGroup: Bool) throws(SandboxError) {
  do throws(CgroupError) {
    // 0 is the process that writes it.
    try cgroup.add(0, alsoUnified: !isBornInGroup)
  } catch {
    throw SandboxError(Text(error.message))
  }
}

/// Moves the calling process into the container's class of service.
func joinClass(_ group: ResctrlGroup?) throws(SandboxError) {
  do throws(CgroupError) {
    try group?.add(0)
  } catch {
    throw SandboxError(Text(error.message))
  }
}

/// Kills what is left in the container's groups and removes them.
func end(_ cgroup: ContainerCgroup) throws(RuntimeError) {
  try convert { () throws(CgroupError) in
    try cgroup.kill()
    try cgroup.remove()
  }
}

func convert<Value: ~Copyable>(_ call: () throws(CgroupError) -> Value) throws(RuntimeError) -> Value {
  do throws(CgroupError) {
    return try call()
  } catch {
    throw RuntimeError(Text(error.message))
  }
}

func convert<Value: ~Copyable>(_ call: () throws(SandboxError) -> Value) throws(RuntimeError) -> Value {
  do throws(SandboxError) {
    return try call()
  } catch {
    throw RuntimeError(error)
  }
}

func convert(_ call: () throws(RuntimeError) -> Void) throws(SandboxError) {
  do throws(RuntimeError) {
    try call()
  } catch {
    throw SandboxError(Text(error.message), kind: error.kind)
  }
}
