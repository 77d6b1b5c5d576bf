/// Something to do, or to tell. Steps are carried out in their order, without waiting for one to have its effect.
public final class Step: Sendable {
  public enum Kind: UInt8, Sendable {
    /// Make and start its container; this is run `run`. `Event.started` or `Event.ended` answers.
    case start
    /// Send it the stop signal. A container that is not there yet must not come any more, or gets it as soon as it is there; a frozen one is thawed.
    case signal
    /// End everything in its container. `Event.ended` answers this and `signal`.
    case kill
    /// Run its health check. `Event.checked` answers.
    case runCheck
    /// End the check that runs. `Event.checked` answers still.
    case killCheck
    /// Keep `isStopped` and `hasRebooted` of the service, before any of the steps behind this one.
    case remember
    /// From here on, services are those of the manifest of the last `Event.update`.
    case replaceManifest
    /// Do what its policy says for when it has failed: roll back or reboot. An application that is stopped is stopped by the steps that follow.
    case giveUp
    case tell
  }

  /// What there is to tell.
  public enum Notice: UInt8, Sendable {
    case nothing
    /// It waits for `other`.
    case waits
    /// It waits for `other`, which cannot come unless somebody does something.
    case isBlocked
    /// It starts although `other`, which it does not require, cannot come.
    case goesWithout
    case isReady, isHealthy, isUnhealthy
    /// It is going to end; `reason` tells why.
    case stops
    /// It has ended; `end` tells how.
    case hasEnded
    /// It starts again after `delay`.
    case restarts
    /// It has been given up; `verdict` tells why.
    case hasFailed
    /// Its monitor was lost.
    case isLost
    /// The device has been rebooted for it before, which did not help, so nothing is done.
    case rebootedBefore
  }

  /// Why a service is stopped.
  public enum Reason: UInt8, Sendable {
    case none
    case shutDown, update
    /// Its user wants it to end, or to start again.
    case user, restart
    /// Another service has failed, whose policy is to stop the application.
    case applicationGivenUp
    /// A dependency that it is bound to ends.
    case dependency
    case unhealthy
  }

  public let kind: Kind
  /// Empty where it is about the application.
  public let service: String
  public let run: UInt64
  public let notice: Notice
  public let other: String
  public let reason: Reason
  /// Milliseconds.
  public let delay: UInt64
  public let end: End?
  public let verdict: Verdict?

  @inline(never)
  init(
    _ kind: Kind, _ state: ServiceState?, notice: Notice = .nothing, other: String = "", reason: Reason = .none, delay: UInt64 = 0, verdict: Verdict? = nil
  ) {
    self.kind = kind
    self.service = state?.service.name ?? ""
    self.run = state?.run ?? 0
    self.notice = notice
    self.other = other
    self.reason = reason
    self.delay = delay
    self.end = state?.end
    self.verdict = verdict
  }
}
