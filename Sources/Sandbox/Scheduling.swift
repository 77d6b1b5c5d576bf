public import Linux
public import OCI

/// How the container's processes are scheduled and where their memory comes from: what each takes over from the one that started it.
public struct SchedulingPlan: Sendable, Equatable {
  /// `process.scheduler`.
  public var scheduler: SchedulingAttributes?
  /// `process.ioPriority`, as ioprio_set(2) takes it.
  public var ioPriority: UInt32?
  /// `linux.personality`, as personality(2) takes it.
  public var personality: UInt32?
  /// `linux.memoryPolicy`.
  public var memoryPolicy: PlannedMemoryPolicy?

  /// Nothing is set.
  init() {}

  /// Plans what config.json asks for. `linux` is that of the container, for an additional process as well.
  public init(_ process: Process, _ linux: LinuxSection) throws(SpecError) {
    scheduler = try process.scheduler.map { (asked) throws(SpecError) in try SchedulingAttributes(asked, "process.scheduler") }
    // IOPRIO_PRIO_VALUE of linux/ioprio.h.
    ioPriority = process.ioPriority.map { $0.priorityClass.number << 13 | UInt32(bitPattern: $0.priority) }
    personality = linux.personality.map { $0.domain.number }
    memoryPolicy = try linux.memoryPolicy.map { (asked) throws(SpecError) in try PlannedMemoryPolicy(asked, "linux.memoryPolicy") }
  }

  /// A child of a process that is scheduled so is not: SCHED_DEADLINE lets none be made, and SCHED_FLAG_RESET_ON_FORK is for that.
  var isLostByClone: Bool { scheduler.map { $0.policy == 6 || $0.flags & SchedulerFlag.resetOnFork.bit != 0 } ?? false }

  /// Sets all of it on the calling process, which still has the host's rights: the real-time classes need `CAP_SYS_NICE`.
  ///
  /// - beforeClone: a child is to have it; the scheduler, where that loses it, is left to `applyScheduler`.
  func apply(beforeClone: Bool = false) throws(SandboxError) {
    if !beforeClone || !isLostByClone { try applyScheduler() }
    if let ioPriority {
      try SchedulingPlan.set("process.ioPriority", " (CONFIG_BLOCK)") { () throws(Errno) in try ThisProcess.setIOPriority(ioPriority) }
    }
    if let personality { try SchedulingPlan.set("linux.personality", "") { () throws(Errno) in try ThisProcess.setPersonality(personality) } }
    if let memoryPolicy {
      try SchedulingPlan.set("linux.memoryPolicy", " (CONFIG_NUMA)") { () throws(Errno) in
        try ThisProcess.setMemoryPolicy(memoryPolicy.mode, nodes: memoryPolicy.nodes)
      }
    }
  }

  /// Sets the scheduler of a process; 0 is the calling one.
  func applyScheduler(to process: Int32 = 0) throws(SandboxError) {
    guard let scheduler else { return }
    // As runc tells it: the kernel says no more than EPERM, and root is not used to that.
    let hint: Literal =
      scheduler.policy == 6 ? "; not in a cpuset of some processors only" : "; with CONFIG_RT_GROUP_SCHED the container's cpu group has no real time to give"
    try SchedulingPlan.set("process.scheduler", "", ifNotPermitted: hint) { () throws(Errno) in try ThisProcess.setScheduling(scheduler, of: process) }
  }

  private static func set(
    _ path: Literal, _ option: Literal, ifNotPermitted hint: Literal = "", _ call: () throws(Errno) -> Void
  ) throws(SandboxError) {
    do throws(Errno) {
      try call()
    } catch {
      if error == .noSystemCall { throw SandboxError("\(path): this kernel has no such system call\(option)") }
      throw SandboxError("\(path): \(error.message)\(error == .notPermitted ? hint : "")")
    }
  }
}

/// What set_mempolicy(2) is told.
public struct PlannedMemoryPolicy: Sendable, Equatable {
  /// The number of the C constant `MPOL_…` with those of `MPOL_F_…` in it.
  public var mode: UInt32
  public var nodes: NumberSet
}

