internal import Cgroups
internal import Linux
internal import OCI
internal import Sandbox

extension Container {
  /// Removes a container that has stopped, or that was created and never started. Hooks that come after have run when this comes back; one that fails is a
  /// warning.
  public func delete(warn: (String) -> Void) throws(RuntimeError) {
    let status = try status()
    guard status == .stopped || status == .created else { throw RuntimeError("cannot delete container \(id.text) that is not stopped: \(status.name)") }
    try remove(status, warn)
  }

  /// The same for one that may run: its processes are killed first.
  public func end(warn: (String) -> Void) throws(RuntimeError) { try remove(try status(), warn) }

  private func remove(_ status: ContainerStatus, _ warn: (String) -> Void) throws(RuntimeError) {
    if status != .stopped { try killAll() }
    if let groups = try groups() { try Runtime.end(groups) }
    try record.resourceClass?.remove()
    runPoststopHooks(warn)
    try directory.remove()
  }

  private func runPoststopHooks(_ warn: (String) -> Void) {
    // A container that was not made to its end, or comes from an image, has no hooks.
    guard let hooks = try? spec().hooks else { return }
    runEachHook(hooks.poststop, "poststop", runtimeState(.stopped), directory: Path(record.bundle), warn: warn)
  }
}
