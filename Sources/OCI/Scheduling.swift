/// What sched_setattr(2) is told (config.md, `scheduler`).
public struct Scheduler: Equatable, Sendable {
  /// Who runs before whom.
  public var policy: SchedulerPolicy
  /// -20 (most time) to 19.
  public var nice: Int32
  /// 1 to 99 for the real-time policies, else 0.
  public var priority: Int32
  /// What else sched_setattr(2) is told.
  public var flags: [SchedulerFlag]
  /// Nanoseconds of processor time in each period, for `SCHED_DEADLINE`.
  public var runtime: UInt64
  /// Nanoseconds from the begin of a period until the work must be done, for `SCHED_DEADLINE`.
  public var deadline: UInt64
  /// Nanoseconds, for `SCHED_DEADLINE`.
  public var period: UInt64

  public init(
    policy: SchedulerPolicy, nice: Int32 = 0, priority: Int32 = 0, flags: [SchedulerFlag] = [], runtime: UInt64 = 0, deadline: UInt64 = 0, period: UInt64 = 0
  ) {
    self.policy = policy
    self.nice = nice
    self.priority = priority
    self.flags = flags
    self.runtime = runtime
    self.deadline = deadline
    self.period = period
  }
}

/// The policies of sched(7).
public enum SchedulerPolicy: UInt8, NamedValue {
  case other, fifo, roundRobin, batch, iso, idle, deadline

  public static var names: Literal { "SCHED_OTHER SCHED_FIFO SCHED_RR SCHED_BATCH SCHED_ISO SCHED_IDLE SCHED_DEADLINE" }
}

/// The flags of sched_setattr(2).
public enum SchedulerFlag: UInt8, NamedValue {
  case resetOnFork, reclaim, deadlineOverrun, keepPolicy, keepParameters, utilizationClampMinimum, utilizationClampMaximum

  public static var names: Literal {
    """
    SCHED_FLAG_RESET_ON_FORK SCHED_FLAG_RECLAIM SCHED_FLAG_DL_OVERRUN SCHED_FLAG_KEEP_POLICY SCHED_FLAG_KEEP_PARAMS SCHED_FLAG_UTIL_CLAMP_MIN
    SCHED_FLAG_UTIL_CLAMP_MAX
    """
  }
}

/// The priority of input and output, ioprio_set(2) (config.md, `ioPriority`).
public struct IOPriority: Equatable, Sendable {
  /// Which class is served before which.
  public var priorityClass: IOPriorityClass
  /// 0 (highest) to 7.
  public var priority: Int32

  public init(priorityClass: IOPriorityClass, priority: Int32) {
    self.priorityClass = priorityClass
    self.priority = priority
  }
}

/// The classes of ioprio_set(2).
public enum IOPriorityClass: UInt8, NamedValue {
  case realtime, bestEffort, idle

  public static var names: Literal { "IOPRIO_CLASS_RT IOPRIO_CLASS_BE IOPRIO_CLASS_IDLE" }
}
