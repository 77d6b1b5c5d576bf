/// The filter of system calls: `linux.seccomp` (config-linux.md, "Seccomp").
public struct Seccomp: Equatable, Sendable {
  /// What happens to a call that no rule names.
  public var defaultAction: SeccompAction
  /// The errno or the tracer's number of `defaultAction`; only `errno` and `trace` have one. Nil is EPERM.
  public var defaultErrnoRet: UInt32?
  /// Architectures whose calls are filtered besides the native one.
  public var architectures: [SeccompArchitecture]
  /// What else seccomp(2) is told.
  public var flags: [SeccompFlag]
  /// The socket that gets the descriptor of the `notify` action.
  public var listenerPath: String?
  /// Handed to that socket as it is; only with `listenerPath`.
  public var listenerMetadata: String?
  /// What happens to calls that are named.
  public var syscalls: [SeccompRule]

  public init(
    defaultAction: SeccompAction, defaultErrnoRet: UInt32? = nil, architectures: [SeccompArchitecture] = [], flags: [SeccompFlag] = [],
    listenerPath: String? = nil, listenerMetadata: String? = nil, syscalls: [SeccompRule] = []
  ) {
    self.defaultAction = defaultAction
    self.defaultErrnoRet = defaultErrnoRet
    self.architectures = architectures
    self.flags = flags
    self.listenerPath = listenerPath
    self.listenerMetadata = listenerMetadata
    self.syscalls = syscalls
  }
}

/// What happens to some calls.
public struct SeccompRule: Equatable, Sendable {
  /// System calls by name, at least one.
  public var names: [String]
  /// What happens to the calls.
  public var action: SeccompAction
  /// The errno or the tracer's number; only `errno` and `trace` have one. Nil is EPERM.
  public var errnoRet: UInt32?
  /// Conditions on the arguments, which must all hold.
  public var args: [SeccompArgument]

  public init(names: [String], action: SeccompAction, errnoRet: UInt32? = nil, args: [SeccompArgument] = []) {
    self.names = names
    self.action = action
    self.errnoRet = errnoRet
    self.args = args
  }
}

/// A condition on one argument of a call.
public struct SeccompArgument: Equatable, Sendable {
  /// Which argument, 0 to 5.
  public var index: UInt32
  /// What the argument is compared with; for `maskedEqual` the mask.
  public var value: UInt64
  /// For `maskedEqual`: `argument & value == valueTwo`. Without meaning otherwise.
  public var valueTwo: UInt64
  /// How it is compared.
  public var op: SeccompOperator

  public init(index: UInt32, value: UInt64, valueTwo: UInt64 = 0, op: SeccompOperator) {
    self.index = index
    self.value = value
    self.valueTwo = valueTwo
    self.op = op
  }
}

/// What the kernel does with a call. The names are libseccomp's.
public enum SeccompAction: NamedValue {
  /// The old name of `killThread`.
  case kill
  case killProcess, killThread, trap, errno, trace, allow, log, notify

  public var name: String {
    switch self {
    case .kill: "SCMP_ACT_KILL"
    case .killProcess: "SCMP_ACT_KILL_PROCESS"
    case .killThread: "SCMP_ACT_KILL_THREAD"
    case .trap: "SCMP_ACT_TRAP"
    case .errno: "SCMP_ACT_ERRNO"
    case .trace: "SCMP_ACT_TRACE"
    case .allow: "SCMP_ACT_ALLOW"
    case .log: "SCMP_ACT_LOG"
    case .notify: "SCMP_ACT_NOTIFY"
    }
  }

  /// Whether the action carries a number for the caller or the tracer.
  public var hasReturnValue: Bool { self == .errno || self == .trace }
}

/// How an argument is compared.
public enum SeccompOperator: NamedValue {
  case notEqual, lessThan, lessOrEqual, equal, greaterOrEqual, greaterThan, maskedEqual

  public var name: String {
    switch self {
    case .notEqual: "SCMP_CMP_NE"
    case .lessThan: "SCMP_CMP_LT"
    case .lessOrEqual: "SCMP_CMP_LE"
    case .equal: "SCMP_CMP_EQ"
    case .greaterOrEqual: "SCMP_CMP_GE"
    case .greaterThan: "SCMP_CMP_GT"
    case .maskedEqual: "SCMP_CMP_MASKED_EQ"
    }
  }
}

/// Flags of seccomp(2).
public enum SeccompFlag: NamedValue {
  case tsync, log, speculationAllow, waitKillableReceive

  public var name: String {
    switch self {
    case .tsync: "SECCOMP_FILTER_FLAG_TSYNC"
    case .log: "SECCOMP_FILTER_FLAG_LOG"
    case .speculationAllow: "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
    case .waitKillableReceive: "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
    }
  }
}

/// Architectures as libseccomp 2.6 names them; `amd64` is `x86_64`.
public enum SeccompArchitecture: NamedValue {
  case x86, amd64, x32, arm, aarch64, mips, mips64, mips64n32, mipsel, mipsel64, mipsel64n32, ppc, ppc64, ppc64le, s390, s390x, parisc, parisc64, riscv64
  case loongarch64, m68k, sh, sheb

  public var name: String {
    switch self {
    case .x86: "SCMP_ARCH_X86"
    case .amd64: "SCMP_ARCH_X86_64"
    case .x32: "SCMP_ARCH_X32"
    case .arm: "SCMP_ARCH_ARM"
    case .aarch64: "SCMP_ARCH_AARCH64"
    case .mips: "SCMP_ARCH_MIPS"
    case .mips64: "SCMP_ARCH_MIPS64"
    case .mips64n32: "SCMP_ARCH_MIPS64N32"
    case .mipsel: "SCMP_ARCH_MIPSEL"
    case .mipsel64: "SCMP_ARCH_MIPSEL64"
    case .mipsel64n32: "SCMP_ARCH_MIPSEL64N32"
    case .ppc: "SCMP_ARCH_PPC"
    case .ppc64: "SCMP_ARCH_PPC64"
    case .ppc64le: "SCMP_ARCH_PPC64LE"
    case .s390: "SCMP_ARCH_S390"
    case .s390x: "SCMP_ARCH_S390X"
    case .parisc: "SCMP_ARCH_PARISC"
    case .parisc64: "SCMP_ARCH_PARISC64"
    case .riscv64: "SCMP_ARCH_RISCV64"
    case .loongarch64: "SCMP_ARCH_LOONGARCH64"
    case .m68k: "SCMP_ARCH_M68K"
    case .sh: "SCMP_ARCH_SH"
    case .sheb: "SCMP_ARCH_SHEB"
    }
  }
}
