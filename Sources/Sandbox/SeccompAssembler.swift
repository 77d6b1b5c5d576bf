internal import OCI

/// Where struct seccomp_data has its fields, in bytes (seccomp(2)); the processors here are little-endian.
enum SeccompData {
  static var number: UInt32 { 0 }
  static var architecture: UInt32 { 4 }
  static func low(_ argument: UInt32) -> UInt32 { 16 + 8 * argument }
  static func high(_ argument: UInt32) -> UInt32 { 20 + 8 * argument }
}

/// Writes classic BPF (bpf(4), Documentation/networking/filter.rst). Jumps only lead forward, so a target is patched in when it is reached.
struct SeccompAssembler {
  private(set) var instructions: [UInt64] = []

  init() { instructions.reserveCapacity(1024) }

  /// A conditional jump whose target is not known yet.
  private struct Open {
    var index: Int
    var whenTrue: Bool
  }

  /// One `struct sock_filter`: `code`, the two distances `jt` and `jf`, `k`.
  private mutating func append(_ code: UInt16, _ k: UInt32, whenTrue: UInt8 = 0, whenFalse: UInt8 = 0) {
    instructions.append(UInt64(code) | UInt64(whenTrue) << 16 | UInt64(whenFalse) << 24 | UInt64(k) << 32)
  }

  // The C constants behind the codes: BPF_LD | BPF_W | BPF_ABS, BPF_ALU | BPF_AND | BPF_K, BPF_JMP | BPF_JA, _JEQ, _JGT, _JGE, BPF_RET | BPF_K.
  /// Loads the 32 bits at an offset of struct seccomp_data.
  mutating func load(_ offset: UInt32) { append(0x20, offset) }
  private mutating func and(_ mask: UInt32) { append(0x54, mask) }
  private mutating func giveBack(_ value: UInt32) { append(0x06, value) }
  private static var always: UInt16 { 0x05 }
  private static var equal: UInt16 { 0x15 }
  private static var above: UInt16 { 0x25 }
  private static var atLeast: UInt16 { 0x35 }

  /// Ends the program: what a call of an architecture without a section gets.
  mutating func finish(_ value: UInt32) { giveBack(value) }

  /// The calls of one architecture. The accumulator holds the call's architecture before, and still does where the section is passed by.
  mutating func section(auditArchitecture: UInt32, _ intervals: [SeccompTable.Interval], _ profile: SeccompProfile) {
    append(SeccompAssembler.equal, auditArchitecture, whenTrue: 1)
    let past = instructions.count
    append(SeccompAssembler.always, 0)
    load(SeccompData.number)
    search(intervals[...])
    reachFar(past)
  }

  /// Binary search over the number, which the accumulator holds: log2(intervals) comparisons, each ending in a return.
  private mutating func search(_ intervals: ArraySlice<SeccompTable.Interval>) {
    if intervals.count == 1 { return decide(intervals[intervals.startIndex].decision) }
    let middle = intervals.startIndex + intervals.count / 2
    let branch = instructions.count
    append(SeccompAssembler.atLeast, intervals[middle].first)
    search(intervals[..<middle])
    if instructions.count - branch - 1 <= 255 {
      instructions[branch] |= UInt64(instructions.count - branch - 1) << 16
    } else {
      // The distance of a condition has 8 bits: the left half moves down by one for a jump with 32 bits. Distances inside it are relative and stay.
      instructions[branch] |= 1 << 24
      instructions.insert(UInt64(SeccompAssembler.always), at: branch + 1)
      reachFar(branch + 1)
    }
    search(intervals[middle...])
  }

  private mutating func reachFar(_ index: Int) { instructions[index] |= UInt64(instructions.count - index - 1) << 32 }

  private mutating func decide(_ decision: SeccompTable.Decision) {
    switch decision {
    case .fixed(let value): giveBack(value)
    case .conditional(let choices, let otherwise, let has32BitArguments):
      for choice in choices {
        var failures: [Open] = []
        for condition in choice.conditions { compare(condition, low: has32BitArguments, &failures) }
        giveBack(choice.value)
        reach(failures)
      }
      giveBack(otherwise)
    }
  }

  /// Makes the next instruction the target of `jumps`. At most six conditions of six instructions lie between, so 8 bits are enough.
  private mutating func reach(_ jumps: [Open]) {
    for jump in jumps {
      instructions[jump.index] |= UInt64(instructions.count - jump.index - 1) << (jump.whenTrue ? 16 : 24)
    }
  }

  private mutating func test(_ code: UInt16, _ k: UInt32) -> Int {
    append(code, k)
    return instructions.count - 1
  }

  /// Compares an argument of 64 bits by its halves; falls through when the condition holds, and adds to `failures` otherwise.
  ///
  /// A 32-bit ABI has only the low half: what lies above it is not the caller's.
  private mutating func compare(_ condition: SeccompArgument, low onlyLow: Bool, _ failures: inout [Open]) {
    let high = UInt32(truncatingIfNeeded: condition.value >> 32)
    let low = UInt32(truncatingIfNeeded: condition.value)
    var holds: [Open] = []
    switch condition.op {
    case .equal:
      if !onlyLow {
        load(SeccompData.high(condition.index))
        failures.append(Open(index: test(SeccompAssembler.equal, high), whenTrue: false))
      }
      load(SeccompData.low(condition.index))
      failures.append(Open(index: test(SeccompAssembler.equal, low), whenTrue: false))
    case .notEqual:
      if !onlyLow {
        load(SeccompData.high(condition.index))
        holds.append(Open(index: test(SeccompAssembler.equal, high), whenTrue: false))
      }
      load(SeccompData.low(condition.index))
      failures.append(Open(index: test(SeccompAssembler.equal, low), whenTrue: true))
    case .maskedEqual:
      let high = (mask: high, wanted: UInt32(truncatingIfNeeded: condition.valueTwo >> 32))
      if !onlyLow, high.mask | high.wanted != 0 {
        load(SeccompData.high(condition.index))
        and(high.mask)
        failures.append(Open(index: test(SeccompAssembler.equal, high.wanted), whenTrue: false))
      }
      load(SeccompData.low(condition.index))
      and(low)
      failures.append(Open(index: test(SeccompAssembler.equal, UInt32(truncatingIfNeeded: condition.valueTwo)), whenTrue: false))
    case .greaterThan, .greaterOrEqual, .lessThan, .lessOrEqual:
      // `less` is the opposite of `greater`: the same tests with the two ends exchanged.
      let greater = condition.op == .greaterThan || condition.op == .greaterOrEqual
      if !onlyLow {
        load(SeccompData.high(condition.index))
        let isAbove = Open(index: test(SeccompAssembler.above, high), whenTrue: true)
        let isBelow = Open(index: test(SeccompAssembler.equal, high), whenTrue: false)
        if greater {
          holds.append(isAbove)
          failures.append(isBelow)
        } else {
          failures.append(isAbove)
          holds.append(isBelow)
        }
      }
      load(SeccompData.low(condition.index))
      let strictlyAbove = condition.op == .greaterThan || condition.op == .lessOrEqual
      failures.append(Open(index: test(strictlyAbove ? SeccompAssembler.above : SeccompAssembler.atLeast, low), whenTrue: !greater))
    }
    reach(holds)
  }
}
