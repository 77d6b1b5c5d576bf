internal import Linux
internal import OCI
internal import Sandbox

extension Container {
  /// Has the program of a container that was created run. The hooks that come after that have run when this comes back.
  ///
  /// - warn: gets a sentence for what cannot be undone, or hears of the end in vain, when a hook fails.
  public func start(warn: (String) -> Void) throws(RuntimeError) {
    switch try status() {
    case .created: break
    case .creating: throw beingCreated()
    case .running, .paused: throw RuntimeError("cannot start a container that has been started: \(id.text)")
    case .stopped: throw RuntimeError("cannot start a container that has stopped: \(id.text)")
    }
    let spec = try spec()
    guard case .some = spec.process else { throw RuntimeError("container \(id.text): its config.json has no process to start") }
    // Before the program can say anything.
    let relay = try directory.listenForNotifications()
    do throws(SandboxError) {
      try runProgram()
      // They may take their time, as the program may; kill and delete do not wait for that.
      try runHooks(spec.hooks?.poststart ?? [], "poststart", runtimeState(.running), directory: Path(record.bundle))
    } catch {
      // runtime.md, "Lifecycle", 7 and 9: the container is destroyed.
      if error.kind == .hook { undo(warn) }
      throw RuntimeError(error)
    }
    try NotifyRelay.wait(relay, for: record)
  }

  /// Has the program run, and lets other commands at the container.
  private func runProgram() throws(SandboxError) {
    try convert { () throws(RuntimeError) in
      let started = try directory.withGate { (gate, directory) throws(RuntimeError) in
        try convert { () throws(SandboxError) in try startProgram(at: gate, in: directory) }
      }
      try directory.removeGate()
      guard started else { throw RuntimeError("cannot start a container that has been started: \(id.text)") }
      try directory.unlock()
    }
  }

  /// Ends and removes the container, unless another command has done it by now.
  private func undo(_ warn: (String) -> Void) {
    do throws(RuntimeError) {
      if try directory.lockUnlessRemoved() { try end(warn: warn) }
    } catch {
      warn(Text("what is left of container \(id.text) stays until it is deleted: \(error.message)").string)
    }
  }

  /// The state that a hook of the host gets.
  func runtimeState(_ status: ContainerStatus) -> ContainerState {
    ContainerState(
      ociVersion: record.ociVersion, id: id, status: status, pid: status == .stopped ? nil : record.process, bundle: record.bundle,
      annotations: record.annotations)
  }
}
