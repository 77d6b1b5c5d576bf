public import Linux

extension ContainerCgroup {
  /// The processes of the container, those of groups below too, as this pid namespace numbers them, lowest first.
  public func processIDs() throws(CgroupError) -> [Int32] {
    guard let group = tracking else {
      if isDisabled { throw .refused("the container's processes are not known: it has no control groups") }
      return []
    }
    return try group.processes().filter { $0 != 0 }.ascending()
  }

  /// Sends a signal to every process of the container and does not wait for what they make of it.
  ///
  /// The container is frozen meanwhile where it can be, so that none forks away from it. One that was frozen stays so, except for SIGKILL: a frozen process of v1
  /// does not even die.
  public func signalAll(_ signal: Signal) throws(CgroupError) {
    guard let group = tracking else { return }
    if signal == .kill, group.hierarchy.generation == .v2, try group.writeIfPresent("cgroup.kill", "1") { return try thawAll(but: group) }
    let wasFrozen = try isFrozen()
    // Without a freezer it is done as well as it can be.
    if !wasFrozen { try? freeze() }
    var failure: CgroupError?
    do throws(CgroupError) {
      try group.send(signal)
    } catch {
      failure = error
    }
    if !wasFrozen || signal == .kill { try? thaw() }
    if signal == .kill, group.isLegacyFreezer { try? group.thawAll() }
    if let failure { throw failure }
  }
}

extension GroupDirectory {
  /// Sends a signal to each process of this group and below; gives how many there were.
  @discardableResult
  func send(_ signal: Signal) throws(CgroupError) -> Int {
    let processes = try processes()
    for process in processes {
      if process == processID() { throw .refused("this process itself is in the control group \(description): it is not sent signal \(signal.rawValue)") }
      do throws(Errno) {
        if process != 0 { try Linux.kill(process, signal) }
      } catch {
        if error != .noSuchProcess { throw CgroupError("send signal", "\(signal.rawValue) to process \(process) of \(description)", error) }
      }
    }
    return processes.count
  }
}
