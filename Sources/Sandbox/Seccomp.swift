internal import CSeccomp
public import OCI

/// A seccomp filter ready for the kernel: made before the clone, loaded after it by one system call (`ThisProcess.loadSeccompFilter`).
public struct SeccompFilter: Equatable, Sendable {
  /// Classic BPF over struct seccomp_data: one `struct sock_filter` in 64 bits.
  public let program: [UInt64]
  /// `SECCOMP_FILTER_FLAG_…` for seccomp(2).
  public let flags: UInt32
  /// Some calls are left to somebody else.
  public let notifies: Bool
  /// Some calls are answered by SIGSYS.
  public let traps: Bool

  /// Compiles `linux.seccomp` (config-linux.md, "Seccomp") for `processor`.
  ///
  /// - Calls of `processor`'s own ABI are filtered, and those of its 32-bit ABIs that `architectures` lists. An ABI of the processor that is not listed kills
  ///   the process, so that the filter cannot be walked around through it. Architectures of other processors can make no call here and add nothing.
  /// - A name that is unknown on an ABI is left out there, as runc and crun do: profiles name the calls of all architectures and of newer kernels.
  /// - Where several rules name a call, its conditions are tried in their order; then the first rule without conditions holds. Conditions on the same argument
  ///   of one rule stand for alternatives, as in runc. A rule that does what `defaultAction` does says nothing.
  /// - When the default is an errno, calls above the highest number that the profile names get ENOSYS instead of it, as in runc: a C library tries a newer call
  ///   first and takes only ENOSYS for "go on with the older one".
  ///
  /// Refused with its JSON path: a notification that nobody could get, an errno that the kernel does not take, an argument above 5, a program above 4096
  /// instructions.
  public init(compiling seccomp: Seccomp, for processor: SeccompProcessor = .native) throws(SpecError) {
    let profile = try SeccompProfile(seccomp)
    var listed: [SeccompABI] = []
    for abi in processor.abis where abi == processor.abis[0] || seccomp.architectures.contains(abi.architecture) { listed.append(abi) }

    var code = SeccompAssembler()
    code.load(SeccompData.architecture)
    for abi in listed where abi != .x32 {
      var intervals = SeccompTable(profile, abi).intervals
      // x32 is the same architecture to the kernel, told apart by one bit of the number (arch/x86/entry/syscall_64.c).
      if abi == .amd64 { SeccompTable.close(&intervals, at: x32Bit, with: listed.contains(.x32) ? SeccompTable(profile, .x32).intervals : [], profile) }
      code.section(auditArchitecture: abi.token, intervals, profile)
    }
    code.finish(SeccompReturn.killProcess)
    if code.instructions.count > 4096 {
      throw SpecError(path: "linux.seccomp.syscalls", reason: "the filter has \(code.instructions.count) instructions, and the kernel takes 4096")
    }
    program = code.instructions
    var flags: UInt32 = 0
    for flag in seccomp.flags { flags |= flag.bit }
    notifies = seccomp.notifies
    traps = seccomp.defaultAction == .trap || seccomp.syscalls.contains { $0.action == .trap }
    self.flags = notifies ? SeccompFlag.notifying(flags) : flags & ~SeccompFlag.waitKillableReceive.bit
  }
}

/// A processor that filters are made for.
public enum SeccompProcessor: Sendable {
  case amd64, arm64

  /// The one that this program was built for.
  public static var native: SeccompProcessor {
    #if arch(x86_64)
      .amd64
    #elseif arch(arm64)
      .arm64
    #else
      #error("this processor has no row in SeccompABI")
    #endif
  }

  /// Its own ABI, and then those that it runs besides.
  var abis: [SeccompABI] {
    switch self {
    case .amd64: [.amd64, .x86, .x32]
    case .arm64: [.aarch64, .arm]
    }
  }
}

/// A set of system calls with its numbers.
enum SeccompABI: Equatable {
  case amd64, x86, x32, aarch64, arm

  var architecture: SeccompArchitecture {
    switch self {
    case .amd64: .amd64
    case .x86: .x86
    case .x32: .x32
    case .aarch64: .aarch64
    case .arm: .arm
    }
  }

  /// What libseccomp takes, and, but for x32, what the kernel puts into `seccomp_data.arch`. The C constants are `SCMP_ARCH_…` and `AUDIT_ARCH_…`.
  var token: UInt32 {
    switch self {
    case .amd64: cseccomp_AMD64
    case .x86: cseccomp_X86
    case .x32: cseccomp_X32
    case .aarch64: cseccomp_AARCH64
    case .arm: cseccomp_ARM
    }
  }

  /// Whether only the low half of an argument has a meaning. x32 has registers of 64 bits, but libseccomp takes it for a 32-bit one, and so does every profile.
  var has32BitArguments: Bool { self == .x86 || self == .x32 || self == .arm }
}

/// The bit in the number of an x32 call. The C constant is `__X32_SYSCALL_BIT`.
var x32Bit: UInt32 { 0x4000_0000 }

/// What a filter returns for a call (seccomp(2)); the low 16 bits carry the errno or the tracer's number.
enum SeccompReturn {
  /// The C constant is `SECCOMP_RET_KILL_PROCESS`, Linux 4.14.
  static var killProcess: UInt32 { 0x8000_0000 }
  /// The C constant is `SECCOMP_RET_KILL_THREAD`.
  static var killThread: UInt32 { 0 }
  /// Somebody else decides. The C constant is `SECCOMP_RET_USER_NOTIF`, Linux 5.0.
  static var notify: UInt32 { 0x7FC0_0000 }
  /// SIGSYS. The C constant is `SECCOMP_RET_TRAP`.
  static var trap: UInt32 { 0x0003_0000 }
  /// The C constant is `SECCOMP_RET_ERRNO`.
  static func errno(_ number: UInt32) -> UInt32 { 0x0005_0000 | number }
  /// The C constant is `SECCOMP_RET_TRACE`.
  static func trace(_ number: UInt32) -> UInt32 { 0x7FF0_0000 | number }
  /// The C constant is `SECCOMP_RET_LOG`, Linux 4.14.
  static var log: UInt32 { 0x7FFC_0000 }
  /// The C constant is `SECCOMP_RET_ALLOW`.
  static var allow: UInt32 { 0x7FFF_0000 }
  /// No such call. The C constant of the errno is `ENOSYS`.
  static var noSystemCall: UInt32 { errno(38) }
  static func isErrno(_ value: UInt32) -> Bool { value & 0xFFFF_0000 == 0x0005_0000 }
}

extension SeccompFlag {
  /// The bit for seccomp(2).
  fileprivate var bit: UInt32 {
    switch self {
    // SECCOMP_FILTER_FLAG_TSYNC, _LOG (Linux 4.14), _SPEC_ALLOW (Linux 4.17), _WAIT_KILLABLE_RECV (Linux 5.19).
    case .tsync: 1
    case .log: 2
    case .speculationAllow: 4
    // It says how a notification is waited for, and the kernel refuses it on a filter that makes none.
    case .waitKillableReceive: 0x20
    }
  }

  /// The bits of a filter that notifies: SECCOMP_FILTER_FLAG_NEW_LISTENER, and without TSYNC. The kernel refuses both together, because it could tell only one
  /// number; and this process has no other threads that the filter would have to reach.
  fileprivate static func notifying(_ flags: UInt32) -> UInt32 { flags & ~SeccompFlag.tsync.bit | 0x08 }
}
