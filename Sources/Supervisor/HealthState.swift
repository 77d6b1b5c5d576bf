/// What the checks of a running service have found out, and when the next one is due: Docker's HEALTHCHECK (moby, daemon/health.go).
///
/// One check at a time; times are milliseconds of the monotonic clock.
public final class HealthState {
  public enum Status: UInt8, Sendable {
    /// No check has succeeded yet, and not too many have failed.
    case starting
    case healthy, unhealthy
  }

  public internal(set) var status: Status
  /// Failures in a row; those that do not count because the service is starting are not among them.
  public private(set) var failures: UInt64 = 0
  /// The last ones, oldest first.
  public private(set) var results: [CheckResult] = []
  /// A service that was not restarted can get another check by an update.
  var check: HealthCheck
  private let startedAt: UInt64
  /// When the next check begins.
  private var due: UInt64 = 0
  /// Since when one runs.
  private var runsSince: UInt64?
  private var isKilled = false
  /// The check that runs was ended because nobody wants to know its result any more.
  private var isDiscarded = false

  /// `status` is what is remembered of a service that has been running for longer than the supervisor.
  public init(_ check: HealthCheck, startedAt: UInt64, status: Status = .starting, at now: UInt64) {
    self.check = check
    self.startedAt = startedAt
    self.status = status
    wait(from: now)
  }

  /// Docker keeps so many results.
  static var resultsKept: Int { 5 }
  /// And so many bytes of a check's output.
  static var outputKept: Int { 4096 }

  var isRunning: Bool { runsSince != nil }

  /// The next check begins so long after the last one ended, and the first so long after the start.
  func wait(from now: UInt64) {
    let isStarting = status == .starting && now.since(startedAt) < check.startPeriod
    due = now.adding(isStarting ? check.startInterval : check.interval)
  }

  /// When there is something to do: a check begins, or is killed; nil while it is awaited that one ends.
  var wakeTime: UInt64? { runsSince.map { isKilled ? nil : $0.adding(check.timeout) } ?? due }

  /// What has to be done now.
  func act(at now: UInt64) -> Step.Kind? {
    guard let wakeTime, wakeTime <= now else { return nil }
    if isRunning {
      isKilled = true
      return .killCheck
    }
    runsSince = now
    return .runCheck
  }

  /// Ends a check that runs without asking what it says; whether there is one to kill.
  func discard() -> Bool {
    if !isRunning { return false }
    isDiscarded = true
    defer { isKilled = true }
    return !isKilled
  }

  /// The check that ran has ended.
  func finish(exit: Int32, output: [UInt8], at now: UInt64) {
    guard let begun = runsSince else { return }
    let (wasKilled, wasDiscarded) = (isKilled, isDiscarded)
    runsSince = nil
    isKilled = false
    isDiscarded = false
    if !wasDiscarded { judge(CheckResult(exit: wasKilled ? -1 : exit, begun: begun, ended: now, hasTimedOut: wasKilled, output: output)) }
    wait(from: now)
  }

  private func judge(_ result: CheckResult) {
    if results.count >= HealthState.resultsKept { results.removeFirst() }
    results.append(result)
    if result.exit == 0 {
      failures = 0
      status = .healthy
    } else if status != .starting || result.begun.since(startedAt) >= check.startPeriod {
      failures += 1
      if failures >= check.retries { status = .unhealthy }
    }
  }
}

/// What a check has said.
public final class CheckResult: Sendable {
  /// 0 is healthy; -1: it took too long, or could not be run.
  public let exit: Int32
  public let begun: UInt64
  public let ended: UInt64
  public let hasTimedOut: Bool
  /// The first 4096 bytes of what it wrote, and `...` where there was more.
  public let output: [UInt8]

  init(exit: Int32, begun: UInt64, ended: UInt64, hasTimedOut: Bool, output: [UInt8]) {
    self.exit = exit
    self.begun = begun
    self.ended = ended
    self.hasTimedOut = hasTimedOut
    self.output = output.count <= HealthState.outputKept ? output : output.prefix(HealthState.outputKept) + [0x2E, 0x2E, 0x2E]
  }
}
