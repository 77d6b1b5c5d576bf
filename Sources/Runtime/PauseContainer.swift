internal import Cgroups
internal import OCI

extension Container {
  /// Stops every process of the container and waits until they stand. In runc's words where it cannot be done, which callers look for.
  public func pause() throws(RuntimeError) {
    switch try status() {
    case .running, .created: break
    case .creating: throw beingCreated()
    case .paused: throw RuntimeError("cannot pause container \(id.text): container not running, but paused")
    case .stopped: throw RuntimeError("cannot pause container \(id.text): container not running")
    }
    let groups = try requireGroups("pause")
    try convert { () throws(CgroupError) in try groups.freeze() }
  }

  /// Lets the processes of a paused container go on.
  public func resume() throws(RuntimeError) {
    if try status() != .paused { throw RuntimeError("cannot resume container \(id.text): container not paused") }
    let groups = try requireGroups("resume")
    try convert { () throws(CgroupError) in try groups.thaw() }
  }

  /// The container's groups, for what cannot be done without; `verb` says what that is.
  func requireGroups(_ verb: StaticString) throws(RuntimeError) -> ContainerCgroup {
    if let groups = try groups() { return groups }
    throw RuntimeError("cannot \(verb) container \(id.text): it has no control groups")
  }
}
