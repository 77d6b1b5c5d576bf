import CLinux
import CSeccomp
import Linux
import OCI
import Oracles
import Testing

@testable import Sandbox

/// The program that libseccomp makes of `seccomp`: what runc and crun load.
private func libseccompProgram(_ seccomp: Seccomp, for processor: SeccompProcessor) throws -> ClassicBPF {
  let filter = try #require(seccomp_init(value(seccomp.defaultAction, seccomp.defaultErrnoRet)))
  defer { seccomp_release(filter) }
  // libseccomp kills the thread by default, Apus the process.
  try #require(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, 0x8000_0000) == 0)
  for abi in processor.abis where abi == processor.abis[0] || seccomp.architectures.contains(abi.architecture) {
    if seccomp_arch_exist(filter, abi.token) != 0 { try #require(seccomp_arch_add(filter, abi.token) == 0) }
  }
  if processor.abis[0].token != seccomp_arch_native() { try #require(seccomp_arch_remove(filter, seccomp_arch_native()) == 0) }
  for rule in seccomp.syscalls where value(rule.action, rule.errnoRet) != value(seccomp.defaultAction, seccomp.defaultErrnoRet) {
    for name in rule.names {
      let number = seccomp_syscall_resolve_name(name)
      if number == -1 { continue }
      let arguments = rule.args.map { scmp_arg_cmp(arg: $0.index, op: comparison($0.op), datum_a: $0.value, datum_b: $0.valueTwo) }
      let result = arguments.withUnsafeBufferPointer {
        seccomp_rule_add_array(filter, value(rule.action, rule.errnoRet), number, UInt32($0.count), $0.baseAddress)
      }
      try #require(result == 0, "\(name)")
    }
  }
  let file = FileDescriptor(owning: clinux_memfd_create("libseccomp", 0))
  try #require(seccomp_export_bpf(filter, file.rawValue) == 0)
  let reader = try file.reopen([.readOnly])
  let bytes = try reader.readAll(limit: 1 << 16)
  return ClassicBPF(program: bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt64.self)) })
}

private func value(_ action: SeccompAction, _ number: UInt32?) -> UInt32 {
  switch action {
  case .kill, .killThread: 0
  case .killProcess: 0x8000_0000
  case .trap: 0x0003_0000
  case .errno: 0x0005_0000 | (number ?? 1)
  case .trace: 0x7FF0_0000 | (number ?? 1)
  case .allow: 0x7FFF_0000
  case .log: 0x7FFC_0000
  case .notify: 0x7FC0_0000
  }
}

private func comparison(_ op: SeccompOperator) -> scmp_compare {
  switch op {
  case .notEqual: SCMP_CMP_NE
  case .lessThan: SCMP_CMP_LT
  case .lessOrEqual: SCMP_CMP_LE
  case .equal: SCMP_CMP_EQ
  case .greaterOrEqual: SCMP_CMP_GE
  case .greaterThan: SCMP_CMP_GT
  case .maskedEqual: SCMP_CMP_MASKED_EQ
  }
}

/// Compares both programs over every number of every architecture. Only one difference is meant: ENOSYS instead of the default above the highest call that is
/// named.
private func expectSame(_ seccomp: Seccomp, for processor: SeccompProcessor, arguments: [[UInt64]]) throws {
  let ours = ClassicBPF(program: try SeccompFilter(compiling: seccomp, for: processor).program)
  try ours.check()
  let theirs = try libseccompProgram(seccomp, for: processor)
  let defaultValue = value(seccomp.defaultAction, seccomp.defaultErrnoRet)
  let numbers = Array(UInt32(0)...520) + (0x3FFF_FFFE...0x4000_0220) + (0xF0000...0xF0008) + [0x7FFF_FFFF, 0x8000_0000, UInt32.max - 1, UInt32.max]
  let tokens = [cseccomp_AMD64, cseccomp_X32, cseccomp_X86, cseccomp_AARCH64, cseccomp_ARM]
  let highest = Dictionary(uniqueKeysWithValues: tokens.map { ($0, highestNumber(seccomp, $0)) })
  // Only for these do the arguments matter.
  let conditional = Set(seccomp.syscalls.filter { !$0.args.isEmpty }.flatMap(\.names).flatMap { name in tokens.map { cseccomp_number($0, name) } })
  for architecture in [Audit.amd64, Audit.x86, Audit.aarch64, Audit.arm] {
    for number in numbers {
      for list in conditional.contains(Int32(bitPattern: number)) ? arguments : [arguments[0]] {
        let call = ClassicBPF.Call(number: number, architecture: architecture, arguments: list)
        let mine = try ours.run(call).value
        let expected = try theirs.run(call).value
        if mine == expected { continue }
        let isX32 = architecture == Audit.amd64 && number & 0x4000_0000 != 0 && number != UInt32.max
        let isNewer = number > highest[isX32 ? cseccomp_X32 : architecture, default: 0] && mine == 0x0005_0026 && expected == defaultValue
        if !isNewer { Issue.record("\(architecture) \(number) \(list): \(mine), libseccomp \(expected)") }
      }
    }
  }
}

