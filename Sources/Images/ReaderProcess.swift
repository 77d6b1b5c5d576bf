internal import Linux

/// Starts whatever runs a `ReaderLoop` for a task, in this memory.
typealias ReaderStart = (ReaderTask, SharedMemory) throws(Errno) -> ReaderProcess

/// Where an archive is read: in a process that has no capabilities, no files, no network and no system calls, because what is in a foreign archive may have been made to take
/// over whoever reads it.
final class ReaderProcess {
  private var pair: ChannelPair
  private let end: (Bool) -> Int32?
  private var hasEnded = false

  /// `end` is called once: it waits until what was started has ended, which it is made to first if that is asked for, and gives the signal that has ended it.
  init(_ pair: consuming ChannelPair, end: @escaping (_ killing: Bool) -> Int32?) {
    self.pair = pair
    self.end = end
  }

  deinit { finish() }

  func send(_ order: ReaderOrder) throws(Errno) { try order.send(over: pair.first) }

  func receive(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int { try pair.first.receive(into: buffer) }

  /// Ends it, unless that was done.
  func finish() {
    if hasEnded { return }
    hasEnded = true
    pair.first.close()
    _ = end(true)
  }

  /// Waits for the end of one that has closed its channel: the signal that it came by.
  func wait() -> Int32? {
    if hasEnded { return nil }
    hasEnded = true
    return end(false)
  }

  /// Bytes of address space that it may have: a window of 8 MiB and an extended header are the most that it needs.
  private static var memoryLimit: UInt64 { 64 << 20 }

  /// A clone of this process. It leaves its rights before it has seen anything of the archive.
  static func start(_ task: ReaderTask, _ memory: SharedMemory) throws(Errno) -> ReaderProcess {
    var pair = try Channel.makePair()
    switch try cloneProcess([]) {
    case .child:
      pair.first.close()
      run(task, memory, pair)
    case .parent(let id):
      pair.second.close()
      return ReaderProcess(pair) { killing in
        if killing { try? kill(id, .kill) }
        if case .signalled(let number) = try? waitForExit(of: id) { return number }
        return nil
      }
    }
  }

  private static func run(_ task: ReaderTask, _ memory: SharedMemory, _ pair: consuming ChannelPair) -> Never {
    let number = pair.second.rawValue
    let loop = ReaderLoop(task, memory, pair)
    do throws(Errno) {
      try ThisProcess.setParentDeathSignal(.kill)
      try closeDescriptors(from: 0, except: [number])
      try ThisProcess.confineToMemory(memoryLimit)
      loop.run()
    } catch {
      loop.giveUp(error)
    }
    exitProcess(0)
  }
}
