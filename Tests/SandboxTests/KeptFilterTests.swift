import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("a compiled filter is kept and found again")
struct KeptFilterTests {
  private static let build: [UInt64] = [0x0123_4567_89AB_CDEF, 7]
  private static let text = Array(#"{"defaultAction":"SCMP_ACT_ALLOW"}"#.utf8)

  private func key(_ text: [UInt8] = KeptFilterTests.text, build: [UInt64] = KeptFilterTests.build) throws -> FilterKey {
    try #require(FilterKey(build: build, profile: text[...]))
  }

  private func filter(_ action: SeccompAction = .errno, flags: [SeccompFlag] = []) throws -> SeccompFilter {
    try SeccompFilter(compiling: Seccomp(defaultAction: .allow, flags: flags, syscalls: [SeccompRule(names: ["getpid", "mount"], action: action)]))
  }

  /// The sum that a file has in its first word; written down here once more, so that a change of it is noticed.
  private func summed(_ words: [UInt64]) -> [UInt64] {
    var sum: UInt64 = 0x9E37_79B9_7F4A_7C15
    for word in words.dropFirst() {
      sum = (sum ^ word) &* 0xFF51_AFD7_ED55_8CCD
      sum ^= sum >> 32
    }
    return [sum] + words.dropFirst()
  }

  @Test("what is kept comes back whole: program, flags and what is trapped")
  func roundTrip() throws {
    let ofImages = try SeccompFilter(compiling: defaultSeccomp(capabilities: []))
    for filter in [try filter(), try filter(.trap), try filter(flags: [.log, .speculationAllow]), ofImages] {
      let key = try key()
      let kept = filter.kept(under: key)
      #expect(kept == summed(kept))
      #expect(kept.count * 8 <= SeccompFilter.keptLimit)
      #expect(SeccompFilter(kept: kept, under: key) == filter)
    }
  }

  @Test("a key differs when the build, the profile by one byte, its length, or the capabilities differ")
  func keys() throws {
    var keys = [try key()]
    for bit in 0..<64 { keys.append(try key(build: [KeptFilterTests.build[0] ^ 1 << UInt64(bit), KeptFilterTests.build[1]])) }
    for index in KeptFilterTests.text.indices {
      var text = KeptFilterTests.text
      text[index] ^= 1
      keys.append(try key(text))
    }
    for zeros in 1...9 { keys.append(try key(KeptFilterTests.text + [UInt8](repeating: 0, count: zeros))) }
    for number in UInt32(0)..<41 { keys.append(FilterKey(build: KeptFilterTests.build, defaultFor: CapabilityMask(number: number))) }
    keys.append(FilterKey(build: KeptFilterTests.build, defaultFor: []))
    // A profile of eight bytes that are a mask of capabilities.
    keys.append(try key([1, 0, 0, 0, 0, 0, 0, 0]))
    #expect(Set(keys.map { $0.words }).count == keys.count)
    #expect(Set(keys.map { $0.name.description }).count == keys.count)
    for key in keys { #expect(key.name.description.utf8.count == 16) }
  }

  @Test("a profile that is empty or longer than 64 KiB has no key")
  func bounds() {
    #expect(FilterKey(build: [], profile: []) == nil)
    #expect(FilterKey(build: [], profile: [UInt8](repeating: 0x20, count: 1 << 16)[...]) != nil)
    #expect(FilterKey(build: [], profile: [UInt8](repeating: 0x20, count: 1 << 16 + 1)[...]) == nil)
  }

  @Test("a file with one bit changed, cut anywhere or with more in it is not taken")
  func damaged() throws {
    let key = try key()
    let kept = try filter().kept(under: key)
    for index in kept.indices {
      for bit in 0..<64 {
        var words = kept
        words[index] ^= 1 << UInt64(bit)
        #expect(SeccompFilter(kept: words, under: key) == nil)
      }
      #expect(SeccompFilter(kept: Array(kept[..<index]), under: key) == nil)
    }
    #expect(SeccompFilter(kept: kept + [0], under: key) == nil)
  }

  @Test("the file of another key is not taken, whatever its name")
  func otherKey() throws {
    let kept = try filter().kept(under: key())
    #expect(SeccompFilter(kept: kept, under: try key(KeptFilterTests.text + [0x20])) == nil)
    #expect(SeccompFilter(kept: kept, under: try key(build: [1])) == nil)
    #expect(SeccompFilter(kept: kept, under: FilterKey(build: KeptFilterTests.build, defaultFor: [])) == nil)
  }

  @Test("a program that the kernel would not take is not taken, though the sum is right")
  func notWhole() throws {
    let key = try key()
    let ret: UInt64 = 0x7FFF_0000_0000_0006
    let load: UInt64 = 0x20
    func taken(_ program: [UInt64], flags: UInt64 = 0) -> Bool {
      SeccompFilter(kept: summed([0, UInt64(key.words.count), flags] + key.words + program), under: key) != nil
    }
    #expect(taken([ret]))
    #expect(taken([load, 0x15 | 1 << 24, ret, ret]))
    #expect(taken([UInt64](repeating: ret, count: 4096)))
    #expect(!taken([UInt64](repeating: ret, count: 4097)))
    #expect(!taken([]))
    // No end; loads outside of struct seccomp_data and between its words; jumps beyond the end; codes that are not in use.
    let broken: [[UInt64]] = [
      [ret, load], [0x40_0000_0020, ret], [0x2_0000_0020, ret], [0x1_0015, ret], [0x100_0025, ret], [0xFF_0035, ret], [0x1_0000_0005, ret],
      [0xFFFF_FFFF_0000_0005, ret], [0x00, ret], [0x61, ret], [0x16],
    ]
    for program in broken { #expect(!taken(program), "\(program)") }
    #expect(taken([ret], flags: 0x1_0000_0026))
    #expect(!taken([ret], flags: 0x2_0000_0000))
  }
}
