internal import Cgroups
internal import Linux
internal import OCI

/// Stop signals for each process of a container, where no freezer stops them all at once.
///
/// Done in rounds, because what runs may start others meanwhile. A number on a list of processes can be another process's before a signal is sent to it: only
/// who was there when the list was made and had its number both before and after that is one of the container's.
struct ProcessRounds: ~Copyable {
  private let groups: ContainerCgroup?
  /// The first process, whose PID namespace tells the others.
  private let first: ProcessHandle?
  /// Those of the round before, lowest first, and when each was started; with `stood` if it stood already.
  private var known: [Int32] = []
  private var startTimes: [UInt64] = []

  /// No clock has ticked so often.
  private static var stood: UInt64 { 1 << 63 }

  init(_ groups: ContainerCgroup?, _ first: consuming ProcessHandle?) {
    self.groups = groups
    self.first = first
  }

  private borrowing func list() throws(RuntimeError) -> [Int32] {
    if let groups { return try convert { () throws(CgroupError) in try groups.processIDs() } }
    switch first {
    case .some(let first): return try attempt("look for", "the processes of the container") { () throws(Errno) in try first.namespaceMembers() }
    case .none: return []
    }
  }

  /// What a round has found.
  private enum Finding: Comparable {
    /// All of the container's processes stood, in the round before as well: nobody starts others any more.
    case done
    /// All have the signal and are about to stand.
    case settling
    /// There were some that nobody knew.
    case more
  }

  /// Sends `signal` to each process that is known.
  ///
  /// - looksAtAll: those that stood are looked at again.
  /// - passesWaiting: one that waits in the kernel counts as standing: it stops when it leaves there, before it runs anything of its program.
  private mutating func send(_ signal: Signal, looksAtAll: Bool = true, passesWaiting: Bool) throws(RuntimeError) -> Finding {
    var found = Finding.done
    let ids = try list()
    var (seen, times): ([Int32], [UInt64]) = ([], [])
    var next = 0
    for id in ids {
      if id == processID() { throw RuntimeError("this process itself is in the container: it is not sent signal \(signal.rawValue)") }
      while next < known.count, known[next] < id { next += 1 }
      let isKnown = next < known.count && known[next] == id
      var time = isKnown ? startTimes[next] : 0
      let hasStood = time & ProcessRounds.stood != 0
      time &= ~ProcessRounds.stood
      if looksAtAll || !hasStood {
        let process = try attempt("examine", "process \(id)") { () throws(Errno) in
          try ProcessHandle.find(id, startTime: isKnown ? time : nil, evenEnded: true)
        }
        guard let process, let status = try? process.status() else {
          found = .more
          continue
        }
        time = status.startTime
        if isKnown {
          let stands = status.isStopped || status.hasEnded || passesWaiting && status.waits
          if !stands || !hasStood { found = max(found, .settling) }
          if signal != .stop || !status.isStopped { try ProcessRounds.send(signal, to: process) }
          if stands { time |= ProcessRounds.stood }
        } else {
          found = .more
        }
      } else {
        time |= ProcessRounds.stood
      }
      seen.append(id)
      times.append(time)
    }
    (known, startTimes) = (seen, times)
    return found
  }

  private static func send(_ signal: Signal, to process: borrowing ProcessHandle) throws(RuntimeError) {
    do throws(Errno) {
      try process.send(signal)
    } catch {
      if error != .noSuchProcess { throw RuntimeError("send signal", "\(signal.rawValue) to process \(process.id)", error) }
    }
  }

  /// Stops all and comes back when they stand.
  mutating func stop() throws(RuntimeError) {
    let begin = monotonicMilliseconds()
    var pause: Int32 = 0
    var looksAtAll = true
    while true {
      let passed = monotonicMilliseconds() - begin
      // The parent of a vfork(2) waits for its child, which may stand by now.
      let found = try send(.stop, looksAtAll: looksAtAll, passesWaiting: passed > 1000)
      if found == .done && looksAtAll { return }
      if passed > 10_000 { throw RuntimeError("the processes of the container do not stop: they are started too fast, or made to go on by somebody else") }
      // What starts others all the time is to be caught between two of them; those that it leaves behind must not take up the time.
      looksAtAll = found != .more
      if found != .settling { continue }
      _ = try? waitForInput([], timeoutMilliseconds: pause)
      pause = min(pause * 2 + 1, 32)
    }
  }

  /// Has all go on.
  mutating func goOn() throws(RuntimeError) {
    // In the first round they become known.
    for _ in 0..<2 { _ = try send(.continue, passesWaiting: false) }
  }
}

extension Container {
  /// Stops every process of the container by a signal: where it has no freezer.
  func stop(_ groups: ContainerCgroup?) throws(RuntimeError) {
    var rounds = try rounds(groups, "pause")
    try directory.markStopped(true)
    do throws(RuntimeError) {
      try rounds.stop()
    } catch {
      // A container that half stands is of no use to anybody; the first error is the one to tell.
      try? rounds.goOn()
      try? directory.markStopped(false)
      throw error
    }
  }

  /// Has every process go on that `stop` has stopped.
  func goOn() throws(RuntimeError) {
    var rounds = try rounds(try groups(), "resume")
    try rounds.goOn()
    try directory.markStopped(false)
  }

  private func rounds(_ groups: ContainerCgroup?, _ verb: Literal) throws(RuntimeError) -> ProcessRounds {
    if groups == nil, try !hasOwnProcesses() {
      throw RuntimeError("cannot \(verb) container \(id.text): it has no control groups and no PID namespace of its own, by which its processes could be found")
    }
    return ProcessRounds(groups, try findProcess())
  }
}
