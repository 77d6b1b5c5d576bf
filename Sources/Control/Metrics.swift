internal import Linux
internal import OCI
internal import Supervisor

/// The states of all services in the text format of Prometheus (exposition formats, version 0.0.4). All samples of a metric stand together.
public func metrics(_ applications: [ApplicationStatus], version: String, at clock: ClockReading) -> [UInt8] {
  var text = MetricsText()
  text.begin("apus_build_info gauge The version of Apus.")
  text.sample("version=\"\(escaped(version))\"", 1)
  var number: UInt8 = 0
  while let metric = Metric(rawValue: number) {
    text.begin(line(number, of: Metric.table))
    for application in applications {
      for state in application.services {
        text.append(metric, "application=\"\(escaped(application.name))\",service=\"\(escaped(state.service.name))\"", state, clock)
      }
    }
    number += 1
  }
  return text.bytes
}

/// The value of a label.
@inline(never)
private func escaped(_ text: String) -> String {
  var bytes: [UInt8] = []
  for byte in Array(text.utf8) {
    if byte == 0x22 || byte == 0x5C || byte == 0x0A { bytes.append(0x5C) }
    bytes.append(byte == 0x0A ? 0x6E : byte)
  }
  return string(bytes[...])
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
  /// Of the metric that is being written.
  private var name = ""

  /// What stands in front of the samples of a metric, from a row with its name, its type and what it is.
  mutating func begin(_ row: String) {
    let (name, behind) = cut(row, at: " ")
    let (type, help) = cut(behind ?? "", at: " ")
    self.name = name
    add("# HELP \(name) \(help ?? "")\n# TYPE \(name) \(type)\n")
  }

  @inline(never)
  mutating func append(_ metric: Metric, _ labels: Text, _ state: ServiceState, _ clock: ClockReading) {
    var value: UInt64?
    switch metric {
    case .phase:
      for (number, phase) in words(of: ServiceState.Phase.names).enumerated() {
        sample("\(labels),phase=\"\(phase)\"", number == Int(state.phase.rawValue) ? 1 : 0)
      }
    case .up: value = state.isUp ? 1 : 0
    case .ready: value = state.isUp && state.isReady ? 1 : 0
    case .healthy: if state.isUp, let health = state.health { value = health.status == .healthy ? 1 : 0 }
    case .restarts: value = state.restarts
    case .startTime: if state.isUp, let startedAt = state.startedAt { value = clock.real(at: startedAt).seconds }
    case .lastFailed: if let end = state.end { value = end.isSuccess ? 0 : 1 }
    }
    if let value { sample(labels, value) }
  }

  /// A line such as `name{label="value"} 1`.
  mutating func sample(_ labels: Text, _ value: UInt64) { add("\(name){\(labels)} \(value)\n") }

  @inline(never)
  private mutating func add(_ text: Text) { bytes.append(contentsOf: text.string.utf8) }
}
