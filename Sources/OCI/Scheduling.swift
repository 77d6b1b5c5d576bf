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
public enum SchedulerPolicy: NamedValue {
  case other, fifo, roundRobin, batch, iso, idle, deadline

  public var name: String {
    switch self {
    case .other: "SCHED_OTHER"
    case .fifo: "SCHED_FIFO"
    case .roundRobin: "SCHED_RR"
    case .batch: "SCHED_BATCH"
    case .iso: "SCHED_ISO"
    case .idle: "SCHED_IDLE"
    case .deadline: "SCHED_DEADLINE"
    }
  }
}

/// The flags of sched_setattr(2).
public enum SchedulerFlag: NamedValue {
  case resetOnFork, reclaim, deadlineOverrun, keepPolicy, keepParameters, utilizationClampMinimum, utilizationClampMaximum

  public var name: String {
    switch self {
    case .resetOnFork: "SCHED_FLAG_RESET_ON_FORK"
    case .reclaim: "SCHED_FLAG_RECLAIM"
    case .deadlineOverrun: "SCHED_FLAG_DL_OVERRUN"
    case .keepPolicy: "SCHED_FLAG_KEEP_POLICY"
    case .keepParameters: "SCHED_FLAG_KEEP_PARAMS"
    case .utilizationClampMinimum: "SCHED_FLAG_UTIL_CLAMP_MIN"
    case .utilizationClampMaximum: "SCHED_FLAG_UTIL_CLAMP_MAX"
    }
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
public enum IOPriorityClass: NamedValue {
  case realtime, bestEffort, idle

  public var name: String {
    switch self {
    case .realtime: "IOPRIO_CLASS_RT"
    case .bestEffort: "IOPRIO_CLASS_BE"
    case .idle: "IOPRIO_CLASS_IDLE"
    }
  }
}
