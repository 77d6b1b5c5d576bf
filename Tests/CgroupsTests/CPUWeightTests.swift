import Glibc
import Testing

@testable import Cgroups

@Suite("CPU shares become weights")
struct CPUWeightTests {
  @Test("the ends and the defaults meet", arguments: [(0, 1), (2, 1), (1024, 100), (262144, 10000), (UInt64.max, 10000)] as [(UInt64, UInt64)])
  func fixedPoints(shares: UInt64, weight: UInt64) {
    #expect(cpuWeight(shares: shares) == weight)
  }

  @Test("the curve is the one that crun and runc compute with the C library")
  func curve() {
    var different: [UInt64] = []
    for shares: UInt64 in Array(3..<5000) + Array(stride(from: 5000, to: 262144, by: 17)) {
      let l = log2(Double(shares))
      // Rounded to what a double can tell apart, so that an exact whole number is not taken one further.
      let power = (pow(10, (l * l + 125 * l) / 612 - 7.0 / 34) * 1e9).rounded() / 1e9
      if cpuWeight(shares: shares) != UInt64(power.rounded(.up)) { different.append(shares) }
    }
    #expect(different.isEmpty)
  }
}
