/// What runs in the container (config.md, "Process").
public final class Process {
  /// Whether a pseudoterminal becomes the process's standard streams.
  public var terminal: Bool
  /// The size of that terminal; has no meaning without `terminal`.
  public var consoleSize: ConsoleSize?
  /// Who the process is.
  public var user: User
  /// The program and its arguments, at least one; the first is looked up as execvp(3) does.
  public var args: [String]
  /// The whole environment, `NAME=value` each.
  public var env: [String]
  /// The working directory, an absolute path in the container.
  public var cwd: String
  /// The capability sets; nil leaves none, because nothing was asked for (config.md, "Linux Process").
  public var capabilities: Capabilities?
  /// Limits of setrlimit(2), no type twice.
  public var rlimits: [Rlimit]
  /// Whether execve can no longer gain privileges. The C constant is `PR_SET_NO_NEW_PRIVS`.
  public var noNewPrivileges: Bool
  /// The AppArmor profile that is entered by exec.
  public var apparmorProfile: String?
  /// What is written to /proc/self/oom_score_adj, -1000 to 1000; nil leaves it as it is.
  public var oomScoreAdj: Int32?
  /// The SELinux label that is entered by exec.
  public var selinuxLabel: String?
  /// How the kernel schedules the process; nil leaves it as it is.
  public var scheduler: Scheduler?
  /// The priority of its input and output; nil leaves it as it is.
  public var ioPriority: IOPriority?
  /// The processors on which an additional process of the container runs (`exec`); never applies to the first one.
  public var execCPUAffinity: CPUAffinity?

  public init(
    terminal: Bool = false, consoleSize: ConsoleSize? = nil, user: User = User(), args: [String], env: [String] = [], cwd: String = "/",
    capabilities: Capabilities? = nil, rlimits: [Rlimit] = [], noNewPrivileges: Bool = false, apparmorProfile: String? = nil, oomScoreAdj: Int32? = nil,
    selinuxLabel: String? = nil, scheduler: Scheduler? = nil, ioPriority: IOPriority? = nil, execCPUAffinity: CPUAffinity? = nil
  ) {
    self.terminal = terminal
    self.consoleSize = consoleSize
    self.user = user
    self.args = args
    self.env = env
    self.cwd = cwd
    self.capabilities = capabilities
    self.rlimits = rlimits
    self.noNewPrivileges = noNewPrivileges
    self.apparmorProfile = apparmorProfile
    self.oomScoreAdj = oomScoreAdj
    self.selinuxLabel = selinuxLabel
    self.scheduler = scheduler
    self.ioPriority = ioPriority
    self.execCPUAffinity = execCPUAffinity
  }

  /// Another one with the same values.
  public func copy() -> Process {
    Process(
      terminal: terminal, consoleSize: consoleSize, user: user, args: args, env: env, cwd: cwd, capabilities: capabilities, rlimits: rlimits,
      noNewPrivileges: noNewPrivileges, apparmorProfile: apparmorProfile, oomScoreAdj: oomScoreAdj, selinuxLabel: selinuxLabel, scheduler: scheduler,
      ioPriority: ioPriority, execCPUAffinity: execCPUAffinity)
  }
}

/// The size of a terminal in characters.
public struct ConsoleSize: Equatable, Sendable {
  /// Rows; the kernel's `winsize` has 16 bits for it.
  public var height: UInt16
  /// Columns; the kernel's `winsize` has 16 bits for it.
  public var width: UInt16

  public init(height: UInt16, width: UInt16) {
    self.height = height
    self.width = width
  }
}

/// Who a process is, as numbers inside the container (config.md, "POSIX-platform User").
public struct User: Equatable, Sendable {
  /// The user.
  public var uid: UInt32
  /// The first group.
  public var gid: UInt32
  /// Permission bits that new files do not get; nil leaves the runtime's.
  public var umask: UInt32?
  /// Supplementary groups.
  public var additionalGids: [UInt32]

  public init(uid: UInt32 = 0, gid: UInt32 = 0, umask: UInt32? = nil, additionalGids: [UInt32] = []) {
    self.uid = uid
    self.gid = gid
    self.umask = umask
    self.additionalGids = additionalGids
  }
}

/// The five capability sets of a process, by names such as `CAP_CHOWN` (capabilities(7)).
///
/// Names stay as they are written: which of them the kernel knows is for the one who applies them to say.
public struct Capabilities: Equatable, Sendable {
  /// What the process can ever have.
  public var bounding: [String]
  /// What the kernel checks.
  public var effective: [String]
  /// What a file with inheritable capabilities keeps over execve.
  public var inheritable: [String]
  /// What the process may make effective.
  public var permitted: [String]
  /// What an ordinary program keeps over execve.
  public var ambient: [String]

  public init(bounding: [String] = [], effective: [String] = [], inheritable: [String] = [], permitted: [String] = [], ambient: [String] = []) {
    self.bounding = bounding
    self.effective = effective
    self.inheritable = inheritable
    self.permitted = permitted
    self.ambient = ambient
  }
}

/// One limit of setrlimit(2) (config.md, "POSIX process").
public struct Rlimit: Equatable, Sendable {
  /// What is limited.
  public var type: RlimitType
  /// What the kernel enforces; `UInt64.max` is `RLIM_INFINITY`. Not above `hard`.
  public var soft: UInt64
  /// Up to where the process may raise `soft`; `UInt64.max` is `RLIM_INFINITY`.
  public var hard: UInt64

  public init(type: RlimitType, soft: UInt64, hard: UInt64) {
    self.type = type
    self.soft = soft
    self.hard = hard
  }
}

/// What setrlimit(2) can limit. The numbers differ between architectures, so they come from the C headers where they are used.
public enum RlimitType: UInt8, NamedValue {
  case addressSpace, core, cpu, data, fileSize, locks, lockedMemory, messageQueue, nice, openFiles, processes, residentSet, realtimePriority, realtimeTime
  case pendingSignals, stack

  public static var names: Literal {
    """
    RLIMIT_AS RLIMIT_CORE RLIMIT_CPU RLIMIT_DATA RLIMIT_FSIZE RLIMIT_LOCKS RLIMIT_MEMLOCK RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_NOFILE RLIMIT_NPROC
    RLIMIT_RSS RLIMIT_RTPRIO RLIMIT_RTTIME RLIMIT_SIGPENDING RLIMIT_STACK
    """
  }
}

/// The processors of an additional process (config.md, `execCPUAffinity`). Lists such as `0-3,7`.
public struct CPUAffinity: Equatable, Sendable {
  /// Before the process is moved to the container's cgroup.
  public var initial: String?
  /// After it has been moved; nil leaves it to the kernel.
  public var final: String?

  public init(initial: String? = nil, final: String? = nil) {
    self.initial = initial
    self.final = final
  }
}
