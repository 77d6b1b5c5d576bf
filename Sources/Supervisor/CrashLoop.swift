/// How a run of a service ended.
public struct End: Equatable, Sendable {
  public enum Kind: UInt8, Sendable {
    /// By itself, with a status.
    case status
    /// By a signal.
    case signal
    /// Nobody knows: its monitor was lost, and what was left of it has been ended.
    case lost
    /// It could not be started at all.
    case notStarted
  }

  public var kind: Kind
  /// The status or the signal's number; 0 otherwise.
  public var number: Int32
  /// The kernel has killed in its cgroup for want of memory.
  public var isOutOfMemory: Bool

  public init(_ kind: Kind, _ number: Int32 = 0, isOutOfMemory: Bool = false) {
    self.kind = kind
    self.number = number
    self.isOutOfMemory = isOutOfMemory
  }

  public var isSuccess: Bool { kind == .status && number == 0 }
}

/// Why a run of a service was a failure.
public enum Cause: UInt8, Sendable {
  /// It ended with a status other than 0.
  case status
  /// A signal that neither the supervisor nor its user sent.
  case signal
  case outOfMemory
  /// The seccomp filter does not allow a system call: SIGSYS.
  case forbiddenCall
  /// The program, or one that a shell was to run, is not there or cannot be executed: status 127 or 126.
  case missingFile
  case unhealthy
  /// Its monitor was lost.
  case lost
  /// It could not be started at all.
  case notStarted

  init(_ end: End) {
    switch end.kind {
    case .lost: self = .lost
    case .notStarted: self = .notStarted
    case .status where end.number == 126 || end.number == 127: self = .missingFile
    // A shell that outlives the one that was killed tells of it by its own status.
    case .status: self = end.isOutOfMemory ? .outOfMemory : .status
    // The C constant is SIGSYS.
    case .signal: self = end.isOutOfMemory ? .outOfMemory : end.number == 31 ? .forbiddenCall : .signal
    }
  }
}

/// Why a service has been given up, and what is done about it.
public final class Verdict: Sendable {
  public let cause: Cause
  /// How the last run ended.
  public let end: End
  /// Failures within the crash window, the last one included.
  public let failures: UInt64
  /// Too many failures within the window; otherwise the policy starts it no more after this end.
  public let isCrashLoop: Bool
  /// What is done next.
  public let action: RestartPolicy.GiveUp

  init(cause: Cause, end: End, failures: UInt64, isCrashLoop: Bool, action: RestartPolicy.GiveUp) {
    self.cause = cause
    self.end = end
    self.failures = failures
    self.isCrashLoop = isCrashLoop
    self.action = action
  }
}

/// The failures of a service, as far as its policy asks for them.
struct Failures {
  /// When those within the crash window were, milliseconds; not more than the crash limit.
  private var times: [UInt64] = []
  /// Failures in a row, without a success or a long run between them.
  private(set) var inARow: UInt64 = 0

  /// A run that was long enough, or that was a success, is the end of a row.
  mutating func endRow() { inARow = 0 }

  mutating func add(at now: UInt64, _ policy: RestartPolicy) {
    inARow += 1
    times = times.filter { now.since($0) < policy.crashWindow }
    if policy.crashLimit > 0 && UInt64(times.count) >= policy.crashLimit { times.removeFirst() }
    if policy.crashLimit > 0 { times.append(now) }
  }

  /// Within the window.
  var count: UInt64 { times.isEmpty ? inARow : UInt64(times.count) }

  func isCrashLoop(_ policy: RestartPolicy) -> Bool { policy.crashLimit > 0 && UInt64(times.count) >= policy.crashLimit }
}
