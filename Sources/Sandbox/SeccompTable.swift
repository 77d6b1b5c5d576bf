internal import CSeccomp
internal import OCI

/// What a profile says about each system call number of one ABI, as intervals without gaps from 0 up: what a binary search needs.
struct SeccompTable {
  /// From `first` up to the next interval.
  struct Interval {
    var first: UInt32
    var decision: Decision
  }

  enum Decision {
    case fixed(UInt32)
    /// The first list whose conditions all hold decides; otherwise `otherwise`.
    case conditional([Choice], otherwise: UInt32, has32BitArguments: Bool)
  }

  struct Choice {
    var conditions: [SeccompArgument]
    var value: UInt32
  }

  private(set) var intervals: [Interval] = []

  /// Looks up each name once, sorts by number and walks through: O(n log n) for n names. `profile` holds some 400 of them.
  init(_ profile: SeccompProfile, _ abi: SeccompABI) {
    var calls: [NumberedRule] = []
    calls.reserveCapacity(512)
    var highest: UInt32?
    for index in profile.rules.indices {
      for name in profile.rules[index].names {
        let number = name.withCString { cseccomp_number(abi.token, $0) }
        if number < -1, abi == .x86 { X86Multiplexer.rules(number, UInt32(truncatingIfNeeded: index), into: &calls) }
        if number >= 0 { calls.append(NumberedRule(UInt32(number), UInt32(truncatingIfNeeded: index), nil)) }
      }
    }
    calls = indices(calls.count) { calls[$0].key < calls[$1].key }.map { calls[$0] }
    for call in calls where !isPrivate(call.number, abi) { highest = call.number }

    // A profile that names no call of this ABI says nothing about how new it is.
    let beyond = highest == nil ? profile.defaultReturn : profile.aboveReturn
    intervals.reserveCapacity(256)
    append(abi == .x32 ? x32Bit : 0, .fixed(profile.defaultReturn))
    var above = highest
    var start = 0
    while start < calls.count {
      let number = calls[start].number
      var end = start
      while end < calls.count, calls[end].number == number { end += 1 }
      if let last = above, number > last {
        append(last + 1, .fixed(beyond))
        above = nil
      }
      append(number, decision(calls[start..<end], profile, abi))
      if number < UInt32.max { append(number + 1, .fixed(above == nil ? beyond : profile.defaultReturn)) }
      start = end
    }
    if let last = above { append(last + 1, .fixed(beyond)) }
  }

  /// Ends `intervals` below `limit` and goes on with `more`, or, when there is nothing more, with death: those numbers belong to an ABI that is not filtered.
  ///
  /// The number -1 is no call of any ABI: a tracer sets it to skip a call, and it gets what unknown calls get.
  static func close(_ intervals: inout [Interval], at limit: UInt32, with more: [Interval], _ profile: SeccompProfile) {
    while let last = intervals.last, last.first >= limit { intervals.removeLast() }
    intervals.append(contentsOf: more)
    if more.isEmpty {
      intervals.append(Interval(first: limit, decision: .fixed(SeccompReturn.killProcess)))
      intervals.append(Interval(first: UInt32.max, decision: .fixed(profile.aboveReturn)))
    }
  }

  /// Starts an interval; one that begins where the last one does replaces it, and one that says the same is part of it.
  private mutating func append(_ first: UInt32, _ decision: Decision) {
    if let last = intervals.last, last.first == first { intervals.removeLast() }
    if let last = intervals.last, case .fixed(let old) = last.decision, case .fixed(let new) = decision, old == new { return }
    intervals.append(Interval(first: first, decision: decision))
  }

