internal import Linux
internal import OCI
internal import Supervisor

/// The states of all services in the text format of Prometheus (exposition formats, version 0.0.4). All samples of a metric stand together.
public func metrics(_ applications: [ApplicationStatus], version: String, at clock: ClockReading) -> [UInt8] {
  var text = MetricsText()
  text.begin("apus_build_info gauge The version of Apus.")
  text.sample("apus_build_info", ["version", version], 1)
  for row in parts(of: Metric.table.description, at: 0x0A).enumerated() {
    guard let metric = Metric(rawValue: UInt8(row.offset)) else { break }
    let name = text.begin(row.element)
    for application in applications {
      for state in application.services { text.append(metric, name, application.name, state, clock) }
    }
  }
  return text.bytes
}

/// What is told of each service, in the order of the table.
private enum Metric: UInt8 {
  case phase, up, ready, healthy, restarts, startTime, lastFailed

  static var table: Literal {
    """
    apus_service_phase gauge What the service does: 1 for its phase, 0 for the others.
    apus_service_up gauge Whether there is a container of the service.
    apus_service_ready gauge Whether the service has said that it is ready.
    apus_service_healthy gauge Whether the health check of the service succeeds.
    apus_service_restarts_total counter How often the service was started again by itself, since the supervisor started.
    apus_service_start_time_seconds gauge When the service was started, in seconds since 1970.
    apus_service_last_run_failed gauge Whether the last run of the service has ended otherwise than with status 0.
    """
  }
}

private struct MetricsText {
  var bytes: [UInt8] = []

  /// What stands in front of the samples of a metric, from a row with its name, its type and what it is; gives the name.
  @discardableResult
  mutating func begin(_ row: String) -> String {
    let (name, behind) = cut(row, at: " ")
    let (type, help) = cut(behind ?? "", at: " ")
    add("# HELP \(name) \(help ?? "")\n# TYPE \(name) \(type)\n")
    return name
  }

  @inline(never)
  mutating func append(_ metric: Metric, _ name: String, _ application: String, _ state: ServiceState, _ clock: ClockReading) {
    let labels = ["application", application, "service", state.service.name]
    var value: UInt64?
    switch metric {
    case .phase:
      for (number, phase) in words(of: ServiceState.Phase.names).enumerated() {
        sample(name, labels + ["phase", phase], number == Int(state.phase.rawValue) ? 1 : 0)
      }
    case .up: value = state.isUp ? 1 : 0
    case .ready: value = state.isUp && state.isReady ? 1 : 0
    case .healthy: value = state.isUp ? state.health.map { $0.status == .healthy ? 1 : 0 } : nil
    case .restarts: value = state.restarts
    case .startTime: value = state.isUp ? state.startedAt.map { clock.real(at: $0).seconds } : nil
    case .lastFailed: value = state.end.map { $0.isSuccess ? 0 : 1 }
    }
    if let value { sample(name, labels, value) }
  }

  /// A line such as `name{label="value"} 1`. `labels` are names and values by turns.
  @inline(never)
  mutating func sample(_ name: String, _ labels: [String], _ value: UInt64) {
    add("\(name){")
    for (number, text) in labels.enumerated() {
      if number & 1 == 0 {
        let separator: Literal = number == 0 ? "" : ","
        add("\(separator)\(text)=\"")
        continue
      }
      for byte in Array(text.utf8) {
        if byte == 0x22 || byte == 0x5C || byte == 0x0A { bytes.append(0x5C) }
        bytes.append(byte == 0x0A ? 0x6E : byte)
      }
      bytes.append(0x22)
    }
    add("} \(value)\n")
  }

  private mutating func add(_ text: Text) { bytes.append(contentsOf: text.string.utf8) }
}
