import Testing

@testable import Supervisor

@Suite("health checks")
struct HealthStateTests {
  /// Runs checks for a time; each takes 5 ms, unless it hangs (-2). Gives when they began, and what the status became when.
  private func run(_ check: HealthCheck, exits: [Int32], to end: UInt64, started: UInt64 = 0) -> (begun: [UInt64], story: [String], state: HealthState) {
    let state = HealthState(check, startedAt: started, at: started)
    var begun: [UInt64] = []
    var story: [String] = []
    var exits = exits
    while let time = state.wakeTime, time <= end {
      #expect(state.act(at: time) == .runCheck)
      begun.append(time)
      let exit = exits.count > 1 ? exits.removeFirst() : exits[0]
      var ended = time + 5
      if exit == -2 {
        #expect(state.wakeTime == time + check.timeout && state.act(at: time + check.timeout - 1) == nil)
        #expect(state.act(at: time + check.timeout) == .killCheck)
        #expect(state.wakeTime == nil, "one that was killed is awaited")
        ended = time + check.timeout + 2
      }
      let before = state.status
      state.finish(exit: exit == -2 ? 0 : exit, output: [], at: ended)
      if state.status != before { story.append("\(ended) \(state.status)") }
    }
    return (begun, story, state)
  }

  private let second: UInt64 = 1000

  @Test("begin one interval after the start, and then one interval after the end of the one before")
  func interval() {
    let (begun, story, _) = run(HealthCheck(test: .tcp(port: 1), interval: 1000), exits: [0], to: 4000)
    #expect(begun == [1000, 2005, 3010])
    #expect(story == ["1005 healthy"])
  }

  @Test("make a service unhealthy after so many failures in a row, and healthy again at the first success")
  func retries() {
    let check = HealthCheck(test: .tcp(port: 1), interval: 100, retries: 3)
    #expect(run(check, exits: [0, 1, 1, 0, 1, 1, 1, 1, 0], to: 1000).story == ["105 healthy", "735 unhealthy", "945 healthy"])
    #expect(run(check, exits: [1], to: 1000).story == ["315 unhealthy"])
  }

  @Test("do not count failures in the start period until the first success, and are made in the start interval until then")
  func startPeriod() {
    let check = HealthCheck(test: .tcp(port: 1), interval: 300, retries: 2, startPeriod: 1000, startInterval: 95)
    let failing = run(check, exits: [1], to: 2000)
    #expect(Array(failing.begun.prefix(11)) == [95, 195, 295, 395, 495, 595, 695, 795, 895, 995, 1300])
    // The check of 995 began within the period; those of 1300 and 1605 count.
    #expect(failing.story == ["1610 unhealthy"])
    let flapping = run(check, exits: [1, 1, 0, 1, 1], to: 2000)
    #expect(Array(flapping.begun.prefix(5)) == [95, 195, 295, 600, 905])
    #expect(flapping.story == ["300 healthy", "910 unhealthy"])
  }

  @Test("are killed when they take too long, which is a failure whatever their status")
  func timeout() {
    let (begun, story, state) = run(HealthCheck(test: .tcp(port: 1), interval: 100, timeout: 50, retries: 2), exits: [-2], to: 500)
    #expect(begun == [100, 252, 404])
    #expect(story == ["304 unhealthy"])
    #expect(state.results.last?.exit == -1 && state.results.last?.hasTimedOut == true)
  }

  @Test("leave their last five results, with 4096 bytes of output each")
  func results() {
    let state = HealthState(HealthCheck(test: .tcp(port: 1), interval: 10), startedAt: 0, at: 0)
    for count in 0..<7 {
      let time = UInt64(count) * 10 + 10
      _ = state.act(at: time)
      state.finish(exit: Int32(count), output: [UInt8](repeating: 0x61, count: 4094 + count), at: time)
    }
    #expect(state.results.map(\.exit) == [2, 3, 4, 5, 6])
    #expect(state.results.map(\.output.count) == [4096, 4099, 4099, 4099, 4099])
    #expect(state.results[1].output.suffix(4) == [0x61, 0x2E, 0x2E, 0x2E])
    #expect(state.results[0].begun == 30 && state.results[0].ended == 30)
  }

  @Test("whose result nobody wants any more are ended, awaited and forgotten")
  func discarded() {
    let state = HealthState(HealthCheck(test: .tcp(port: 1), interval: 100, retries: 1), startedAt: 0, at: 0)
    #expect(!state.discard())
    _ = state.act(at: 100)
    #expect(state.discard() && !state.discard())
    state.wait(from: 150)
    #expect(state.wakeTime == nil)
    state.finish(exit: 1, output: [], at: 160)
    #expect(state.status == .starting && state.results.isEmpty && state.wakeTime == 260)
  }

  @Test("of absurd times are never, and not at once")
  func overflow() {
    let state = HealthState(HealthCheck(test: .tcp(port: 1), interval: .max, timeout: .max, startPeriod: .max, startInterval: .max), startedAt: 5, at: 7)
    #expect(state.wakeTime == .max && state.act(at: 1 << 62) == nil)
  }
}
