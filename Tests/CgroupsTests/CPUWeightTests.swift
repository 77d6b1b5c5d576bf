import Testing

@testable import Cgroups

@Suite("CPU shares become weights")
struct CPUWeightTests {
  @Test("the ends and the defaults meet", arguments: [(0, 1), (2, 1), (1024, 100), (262144, 10000), (UInt64.max, 10000)] as [(UInt64, UInt64)])
  func fixedPoints(shares: UInt64, weight: UInt64) {
    #expect(cpuWeight(shares: shares) == weight)
  }
}
