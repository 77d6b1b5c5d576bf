import OCI
import Oracles
import Testing

@testable import Sandbox

private let errnoEPERM: UInt32 = 0x0005_0001
private let errnoENOSYS: UInt32 = 0x0005_0026
private let allowed: UInt32 = 0x7FFF_0000
private let killed: UInt32 = 0x8000_0000

/// What the filter of `seccomp` returns for one call; the program is checked as the kernel would.
private func decide(
  _ seccomp: Seccomp, _ number: UInt32, _ arguments: [UInt64] = [], on architecture: UInt32 = Audit.amd64, for processor: SeccompProcessor = .amd64
) throws -> UInt32 {
  let program = ClassicBPF(program: try SeccompFilter(compiling: seccomp, for: processor).program)
  try program.check()
  return try program.run(ClassicBPF.Call(number: number, architecture: architecture, arguments: arguments)).value
}

private func profile(_ rules: [SeccompRule], _ architectures: [SeccompArchitecture] = []) -> Seccomp { profile(.errno, rules, architectures) }

private func profile(_ defaultAction: SeccompAction, _ rules: [SeccompRule], _ architectures: [SeccompArchitecture] = []) -> Seccomp {
  Seccomp(defaultAction: defaultAction, architectures: architectures, syscalls: rules)
}

@Suite("a seccomp profile becomes a program")
struct SeccompTests {
  @Test(
    "every action has its return value",
    arguments: [
      (SeccompAction.kill, UInt32?.none, UInt32(0)), (.killThread, nil, 0), (.killProcess, nil, 0x8000_0000), (.trap, nil, 0x0003_0000),
      (.errno, nil, 0x0005_0001),
      (.errno, 38, 0x0005_0026), (.errno, 0, 0x0005_0000), (.errno, 4095, 0x0005_0FFF), (.trace, nil, 0x7FF0_0001), (.trace, 65535, 0x7FF0_FFFF),
      (.log, nil, 0x7FFC_0000),
    ])
  func actions(_ action: SeccompAction, _ number: UInt32?, _ expected: UInt32) throws {
    // As a rule, write(2) is 1; as the default, for a call below the highest one named.
    #expect(try decide(profile(.allow, [SeccompRule(names: ["write"], action: action, errnoRet: number)]), 1) == expected)
    let asDefault = Seccomp(defaultAction: action, defaultErrnoRet: number, syscalls: [SeccompRule(names: ["exit_group"], action: .allow)])
    #expect(try decide(asDefault, 1) == expected)
    #expect(try decide(asDefault, 231) == allowed)
  }

  @Test("every operator compares 64 bits without a sign")
  func operators() throws {
    let edges: [UInt64] = [
      0, 1, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0001, 0x1_FFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, UInt64.max,
    ]
    let operators: [(SeccompOperator, (UInt64, UInt64) -> Bool)] = [
      (.equal, { $0 == $1 }), (.notEqual, { $0 != $1 }), (.lessThan, { $0 < $1 }), (.lessOrEqual, { $0 <= $1 }), (.greaterThan, { $0 > $1 }),
      (.greaterOrEqual, { $0 >= $1 }),
    ]
    for (op, holds) in operators {
      for value in edges {
        for index in [UInt32(0), 5] {
          let rule = SeccompRule(names: ["write"], action: .allow, args: [SeccompArgument(index: index, value: value, op: op)])
          let program = ClassicBPF(program: try SeccompFilter(compiling: profile([rule]), for: .amd64).program)
          for argument in edges {
            var arguments = [UInt64](repeating: 7, count: 6)
            arguments[Int(index)] = argument
            let value = try program.run(ClassicBPF.Call(number: 1, architecture: Audit.amd64, arguments: arguments)).value
            #expect(value == (holds(argument, rule.args[0].value) ? allowed : errnoEPERM), "\(argument) \(op) \(rule.args[0].value)")
          }
        }
      }
    }
  }

  @Test("a masked comparison looks at the bits of the mask in both halves")
  func masked() throws {
    let rule = SeccompRule(
      names: ["clone"], action: .allow, args: [SeccompArgument(index: 0, value: 0xF000_0000_7E02_0000, valueTwo: 0x1000_0000_0000_0000, op: .maskedEqual)])
    #expect(try decide(profile([rule]), 56, [0x1000_0000_0000_0011]) == allowed)
    #expect(try decide(profile([rule]), 56, [0x1000_0000_1000_0011]) == errnoEPERM)
    #expect(try decide(profile([rule]), 56, [0x0000_0000_0000_0011]) == errnoEPERM)
  }

