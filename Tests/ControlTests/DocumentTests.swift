import Linux
import OCI
import Supervisor
import Testing

@testable import Control

/// Ten seconds after the time 0 of the planner, which was at five past six.
private let clock = ClockReading(monotonic: 10_000, real: Timestamp(seconds: 1_795_845_910, nanoseconds: 250_000_000))

private let crashing = RestartPolicy(when: .always, crashLimit: 2, giveUp: .rollBack)

/// An application with a service for each of the phases.
private func states() throws -> [ServiceState] {
  let services = [
    Service(name: "web", dependencies: [Dependency(service: "db", condition: .healthy)]),
    Service(name: "db", restart: RestartPolicy(when: .always, giveUp: .nothing), health: HealthCheck(test: .tcp(port: 1), interval: 100)), Service(name: "job"),
    Service(name: "bad", restart: crashing), Service(name: "late", restart: RestartPolicy(when: .always, firstDelay: 60_000)),
    Service(name: "slow", stop: StopPolicy(gracePeriod: 30_000)),
  ]
  let planner = try planner(services)
  func run(_ name: String) -> UInt64 { planner.services.first { $0.service.name == name }?.run ?? 0 }
  for name in ["db", "job", "bad", "late", "slow"] { planner.handle(.started(run: run(name)), at: 1000) }
  planner.handle(.ready(run: run("db")), at: 1001)
  planner.handle(.ended(run: run("bad"), End(.status, 1)), at: 1100)
  _ = planner.steps(at: 1200)
  planner.handle(.started(run: run("bad")), at: 1250)
  planner.handle(.ended(run: run("bad"), End(.signal, 9, isOutOfMemory: true)), at: 1300)
  _ = planner.steps(at: 1300)
  planner.handle(.checked(run: run("db"), exit: 3, output: Array("no \"x\"\n".utf8) + [0xFF]), at: 1350)
  planner.handle(.ended(run: run("job"), End(.status, 0)), at: 2000)
  planner.handle(.ended(run: run("late"), End(.notStarted)), at: 3000)
  planner.handle(.stop(service: "slow"), at: 4000)
  planner.handle(.paused(run: run("db")), at: 5000)
  return planner.services
}

@Suite("what is told of applications")
struct DocumentTests {
  @Test("the status has what there is, in each phase, and nothing that there is not")
  func status() throws {
    let document = text(ApplicationStatus(name: "shop", services: try states(), lastEvent: 17).document(at: clock))
    let expected = [
      #"{"name":"shop","last_event":17,"services":["#, #"{"name":"web","phase":"waiting","restarts":0,"waits_for":"db"},"#,
      #"{"name":"db","phase":"running","run":1,"restarts":0,"since":"2026-11-28T06:05:01Z","ready":true,"paused":true,"#,
      #""health":{"status":"starting","failures":1,"last_check":{"exit":3,"took_ms":250,"output":"no \"x\"\n\#u{FFFD}"}}},"#,
      #"{"name":"job","phase":"ended","run":2,"restarts":0,"last_end":{"kind":"status","number":0}},"#,
      #"{"name":"bad","phase":"failed","run":6,"restarts":1,"last_end":{"kind":"signal","number":9,"out_of_memory":true},"#,
      #""verdict":{"cause":"out-of-memory","end":{"kind":"signal","number":9,"out_of_memory":true},"failures":2,"crash_loop":true,"action":"rollback"}},"#,
      #"{"name":"late","phase":"backing-off","run":4,"restarts":1,"starts_in_ms":53000,"last_end":{"kind":"not-started"}},"#,
      #"{"name":"slow","phase":"stopping","run":5,"restarts":0,"since":"2026-11-28T06:05:01Z","stopped_by_user":true,"killed_in_ms":24000}]}"#,
    ].joined()
    #expect(document == expected)
  }

