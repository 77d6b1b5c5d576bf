internal import Cgroups
internal import Linux
public import OCI
internal import Sandbox

/// A container that was made by an earlier command: one pointer, because it is passed around and ends with what it holds.
public final class Container {
  public let id: ContainerID
  public let record: ContainerRecord
  let directory: ContainerDirectory
  /// The groups that were looked at last, to find out the status.
  private(set) var seenGroups: ContainerCgroup?

  /// Opens the container; `locked` waits until no other command is at work on it, and keeps others waiting as long as this value lives.
  public convenience init(_ id: ContainerID, in state: StateDirectory, locked: Bool) throws(RuntimeError) {
    let directory = try state.open(id)
    if locked { try directory.lockForCommand() }
    self.init(id: id, record: try directory.record(), directory: directory)
  }

  /// Opens a container to send it a signal, which does not wait for other commands at work on it: they may be waiting for what the signal would end. One that
  /// is just being made is waited for until it has a process, a second at most.
  public convenience init(toSignal id: ContainerID, in state: StateDirectory) throws(RuntimeError) {
    let directory = try state.open(id)
    self.init(id: id, record: try Container.readyRecord(id, directory), directory: directory)
  }

  private static func readyRecord(_ id: ContainerID, _ directory: ContainerDirectory) throws(RuntimeError) -> ContainerRecord {
    let begin = monotonicMilliseconds()
    while true {
      let isLate = monotonicMilliseconds() - begin > 1000
      if let found = try directory.recordIfWritten() {
        var isReady = found.process != nil || isLate
        if !isReady { isReady = try directory.isAbandoned() }
        if isReady { return found }
      }
      if isLate { throw RuntimeError("container \(id.text) is just being created") }
      _ = try? waitForInput([], timeoutMilliseconds: 5)
    }
  }

  /// Opens a container to end it, whatever other commands are doing to it; nil when it is gone meanwhile. Its first process is killed, as often as it takes, which
  /// ends what they are waiting for, until nobody else is at work on it, ten seconds at most.
  public static func toEnd(_ id: ContainerID, in state: StateDirectory) throws(RuntimeError) -> Container? {
    let directory = try state.open(id)
    let begin = monotonicMilliseconds()
    while try !directory.tryLock() {
      if let record = try? directory.recordIfWritten() {
        let container = Container(id: id, record: record, directory: try state.open(id))
        try? container.kill(.kill)
      }
      if monotonicMilliseconds() - begin > 10_000 { throw RuntimeError("container \(id.text): another command has been at work on it for ten seconds") }
      _ = try? waitForInput([], timeoutMilliseconds: 5)
    }
    if try directory.isRemoved() { return nil }
    return Container(id: id, record: try directory.record(), directory: directory)
  }

  private init(id: ContainerID, record: ContainerRecord, directory: ContainerDirectory) {
    self.id = id
    self.record = record
    self.directory = directory
  }

  /// The first process while it lives.
  func findProcess() throws(RuntimeError) -> ProcessHandle? {
    guard let process = record.process, let startTime = record.startTime else { return nil }
    return try attempt("look for", "process \(process)") { () throws(Errno) in try ProcessHandle.find(process, startTime: startTime) }
  }

  /// Where in its lifecycle the container is.
  public func status() throws(RuntimeError) -> ContainerStatus {
    if record.process == nil || record.isBeingMade {
      return try directory.isAbandoned() ? .stopped : .creating
    }
    guard try isAlive() else { return .stopped }
    if !record.isKept, try !directory.isAbandoned(), try directory.hasGate() { return .creating }
    // One that was not started can be paused as well.
    if try isFrozen() { return .paused }
    return try directory.hasGate() ? .created : .running
  }

  /// What is told of a container that is being made, to those who cannot wait.
  @inline(never)
  func beingCreated() -> RuntimeError { RuntimeError("container \(id.text) is just being created") }

  private func isAlive() throws(RuntimeError) -> Bool {
    let process = try findProcess()
    return process != nil
  }

  /// What `state` prints.
  public func state() throws(RuntimeError) -> ContainerState {
    var state = runtimeState(try status())
    state.rootfs = record.root
    state.created = record.created
    return state
  }

  /// The configuration that the container has: the one that it was made from, with what takes the place of what the kernel lacks.
  ///
  /// - filters: where the one of its profile is kept, the profile is left out.
  func spec(_ filters: FilterCache = FilterCache()) throws(RuntimeError) -> Spec { record.standIns.applied(to: try askedSpec(filters)) }

  /// The configuration that the container was made from.
  func askedSpec(_ filters: FilterCache = FilterCache()) throws(RuntimeError) -> Spec {
    let text = try directory.configuration()
    do throws(SpecError) {
      return try filters.decode(text)
    } catch {
      throw RuntimeError(error, in: Text("the configuration of container \(id.text)").string)
    }
  }

  /// The container's groups, when there are any.
  func groups() throws(RuntimeError) -> ContainerCgroup? {
    guard let path = CgroupPath(record.cgroupsPath) else { return nil }
    let layout = try discoverCgroups()
    return try convert { () throws(CgroupError) in try ContainerCgroup.existing(path, layout: layout) }
  }

  private func isFrozen() throws(RuntimeError) -> Bool {
    if try directory.isStopped() { return true }
    guard let groups = try groups() else { return false }
    seenGroups = groups
    return try convert { () throws(CgroupError) in try groups.isFrozen() }
  }
}