  @Test("all conditions of a rule must hold, on different arguments")
  func conjunction() throws {
    let rule = SeccompRule(
      names: ["write"], action: .allow, args: [SeccompArgument(index: 0, value: 1, op: .equal), SeccompArgument(index: 2, value: 10, op: .lessThan)])
    #expect(try decide(profile([rule]), 1, [1, 0, 9]) == allowed)
    #expect(try decide(profile([rule]), 1, [1, 0, 10]) == errnoEPERM)
    #expect(try decide(profile([rule]), 1, [2, 0, 9]) == errnoEPERM)
  }

  @Test("conditions on the same argument are alternatives, as in runc")
  func alternatives() throws {
    let rule = SeccompRule(
      names: ["write"], action: .allow, args: [SeccompArgument(index: 0, value: 1, op: .equal), SeccompArgument(index: 0, value: 2, op: .equal)])
    #expect(try decide(profile([rule]), 1, [1]) == allowed)
    #expect(try decide(profile([rule]), 1, [2]) == allowed)
    #expect(try decide(profile([rule]), 1, [3]) == errnoEPERM)
  }

  @Test("a rule without conditions makes those with conditions void; the first one stands")
  func precedence() throws {
    let conditional = SeccompRule(names: ["write"], action: .killProcess, args: [SeccompArgument(index: 0, value: 1, op: .equal)])
    let plain = SeccompRule(names: ["write"], action: .allow)
    let other = SeccompRule(names: ["write"], action: .trap)
    #expect(try decide(profile([conditional, plain, other]), 1, [1]) == allowed)
    #expect(try decide(profile([plain, conditional, other]), 1, [1]) == allowed)
    #expect(try decide(profile([conditional]), 1, [1]) == killed)
    // What the default says as well says nothing, so that the next rule decides.
    #expect(try decide(profile([SeccompRule(names: ["write"], action: .errno, errnoRet: 1), plain]), 1) == allowed)
  }

  @Test("a name that no architecture has is left out")
  func unknownName() throws {
    #expect(try decide(profile([SeccompRule(names: ["no_such_call", "write", ""], action: .allow)]), 1) == allowed)
    #expect(try decide(profile([SeccompRule(names: ["no_such_call"], action: .allow)]), 1) == errnoEPERM)
  }

  @Test("calls above the highest one named get ENOSYS where the default is another errno")
  func newerCalls() throws {
    // exit_group is 231, openat 257.
    let rules = [SeccompRule(names: ["write", "exit_group"], action: .allow)]
    #expect(try decide(profile(rules), 230) == errnoEPERM)
    #expect(try decide(profile(rules), 231) == allowed)
    #expect(try decide(profile(rules), 232) == errnoENOSYS)
    #expect(try decide(profile(rules), 0x3FFF_FFFF) == errnoENOSYS)
    #expect(try decide(profile(.killProcess, rules), 232) == killed)
    #expect(try decide(profile(.allow, [SeccompRule(names: ["write"], action: .errno)]), 500) == allowed)
    // A rule that repeats the default names its calls all the same.
    #expect(try decide(profile(rules + [SeccompRule(names: ["openat"], action: .errno)]), 257) == errnoEPERM)
    #expect(try decide(profile(rules + [SeccompRule(names: ["openat"], action: .errno)]), 258) == errnoENOSYS)
    #expect(try decide(Seccomp(defaultAction: .errno, defaultErrnoRet: 6, syscalls: rules), 232) == errnoENOSYS)
  }

  @Test("private calls of 32-bit ARM do not count as the highest")
  func armPrivate() throws {
    let seccomp = profile([SeccompRule(names: ["write", "exit_group", "set_tls"], action: .allow)], [.arm])
    #expect(try decide(seccomp, 4, on: Audit.arm, for: .arm64) == allowed)
    #expect(try decide(seccomp, 5, on: Audit.arm, for: .arm64) == errnoEPERM)
    #expect(try decide(seccomp, 249, on: Audit.arm, for: .arm64) == errnoENOSYS)
    #expect(try decide(seccomp, 0xF0005, on: Audit.arm, for: .arm64) == allowed)
    #expect(try decide(seccomp, 0xF0004, on: Audit.arm, for: .arm64) == errnoENOSYS)
  }