  @Test("a list leaves out what checks have written")
  func list() throws {
    let status = ApplicationStatus(name: "shop", services: [try states()[1]], lastEvent: 0)
    let document = text(ApplicationStatus.list([status, ApplicationStatus(name: "cache", services: [], lastEvent: 3)], at: clock))
    #expect(
      document == #"{"applications":[{"name":"shop","last_event":0,"services":[{"name":"db","phase":"running","run":1,"restarts":0,"#
        + #""since":"2026-11-28T06:05:01Z","ready":true,"paused":true,"health":{"status":"starting","failures":1}}]},"#
        + #"{"name":"cache","last_event":3,"services":[]}]}"#)
    #expect(text(ApplicationStatus.list([], at: clock)) == #"{"applications":[]}"#)
    #expect(text(versionDocument("1.2")) == #"{"version":"1.2","api":"v1"}"#)
  }

  @Test("a time by a clock that began after it is the beginning of 1970")
  func earlyClock() {
    let early = ClockReading(monotonic: 60_000, real: Timestamp(seconds: 5, nanoseconds: 0))
    #expect(early.real(at: 1000).text == "1970-01-01T00:00:00Z" && early.real(at: 58_500).preciseText == "1970-01-01T00:00:03.500000000Z")
    #expect(early.real(at: 70_000).text == "1970-01-01T00:00:05Z")
  }

