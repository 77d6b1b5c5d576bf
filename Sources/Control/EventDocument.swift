internal import JSON
public import Linux
internal import OCI
public import Supervisor

extension Step {
  /// What events are called; the first is what is not told.
  static var eventNames: Literal {
    "- waits blocked goes-without ready healthy unhealthy stops ended restarts failed lost rebooted-before"
  }

  static var reasonNames: Literal { "- shut-down update user restart application-given-up dependency unhealthy" }

  /// The line about it in the stream of events, a JSON document and a line feed; nil for a step that nobody is told of.
  ///
  /// - number: of the event; later ones have higher numbers.
  @inline(never)
  public func eventLine(_ number: UInt64, application: String, at time: Timestamp) -> [UInt8]? {
    if kind != .start && (kind != .tell || notice == .nothing) { return nil }
    return objectDocument { writer in
      writer.member("event", number)
      writer.member("time", time.preciseText)
      writer.member("application", application)
      if service.utf8.count > 0 { writer.member("service", service) }
      if run > 0 { writer.member("run", run) }
      writer.member("type", kind == .start ? "starts" : word(notice.rawValue, of: Step.eventNames))
      if other.utf8.count > 0 { writer.member("other", other) }
      if reason != .none { writer.member("reason", word(reason.rawValue, of: Step.reasonNames)) }
      if notice == .restarts { writer.member("delay_ms", delay) }
      if notice == .hasEnded, let end { end.write("end", to: &writer) }
      if let verdict { verdict.write(to: &writer) }
    } + [0x0A]
  }
}
