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
public enum SeccompAction: UInt8, NamedValue {
  /// The old name of `killThread`.
  case kill
  case killProcess, killThread, trap, errno, trace, allow, log, notify

  public static var names: Literal {
    """
    SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP SCMP_ACT_ERRNO SCMP_ACT_TRACE SCMP_ACT_ALLOW SCMP_ACT_LOG
    SCMP_ACT_NOTIFY
    """
  }

  /// Whether the action carries a number for the caller or the tracer.
  public var hasReturnValue: Bool { self == .errno || self == .trace }
}

/// How an argument is compared.
public enum SeccompOperator: UInt8, NamedValue {
  case notEqual, lessThan, lessOrEqual, equal, greaterOrEqual, greaterThan, maskedEqual

  public static var names: Literal { "SCMP_CMP_NE SCMP_CMP_LT SCMP_CMP_LE SCMP_CMP_EQ SCMP_CMP_GE SCMP_CMP_GT SCMP_CMP_MASKED_EQ" }
}

/// Flags of seccomp(2).
public enum SeccompFlag: UInt8, NamedValue {
  case tsync, log, speculationAllow, waitKillableReceive

  public static var names: Literal {
    "SECCOMP_FILTER_FLAG_TSYNC SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
  }
}

/// Architectures as libseccomp 2.6 names them; `amd64` is `x86_64`.
public enum SeccompArchitecture: UInt8, NamedValue {
  case x86, amd64, x32, arm, aarch64, mips, mips64, mips64n32, mipsel, mipsel64, mipsel64n32, ppc, ppc64, ppc64le, s390, s390x, parisc, parisc64, riscv64
  case loongarch64, m68k, sh, sheb

  public static var names: Literal {
    """
    SCMP_ARCH_X86 SCMP_ARCH_X86_64 SCMP_ARCH_X32 SCMP_ARCH_ARM SCMP_ARCH_AARCH64 SCMP_ARCH_MIPS SCMP_ARCH_MIPS64 SCMP_ARCH_MIPS64N32
    SCMP_ARCH_MIPSEL SCMP_ARCH_MIPSEL64 SCMP_ARCH_MIPSEL64N32 SCMP_ARCH_PPC SCMP_ARCH_PPC64 SCMP_ARCH_PPC64LE SCMP_ARCH_S390 SCMP_ARCH_S390X
    SCMP_ARCH_PARISC SCMP_ARCH_PARISC64 SCMP_ARCH_RISCV64 SCMP_ARCH_LOONGARCH64 SCMP_ARCH_M68K SCMP_ARCH_SH SCMP_ARCH_SHEB
    """
  }
}