  @Test("each phase, end, cause, notice and reason is called by its own name")
  func names() {
    func name(_ value: UInt8, _ names: Literal) -> String { word(value, of: names) }
    let phases: [(ServiceState.Phase, String)] = [
      (.notStarted, "not-started"), (.waiting, "waiting"), (.starting, "starting"), (.running, "running"), (.stopping, "stopping"),
      (.backingOff, "backing-off"),
      (.ended, "ended"), (.failed, "failed"),
    ]
    for (phase, text) in phases { #expect(name(phase.rawValue, ServiceState.Phase.names) == text) }
    let notices: [(Step.Notice, String)] = [
      (.waits, "waits"), (.isBlocked, "blocked"), (.goesWithout, "goes-without"), (.isReady, "ready"), (.isHealthy, "healthy"), (.isUnhealthy, "unhealthy"),
      (.stops, "stops"), (.hasEnded, "ended"), (.restarts, "restarts"), (.hasFailed, "failed"), (.isLost, "lost"), (.rebootedBefore, "rebooted-before"),
    ]
    for (notice, text) in notices { #expect(name(notice.rawValue, Step.eventNames) == text) }
    let reasons: [(Step.Reason, String)] = [
      (.shutDown, "shut-down"), (.update, "update"), (.user, "user"), (.restart, "restart"), (.applicationGivenUp, "application-given-up"),
      (.dependency, "dependency"), (.unhealthy, "unhealthy"),
    ]
    for (reason, text) in reasons { #expect(name(reason.rawValue, Step.reasonNames) == text) }
    let ends: [(End.Kind, String)] = [(.status, "status"), (.signal, "signal"), (.lost, "lost"), (.notStarted, "not-started")]
    for (kind, text) in ends { #expect(name(kind.rawValue, End.kindNames) == text) }
    let causes: [(Cause, String)] = [
      (.status, "status"), (.signal, "signal"), (.outOfMemory, "out-of-memory"), (.forbiddenCall, "forbidden-call"), (.missingFile, "missing-file"),
      (.unhealthy, "unhealthy"), (.lost, "lost"), (.notStarted, "not-started"),
    ]
    for (cause, text) in causes { #expect(name(cause.rawValue, Verdict.causeNames) == text) }
    let statuses: [(HealthState.Status, String)] = [(.starting, "starting"), (.healthy, "healthy"), (.unhealthy, "unhealthy")]
    for (status, text) in statuses { #expect(name(status.rawValue, HealthState.statusNames) == text) }
  }

  @Test("events are the starts and what is told, a line each")
  func events() throws {
    let planner = try planner([Service(name: "bad", restart: RestartPolicy(when: .always, crashLimit: 2, giveUp: .stopApplication))])
    var lines: [String] = []
    func note(at now: UInt64) {
      for step in planner.steps(at: now) {
        guard let line = step.eventLine(UInt64(lines.count + 1), application: "shop", at: Timestamp(seconds: now / 1000)) else { continue }
        lines.append(text(line))
      }
    }
    note(at: 0)
    planner.handle(.started(run: 1), at: 0)
    planner.handle(.ended(run: 1, End(.status, 127)), at: 1000)
    note(at: 2000)
    planner.handle(.started(run: 2), at: 2000)
    planner.handle(.ended(run: 2, End(.lost)), at: 3000)
    note(at: 3000)
    let begin = [0, 2, 2, 2, 3, 3].enumerated().map {
      #"{"event":\#($0 + 1),"time":"1970-01-01T00:00:0\#($1).000000000Z","application":"shop","service":"bad","run":"#
    }
    #expect(
      lines == [
        begin[0] + "1,\"type\":\"starts\"}\n", begin[1] + #"1,"type":"ended","end":{"kind":"status","number":127}}"# + "\n",
        begin[2] + #"1,"type":"restarts","delay_ms":100}"# + "\n", begin[3] + "2,\"type\":\"starts\"}\n",
        begin[4] + #"2,"type":"ended","end":{"kind":"lost"}}"# + "\n",
        begin[5] + #"2,"type":"failed","verdict":{"cause":"lost","end":{"kind":"lost"},"failures":2,"crash_loop":true,"action":"stop"}}"# + "\n",
      ])
    let other = try ControlTests.planner([Service(name: "a"), Service(name: "b", dependencies: [Dependency(service: "a")])])
    let waits = other.steps(at: 0).compactMap { $0.eventLine(7, application: "x", at: Timestamp(seconds: 0)) }.map { text($0) }
    #expect(waits.contains { $0.hasSuffix(#""service":"b","type":"waits","other":"a"}"# + "\n") })
    other.handle(.started(run: 1), at: 1)
    _ = other.steps(at: 1)
    other.handle(.stop(service: "a"), at: 2)
    let stops = other.steps(at: 2).compactMap { $0.eventLine(8, application: "x", at: Timestamp(seconds: 0)) }.map { text($0) }
    #expect(stops.contains { $0.hasSuffix(#""service":"a","run":1,"type":"stops","reason":"user"}"# + "\n") })
  }

  @Test("Prometheus gets each metric with its type and all of its samples together")
  func prometheus() throws {
    let states = try states()
    let output = text(metrics([ApplicationStatus(name: "shop", services: [states[1], states[3]], lastEvent: 0)], version: "1\"\\\n", at: clock))
    let lines = output.split(separator: "\n").map { String($0) }
    #expect(
      output.hasSuffix("\n")
        && lines.prefix(3) == ["# HELP apus_build_info The version of Apus.", "# TYPE apus_build_info gauge", #"apus_build_info{version="1\"\\\n"} 1"#])
    let db = #"{application="shop",service="db""#
    let bad = #"{application="shop",service="bad""#
    for (name, samples) in [
      ("up", ["\(db)} 1", "\(bad)} 0"]), ("ready", ["\(db)} 1", "\(bad)} 0"]), ("healthy", ["\(db)} 0"]), ("restarts_total", ["\(db)} 0", "\(bad)} 1"]),
      ("start_time_seconds", ["\(db)} 1795845901"]), ("last_run_failed", ["\(bad)} 1"]),
    ] {
      let name = "apus_service_\(name)"
      let first = try #require(lines.firstIndex { $0.hasPrefix("# HELP \(name) ") })
      #expect(lines[first + 1] == "# TYPE \(name) \(name.hasSuffix("_total") ? "counter" : "gauge")")
      #expect(lines[(first + 2)...].prefix { !$0.hasPrefix("#") } == samples.map { name + $0 }[...])
    }
    let phases = lines.filter { $0.hasPrefix("apus_service_phase{") }
    #expect(
      phases.count == 16
        && phases.filter { $0.hasSuffix(" 1") } == [#"apus_service_phase\#(db),phase="running"} 1"#, #"apus_service_phase\#(bad),phase="failed"} 1"#])
    #expect(Set(lines.filter { $0.hasPrefix("# TYPE") }).count == 8 && Set(lines).count == lines.count)
  }

  @Test("Prometheus gets no samples where there are no services")
  func nothing() {
    let lines = text(metrics([], version: "1", at: clock)).split(separator: "\n")
    #expect(lines.filter { !$0.hasPrefix("#") } == [#"apus_build_info{version="1"} 1"#])
  }
}
