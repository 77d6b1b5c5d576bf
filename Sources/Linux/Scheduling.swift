internal import CLinux

/// What sched_setattr(2) is told about a process.
public struct SchedulingAttributes: Sendable, Equatable {
  /// The number of the C constant `SCHED_…`.
  public var policy: UInt32
  /// The C constants are `SCHED_FLAG_…`.
  public var flags: UInt64
  /// -20 (most time) to 19.
  public var nice: Int32
  /// 1 to 99 for the real-time policies, else 0.
  public var priority: UInt32
  /// Nanoseconds.
  public var runtime: UInt64
  /// Nanoseconds.
  public var deadline: UInt64
  /// Nanoseconds; 0 is the same as `deadline`.
  public var period: UInt64

  public init(policy: UInt32, flags: UInt64, nice: Int32, priority: UInt32, runtime: UInt64, deadline: UInt64, period: UInt64) {
    self.policy = policy
    self.flags = flags
    self.nice = nice
    self.priority = priority
    self.runtime = runtime
    self.deadline = deadline
    self.period = period
  }
}

/// A set of small numbers, such as processors or memory nodes: bit n of the words is number n.
public struct NumberSet: Sendable, Equatable {
  public private(set) var words: [UInt64]

  /// The empty set.
  public init() { words = [] }

  public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  /// The numbers, lowest first.
  public var numbers: [UInt32] {
    var numbers: [UInt32] = []
    for (index, word) in words.enumerated() {
      for bit in 0..<64 as Range<UInt32> where word >> UInt64(bit) & 1 == 1 { numbers.append(UInt32(index) * 64 + bit) }
    }
    return numbers
  }

  /// Adds all numbers of a range, a word at a time: a document may have a great many ranges.
  public mutating func insert(_ numbers: ClosedRange<UInt32>) {
    let first = Int(numbers.lowerBound / 64)
    let last = Int(numbers.upperBound / 64)
    while words.count <= last { words.append(0) }
    for word in first...last {
      var bits = UInt64.max
      if word == first { bits &= UInt64.max << UInt64(numbers.lowerBound % 64) }
      if word == last { bits &= UInt64.max >> UInt64(63 - numbers.upperBound % 64) }
      words[word] |= bits
    }
  }
}

// Each function is one system call on the calling process, and none allocates: they run between clone and exec.
extension ThisProcess {
  /// Sets policy and priority. The system call is `sched_setattr`.
  public static func setScheduling(_ attributes: SchedulingAttributes, of process: Int32 = 0) throws(Errno) {
    var raw = clinux_schedule(
      policy: attributes.policy, flags: attributes.flags, nice: attributes.nice, priority: attributes.priority, runtime: attributes.runtime,
      deadline: attributes.deadline, period: attributes.period)
    _ = try checked { clinux_sched_setattr(process, &raw) }
  }

  /// Sets class and level of input and output in one number, as the C macro `IOPRIO_PRIO_VALUE` makes it. The system call is `ioprio_set`.
  public static func setIOPriority(_ priority: UInt32) throws(Errno) { _ = try checked { clinux_ioprio_set(priority) } }

  /// Sets the processors that this process may run on. The system call is `sched_setaffinity`.
  public static func setAffinity(_ processors: NumberSet) throws(Errno) {
    _ = try checked { processors.words.withUnsafeBufferPointer { clinux_sched_setaffinity(0, $0.baseAddress, $0.count) } }
  }

  /// Sets the execution domain. The C function is `personality`.
  public static func setPersonality(_ persona: UInt32) throws(Errno) { _ = try checked { clinux_personality(persona) } }

  /// Sets where memory comes from; `mode` has the flags in it. The system call is `set_mempolicy`.
  public static func setMemoryPolicy(_ mode: UInt32, nodes: NumberSet) throws(Errno) {
    _ = try checked { nodes.words.withUnsafeBufferPointer { clinux_set_mempolicy(mode, $0.baseAddress, $0.count) } }
  }
}
