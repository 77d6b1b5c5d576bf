import Linux
import OCI
import Oracles
import Testing

@testable import Sandbox

private func decide(_ number: UInt32, _ arguments: [UInt64] = [], _ capabilities: CapabilityMask = [], on architecture: UInt32 = Audit.aarch64) throws -> UInt32
{
  let processor: SeccompProcessor = architecture == Audit.aarch64 || architecture == Audit.arm ? .arm64 : .amd64
  let filter = try SeccompFilter(compiling: defaultSeccomp(capabilities: capabilities, processor: processor), for: processor)
  return try ClassicBPF(program: filter.program).run(ClassicBPF.Call(number: number, architecture: architecture, arguments: arguments)).value
}

private let allowed: UInt32 = 0x7FFF_0000
private let notPermitted: UInt32 = 0x0005_0001
private let noSystemCall: UInt32 = 0x0005_0026

@Suite("the default profile")
struct DefaultSeccompTests {
  @Test(
    "what every program needs is allowed",
    arguments: [
      (Audit.aarch64, [UInt32(56), 57, 63, 64, 93, 96, 98, 172, 215, 221, 222, 278, 439]), (Audit.arm, [3, 4, 5, 6, 91, 192, 281, 322, 0xF0002, 0xF0005]),
      (Audit.amd64, [0, 1, 2, 3, 9, 59, 158, 231, 257, 318]), (Audit.x86, [3, 4, 5, 102, 192, 243, 252]),
    ])
  func ordinary(_ architecture: UInt32, _ numbers: [UInt32]) throws {
    for number in numbers { #expect(try decide(number, on: architecture) == allowed, "\(number)") }
  }

  @Test("a new namespace takes CAP_SYS_ADMIN, a thread does not")
  func namespaces() throws {
    // 220 is clone, 435 clone3, 97 unshare, 268 setns, 40 mount.
    #expect(try decide(220, [0x003D_0F00]) == allowed)
    for flag in [UInt64(0x0002_0000), 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000] {
      #expect(try decide(220, [flag | 17]) == notPermitted)
      #expect(try decide(220, [flag | 17], .sysAdmin) == allowed)
    }
    #expect(try decide(435) == noSystemCall)
    #expect(try decide(435, [], .sysAdmin) == allowed)
    for number in [UInt32(97), 268, 40] {
      #expect(try decide(number) == notPermitted)
      #expect(try decide(number, [], .sysAdmin) == allowed)
    }
  }

  @Test("no socket to the hypervisor, none into the kernel's cryptography")
  func sockets() throws {
    for family in [UInt64(1), 2, 10, 16, 17, 37, 39, 41] { #expect(try decide(198, [family]) == allowed) }
    for family in [UInt64(38), 40] { #expect(try decide(198, [family], CapabilityMask(rawValue: UInt64.max)) == notPermitted) }
  }

  @Test("personality can ask and be compatible, but not switch protections off")
  func personality() throws {
    for value in [UInt64(0), 8, 0x2_0000, 0x2_0008, 0xFFFF_FFFF] { #expect(try decide(92, [value]) == allowed) }
    for value in [UInt64(0x4_0000), 0x40_0000, 1] { #expect(try decide(92, [value]) == notPermitted) }
  }

  @Test(
    "what is never allowed, whatever the capabilities",
    arguments: [
      // add_key, request_key, keyctl, kexec_load, reboot, swapon, swapoff, userfaultfd, io_uring_setup, io_uring_enter, io_uring_register, kexec_file_load,
      // move_pages.
      UInt32(217), 218, 219, 104, 142, 224, 225, 282, 425, 426, 427, 294, 239,
    ])
  func never(_ number: UInt32) throws { #expect(try decide(number, [], CapabilityMask(rawValue: UInt64.max)) == notPermitted) }

  @Test(
    "a capability brings its calls",
    arguments: [
      (CapabilityMask.sysChroot, UInt32(51)), (.sysModule, 105), (.sysPtrace, 272), (.sysTime, 112), (.sysTTYConfig, 58), (.sysNice, 235), (.syslog, 116),
      (.bpf, 280),
      (.perfmon, 241), (.dacReadSearch, 265), (.sysPacct, 89),
    ])
  func capabilities(_ capability: CapabilityMask, _ number: UInt32) throws {
    #expect(try decide(number) == notPermitted)
    #expect(try decide(number, [], capability) == allowed)
    #expect(try decide(number, [], CapabilityMask(rawValue: UInt64.max).subtracting(capability).subtracting(.sysAdmin)) == notPermitted)
  }

  @Test("port access exists on x86 only")
  func ports() throws {
    #expect(try decide(172, [], .sysRawIO, on: Audit.amd64) == allowed)
    #expect(try decide(172, [], [], on: Audit.amd64) == notPermitted)
  }

  @Test("a call newer than the profile is unknown, not forbidden")
  func newer() throws {
    #expect(try decide(600) == noSystemCall)
    #expect(try decide(600, on: Audit.arm) == noSystemCall)
    #expect(try decide(0x4000_0000 + 600, on: Audit.amd64) == noSystemCall)
  }

  @Test("no name stands twice among those that are always allowed")
  func names() {
    for processor in [SeccompProcessor.amd64, .arm64] {
      let names = defaultSeccomp(capabilities: [], processor: processor).syscalls[0].names
      #expect(Set(names).count == names.count)
      #expect(names.count > 350)
      #expect(names.allSatisfy { !$0.isEmpty })
    }
  }

  @Test("a call costs at most some twenty instructions")
  func cost() throws {
    let program = ClassicBPF(program: try SeccompFilter(compiling: defaultSeccomp(capabilities: [], processor: .arm64), for: .arm64).program)
    for number in UInt32(0)...460 {
      let steps = try program.run(ClassicBPF.Call(number: number, architecture: Audit.aarch64)).steps
      #expect(steps <= 24, "\(number)")
    }
  }
}
