internal import Cgroups
internal import Linux
internal import OCI

extension Container {
  /// One line of statistics.
  public func statistics() throws(RuntimeError) -> [UInt8] {
    try requireRunning()
    return try statistics(try requireGroups("count what is used by"), try hasOwnNetwork())
  }

  /// Gives a line of statistics after each interval, and one whenever the container wants for memory, until it has ended.
  ///
  /// - milliseconds: the interval.
  /// - emit: takes a line; false ends it as well.
  /// - warn: gets a sentence when want of memory cannot be told.
  public func watch(every milliseconds: Int64, warn: (String) -> Void, emit: ([UInt8]) throws(RuntimeError) -> Bool) throws(RuntimeError) {
    try requireRunning()
    let groups = try requireGroups("watch")
    let hasOwnNetwork = try hasOwnNetwork()
    let watch = try convert { () throws(CgroupError) in try groups.watchOutOfMemory() }
    if watch == nil { warn(Text("container \(id.text): want of memory cannot be told, because none of its control groups counts memory").string) }
    var next = monotonicMilliseconds() + milliseconds
    while let process = try findProcess() {
      let left = max(0, next - monotonicMilliseconds())
      // Without a pidfd (Linux 5.3) the process is looked for once a second.
      let limit: Int64 = process.descriptor < 0 ? 1000 : 1 << 30
      _ = try attempt("wait for", "container \(id.text)") { () throws(Errno) in
        try waitForInput([process.descriptor, watch?.rawValue ?? -1], timeoutMilliseconds: Int32(truncatingIfNeeded: min(left, limit)))
      }
      // The last want of memory may be why it has ended.
      if let watch {
        let count = try convert { () throws(CgroupError) in try watch.next() }
        for _ in 0..<min(count, 1024) where try !emit(EventDocument.outOfMemory(id.text)) { return }
      }
      if monotonicMilliseconds() >= next {
        if try findEnd() { return }
        if try !emit(try statistics(groups, hasOwnNetwork)) { return }
        next += milliseconds
      }
    }
  }

  private func requireRunning() throws(RuntimeError) {
    switch try status() {
    case .running, .created, .paused: break
    case .creating: throw beingCreated()
    case .stopped: throw RuntimeError("container with id \(id.text) is not running")
    }
  }

  private func findEnd() throws(RuntimeError) -> Bool {
    let process = try findProcess()
    return process == nil
  }

  /// Whether the interfaces of its network are its own.
  private func hasOwnNetwork() throws(RuntimeError) -> Bool { try spec().linux?.namespace(.network) != nil }

  private func statistics(_ groups: ContainerCgroup, _ hasOwnNetwork: Bool) throws(RuntimeError) -> [UInt8] {
    let statistics = try convert { () throws(CgroupError) in try groups.statistics() }
    return EventDocument.statistics(id.text, statistics, try record.resourceClass?.statistics() ?? nil, hasOwnNetwork ? try interfaces() : [])
  }

  private func interfaces() throws(RuntimeError) -> [NetworkInterface] {
    guard let process = try findProcess() else { return [] }
    do throws(Errno) {
      return NetworkInterface.all(in: try process.open("net/dev", .readOnly).readAll(limit: 1 << 20))
    } catch {
      // It has ended meanwhile.
      if error == .noSuchProcess || error == .noSuchFileOrDirectory || error == .invalidArgument { return [] }
      throw RuntimeError("read the network interfaces of", "container \(id.text)", error)
    }
  }
}
