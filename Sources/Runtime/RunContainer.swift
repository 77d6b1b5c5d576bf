internal import Cgroups
public import Linux
internal import OCI
internal import Sandbox

/// Runs a container in the foreground and gives its exit status; nothing of it stays, unless it is kept.
///
/// Everything is planned before anything is touched.
///
/// - keeps: what is known of the container stays until `delete`.
/// - warn: gets a sentence for each thing that was asked for, cannot be had on any kernel or this one, and changes nothing by its absence.
public func runContainer(
  _ request: ContainerRequest, _ options: LaunchOptions = LaunchOptions(), keeps: Bool = false, state: StateDirectory, warn: (String) -> Void
) throws(RuntimeError) -> ExitStatus {
  let plan = try ContainerPlan(request, options, gated: false, diesWithParent: true, notify: state.notifyDirectory(of: request.id), warn: warn)
  if options.consoleSocket != nil { throw RuntimeError("--console-socket: the terminal of a container in the foreground is relayed here; see --detach") }
  // Without a PID namespace orphans of the container would go to the host's first process, which knows nothing of them.
  if !plan.sandbox.newNamespaces.contains(.pid) {
    try attempt("adopt", "orphans of the container") { () throws(Errno) in try ThisProcess.becomeSubreaper() }
  }
  var signals = try ForegroundSignals()
  do throws(RuntimeError) {
    let status = try makeContainer(plan, in: state, gated: false, signals: signals.launch, warn) {
      (directory, cgroup, record, container, relay) throws(RuntimeError) in
      try tellEngine(options, of: container)
      try runPoststartHooks(request, container.process, directory, interruption: signals.launch.interruption)
      var foreground = try Foreground(container, signals: signals.take(), notify: relay)
      let status = try foreground.wait()
      // Another command may be deleting it.
      if try !directory.lockUnlessRemoved() { return status }
      // The container has ended as it has, whatever cannot be removed of it now: that stays on record.
      do throws(RuntimeError) {
        if keeps {
          record.isKept = true
          try directory.write(record)
          // What it has used can be read of its groups until it is deleted.
          try convert { () throws(CgroupError) in try cgroup.kill() }
        } else {
          try end(cgroup)
          try record.resourceClass?.remove()
          request.runPoststopHooks(warn)
          try directory.remove()
        }
      } catch {
        warn(Text("what is left of container \(request.id.text) stays to be cleaned up: \(error.message)").string)
      }
      return status
    }
    guard let status else { preconditionFailure("a container in the foreground is waited for") }
    return status
  } catch {
    return try signals.status(after: error, "the container", warn)
  }
}

/// Runs a container and leaves it alone once its program runs.
public func startContainer(
  detached request: ContainerRequest, _ options: LaunchOptions = LaunchOptions(), state: StateDirectory, warn: (String) -> Void
) throws(RuntimeError) {
  let plan = try ContainerPlan(request, options, gated: false, diesWithParent: false, notify: state.notifyDirectory(of: request.id), warn: warn)
  try requireConsoleSocket(plan.sandbox.terminal, options)
  _ = try makeContainer(plan, in: state, gated: false, signals: LaunchSignals(mask: try currentSignalMask()), warn) {
    (directory, _, record, container, relay) throws(RuntimeError) in
    var container = container
    try handOver(&container, options)
    try tellEngine(options, of: container)
    try runPoststartHooks(request, container.process, directory)
    if try directory.lockUnlessRemoved() {
      record.isKept = true
      try directory.write(record)
      try directory.unlock()
    }
    try NotifyRelay.wait(relay, for: record)
    return nil
  }
}

/// Makes a container whose program waits for `start`.
public func createContainer(
  _ request: ContainerRequest, _ options: LaunchOptions = LaunchOptions(), state: StateDirectory, warn: (String) -> Void
) throws(RuntimeError) {
  let plan = try ContainerPlan(request, options, gated: true, diesWithParent: false, notify: state.notifyDirectory(of: request.id), warn: warn)
  try requireConsoleSocket(plan.sandbox.terminal, options)
  _ = try makeContainer(plan, in: state, gated: true, signals: LaunchSignals(mask: try currentSignalMask()), warn) {
    (directory, _, record, container, _) throws(RuntimeError) in
    var container = container
    try handOver(&container, options)
    try tellEngine(options, of: container)
    record.isKept = true
    try directory.write(record)
    return nil
  }
}

/// The signals that this process was started with blocked: the program gets them so.
func currentSignalMask() throws(RuntimeError) -> SignalSet {
  try attempt("examine", "the signal mask") { () throws(Errno) in try SignalSet(mask: 0).block() }
}

/// Runs the hooks that follow the program's start; other commands are let at the container, because they may take their time.
private func runPoststartHooks(
  _ request: ContainerRequest, _ process: Int32, _ directory: ContainerDirectory, interruption: Int32? = nil
) throws(RuntimeError) {
  try directory.unlock()
  do throws(SandboxError) {
    try request.runHostHooks(request.spec.hooks?.poststart, "poststart", .running, process: process, HookLimits(interruption: interruption))
  } catch {
    // To undo it.
    try directory.lock()
    throw RuntimeError(error)
  }
}

extension ContainerRequest {
  /// Each is run, whatever becomes of the others (runtime.md, "Lifecycle", 13).
  func runPoststopHooks(_ warn: (String) -> Void) {
    runEachHook(spec.hooks?.poststop ?? [], "poststop", state(.stopped, process: nil), directory: bundle, warn: warn)
  }
}
