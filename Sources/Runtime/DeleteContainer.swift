internal import Cgroups
internal import Linux
internal import OCI
internal import Sandbox

extension Container {
  /// Removes a container that has stopped, or that was created and never started; `force` kills one that runs first. Hooks that come after have run when this
  /// comes back; one that fails is a warning.
  public borrowing func delete(force: Bool, warn: (String) -> Void) throws(RuntimeError) {
    let status = try status()
    switch status {
    case .stopped: break
    case .created: break
    default:
      if !force { throw RuntimeError("cannot delete container \(id.text) that is not stopped: \(status.name)") }
    }
    if status != .stopped { try killAll() }
    if let groups = try groups() { try Runtime.end(groups) }
    try record.resourceClass?.remove()
    runPoststopHooks(warn)
    try directory.remove()
  }

  private borrowing func runPoststopHooks(_ warn: (String) -> Void) {
    // A container that was not made to its end, or comes from an image, has no hooks.
    guard let spec = try? spec() else { return }
    for hook in spec.hooks?.poststop ?? [] {
      do throws(SandboxError) {
        try runHooks([hook], "poststop", runtimeState(.stopped), directory: Path(record.bundle))
      } catch {
        warn(error.message)
      }
    }
  }
}