extension SchedulingAttributes {
  /// What the kernel would refuse with a bare EINVAL is refused here, with its path (sched_setattr(2), sched(7)).
  init(_ asked: Scheduler, _ path: Literal) throws(SpecError) {
    func refuse(_ member: Literal, _ reason: String) -> SpecError { SpecError(path: "\(path).\(member)", reason: Text(reason)) }
    let name = asked.policy.name
    guard asked.policy != .iso else { throw refuse("policy", "SCHED_ISO is reserved, and no Linux kernel implements it") }
    let isRealtime = asked.policy == .fifo || asked.policy == .roundRobin
    if isRealtime, asked.priority < 1 || asked.priority > 99 { throw refuse("priority", "\(name) needs a priority from 1 to 99") }
    if !isRealtime, asked.priority != 0 { throw refuse("priority", "only for SCHED_FIFO and SCHED_RR") }
    if asked.policy == .deadline {
      // The bounds of the kernel: __checkparam_dl() in kernel/sched/deadline.c.
      if asked.runtime < 1024 { throw refuse("runtime", "SCHED_DEADLINE needs 1024 nanoseconds or more") }
      if asked.deadline < asked.runtime { throw refuse("deadline", "below the runtime") }
      if asked.period != 0, asked.period < asked.deadline { throw refuse("period", "below the deadline") }
      if max(asked.deadline, asked.period) >> 63 != 0 { throw refuse(asked.period == 0 ? "deadline" : "period", "above 9223372036854775807") }
    } else {
      for (member, value) in [("runtime", asked.runtime), ("deadline", asked.deadline), ("period", asked.period)] as [(Literal, UInt64)] where value != 0 {
        throw refuse(member, "only for SCHED_DEADLINE")
      }
    }
    self.init(
      policy: asked.policy.number, flags: asked.flags.reduce(0) { $0 | $1.bit }, nice: asked.nice, priority: UInt32(bitPattern: asked.priority),
      runtime: asked.runtime, deadline: asked.deadline, period: asked.period)
  }
}

extension PlannedMemoryPolicy {
  init(_ asked: MemoryPolicy, _ path: Literal) throws(SpecError) {
    // No configuration of the kernel has more nodes (CONFIG_NODES_SHIFT is at most 10).
    nodes = try NumberSet(list: asked.nodes ?? "", below: 1024, "\(path).nodes")
    switch asked.mode {
    case .default, .local:
      if !nodes.isEmpty { throw SpecError(path: "\(path).nodes", reason: "\(asked.mode.name) takes none") }
    case .bind, .interleave, .weightedInterleave, .preferredMany:
      if nodes.isEmpty { throw SpecError(path: "\(path).nodes", reason: "\(asked.mode.name) needs at least one") }
    case .preferred: break
    }
    guard !(asked.flags.contains(.staticNodes) && asked.flags.contains(.relativeNodes)) else {
      throw SpecError(path: "\(path).flags", reason: "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other")
    }
    mode = asked.flags.reduce(asked.mode.number) { $0 | $1.bit }
  }
}

extension NumberSet {
  /// Numbers and ranges between commas: `0-3,7`. As in runc, spaces around a part and empty parts have no meaning.
  public init(list: String, below limit: UInt32, _ path: @autoclosure () -> String) throws(SpecError) {
    self.init()
    for part in list.utf8.split(separator: 0x2C) {
      let range = Array(part.drop { $0 == 0x20 }.reversed().drop { $0 == 0x20 }.reversed())
      if range.isEmpty { continue }
      let ends = range.split(separator: 0x2D, maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = ends.first.flatMap({ decimal($0) }), let last = ends.last.flatMap({ decimal($0) }), first <= last else {
        throw SpecError(path: Text(path()), reason: "not a list such as 0-3,7")
      }
      guard last < UInt64(limit) else { throw SpecError(path: Text(path()), reason: "\(last) is above \(limit - 1)") }
      insert(UInt32(truncatingIfNeeded: first)...UInt32(truncatingIfNeeded: last))
    }
  }
}

// The numbers of the kernel: include/uapi/linux/sched.h, ioprio.h, personality.h, mempolicy.h.

extension SchedulerPolicy {
  fileprivate var number: UInt32 {
    switch self {
    case .other: 0
    case .fifo: 1
    case .roundRobin: 2
    case .batch: 3
    case .iso: 4
    case .idle: 5
    case .deadline: 6
    }
  }
}

extension SchedulerFlag {
  fileprivate var bit: UInt64 {
    switch self {
    case .resetOnFork: 0x01
    case .reclaim: 0x02
    case .deadlineOverrun: 0x04
    case .keepPolicy: 0x08
    case .keepParameters: 0x10
    case .utilizationClampMinimum: 0x20
    case .utilizationClampMaximum: 0x40
    }
  }
}

extension IOPriorityClass {
  fileprivate var number: UInt32 {
    switch self {
    case .realtime: 1
    case .bestEffort: 2
    case .idle: 3
    }
  }
}

extension PersonalityDomain {
  fileprivate var number: UInt32 {
    switch self {
    case .linux: 0
    case .linux32: 8
    }
  }
}

extension MemoryPolicyMode {
  fileprivate var number: UInt32 {
    switch self {
    case .default: 0
    case .preferred: 1
    case .bind: 2
    case .interleave: 3
    case .local: 4
    case .preferredMany: 5
    case .weightedInterleave: 6
    }
  }
}

extension MemoryPolicyFlag {
  fileprivate var bit: UInt32 {
    switch self {
    case .numaBalancing: 1 << 13
    case .relativeNodes: 1 << 14
    case .staticNodes: 1 << 15
    }
  }
}
