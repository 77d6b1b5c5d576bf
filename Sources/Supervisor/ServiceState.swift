/// What is known of a service: what was observed of it, and what is remembered.
///
/// A supervisor that starts while services run fills in the public properties from what it finds, and the planner goes on from there.
public final class ServiceState {
  public enum Phase: UInt8, Sendable {
    /// It has not been started since the boot.
    case notStarted
    /// It starts when its dependencies allow it.
    case waiting
    /// It has been told to start.
    case starting
    case running
    /// It has been told to end.
    case stopping
    /// It has failed or ended, and starts again at `until`.
    case backingOff
    /// It has ended, and does not start again by itself.
    case ended
    /// It has been given up; `verdict` tells why.
    case failed
  }

  public internal(set) var service: Service
  public var phase: Phase = .notStarted
  /// The number of its last run, which no other run of the application has; 0: there was none.
  public var run: UInt64 = 0
  /// Since when it runs; nil: it does not.
  public var startedAt: UInt64?
  /// It has said that it is ready.
  public var isReady = false
  /// It is frozen, and is not checked for so long.
  public var isPaused = false
  /// Of the last run, if that was checked.
  public var health: HealthState?
  /// When it is killed, while it is stopping.
  public var deadline: UInt64 = 0
  public var isKilled = false
  /// When it starts again, while it is backing off.
  public var until: UInt64 = 0
  /// How the last run ended.
  public var end: End?
  public var verdict: Verdict?
  /// How often it was started again by its policy, after it had ended or was unhealthy.
  public internal(set) var restarts: UInt64 = 0
  /// Its last run has ended with status 0, by itself.
  public var hasCompleted = false
  /// Its user has stopped it. To be kept for ever, as `Step.Kind.remember` asks.
  public var isStopped = false
  /// The device was rebooted because of it, and it has not lasted since then. To be kept for ever as well.
  public var hasRebooted = false
  /// The application was stopped because one of its services had failed.
  public var isHeld = false
  /// The service that it waits for; empty: for none.
  public internal(set) var waitsFor = ""
  /// What it waits for cannot come unless somebody does something.
  public internal(set) var isBlocked = false

  var backOff = BackOff()
  var failures = Failures()
  var leaveFor = LeaveFor.nothing
  /// It is up and has to end, or is about to. Known after each settling.
  var isLeaving = false
  /// An update removes it, or puts another container in its place.
  var isReplaced = false
  /// Somebody who has to end before it is still up. Only while settling.
  var hasLeavingDependents = false
  /// It, or a dependent of it, can come without somebody doing something. Only while settling.
  var canCome = false
  /// While it backs off: there is something to do when that is over. Known after each settling.
  var isTimed = false
  /// For each dependency whether that was there when it started, or had to be; if it is a bound one, it ends with it.
  var bonds: [Bool] = []

  public init(_ service: Service) { self.service = service }

  /// There is a container of it.
  public var isUp: Bool {
    switch phase {
    case .starting, .running, .stopping: true
    default: false
    }
  }

  /// Whether what is bound to it may go on: it is up and nobody wants it to end or, if it was to complete, it has.
  func holds(_ dependency: Dependency) -> Bool {
    dependency.condition == .completed ? hasCompleted : isUp && phase != .stopping && !isLeaving
  }

  /// There is no trace of earlier failures any more.
  func forgive() {
    verdict = nil
    backOff = BackOff()
    failures = Failures()
  }
}

/// Why a service that is wanted ends nevertheless, and what comes then.
enum LeaveFor: UInt8 {
  case nothing
  /// It is to start again.
  case restart
  /// A dependency that it is bound to has ended: it starts again after that.
  case dependency
  /// It is unhealthy, and is to be restarted, as after any other failure.
  case unhealthyRestart
  /// It is unhealthy, and that was it.
  case unhealthyStop
  /// Its monitor was lost: as after any other failure.
  case lost
}
