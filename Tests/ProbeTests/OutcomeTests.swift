import Linux
import Testing

@testable import Probe

@Suite("what came of trying a feature")
struct OutcomeTests {
  private func outcome(_ errno: Errno?, _ detail: String = "", end: Linux.ExitStatus? = .exited(0)) -> Outcome {
    Outcome(report: Outcome.report(errno, detail), end: end)
  }

  @Test("no error is presence, with what else was found out")
  func present() { #expect(outcome(nil, "version 4") == Outcome(.present, detail: "version 4")) }

  @Test("EPERM and EACCES forbid; every other error is absence, and is kept")
  func errors() {
    for errno: Errno in [.notPermitted, .permissionDenied] { #expect(outcome(errno) == Outcome(.forbidden, errno: errno)) }
    for errno: Errno in [.noSystemCall, .invalidArgument, .noDevice, .noSpace] { #expect(outcome(errno) == Outcome(.absent, errno: errno)) }
  }

  @Test("SIGSYS is a filter that forbids, whatever had been said before; another signal tells nothing")
  func signals() {
    #expect(Outcome(report: [], end: .signalled(31)) == Outcome(.forbidden, signal: 31))
    #expect(outcome(nil, end: .signalled(31)) == Outcome(.forbidden, signal: 31))
    #expect(Outcome(report: [], end: .signalled(9)) == Outcome(.unknown, signal: 9))
    #expect(Outcome(.forbidden, signal: 31).text == "forbidden: killed by signal 31 (a seccomp filter)")
  }

  @Test("what has not ended, has not answered, or was not tried is not known")
  func unknown() {
    #expect(outcome(nil, end: nil).state == .unknown)
    #expect(Outcome(report: [0, 0], end: .exited(0)).state == .unknown)
    #expect(outcome(Outcome.untried) == Outcome(Outcome.untried))
    #expect(outcome(Outcome.untried).state == .unknown)
    #expect(Outcome(report: [], end: .exited(0)) != Outcome(Outcome.untried))
  }
}

@Suite("the kernel's configuration")
struct KernelConfigurationTests {
  private let configuration = KernelConfiguration(
    Array("# comment\nCONFIG_PID_NS=y\n# CONFIG_IPC_NS is not set\nCONFIG_OVERLAY_FS=m\nCONFIG_PID=y\nCONFIG_LOCALVERSION=\"PID_NS=y\"\n".utf8))

  @Test("an option is as its whole name has it, and off when it is not there")
  func states() {
    #expect(configuration.state(of: "PID_NS") == "y")
    #expect(configuration.state(of: "IPC_NS") == "n")
    #expect(configuration.state(of: "OVERLAY_FS") == "m")
    #expect(configuration.state(of: "UTS_NS") == "n")
  }

  @Test("an option with an exclamation mark has to be off")
  func off() {
    #expect(configuration.state(of: "!ANDROID_PARANOID_NETWORK") == "n")
    #expect(configuration.has(Feature.sockets.row))
    #expect(!KernelConfiguration(Array("CONFIG_ANDROID_PARANOID_NETWORK=y\n".utf8)).has(Feature.sockets.row))
    #expect(KernelConfiguration.name("!ANDROID_PARANOID_NETWORK") == "CONFIG_ANDROID_PARANOID_NETWORK")
  }

  @Test("a feature of two options needs both")
  func both() {
    #expect(!KernelConfiguration(Array("CONFIG_CGROUP_BPF=y\n".utf8)).has(Feature.deviceProgram.row))
    #expect(KernelConfiguration(Array("CONFIG_CGROUP_BPF=y\nCONFIG_BPF_SYSCALL=y".utf8)).has(Feature.deviceProgram.row))
  }
}

@Suite("the verdict on a machine")
struct FindingTests {
  /// A machine on which everything works but what is named.
  private func machine(_ lacks: [Feature: Outcome], _ configuration: KernelConfiguration? = nil) -> Findings {
    let rows = FeatureRow.all()
    return Findings(rows, rows.map { lacks[$0.feature] ?? Outcome(.present) }, configuration)
  }

  private let absent = Outcome(.invalidArgument)

  @Test("with everything it is full")
  func full() { #expect(machine([:]).overall() == .full) }

  @Test("what is usual and missing, or has a stand-in, degrades; an extra does not")
  func degraded() {
    #expect(machine([.pidNamespace: absent]).finding(.pidNamespace).verdict == .standIn)
    #expect(machine([.pidNamespace: absent, .hidepid: absent]).finding(.pidNamespace).verdict == .missing)
    #expect(machine([.networkNamespace: absent]).finding(.networkNamespace).verdict == .missing)
    #expect(machine([.pidNamespace: absent]).overall() == .degraded)
    #expect(machine([.openat2: Outcome(.noSystemCall)]).finding(.openat2).verdict == .standIn)
    #expect(machine([.openat2: Outcome(.noSystemCall)]).overall() == .degraded)
    #expect(machine([.selinux: absent]).overall() == .full)
  }

  @Test("without what is vital nothing runs, unless control groups are not wanted")
  func cannotRun() {
    #expect(machine([.mountNamespace: absent]).overall() == .cannotRun)
    #expect(machine([.rootRights: Outcome(.notPermitted), .pidNamespace: absent]).overall() == .cannotRun)
    #expect(machine([.cgroups: absent]).overall() == .cannotRun)
    #expect(machine([.cgroups: absent, .cgroupV2: absent]).overall(withoutGroups: true) == .full)
  }

  @Test("a stand-in that depends on a feature is none without it")
  func dependent() {
    #expect(machine([.deviceProgram: absent]).finding(.deviceProgram).verdict == .standIn)
    let neither = machine([.deviceProgram: absent, .devicesController: absent])
    #expect(neither.finding(.deviceProgram).verdict == .missing && neither.finding(.devicesController).verdict == .missing)
  }

  @Test("what could not be tried is as the configuration says, or not known; what failed to be tried stays so")
  func untried() {
    let configuration = KernelConfiguration(Array("CONFIG_CFS_BANDWIDTH=y\n".utf8))
    let untried = Outcome(Outcome.untried)
    #expect(machine([.cpuQuota: untried], configuration).finding(.cpuQuota).verdict == .works)
    #expect(machine([.cpuWeight: untried], configuration).finding(.cpuWeight).verdict == .missing)
    #expect(machine([.cpuQuota: untried]).finding(.cpuQuota).verdict == .unknown)
    #expect(machine([.cpuQuota: Outcome(.unknown, errno: .wouldBlock)], configuration).finding(.cpuQuota).verdict == .unknown)
  }

  @Test("one remedy: rights or no filter, the option, a newer kernel, or what the table says")
  func remedies() {
    func remedy(_ feature: Feature, _ outcome: Outcome, _ configuration: String? = nil) -> String {
      let machine = machine([feature: outcome], configuration.map { KernelConfiguration(Array($0.utf8)) })
      return machine.remedy(machine.finding(feature))
    }
    #expect(remedy(.pidNamespace, absent) == "a kernel with CONFIG_PID_NS")
    #expect(remedy(.pidNamespace, absent, "") == "a kernel with CONFIG_PID_NS")
    #expect(remedy(.timeNamespace, absent) == "a kernel with CONFIG_TIME_NS (Linux 5.6 or newer)")
    #expect(remedy(.openat2, Outcome(.noSystemCall)) == "Linux 5.6 or newer")
    #expect(remedy(.cgroupKill, Outcome(.noSuchFileOrDirectory), "CONFIG_CGROUPS=y") == "Linux 5.14 or newer")
    #expect(remedy(.openat2, Outcome(.forbidden, signal: 31)) == "start apus outside of the seccomp filter that it has inherited")
    #expect(remedy(.openat2, Outcome(.notPermitted)) == "start apus as root, with all capabilities, and outside of a seccomp filter")
    #expect(remedy(.rootRights, Outcome(.notPermitted)) == "start apus as root")
    #expect(remedy(.sockets, Outcome(.permissionDenied)) == "add group 3003 to process.user.additionalGids")
    #expect(remedy(.userNamespace, Outcome(.noSpace)) == "raise the limits in /proc/sys/user")
    #expect(remedy(.selinux, Outcome(.noSuchFileOrDirectory), "CONFIG_SECURITY_SELINUX=y") == "boot with lsm=...,selinux")
    #expect(remedy(.selinux, Outcome(.noSuchFileOrDirectory), "") == "a kernel with CONFIG_SECURITY_SELINUX")
    #expect(remedy(.erofs, Outcome(.noDevice), "CONFIG_EROFS_FS=m") == "load its module")
  }
}

@Suite("trying in a child")
struct ProbeChildTests {
  @Test("the detail and the error of what is tried come back")
  func answers() {
    #expect(tryInChild { () throws(Errno) in "seven" } == Outcome(.present, detail: "seven"))
    #expect(tryInChild { () throws(Errno) in throw .noDevice } == Outcome(.noDevice))
  }

  @Test("the end by a signal is told, and hits the child alone")
  func signal() {
    let outcome = tryInChild { () throws(Errno) in
      try kill(processID(), Signal(rawValue: 31))
      return ""
    }
    #expect(outcome == Outcome(.forbidden, signal: 31))
  }

  @Test("what does not end is ended")
  func endless() {
    let outcome = tryInChild(milliseconds: 50) { () throws(Errno) in
      while true { _ = try waitForInput([], timeoutMilliseconds: 1000) }
    }
    #expect(outcome.state == .unknown && outcome.detail == "it took too long")
  }
}
