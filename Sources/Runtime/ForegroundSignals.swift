internal import Linux
internal import Sandbox

/// The signals of a process that waits for a container in the foreground: blocked from here on, because they are meant for the container. Those that ask to end
/// and come before its program runs end the launch.
struct ForegroundSignals: ~Copyable {
  /// What a launch needs to know of them.
  let launch: LaunchSignals
  private var all: SignalDescriptor?
  private let ending: SignalDescriptor

  init() throws(RuntimeError) {
    // A caller that ignores SIGCHLD leaves it ignored: the kernel would then reap the container itself, and its end would never be told here.
    Signal.childEnded.setDefaultAction()
    let mask = try attempt("block", "signals") { () throws(Errno) in try SignalSet.forwardable.block() }
    all = try attempt("make", "a signal descriptor") { () throws(Errno) in try SignalSet.forwardable.makeDescriptor() }
    // Waited for and not read: what has come is still there for the other one when the program runs.
    ending = try attempt("make", "a signal descriptor") { () throws(Errno) in try SignalSet.ending.makeDescriptor() }
    launch = LaunchSignals(mask: mask, interruption: ending.rawValue)
  }

  /// Gives all signals, once, to who passes them on.
  mutating func take() -> SignalDescriptor {
    guard let all = all.take() else { preconditionFailure("the signals of a process go to one container") }
    return all
  }

  /// The status of the signal that ended the launch of `what`; any other error is thrown again.
  borrowing func status(after error: RuntimeError, _ what: Literal, _ warn: (String) -> Void) throws(RuntimeError) -> ExitStatus {
    guard error.kind == .interrupted, let (signal, _) = try attempt("read", "signals", { () throws(Errno) in try ending.next() }) else { throw error }
    warn(Text("signal \(signal.rawValue) ended \(what) before it ran").string)
    return .signalled(signal.rawValue)
  }
}
