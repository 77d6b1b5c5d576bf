import Testing

@testable import Supervisor

@Suite("how failures are judged")
struct BackOffTests {
  private func delays(_ policy: RestartPolicy, ran: [UInt64], random: UInt64 = 0) -> [UInt64] {
    var backOff = BackOff()
    return ran.map { backOff.next(policy, ran: $0, random: random) }
  }

  @Test("delays are Docker's: 100 ms doubling to 60 s, from the beginning after 10 s up")
  func docker() {
    let expected: [UInt64] = [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]
    #expect(delays(RestartPolicy(), ran: [UInt64](repeating: 0, count: 12)) == expected)
    #expect(delays(RestartPolicy(), ran: [0, 0, 9999, 10_000, 0, 3_600_000]) == [100, 200, 400, 100, 200, 100])
  }

  @Test(
    "delays can be tuned, and are sound for absurd values",
    arguments: [
      (RestartPolicy(firstDelay: 1000, longestDelay: 3000), [1000, 2000, 3000]),
      (RestartPolicy(firstDelay: 5000, longestDelay: 3000), [3000, 3000, 3000]),
      (RestartPolicy(firstDelay: 0), [0, 0, 0]),
      (RestartPolicy(firstDelay: .max / 2, longestDelay: .max), [.max / 2, .max - 1, .max]),
      (RestartPolicy(firstDelay: 10, resetAfter: 0), [10, 10, 10]),
    ] as [(RestartPolicy, [UInt64])])
  func tuned(_ policy: RestartPolicy, _ expected: [UInt64]) {
    #expect(delays(policy, ran: [0, 0, 0]) == expected)
  }

  @Test("jitter makes a delay longer by at most its share, and the next one is not longer for it")
  func jitter() {
    let policy = RestartPolicy(firstDelay: 1000, jitter: 100)
    var seen: Set<UInt64> = []
    for random: UInt64 in 0..<1000 {
      let delays = delays(policy, ran: [0, 0], random: random)
      #expect(delays[0] >= 1000 && delays[0] <= 1100 && delays[1] >= 2000 && delays[1] <= 2200)
      seen.insert(delays[0])
    }
    #expect(seen.count == 101)
    #expect(delays(RestartPolicy(firstDelay: .max, longestDelay: .max, jitter: .max), ran: [0], random: 3) == [.max])
  }

  @Test(
    "the cause of a failure is in how it ended",
    arguments: [
      (End(.status, 1), Cause.status), (End(.status, 127), .missingFile), (End(.status, 126), .missingFile), (End(.signal, 11), .signal),
      (End(.signal, 31), .forbiddenCall), (End(.signal, 9, isOutOfMemory: true), .outOfMemory), (End(.status, 137, isOutOfMemory: true), .outOfMemory),
      (End(.lost), .lost), (End(.notStarted), .notStarted),
    ])
  func causes(_ end: End, _ cause: Cause) {
    #expect(Cause(end) == cause && !end.isSuccess)
  }

  @Test("so many failures within the window are a crash loop, and older ones are forgotten")
  func window() {
    let policy = RestartPolicy(crashLimit: 3, crashWindow: 1000)
    var failures = Failures()
    for (time, isLoop) in [(0, false), (400, false), (1000, false), (1399, true), (1400, true), (3000, false)] as [(UInt64, Bool)] {
      failures.add(at: time, policy)
      #expect(failures.isCrashLoop(policy) == isLoop, "\(time)")
    }
    #expect(failures.count == 1 && failures.inARow == 6)
    let never = RestartPolicy()
    for time: UInt64 in 0..<100 { failures.add(at: 4000 + time, never) }
    #expect(!failures.isCrashLoop(never))
  }
}
