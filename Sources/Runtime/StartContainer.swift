internal import Linux
internal import OCI
internal import Sandbox

extension Container {
  /// Has the program of a container that was created run. The hooks that come after that have run when this comes back.
  ///
  /// When a hook fails the container is stopped and destroyed, as by `delete` (runtime.md, "Lifecycle", 7 and 9); `warn` gets a sentence for what stays.
  public borrowing func start(warn: (String) -> Void) throws(RuntimeError) {
    switch try status() {
    case .created: break
    case .creating: throw RuntimeError("container \(id.text) is just being created")
    case .running, .paused: throw RuntimeError("cannot start a container that has been started: \(id.text)")
    case .stopped: throw RuntimeError("cannot start a container that has stopped: \(id.text)")
    }
    let spec = try spec()
    guard case .some = spec.process else { throw RuntimeError("container \(id.text): its config.json has no process to start") }
    // Before the program can say anything.
    let relay = try directory.listenForNotifications()
    do throws(RuntimeError) {
      let started = try directory.withGate { (gate, directory) throws(RuntimeError) in
        try convert { () throws(SandboxError) in try startProgram(at: gate, in: directory) }
      }
      try directory.removeGate()
      guard started else { throw RuntimeError("cannot start a container that has been started: \(id.text)") }
      try convert { () throws(SandboxError) in
        try runHooks(spec.hooks?.poststart ?? [], "poststart", runtimeState(.running), directory: Path(record.bundle))
      }
    } catch {
      if error.kind == .hook { destroy(warn) }
      throw error
    }
    // It may take its time; kill and delete do not wait for it.
    try directory.unlock()
    try NotifyRelay.wait(relay, for: record)
  }

  private borrowing func destroy(_ warn: (String) -> Void) {
    do throws(RuntimeError) {
      try delete(force: true, warn: warn)
    } catch {
      warn("what is left of container \(id.text) stays to be deleted: \(error.message)")
    }
  }

  /// The state that a hook of the host gets.
  borrowing func runtimeState(_ status: ContainerStatus) -> ContainerState {
    ContainerState(
      ociVersion: record.ociVersion, id: id, status: status, pid: status == .stopped ? nil : record.process, bundle: record.bundle,
      annotations: record.annotations)
  }
}
