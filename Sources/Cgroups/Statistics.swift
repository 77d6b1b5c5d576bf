internal import Linux

/// What a container uses and may use, as the kernel has it now. Nil in general: no group of the container counts it, or this kernel does not.
public struct CgroupStatistics: Sendable {
  public var memory: MemoryUse?
  public var tasks: TaskUse?
  public var processor: ProcessorUse?

  /// Bytes.
  public struct MemoryUse: Sendable {
    public var current: UInt64
    /// The most there has been; v2 since Linux 5.19.
    public var peak: UInt64?
    /// Nil is unlimited.
    public var limit: UInt64?
    /// How many processes the kernel has killed for want of memory; v1 since Linux 4.13.
    public var outOfMemoryKills: UInt64?
  }

  /// Processes and threads.
  public struct TaskUse: Sendable {
    public var current: UInt64
    /// Nil is unlimited.
    public var limit: UInt64?
  }

  /// Microseconds.
  public struct ProcessorUse: Sendable {
    /// Since the group was made; nil where only the limit is known (v1 without cpuacct).
    public var used: UInt64?
    /// In each `period`; nil is unlimited.
    public var quota: UInt64?
    public var period: UInt64?
  }
}

extension ContainerCgroup {
  /// Reads what the container uses and its limits.
  public borrowing func statistics() throws(CgroupError) -> CgroupStatistics {
    var statistics = CgroupStatistics()
    for group in groups {
      if group.hierarchy.generation == .v2 {
        try group.readUnified(into: &statistics)
      } else {
        try group.readLegacy(into: &statistics)
      }
    }
    return statistics
  }
}

extension GroupDirectory {
  fileprivate func readUnified(into statistics: inout CgroupStatistics) throws(CgroupError) {
    if let current = try number("memory.current") {
      var kills: UInt64?
      if let events = try read("memory.events") { kills = value(of: "oom_kill", in: events) }
      statistics.memory = .init(current: current, peak: try number("memory.peak"), limit: try number("memory.max"), outOfMemoryKills: kills)
    }
    if let current = try number("pids.current") { statistics.tasks = .init(current: current, limit: try number("pids.max")) }
    if let stat = try read("cpu.stat"), let used = value(of: "usage_usec", in: stat) {
      var use = CgroupStatistics.ProcessorUse(used: used)
      if let words = try read("cpu.max")?.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }), words.count == 2 {
        // The first word is `max` for unlimited.
        use.quota = decimal(words[0])
        use.period = decimal(words[1])
      }
      statistics.processor = use
    }
  }

  fileprivate func readLegacy(into statistics: inout CgroupStatistics) throws(CgroupError) {
    if hierarchy.controllers.contains(.memory), let current = try number("memory.usage_in_bytes") {
      var kills: UInt64?
      if let control = try read("memory.oom_control") { kills = value(of: "oom_kill", in: control) }
      var limit = try number("memory.limit_in_bytes")
      // Unlimited is the largest multiple of the page size in an int64.
      if let bytes = limit, bytes >= UInt64(Int64.max) - 0xFFFFF { limit = nil }
      statistics.memory = .init(current: current, peak: try number("memory.max_usage_in_bytes"), limit: limit, outOfMemoryKills: kills)
    }
    if hierarchy.controllers.contains(.pids), let current = try number("pids.current") {
      statistics.tasks = .init(current: current, limit: try number("pids.max"))
    }
    if hierarchy.controllers.contains(.cpu) {
      var use = statistics.processor ?? .init()
      // Unlimited is -1, which is no number here.
      use.quota = try number("cpu.cfs_quota_us")
      use.period = try number("cpu.cfs_period_us")
      statistics.processor = use
    }
    if hierarchy.controllers.contains(.cpuAccounting), let nanoseconds = try number("cpuacct.usage") {
      var use = statistics.processor ?? .init()
      use.used = nanoseconds / 1000
      statistics.processor = use
    }
  }

  /// The number that the file holds; nil when there is no such file, or a word such as `max`.
  func number(_ file: String) throws(CgroupError) -> UInt64? {
    guard let bytes = try read(file), let word = bytes.split(separator: 0x0A).first else { return nil }
    return decimal(word)
  }
}

/// The number after `key` in a file of lines "key number"; nil when no line has it.
func value(of key: StaticString, in bytes: [UInt8]) -> UInt64? {
  for line in bytes.split(separator: 0x0A) {
    let words = line.split(separator: 0x20)
    if words.count == 2, words[0].matches(key) { return decimal(words[1]) }
  }
  return nil
}
