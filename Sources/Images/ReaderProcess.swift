internal import Linux

/// Starts whatever runs a `ReaderLoop` for a task, in this memory.
typealias ReaderStart = (ReaderTask, SharedMemory) throws(Errno) -> ReaderProcess

/// Where foreign bytes are read: in a process that has no capabilities, no files and no network, because they may have been made to take over whoever reads them.
final class ReaderProcess {
  private var pair: ChannelPair
  private let end: () -> Int32?
  private var hasEnded = false

  /// `end` is called once: it ends what was started, unless that has ended by itself, waits for that, and gives the signal that it came by.
  init(_ pair: consuming ChannelPair, end: @escaping () -> Int32?) {
    self.pair = pair
    self.end = end
  }

  deinit { _ = finish() }

  func send(_ order: ReaderOrder) throws(Errno) { try order.send(over: pair.first) }

  func receive(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int { try pair.first.receive(into: buffer) }

  /// Ends it, unless that was done: the signal that it ended by.
  func finish() -> Int32? {
    if hasEnded { return nil }
    hasEnded = true
    pair.first.close()
    return end()
  }

  /// Bytes of address space that it may have: a window of 8 MiB and an extended header are the most that it needs.
  private static var memoryLimit: UInt64 { 64 << 20 }

  /// A clone of this process. It leaves its rights before it has seen anything of the archive.
  static func start(_ task: ReaderTask, _ memory: SharedMemory) throws(Errno) -> ReaderProcess {
    // Where it is ignored, as it may be by inheritance, nobody could be waited for, and the number could soon be another's.
    Signal.childEnded.setDefaultAction()
    var pair = try Channel.makePair()
    switch try cloneProcess([]) {
    case .child:
      pair.first.close()
      run(task, memory, pair)
    case .parent(let id):
      pair.second.close()
      return ReaderProcess(pair) {
        // One that has ended already keeps its status.
        try? kill(id, .kill)
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
      try ThisProcess.giveUpRights(memory: memoryLimit)
      do throws(Errno) {
        try ThisProcess.confineToMemory()
        loop.run()
      } catch {
        loop.giveUp(.notFiltered(error))
      }
    } catch {
      loop.giveUp(.notConfined(error))
    }
    exitProcess(0)
  }
}
