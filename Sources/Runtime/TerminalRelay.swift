internal import Linux

/// Passes bytes on between the caller's standard streams and the terminal of a container, while neither side can make this process wait: what one side does not
/// take stays here, and no more is read from the other one meanwhile.
final class TerminalRelay {
  private let console: FileDescriptor
  /// The container's side of its terminal, held open: otherwise poll(2) reports a hang-up at once, again and again, from the moment when the container has
  /// closed it.
  private let peer: FileDescriptor
  private let output = NonBlockingOutput(StandardDescriptor.output)
  /// The settings of the caller's terminal before it became raw.
  private let settings: TerminalSettings?
  /// Standard input is still relayed.
  private var hasInput = true
  /// What was read and is not written yet: at most one read's worth.
  private var toContainer: ArraySlice<UInt8> = []
  private var toCaller: ArraySlice<UInt8> = []

  init(_ console: consuming FileDescriptor) throws(RuntimeError) {
    let name = "the container's terminal"
    let peer = try attempt("open the other side of", Text(name)) { () throws(Errno) in try Terminal.openPeer(of: console) }
    try attempt("set up", Text(name)) { () throws(Errno) in try console.setNonBlocking() }
    var before: TerminalSettings?
    if Terminal.isTerminal(StandardDescriptor.input) {
      before = try attempt("set up", "the terminal") { () throws(Errno) in try Terminal.makeRaw(StandardDescriptor.input) }
    }
    self.console = console
    self.peer = peer
    settings = before
    resize()
  }

  deinit {
    // The caller's shell needs its terminal back, whatever has happened here.
    if let settings { try? Terminal.restore(StandardDescriptor.input, settings) }
  }

  /// What has to be waited for, for `relay`: the container's terminal, standard input, standard output.
  var wanted: [(descriptor: Int32, what: Readiness)] {
    var ofConsole: Readiness = []
    if toCaller.isEmpty { ofConsole.insert(.input) }
    if !toContainer.isEmpty { ofConsole.insert(.output) }
    return [
      (console.rawValue, ofConsole), (StandardDescriptor.input, hasInput && toContainer.isEmpty ? .input : []),
      (output.rawValue, toCaller.isEmpty ? [] : .output),
    ]
  }

  /// Reads and writes what is ready; `ready` is as `wanted` is.
  func relay(_ ready: ArraySlice<Readiness>) throws(RuntimeError) {
    let ready = Array(ready)
    if ready[0].contains(.input) { _ = readOutput() }
    if ready[1].contains(.input) {
      let bytes = try attempt("read", "standard input") { () throws(Errno) in try read(from: StandardDescriptor.input) }
      hasInput = !bytes.isEmpty
      toContainer = bytes[...]
    }
    // Without waiting for it: nearly always there is room.
    writeInput()
    writeOutput()
  }

  /// Passes on what the terminal holds when the container has ended: some tens of KiB, and not what processes that outlive its first one go on to write.
  ///
  /// The caller's reader may take its time for it, unless a signal has asked this process to end: then what it does not take within a second is lost.
  /// `isToldToEnd` says whether one has; it is asked again when `signals` can be read.
  func finish(signals: Int32, isToldToEnd: () throws(RuntimeError) -> Bool) throws(RuntimeError) {
    var reads = 64
    repeat {
      writeOutput()
      while !toCaller.isEmpty {
        let isHurried = try isToldToEnd()
        let ready = try attempt("wait for", "standard output") { () throws(Errno) in
          try waitUntilReady([(signals, isHurried ? [] : .input), (output.rawValue, .output)], timeoutMilliseconds: isHurried ? 1000 : -1)
        }
        if isHurried && ready[1].isEmpty { return }
        writeOutput()
      }
      reads -= 1
    } while reads > 0 && readOutput()
  }

  /// Gives the container's terminal the size of the caller's.
  func resize() {
    // Either side may be no terminal any more; then there is no size to pass on.
    guard let size = try? Terminal.windowSize(StandardDescriptor.input) else { return }
    try? Terminal.setWindowSize(console.rawValue, size)
  }

  /// Reads what the container has written to its terminal; tells whether there was anything.
  private func readOutput() -> Bool {
    // EIO is how a terminal tells that nobody has its other side open.
    guard let bytes = try? read(from: console.rawValue), !bytes.isEmpty else { return false }
    toCaller = bytes[...]
    return true
  }

  private func writeOutput() {
    if toCaller.isEmpty { return }
    do throws(Errno) {
      toCaller = toCaller.dropFirst(try output.write(toCaller))
    } catch {
      // A reader of ours that is gone does not stop the container.
      if error != .wouldBlock { toCaller = [] }
    }
  }

  private func writeInput() {
    if toContainer.isEmpty { return }
    do throws(Errno) {
      toContainer = toContainer.dropFirst(try console.write(toContainer))
    } catch {
      if error != .wouldBlock { toContainer = [] }
    }
  }
}
