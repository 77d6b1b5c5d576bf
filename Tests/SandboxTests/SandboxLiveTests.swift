import Linux
import OCI
import Testing

import enum Linux.ExitStatus

@testable import Sandbox

/// Loads a filter in a child, then runs `body` there, which allocates nothing: this process has threads, and one of them may have held the allocator's lock.
private func inChild(_ seccomp: Seccomp, _ body: () -> Int32) throws -> ExitStatus {
  let filter = try SeccompFilter(compiling: seccomp)
  switch try cloneProcess([]) {
  case .child:
    do throws(Errno) {
      try ThisProcess.setNoNewPrivileges()
      try ThisProcess.loadSeccompFilter(filter.program, flags: filter.flags)
    } catch { exitProcess(100) }
    exitProcess(body())
  case .parent(let child): return try waitForExit(of: child)
  }
}

@Suite("the kernel takes what was planned")
struct SandboxLiveTests {
  @Test("a refused call fails with the errno given, the others work")
  func errno() throws {
    let root = Path("/")
    let ended = try inChild(Seccomp(defaultAction: .allow, flags: [.log], syscalls: [SeccompRule(names: ["chdir"], action: .errno, errnoRet: 77)])) {
      do throws(Errno) {
        try ThisProcess.changeDirectory(root)
        return 1
      } catch { return error.rawValue == 77 && processID() > 0 ? 0 : 2 }
    }
    #expect(ended == .exited(0))
  }

  @Test("a killed process ends by SIGSYS")
  func killed() throws {
    let root = Path("/")
    let ended = try inChild(Seccomp(defaultAction: .allow, syscalls: [SeccompRule(names: ["chdir"], action: .killProcess)])) {
      do throws(Errno) { try ThisProcess.changeDirectory(root) } catch { return 2 }
      return 1
    }
    #expect(ended == .signalled(31))
  }

  @Test("a program runs under the default profile and cannot make a namespace")
  func defaultProfile() throws {
    let root = Path("/")
    let ended = try inChild(defaultSeccomp(capabilities: [])) {
      do throws(Errno) { try ThisProcess.changeDirectory(root) } catch { return 1 }
      do throws(Errno) {
        try unshare(.user)
        return 2
      } catch { return error == .notPermitted ? 0 : 3 }
    }
    #expect(ended == .exited(0))
  }

  @Test("the capability sets end up in the process")
  func capabilities() throws {
    let last = ThisProcess.lastCapability()
    let names = ["CAP_CHOWN", "CAP_SETPCAP"]
    let sets = try CapabilitySets(
      planning: Capabilities(bounding: names, inheritable: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"]), last: last)
    let isRoot = effectiveUser() == 0
    let ended: ExitStatus
    switch try cloneProcess([]) {
    case .child: exitProcess(isRoot ? applied(sets, last) : applied(CapabilitySets(), nil))
    case .parent(let child): ended = try waitForExit(of: child)
    }
    #expect(ended == .exited(0), "\(isRoot ? "as root" : "without root, the empty sets")")
  }

  @Test("the kernel's highest capability is the one it tells")
  func last() throws {
    let file = try FileDescriptor.open("/proc/sys/kernel/cap_last_cap", [.readOnly])
    let text = String(decoding: try file.readAll(limit: 16), as: UTF8.self)
    #expect(text == "\(ThisProcess.lastCapability())\n")
  }
}

/// Applies the sets, with the bounding one when `last` is given, and looks whether the kernel has them: 0, or the step that went wrong.
private func applied(_ sets: CapabilitySets, _ last: UInt32?) -> Int32 {
  do throws(Errno) {
    if let last { try sets.applyBounding(last: last) }
    try sets.applyAfterSetuid()
    let now = try ThisProcess.capabilities()
    if now.effective != sets.effective || now.permitted != sets.permitted || now.inheritable != sets.inheritable { return 2 }
    var number: UInt32 = 0
    while let last, number <= last {
      if ThisProcess.boundingSetHas(number) != sets.bounding.contains(CapabilityMask(number: number)) { return 3 }
      if try ThisProcess.ambientSetHas(number) != sets.ambient.contains(CapabilityMask(number: number)) { return 4 }
      number += 1
    }
    return 0
  } catch { return 10 }
}
