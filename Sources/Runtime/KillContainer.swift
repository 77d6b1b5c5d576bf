internal import Cgroups
public import Linux
internal import OCI

extension Container {
  /// Sends a signal to the container's first process; SIGKILL, which takes the others of a process namespace with it, to all where there is no such namespace.
  public func kill(_ signal: Signal) throws(RuntimeError) {
    guard let process = try findProcess() else {
      // Without a process namespace the others outlive the first process.
      if signal == .kill, let groups = try ownGroups(), try !hasOwnProcesses() {
        let left = try convert { () throws(CgroupError) in try groups.processIDs() }
        if !left.isEmpty { return try convert { () throws(CgroupError) in try groups.signalAll(.kill) } }
      }
      throw RuntimeError("container not running: \(id.text)")
    }
    guard signal == .kill, let groups = try ownGroups() else {
      // It would go on alone; the signal comes when all do.
      if signal == .continue, try directory.isStopped() { return }
      return try send(signal, to: process)
    }
    if try !hasOwnProcesses() { return try convert { () throws(CgroupError) in try groups.signalAll(.kill) } }
    try send(signal, to: process)
    // A frozen process of cgroup v1 dies when it goes on.
    try convert { () throws(CgroupError) in if try groups.isFrozen() { try groups.thaw() } }
  }

  /// The container's groups: not those of a later one of the same name, which cannot be there before this one's directory has gone.
  private func ownGroups() throws(RuntimeError) -> ContainerCgroup? {
    let groups = try groups()
    if try directory.isRemoved() { throw RuntimeError("container \(id.text) does not exist") }
    return groups
  }

  /// Whether the container has a process namespace that nobody else is in.
  func hasOwnProcesses() throws(RuntimeError) -> Bool {
    guard let namespace = try spec().linux?.namespace(.pid) else { return false }
    return namespace.path == nil
  }

  private func send(_ signal: Signal, to process: borrowing ProcessHandle) throws(RuntimeError) {
    do throws(Errno) {
      try process.send(signal)
    } catch {
      if error == .noSuchProcess { throw RuntimeError("container not running: \(id.text)") }
      throw RuntimeError("send signal", "\(signal.rawValue) to container \(id.text)", error)
    }
  }

  /// Sends a signal to every process of the container.
  public func killAll(_ signal: Signal) throws(RuntimeError) {
    guard let groups = try ownGroups() else { return try kill(signal) }
    if signal == .kill {
      try convert { () throws(CgroupError) in try groups.kill() }
    } else {
      if signal == .continue, try directory.isStopped() { return }
      try convert { () throws(CgroupError) in try groups.signalAll(signal) }
    }
  }

  /// Kills every process of the container and waits until all have ended.
  func killAll() throws(RuntimeError) {
    if let groups = try groups() {
      try convert { () throws(CgroupError) in try groups.kill() }
    } else if let process = try findProcess() {
      try? process.send(.kill)
    }
    try awaitEnd()
  }

  /// Waits until the first process has ended: the kernel takes a moment even for SIGKILL.
  private func awaitEnd() throws(RuntimeError) {
    var waited: Int32 = 0
    var step: Int32 = 1
    while let process = try findProcess() {
      if waited >= 10_000 { throw RuntimeError("process \(process.id) of container \(id.text) does not end") }
      // Ready when it has ended; without a pidfd only the time passes.
      _ = try? waitForInput([process.descriptor], timeoutMilliseconds: step)
      waited += step
      step = min(step * 2, 100)
    }
  }
}
