internal import JSON
public import Linux
internal import OCI
public import Supervisor

/// The two clocks at one moment, to tell by the one what happened by the other.
public final class ClockReading: Sendable {
  /// Milliseconds of the monotonic clock, which planners go by.
  public let monotonic: UInt64
  /// What the clock of the system says, which may be wrong until somebody has set it.
  public let real: Timestamp

  public init(monotonic: UInt64, real: Timestamp) {
    self.monotonic = monotonic
    self.real = real
  }

  /// When something was, by the clock of the system as it is now; not before 1970.
  func real(at time: UInt64) -> Timestamp {
    let age = milliseconds(from: time, to: monotonic)
    let now = real.seconds * 1000 + UInt64(real.nanoseconds / 1_000_000)
    let then = age < now ? now - age : 0
    return Timestamp(seconds: then / 1000, nanoseconds: UInt32(then % 1000) * 1_000_000)
  }
}

/// 0 where `later` is not later.
func milliseconds(from earlier: UInt64, to later: UInt64) -> UInt64 { later > earlier ? later - earlier : 0 }

/// How an application is.
public final class ApplicationStatus {
  public let name: String
  public let services: [ServiceState]
  /// The number of the last event of the application; 0: there was none. What follows is asked for with `after`.
  public let lastEvent: UInt64

  public init(name: String, services: [ServiceState], lastEvent: UInt64) {
    self.name = name
    self.services = services
    self.lastEvent = lastEvent
  }

  /// The document about it.
  public func document(at clock: ClockReading) -> [UInt8] { objectDocument { writer in write(to: &writer, at: clock, isDetailed: true) } }

  /// The document about several, without what their health checks have written.
  public static func list(_ applications: [ApplicationStatus], at clock: ClockReading) -> [UInt8] {
    objectDocument { writer in
      writer.key("applications")
      writer.array { writer in
        for application in applications {
          writer.object { writer in application.write(to: &writer, at: clock, isDetailed: false) }
        }
      }
    }
  }

  private func write(to writer: inout JSONWriter, at clock: ClockReading, isDetailed: Bool) {
    writer.member("name", name)
    writer.member("last_event", lastEvent)
    writer.key("services")
    writer.array { writer in
      for state in services { state.write(to: &writer, at: clock, isDetailed: isDetailed) }
    }
  }
}

extension ServiceState.Phase {
  static var names: Literal { "not-started waiting starting running stopping backing-off ended failed" }
}

extension ServiceState {
  @inline(never)
  fileprivate func write(to writer: inout JSONWriter, at clock: ClockReading, isDetailed: Bool) {
    writer.object { writer in
      writer.member("name", service.name)
      writer.member("phase", word(phase.rawValue, of: Phase.names))
      if run > 0 { writer.member("run", run) }
      writer.member("restarts", restarts)
      if isUp, let startedAt { writer.member("since", clock.real(at: startedAt).text) }
      if isReady { writer.member("ready", true) }
      if isPaused { writer.member("paused", true) }
      if isStopped { writer.member("stopped_by_user", true) }
      if isHeld { writer.member("stopped_by_failure", true) }
      if waitsFor.utf8.count > 0 {
        writer.member("waits_for", waitsFor)
        if isBlocked { writer.member("blocked", true) }
      }
      if phase == .backingOff { writer.member("starts_in_ms", milliseconds(from: clock.monotonic, to: until)) }
      if phase == .stopping && !isKilled { writer.member("killed_in_ms", milliseconds(from: clock.monotonic, to: deadline)) }
      if let health { health.write(to: &writer, isDetailed: isDetailed) }
      if let end { end.write("last_end", to: &writer) }
      if let verdict { verdict.write(to: &writer) }
    }
  }
}

extension HealthState {
  static var statusNames: Literal { "starting healthy unhealthy" }

  fileprivate func write(to writer: inout JSONWriter, isDetailed: Bool) {
    writer.key("health")
    writer.object { writer in
      writer.member("status", word(status.rawValue, of: HealthState.statusNames))
      writer.member("failures", failures)
      guard isDetailed, let result = results.last else { return }
      writer.key("last_check")
      writer.object { writer in
        writer.member("exit", result.exit)
        writer.member("took_ms", milliseconds(from: result.begun, to: result.ended))
        if result.hasTimedOut { writer.member("timed_out", true) }
        writer.member("output", string(result.output[...]))
      }
    }
  }
}

extension End {
  static var kindNames: Literal { "status signal lost not-started" }

  func write(_ key: String, to writer: inout JSONWriter) {
    writer.key(key)
    writer.object { writer in
      writer.member("kind", word(kind.rawValue, of: End.kindNames))
      if kind == .status || kind == .signal { writer.member("number", number) }
      if isOutOfMemory { writer.member("out_of_memory", true) }
    }
  }
}

extension Verdict {
  static var causeNames: Literal { "status signal out-of-memory forbidden-call missing-file unhealthy lost not-started" }

  func write(to writer: inout JSONWriter) {
    writer.key("verdict")
    writer.object { writer in
      writer.member("cause", word(cause.rawValue, of: Verdict.causeNames))
      end.write("end", to: &writer)
      writer.member("failures", failures)
      writer.member("crash_loop", isCrashLoop)
      writer.member("action", action.name)
    }
  }
}

/// The document about the program.
public func versionDocument(_ version: String) -> [UInt8] {
  objectDocument { writer in
    writer.member("version", version)
    writer.member("api", "v1")
  }
}
