import Testing

@testable import Supervisor

@Suite("a limit on lines a second")
struct LogRateTests {
  /// How many of so many lines at each of the times pass.
  private func passed(_ rate: UInt64, _ times: [(at: UInt64, lines: Int)]) -> [Int] {
    var limit = LineRate(rate, at: 0)
    return times.map { time in (0..<time.lines).count { _ in limit.passes(at: time.at) } }
  }

  @Test("lets through what a second allows at once, then nothing until half of it is there again")
  func bursts() {
    #expect(passed(100, [(0, 150), (10, 5), (499, 5), (500, 80), (1000, 80)]) == [100, 0, 0, 50, 50])
    #expect(passed(100, [(0, 100), (10, 2), (20, 1)]) == [100, 1, 0])
    #expect(passed(1, [(0, 2), (999, 1), (1000, 2), (5000, 2)]) == [1, 0, 1, 1])
  }

  @Test("without a limit all pass")
  func unlimited() { #expect(passed(0, [(0, 100_000)]) == [100_000]) }

  @Test("a flood gets the rate through, with two gaps a second")
  func flood() {
    var limit = LineRate(100, at: 0)
    var (passed, gaps, wasOpen) = (0, 0, true)
    for now in 0..<10_000 as Range<UInt64> {
      let passes = limit.passes(at: now)
      if passes { passed += 1 }
      if wasOpen && !passes { gaps += 1 }
      wasOpen = passes
    }
    #expect(passed >= 1000 && passed <= 1100 && gaps <= 21)
  }

  @Test("a clock that goes back, or far ahead, does no harm")
  func clocks() {
    #expect(passed(10, [(1000, 20), (0, 5), (1499, 5), (1500, 5), (.max, 20)]) == [10, 0, 0, 5, 10])
    #expect(passed(.max, [(0, 5), (.max, 5)]) == [5, 5])
  }
}
