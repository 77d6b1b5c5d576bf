internal import Linux
internal import Sandbox

/// A container that runs in the foreground of this process: signals go to it, its terminal is relayed, its exit status is waited for.
struct Foreground: ~Copyable {
  private let process: Int32
  private let relay: TerminalRelay?
  private let signals: SignalDescriptor
  /// What the container's program tells a service manager, until it is ready.
  private var notify: NotifyRelay?
  /// A signal that ends most programs was passed on.
  private var isToldToEnd = false

  /// `signals` delivers what is blocked in this process, SIGCHLD too.
  init(_ container: consuming LaunchedContainer, signals: consuming SignalDescriptor, notify: consuming NotifyRelay? = nil) throws(RuntimeError) {
    var container = container
    self.notify = notify
    process = container.process
    self.signals = signals
    switch container.takeConsole() {
    case .some(let console): relay = try TerminalRelay(console)
    case .none: relay = nil
    }
  }

  /// Comes back when the container's first process has ended and its terminal is read to the end.
  mutating func wait() throws(RuntimeError) -> ExitStatus {
    while true {
      let wanted = [(descriptor: signals.rawValue, what: Readiness.input), (notifyNumber, .input)] + (relay?.wanted ?? [])
      let ready = try attempt("wait for", "the container") { () throws(Errno) in try waitUntilReady(wanted) }
      try relay?.relay(ready.dropFirst(2))
      if !ready[1].isEmpty, try notify?.relay(process) ?? false { notify = nil }
      if !ready[0].isEmpty, let status = try handleSignals() {
        let number = signals.rawValue
        try relay?.finish(signals: number) { () throws(RuntimeError) in try noteSignals() }
        return status
      }
    }
  }

  /// -1, which poll(2) passes over, when nobody waits any more.
  private var notifyNumber: Int32 {
    switch notify {
    case .some(let relay): relay.number
    case .none: -1
    }
  }

  /// Reads all signals that have come; gives the exit status when the first process has ended.
  private mutating func handleSignals() throws(RuntimeError) -> ExitStatus? {
    while let signal = try nextSignal() {
      switch signal {
      case .childEnded:
        if let status = try attempt("wait for", "process \(process)", { () throws(Errno) in try pollExit(of: process) }) { return status }
        // Orphans of a container without a PID namespace.
        reapChildren(except: process)
      case .windowChanged where relay != nil:
        relay?.resize()
      case .brokenPipe:
        break
      default:
        do throws(Errno) {
          try kill(process, signal)
        } catch {
          // It has ended by itself; its SIGCHLD follows.
          if error != .noSuchProcess { throw RuntimeError("send signal", "\(signal.rawValue) to process \(process)", error) }
        }
      }
    }
    return nil
  }

  /// Reads all signals that have come when there is no process any more to pass them on to; tells whether one, now or before, was to end this one.
  private mutating func noteSignals() throws(RuntimeError) -> Bool {
    while try nextSignal() != nil {}
    return isToldToEnd
  }

  private mutating func nextSignal() throws(RuntimeError) -> Signal? {
    guard let (signal, _) = try attempt("read", "signals", { () throws(Errno) in try signals.next() }) else { return nil }
    if signal.asksToEnd { isToldToEnd = true }
    return signal
  }
}
