public import OCI

/// An application: services that belong together, each of them one container.
///
/// Its manifest is a Compose file (compose-spec, spec.md) written as JSON; what Compose has no word for stands under `x-apus`.
public final class Application: Sendable {
  /// Lower-case letters, digits, `-` and `_`; begins with a letter or digit.
  public let name: String
  /// In the order of the manifest; there is one at least, and no two of a name.
  public let services: [Service]

  public init(name: String, services: [Service]) {
    self.name = name
    self.services = services
  }
}

/// One service of an application, as far as it is about when and how it runs; what runs is in the manifest's decoding.
public final class Service: Sendable {
  public let name: String
  /// What has to be there before it starts.
  public let dependencies: [Dependency]
  public let restart: RestartPolicy
  /// Nil: there is none, in the manifest or in the image, or it is disabled.
  public let health: HealthCheck?
  /// What is done once it is found unhealthy.
  public let onUnhealthy: UnhealthyAction
  public let stop: StopPolicy

  public init(
    name: String, dependencies: [Dependency] = [], restart: RestartPolicy = RestartPolicy(), health: HealthCheck? = nil,
    onUnhealthy: UnhealthyAction = .nothing, stop: StopPolicy = StopPolicy()
  ) {
    self.name = name
    self.dependencies = dependencies
    self.restart = restart
    self.health = health
    self.onUnhealthy = onUnhealthy
    self.stop = stop
  }
}

/// `depends_on`.
public struct Dependency: Equatable, Sendable {
  public enum Condition: UInt8, Sendable {
    /// It has been started.
    case started
    /// It is healthy or, without a health check, has said that it is ready.
    case healthy
    /// It has ended with status 0.
    case completed
  }

  public var service: String
  public var condition: Condition
  /// False: the dependent starts as well when the service cannot, with a warning.
  public var isRequired: Bool
  /// The dependent is stopped when the service ends, and starts again after it (`restart: true`).
  public var isBound: Bool

  public init(service: String, condition: Condition = .started, isRequired: Bool = true, isBound: Bool = false) {
    self.service = service
    self.condition = condition
    self.isRequired = isRequired
    self.isBound = isBound
  }
}

/// When a service that has ended is started again, and how long after.
public final class RestartPolicy: Sendable {
  public enum When: Equatable, Sendable {
    case no
    case always
    /// When its status was not 0; after so many failures in a row no more (nil: without end).
    case onFailure(limit: UInt64?)
    /// Like `always`, but not after a boot if it was stopped before.
    case unlessStopped
  }

  public enum GiveUp: UInt8, Sendable {
    case nothing, stopApplication, rollBack, reboot
  }

  public let when: When
  /// Milliseconds before the first restart; doubled for each further one, to at most `longestDelay`.
  public let firstDelay: UInt64
  public let longestDelay: UInt64
  /// Milliseconds that a service has to run for the next delay to be the first one again.
  public let resetAfter: UInt64
  /// Per mille of a delay that it may be longer by, so that not all start at once.
  public let jitter: UInt64
  /// Statuses that a restart will not change.
  public let permanentStatuses: [Int32]
  /// So many failures within `crashWindow` milliseconds are a crash loop (0: there is no such verdict).
  public let crashLimit: UInt64
  public let crashWindow: UInt64
  /// What is done when it is given up.
  public let giveUp: GiveUp

  /// The delays are Docker's (moby, restartmanager): 100 ms doubling to 60 s, from the beginning after 10 s up.
  public init(
    when: When = .no, firstDelay: UInt64 = 100, longestDelay: UInt64 = 60_000, resetAfter: UInt64 = 10_000, jitter: UInt64 = 0,
    permanentStatuses: [Int32] = [], crashLimit: UInt64 = 0, crashWindow: UInt64 = 600_000, giveUp: GiveUp = .nothing
  ) {
    self.when = when
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
    self.resetAfter = resetAfter
    self.jitter = jitter
    self.permanentStatuses = permanentStatuses
    self.crashLimit = crashLimit
    self.crashWindow = crashWindow
    self.giveUp = giveUp
  }
}

/// How it is found out whether a service does its work (Docker's HEALTHCHECK). Times are milliseconds.
public final class HealthCheck: Sendable {
  public enum Test: Equatable, Sendable {
    /// Runs in the container; status 0 is healthy.
    case command([String])
    /// The supervisor connects to it by itself, in the container's network namespace.
    case tcp(port: UInt16)
    /// A status from 200 to 399.
    case http(port: UInt16, path: String)
    /// A socket of the container's file system.
    case unix(path: String)
  }

  public let test: Test
  /// From the end of one check to the beginning of the next; the first one comes after one interval.
  public let interval: UInt64
  public let timeout: UInt64
  /// So many failures in a row are unhealthy.
  public let retries: UInt64
  /// Failures do not count for so long after the start, until the first success.
  public let startPeriod: UInt64
  /// The interval during the start period.
  public let startInterval: UInt64

  public init(
    test: Test, interval: UInt64 = 30_000, timeout: UInt64 = 30_000, retries: UInt64 = 3, startPeriod: UInt64 = 0, startInterval: UInt64 = 5000
  ) {
    self.test = test
    self.interval = interval
    self.timeout = timeout
    self.retries = retries
    self.startPeriod = startPeriod
    self.startInterval = startInterval
  }
}

/// What is done about an unhealthy service.
public enum UnhealthyAction: UInt8, Sendable {
  case nothing, restart, stop
}

/// How a service is ended: by a signal, and by SIGKILL after the grace period.
public final class StopPolicy: Sendable {
  /// Nil: the image's, or SIGTERM.
  public let signal: Int32?
  /// Milliseconds; Compose's default is 10 s.
  public let gracePeriod: UInt64

  public init(signal: Int32? = nil, gracePeriod: UInt64 = 10_000) {
    self.signal = signal
    self.gracePeriod = gracePeriod
  }
}

extension Dependency.Condition: NamedValue {
  public static var names: Literal { "service_started service_healthy service_completed_successfully" }
}

extension RestartPolicy.GiveUp: NamedValue {
  public static var names: Literal { "nothing stop rollback reboot" }
}

extension UnhealthyAction: NamedValue {
  public static var names: Literal { "nothing restart stop" }
}