  /// What all rules for one number say together.
  private func decision(_ calls: ArraySlice<NumberedRule>, _ profile: SeccompProfile, _ abi: SeccompABI) -> Decision {
    var choices: [Choice] = []
    var otherwise: UInt32?
    for call in calls {
      let rule = profile.rules[Int(call.rule)]
      guard let value = rule.value else { continue }
      if let condition = call.condition {
        // The arguments of a multiplexed call lie in memory, where a filter cannot look. A rule that depends on them is not taken for a permission, and always
        // for a refusal.
        if rule.alternatives.isEmpty || value != SeccompReturn.allow { choices.append(Choice(conditions: [condition], value: value)) }
      } else if rule.alternatives.isEmpty {
        if otherwise == nil { otherwise = value }
      } else {
        for conditions in rule.alternatives { choices.append(Choice(conditions: conditions, value: value)) }
      }
    }
    // As in libseccomp: a rule without conditions is wider than any with conditions, and makes them void.
    if let otherwise { return .fixed(otherwise) }
    if choices.isEmpty { return .fixed(profile.defaultReturn) }
    return .conditional(choices, otherwise: profile.defaultReturn, has32BitArguments: abi.has32BitArguments)
  }

  /// ARM has calls of its own far above the others (`__ARM_NR_BASE`), which say nothing about how new a profile is.
  private func isPrivate(_ number: UInt32, _ abi: SeccompABI) -> Bool { abi == .arm && number >= 0xF0000 }
}

/// A rule of the profile on one number.
struct NumberedRule {
  /// Orders by number, and then as the profile does.
  let key: UInt64
  /// Holds for a multiplexer: which of its calls this is.
  let condition: SeccompArgument?

  init(_ number: UInt32, _ rule: UInt32, _ condition: SeccompArgument?) {
    key = UInt64(number) << 32 | UInt64(rule)
    self.condition = condition
  }

  var number: UInt32 { UInt32(truncatingIfNeeded: key >> 32) }
  var rule: UInt32 { UInt32(truncatingIfNeeded: key) }
}

/// socketcall(2) and ipc(2), through which 32-bit x86 made its socket and System V calls before it had numbers for them (Linux 4.3 and 5.1), and still does.
enum X86Multiplexer {
  /// The rules for the call that libseccomp numbers `pseudo`: on the multiplexer, with the call as its first argument, and on the call's own number.
  static func rules(_ pseudo: Int32, _ rule: UInt32, into calls: inout [NumberedRule]) {
    switch pseudo {
    case -120 ... -101:
      // include/uapi/linux/net.h numbers them.
      let call = UInt64(-100 - pseudo)
      calls.append(NumberedRule(102, rule, SeccompArgument(index: 0, value: call, op: .equal)))
    case -224 ... -201:
      // include/uapi/linux/ipc.h numbers them; the upper half of the argument is a version.
      let call = UInt64(-200 - pseudo)
      calls.append(NumberedRule(117, rule, SeccompArgument(index: 0, value: 0xFFFF, valueTwo: call, op: .maskedEqual)))
    default: return
    }
    if let number = ownNumber(pseudo) { calls.append(NumberedRule(number, rule, nil)) }
  }

  /// The number in arch/x86/entry/syscalls/syscall_32.tbl; nil for the calls that only the multiplexer has.
  private static func ownNumber(_ pseudo: Int32) -> UInt32? {
    switch pseudo {
    case -101: 359  // socket
    case -102: 361  // bind
    case -103: 362  // connect
    case -104: 363  // listen
    case -106: 367  // getsockname
    case -107: 368  // getpeername
    case -108: 360  // socketpair
    case -111: 369  // sendto
    case -112: 371  // recvfrom
    case -113: 373  // shutdown
    case -114: 366  // setsockopt
    case -115: 365  // getsockopt
    case -116: 370  // sendmsg
    case -117: 372  // recvmsg
    case -118: 364  // accept4
    case -119: 337  // recvmmsg
    case -120: 345  // sendmmsg
    case -202: 393  // semget
    case -203: 394  // semctl
    case -211: 400  // msgsnd
    case -212: 401  // msgrcv
    case -213: 399  // msgget
    case -214: 402  // msgctl
    case -221: 397  // shmat
    case -222: 398  // shmdt
    case -223: 395  // shmget
    case -224: 396  // shmctl
    default: nil
    }
  }
}
