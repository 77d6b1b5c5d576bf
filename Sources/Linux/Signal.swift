internal import CLinux

/// A signal, by its number; the numbers are those of x86 and ARM.
@frozen
public struct Signal: Sendable, Equatable {
  public let rawValue: Int32
  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
  /// The C constant is `SIGHUP`.
  public static var hangUp: Signal { Signal(rawValue: 1) }
  /// The C constant is `SIGINT`.
  public static var interrupt: Signal { Signal(rawValue: 2) }
  /// The C constant is `SIGKILL`.
  public static var kill: Signal { Signal(rawValue: 9) }
  /// The C constant is `SIGPIPE`.
  public static var brokenPipe: Signal { Signal(rawValue: 13) }
  /// The C constant is `SIGTERM`.
  public static var terminate: Signal { Signal(rawValue: 15) }
  /// The C constant is `SIGCHLD`.
  public static var childEnded: Signal { Signal(rawValue: 17) }
  /// The C constant is `SIGCONT`.
  public static var `continue`: Signal { Signal(rawValue: 18) }
  /// The C constant is `SIGSTOP`.
  public static var stop: Signal { Signal(rawValue: 19) }
  /// The C constant is `SIGTSTP`.
  public static var terminalStop: Signal { Signal(rawValue: 20) }
  /// A seccomp filter has trapped a call. The C constant is `SIGSYS`.
  public static var trappedCall: Signal { Signal(rawValue: 31) }
  /// The C constant is `SIGWINCH`.
  public static var windowChanged: Signal { Signal(rawValue: 28) }
}

extension Signal {
  /// Whether it is sent to ask a program to end.
  public var asksToEnd: Bool { SignalSet.ending.mask & 1 << UInt64(rawValue - 1) != 0 }

  /// Sets this signal back to its default action. The C function is `sigaction`.
  public func setDefaultAction() { clinux_default_signal(rawValue) }
}

/// A set of signals, as the kernel keeps it.
@frozen
public struct SignalSet: Sendable, Equatable {
  /// Bit N-1 is signal N.
  public var mask: UInt64
  @inlinable public init(mask: UInt64) { self.mask = mask }

  /// The signals that a process in the foreground passes on: all but those for its own faults (SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS),
  /// those that cannot be blocked, and those by which a terminal stops jobs (SIGTSTP, SIGTTIN, SIGTTOU) or tells of urgent data (SIGURG).
  public static var forwardable: SignalSet {
    var set = SignalSet(mask: .max)
    for number: UInt64 in [4, 5, 6, 7, 8, 9, 11, 19, 20, 21, 22, 23, 31] { set.mask &= ~(1 << (number - 1)) }
    return set
  }

  /// The signals that are sent to ask a program to end: SIGHUP, SIGINT, SIGQUIT, SIGTERM.
  public static var ending: SignalSet { SignalSet(mask: 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14) }

  /// Blocks these signals and gives the set that was blocked before. The C function is `sigprocmask`.
  public func block() throws(Errno) -> SignalSet {
    var before: UInt64 = 0
    _ = try checked { clinux_block_signals(mask, &before) }
    return SignalSet(mask: before)
  }

  /// Makes this the set of blocked signals. The C function is `sigprocmask`.
  public func becomeMask() throws(Errno) { _ = try checked { clinux_set_signal_mask(mask) } }

  /// A descriptor from which these signals are read while they are blocked. The C function is `signalfd`.
  public func makeDescriptor() throws(Errno) -> SignalDescriptor {
    SignalDescriptor(FileDescriptor(owning: try checked { clinux_signalfd(mask) }))
  }
}

/// Signals as something to read.
public struct SignalDescriptor: ~Copyable {
  private let descriptor: FileDescriptor
  init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  /// The number to wait for with `waitForInput`.
  public var rawValue: Int32 { descriptor.rawValue }

  /// The next signal and its sender's process id (0: the kernel, or a process outside of this pid namespace); nil when there is none.
  public borrowing func next() throws(Errno) -> (signal: Signal, sender: Int32)? {
    let number = descriptor.rawValue
    var sender: Int32 = 0
    do throws(Errno) {
      return (Signal(rawValue: try checked { clinux_read_signal(number, &sender) }), sender)
    } catch {
      if error == .wouldBlock { return nil }
      throw error
    }
  }
}

/// Sets every signal back to its default action: what a program ignored, its child would ignore as well. SIGSYS stays as `ThisProcess.takeTrappedCallsForMissing`
/// has set it, which exec ends. The C function is `sigaction`.
public func setDefaultSignalActions() { clinux_default_signals() }