  @Test("an ABI that is not listed kills, one that is listed has its own numbers")
  func architectures() throws {
    let rules = [SeccompRule(names: ["write"], action: .allow)]
    for architecture in [Audit.x86, Audit.arm, 0, UInt32.max] { #expect(try decide(profile(rules), 4, on: architecture) == killed) }
    #expect(try decide(profile(rules, [.amd64, .x86]), 4, on: Audit.x86) == allowed)
    #expect(try decide(profile(rules, [.amd64, .x86]), 1, on: Audit.x86) == errnoEPERM)
    #expect(try decide(profile(rules, [.x86]), 1) == allowed, "the native ABI is always filtered")
    // Of other processors: nothing to do.
    #expect(try SeccompFilter(compiling: profile(rules, [.s390x, .mips, .arm]), for: .amd64) == SeccompFilter(compiling: profile(rules), for: .amd64))
    #expect(try decide(profile(rules), 64, on: Audit.aarch64, for: .arm64) == allowed)
    #expect(try decide(profile(rules), 4, on: Audit.arm, for: .arm64) == killed)
    #expect(try decide(profile(rules, [.arm]), 4, on: Audit.arm, for: .arm64) == allowed)
  }

  @Test("x32 is a half of the numbers of x86-64")
  func x32() throws {
    let rules = [SeccompRule(names: ["write"], action: .allow)]
    #expect(try decide(profile(rules), 0x4000_0001) == killed)
    #expect(try decide(profile(rules), 0xFFFF_FFFE) == killed)
    #expect(try decide(profile(rules), 0xFFFF_FFFF) == errnoENOSYS, "a tracer's -1 is no x32 call")
    #expect(try decide(profile(rules, [.x32]), 0x4000_0001) == allowed)
    #expect(try decide(profile(rules, [.x32]), 0x4000_0000) == errnoEPERM)
    #expect(try decide(profile(rules, [.x32]), 0x4000_0002) == errnoENOSYS)
    #expect(try decide(profile(rules, [.x32]), 1) == allowed)
    #expect(try decide(profile(rules, [.x32]), 0x3FFF_FFFF) == errnoENOSYS)
  }

  @Test("the socket and System V calls of 32-bit x86 are filtered in both of their forms")
  func multiplexed() throws {
    let deny = profile(.allow, [SeccompRule(names: ["socket", "msgget", "accept"], action: .errno)], [.x86])
    #expect(try decide(deny, 359, on: Audit.x86) == errnoEPERM)
    #expect(try decide(deny, 102, [1], on: Audit.x86) == errnoEPERM)
    #expect(try decide(deny, 102, [2], on: Audit.x86) == allowed)
    #expect(try decide(deny, 102, [5], on: Audit.x86) == errnoEPERM)
    #expect(try decide(deny, 399, on: Audit.x86) == errnoEPERM)
    #expect(try decide(deny, 117, [13], on: Audit.x86) == errnoEPERM)
    #expect(try decide(deny, 117, [0x1000D], on: Audit.x86) == errnoEPERM, "the upper half is a version")
    #expect(try decide(deny, 117, [14], on: Audit.x86) == allowed)
    // Conditions cannot be seen through the multiplexer: no permission comes of it, every refusal does.
    let family = [SeccompArgument(index: 0, value: 40, op: .equal)]
    let allowOne = profile([SeccompRule(names: ["socket"], action: .allow, args: family)], [.x86])
    #expect(try decide(allowOne, 359, [40], on: Audit.x86) == allowed)
    #expect(try decide(allowOne, 102, [1], on: Audit.x86) == errnoEPERM)
    let denyOne = profile(.allow, [SeccompRule(names: ["socket"], action: .errno, args: family)], [.x86])
    #expect(try decide(denyOne, 359, [41], on: Audit.x86) == allowed)
    #expect(try decide(denyOne, 102, [1], on: Audit.x86) == errnoEPERM)
  }

  @Test("a 32-bit ABI compares the half that the caller can set")
  func lowHalf() throws {
    let rule = SeccompRule(names: ["personality"], action: .allow, args: [SeccompArgument(index: 0, value: 0xFFFF_FFFF, op: .equal)])
    #expect(try decide(profile([rule], [.arm]), 136, [0x0BAD_0000_FFFF_FFFF], on: Audit.arm, for: .arm64) == allowed)
    #expect(try decide(profile([rule], [.arm]), 92, [0x0BAD_0000_FFFF_FFFF], on: Audit.aarch64, for: .arm64) == errnoEPERM)
  }

  @Test("flags are the kernel's bits; one without a meaning here is none")
  func flags() throws {
    let seccomp = Seccomp(defaultAction: .allow, flags: [.tsync, .log, .speculationAllow, .waitKillableReceive])
    #expect(try SeccompFilter(compiling: seccomp).flags == 7)
    #expect(try SeccompFilter(compiling: Seccomp(defaultAction: .allow)).flags == 0)
  }

  @Test("it is known whether a filter raises SIGSYS, for one call or by default")
  func trap() throws {
    let rule = SeccompRule(names: ["mkdir"], action: .trap)
    #expect(try SeccompFilter(compiling: Seccomp(defaultAction: .allow, syscalls: [rule])).traps)
    #expect(try SeccompFilter(compiling: Seccomp(defaultAction: .trap)).traps)
    #expect(try !SeccompFilter(compiling: Seccomp(defaultAction: .errno, syscalls: [SeccompRule(names: ["mkdir"], action: .killProcess)])).traps)
  }

  @Test("calls can be left to an agent; the filter then asks for a descriptor, and for no other threads")
  func notify() throws {
    let rules = [
      SeccompRule(names: ["mkdir"], action: .notify), SeccompRule(names: ["chmod"], action: .notify, args: [SeccompArgument(index: 1, value: 7, op: .equal)]),
    ]
    var seccomp = Seccomp(defaultAction: .allow, flags: [.tsync, .log, .waitKillableReceive], listenerPath: "/run/agent", syscalls: rules)
    let filter = try SeccompFilter(compiling: seccomp, for: .amd64)
    // SECCOMP_FILTER_FLAG_LOG, _NEW_LISTENER, _WAIT_KILLABLE_RECV
    #expect(filter.notifies && filter.flags == 0x2A)
    let notified: UInt32 = 0x7FC0_0000
    #expect(try decide(seccomp, 83, on: Audit.amd64) == notified)
    #expect(try decide(seccomp, 90, [0, 7], on: Audit.amd64) == notified)
    #expect(try decide(seccomp, 90, [0, 8], on: Audit.amd64) == allowed)
    #expect(try decide(seccomp, 0, on: Audit.amd64) == allowed)
    seccomp.flags = []
    #expect(try SeccompFilter(compiling: seccomp, for: .amd64).flags == 8)
    seccomp.syscalls = []
    #expect(try !SeccompFilter(compiling: seccomp, for: .amd64).notifies)
  }

  @Test("what cannot be done is refused with its path")
  func refusals() {
    func message(_ seccomp: Seccomp) -> String? {
      do throws(SpecError) {
        _ = try SeccompFilter(compiling: seccomp)
        return nil
      } catch { return error.message }
    }
    #expect(
      message(Seccomp(defaultAction: .notify, listenerPath: "/x")) == "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action")
    for name in ["write", "sendmsg"] {
      #expect(
        message(profile(.allow, [SeccompRule(names: ["read"], action: .allow), SeccompRule(names: ["mkdir", name], action: .notify)]))
          == "linux.seccomp.syscalls[1].names: SCMP_ACT_NOTIFY cannot be used for the \(name) syscall")
    }
    #expect(message(profile(.allow, [SeccompRule(names: ["mkdir"], action: .notify)])) == "linux.seccomp.listenerPath: missing; SCMP_ACT_NOTIFY needs it")
    #expect(message(profile([SeccompRule(names: ["read"], action: .errno, errnoRet: 4096)])) == "linux.seccomp.syscalls[0].errnoRet: 4096 is above 4095")
    #expect(message(profile([SeccompRule(names: ["read"], action: .trace, errnoRet: 65536)])) == "linux.seccomp.syscalls[0].errnoRet: 65536 is above 65535")
    #expect(message(profile([SeccompRule(names: ["read"], action: .allow, errnoRet: 1)])) == "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_ALLOW has none")
    #expect(message(Seccomp(defaultAction: .kill, defaultErrnoRet: 1)) == "linux.seccomp.defaultErrnoRet: SCMP_ACT_KILL has none")
    let sixth = [SeccompArgument(index: 0, value: 0, op: .equal), SeccompArgument(index: 6, value: 0, op: .equal)]
    #expect(message(profile([SeccompRule(names: ["read"], action: .allow, args: sixth)])) == "linux.seccomp.syscalls[0].args[1].index: 6 is above 5")
    // 1000 alternatives of three or more instructions are more than the kernel takes.
    let many = (0..<1000).map { SeccompArgument(index: 0, value: $0, op: .equal) }
    let tooLong = message(profile([SeccompRule(names: ["read"], action: .allow, args: many)]))
    #expect(tooLong?.hasSuffix("instructions, and the kernel takes 4096") == true)
    #expect(message(profile([SeccompRule(names: ["read"], action: .allow, args: Array(many[..<800]))])) == nil)
  }
}
