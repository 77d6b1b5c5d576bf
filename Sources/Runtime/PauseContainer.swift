internal import Cgroups
internal import OCI

extension Container {
  /// Stops every process of the container and waits until they stand. In runc's words where it cannot be done, which callers look for.
  ///
  /// - warn: gets a sentence when no freezer does it.
  public func pause(warn: (String) -> Void) throws(RuntimeError) {
    switch try status() {
    case .running, .created: break
    case .creating: throw beingCreated()
    case .paused: throw RuntimeError("cannot pause container \(id.text): container not running, but paused")
    case .stopped: throw RuntimeError("cannot pause container \(id.text): container not running")
    }
    let groups = try groups()
    if let groups, try convert({ () throws(CgroupError) in try groups.canFreeze() }) {
      return try convert { () throws(CgroupError) in try groups.freeze() }
    }
    try stop(groups)
    let reason: Text = groups == nil ? "control groups" : "freezer (cgroup v2 since Linux 5.2, or CONFIG_CGROUP_FREEZER)"
    warn(Text("container \(id.text) has no \(reason); instead: SIGSTOP to each of its processes, which its programs can tell").string)
  }

  /// Lets the processes of a paused container go on.
  public func resume() throws(RuntimeError) {
    if try status() != .paused { throw RuntimeError("cannot resume container \(id.text): container not paused") }
    if try directory.isStopped() { return try goOn() }
    let groups = try requireGroups("resume")
    try convert { () throws(CgroupError) in try groups.thaw() }
  }

  /// The container's groups, for what cannot be done without; `verb` says what that is.
  func requireGroups(_ verb: Literal) throws(RuntimeError) -> ContainerCgroup {
    if let groups = try groups() { return groups }
    throw RuntimeError("cannot \(verb) container \(id.text): it has no control groups")
  }
}