/// The highest number that `seccomp` names for an architecture, without ARM's private ones.
private func highestNumber(_ seccomp: Seccomp, _ token: UInt32) -> UInt32 {
  let numbers = seccomp.syscalls.flatMap(\.names).map { cseccomp_number(token, $0) }
  return UInt32(numbers.filter { $0 >= 0 && (token != cseccomp_ARM || $0 < 0xF0000) }.max() ?? 0)
}

/// A small generator (xorshift), so that a failure can be repeated.
private struct Generator {
  var state: UInt64
  mutating func next(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state % UInt64(bound))
  }
}

@Suite("our programs and libseccomp's agree")
struct SeccompOracleTests {
  static let interesting: [[UInt64]] = [
    [], [0x2_0000], [0x2_0008], [0xFFFF_FFFF], [8], [38], [39], [40], [41], [2], [0x7E02_0000], [0x1000_0000], [0x0080_0011], [0x1_0000_0008],
    [0xFFFF_FFFF_FFFF_FFFF],
  ]

  @Test(
    "the default profile, with and without capabilities",
    arguments: [CapabilityMask(), .sysAdmin, [.sysPtrace, .sysNice, .sysTime], CapabilityMask(rawValue: 1 << 41 - 1)])
  func defaultProfile(_ capabilities: CapabilityMask) throws {
    for processor in [SeccompProcessor.amd64, .arm64] {
      try expectSame(defaultSeccomp(capabilities: capabilities, processor: processor), for: processor, arguments: Self.interesting)
    }
  }

  @Test("profiles by chance: actions, conditions, defaults, architectures", arguments: 1...40)
  func generated(_ seed: Int) throws {
    var generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
    // Not among them: calls that 32-bit x86 multiplexes, where Apus is stricter on purpose; and calls that an architecture lacks, such as open on arm64: when
    // such a rule comes first in libseccomp 2.5.4's order, its program never loads the number of the call and compares the architecture instead.
    var names = [
      "read", "write", "lseek", "close", "fchdir", "clone", "personality", "mount", "openat", "ptrace", "getpid", "prctl", "futex", "kill", "tgkill", "clone3",
    ]
    let actions: [SeccompAction] = [.allow, .errno, .killProcess, .killThread, .trap, .trace, .log]
    let operators: [SeccompOperator] = [.notEqual, .lessThan, .lessOrEqual, .equal, .greaterOrEqual, .greaterThan, .maskedEqual]
    let values: [UInt64] = [0, 1, 7, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0007, 0xFFFF_FFFF_0000_0000]
    var rules: [SeccompRule] = []
    for _ in 0..<(1 + generator.next(8)) {
      // Each name once: what libseccomp makes of contradicting rules depends on its tree.
      let name = names.remove(at: generator.next(names.count))
      let action = actions[generator.next(actions.count)]
      var arguments: [SeccompArgument] = []
      for index in 0..<UInt32(generator.next(4)) {
        let value = values[generator.next(values.count)]
        arguments.append(SeccompArgument(index: index, value: value, valueTwo: value & values[generator.next(values.count)], op: operators[generator.next(7)]))
      }
      rules.append(SeccompRule(names: [name], action: action, errnoRet: action.hasReturnValue ? UInt32(generator.next(100)) : nil, args: arguments))
    }
    let defaultAction = actions[generator.next(actions.count)]
    let lists = (0..<12).map { _ in (0..<3).map { _ in values[generator.next(values.count)] } }
    for (processor, architectures) in [(SeccompProcessor.amd64, [SeccompArchitecture.x86, .x32]), (.arm64, [.arm]), (.amd64, []), (.arm64, [])] {
      try expectSame(Seccomp(defaultAction: defaultAction, architectures: architectures, syscalls: rules), for: processor, arguments: lists)
    }
  }
}
