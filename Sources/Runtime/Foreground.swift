internal import Linux
internal import Sandbox

/// A container that runs in the foreground of this process: signals go to it, its terminal is relayed, its exit status is waited for.
struct Foreground: ~Copyable {
  private let process: Int32
  private let console: FileDescriptor?
  /// The container's side of its terminal, held open: otherwise poll(2) reports a hang-up at once, again and again, from the moment when the container has
  /// closed it.
  private let consolePeer: FileDescriptor?
  private let signals: SignalDescriptor
  /// The settings of the caller's terminal before it became raw.
  private var settings: TerminalSettings?
  /// Standard input is still relayed to the terminal.
  private var hasInput: Bool

  /// `signals` delivers what is blocked in this process, SIGCHLD too.
  init(_ container: consuming LaunchedContainer, signals: consuming SignalDescriptor) throws(RuntimeError) {
    var container = container
    let process = container.process
    let console = container.takeConsole()
    let hasConsole = console.number >= 0
    let peer = try attempt("open the other side of", "the container's terminal") { () throws(Errno) in try console.peer() }
    var before: TerminalSettings?
    if hasConsole, Terminal.isTerminal(StandardDescriptor.input) {
      before = try attempt("set up", "the terminal") { () throws(Errno) in try Terminal.makeRaw(StandardDescriptor.input) }
    }
    self.process = process
    self.console = console
    consolePeer = peer
    self.signals = signals
    settings = before
    hasInput = hasConsole
    resize()
  }

  deinit {
    // The caller's shell needs its terminal back, whatever has happened here.
    if let settings { try? Terminal.restore(StandardDescriptor.input, settings) }
  }

  /// Comes back when the container's first process has ended and its terminal is read to the end.
  mutating func wait() throws(RuntimeError) -> ExitStatus {
    while true {
      let consoleNumber = console.number
      let ready = try attempt("wait for", "the container") { () throws(Errno) in
        try waitForInput([signals.rawValue, consoleNumber, hasInput ? StandardDescriptor.input : -1])
      }
      if ready[1] { _ = relayOutput() }
      if ready[2] { try relayInput() }
      if ready[0], let status = try handleSignals() {
        // What the terminal holds, some tens of KiB, and not what processes that outlive the first one go on to write.
        var reads = 64
        while reads > 0, relayOutput() { reads -= 1 }
        return status
      }
    }
  }

  /// Reads all signals that have come; gives the exit status when the first process has ended.
  private func handleSignals() throws(RuntimeError) -> ExitStatus? {
    while let (signal, _) = try attempt("read", "signals", { () throws(Errno) in try signals.next() }) {
      switch signal {
      case .childEnded:
        if let status = try attempt("wait for", "process \(process)", { () throws(Errno) in try pollExit(of: process) }) { return status }
      case .windowChanged where console.number >= 0:
        resize()
      case .brokenPipe:
        break
      default:
        do throws(Errno) {
          try kill(process, signal)
        } catch {
          // It has ended by itself; its SIGCHLD follows.
          if error != .noSuchProcess { throw RuntimeError(SystemError("send signal \(signal.rawValue) to", "process \(process)", error)) }
        }
      }
    }
    return nil
  }

  /// Gives the container's terminal the size of the caller's.
  private func resize() {
    let number = console.number
    if number < 0 { return }
    // Either side may be no terminal any more; then there is no size to pass on.
    guard let size = try? Terminal.windowSize(StandardDescriptor.input) else { return }
    try? Terminal.setWindowSize(number, size)
  }

  /// Copies what the container has written to its terminal; tells whether there was anything.
  private func relayOutput() -> Bool {
    let number = console.number
    if number < 0 { return false }
    guard let ready = try? waitForInput([number], timeoutMilliseconds: 0), ready[0] else { return false }
    // EIO is how a terminal tells that nobody has its other side open.
    guard let bytes = try? read(from: number), !bytes.isEmpty else { return false }
    // A reader of ours that is gone does not stop the container.
    try? writeAll(bytes, to: StandardDescriptor.output)
    return true
  }

  private mutating func relayInput() throws(RuntimeError) {
    let bytes = try attempt("read", "standard input") { () throws(Errno) in try read(from: StandardDescriptor.input) }
    if bytes.isEmpty {
      hasInput = false
      return
    }
    try? writeAll(bytes, to: console.number)
  }
}

extension Optional where Wrapped == FileDescriptor {
  /// The other side of the pseudo-terminal, without one nil.
  fileprivate func peer() throws(Errno) -> FileDescriptor? {
    switch self {
    case .some(let multiplexer): try Terminal.openPeer(of: multiplexer)
    case .none: nil
    }
  }

  /// The descriptor's number; -1, which poll(2) passes over, without one.
  fileprivate var number: Int32 {
    switch self {
    case .some(let descriptor): descriptor.rawValue
    case .none: -1
    }
  }
}
