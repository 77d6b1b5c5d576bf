internal import Linux

extension ContainerCgroup {
  /// Reads what the container uses and its limits.
  public borrowing func statistics() throws(CgroupError) -> CgroupStatistics {
    var statistics = CgroupStatistics()
    // v2 first: what v1 counts is counted there alone, and v2 adds the pressure.
    for group in groups where group.hierarchy.generation == .v2 { try group.readUnified(into: &statistics) }
    for group in groups where group.hierarchy.generation == .v1 { try group.readLegacy(into: &statistics) }
    return statistics
  }
}

extension GroupDirectory {
  fileprivate func readUnified(into statistics: inout CgroupStatistics) throws(CgroupError) {
    statistics.memory = try unifiedMemory()
    if let current = try number("pids.current") { statistics.tasks = .init(current: current, limit: try number("pids.max")) }
    if let stat = try read("cpu.stat"), let used = value(of: "usage_usec", in: stat) {
      var processor = CgroupStatistics.Processor(used: nanoseconds(used))
      processor.kernel = nanoseconds(value(of: "system_usec", in: stat) ?? 0)
      processor.user = nanoseconds(value(of: "user_usec", in: stat) ?? 0)
      processor.periods = value(of: "nr_periods", in: stat) ?? 0
      processor.throttledPeriods = value(of: "nr_throttled", in: stat) ?? 0
      processor.throttledTime = nanoseconds(value(of: "throttled_usec", in: stat) ?? 0)
      if let words = try read("cpu.max")?.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }), words.count == 2 {
        // The first word is `max` for unlimited.
        processor.quota = decimal(words[0])
        processor.period = decimal(words[1])
      }
      processor.pressure = try pressure("cpu.pressure")
      statistics.processor = processor
    }
    if let stat = try read("io.stat") { statistics.blockIO = blockIO(unified: stat) }
    if let waits = try pressure("io.pressure") {
      var both = statistics.blockIO ?? .init()
      both.pressure = waits
      statistics.blockIO = both
    }
    for size in try hugePageSizes("max") {
      var current = try number("hugetlb.\(size).rsvd.current")
      if current == nil { current = try number("hugetlb.\(size).current") }
      let failures = try read("hugetlb.\(size).events").flatMap { value(of: "max", in: $0) } ?? 0
      statistics.hugePages.append(.init(size: size, current: current ?? 0, peak: 0, failures: failures))
    }
  }

  private func unifiedMemory() throws(CgroupError) -> CgroupStatistics.Memory? {
    guard let current = try number("memory.current") else { return nil }
    var usage = CgroupStatistics.MemoryUse(current: current, peak: try number("memory.peak") ?? 0, limit: try number("memory.max") ?? .max)
    var kills: UInt64?
    if let events = try read("memory.events") {
      kills = value(of: "oom_kill", in: events)
      usage.failures = value(of: "max", in: events) ?? 0
    }
    var memory = CgroupStatistics.Memory(usage: usage, outOfMemoryKills: kills, pressure: try pressure("memory.pressure"))
    if let swap = try number("memory.swap.current") {
      let limit = try number("memory.swap.max") ?? .max
      memory.swap = .init(current: sum(usage.current, swap), limit: limit == .max ? .max : sum(usage.limit, limit))
    }
    if let stat = try read("memory.stat") {
      memory.raw = keyedNumbers(stat)
      memory.cache = value(of: "file", in: stat) ?? 0
    }
    return memory
  }

  fileprivate func readLegacy(into statistics: inout CgroupStatistics) throws(CgroupError) {
    let controllers = hierarchy.controllers
    if controllers.contains(.memory) {
      let waits = statistics.memory?.pressure
      statistics.memory = try legacyMemory()
      statistics.memory?.pressure = waits
    }
    if controllers.contains(.pids), let current = try number("pids.current") { statistics.tasks = .init(current: current, limit: try number("pids.max")) }
    if controllers.contains(.cpu) {
      var processor = statistics.processor ?? .init()
      // Unlimited is -1, which is no number here.
      processor.quota = try number("cpu.cfs_quota_us")
      processor.period = try number("cpu.cfs_period_us")
      if let stat = try read("cpu.stat") {
        processor.periods = value(of: "nr_periods", in: stat) ?? 0
        processor.throttledPeriods = value(of: "nr_throttled", in: stat) ?? 0
        processor.throttledTime = value(of: "throttled_time", in: stat) ?? 0
      }
      statistics.processor = processor
    }
    if controllers.contains(.cpuAccounting), let used = try number("cpuacct.usage") {
      var processor = statistics.processor ?? .init()
      processor.used = used
      try readLegacyTimes(into: &processor)
      statistics.processor = processor
    }
    if controllers.contains(.cpuset) { statistics.cpuset = try legacyCPUSet() }
    if controllers.contains(.blockIO) {
      let waits = statistics.blockIO?.pressure
      statistics.blockIO = try legacyBlockIO()
      statistics.blockIO?.pressure = waits
    }
    if controllers.contains(.hugePages) {
      for size in try hugePageSizes("limit_in_bytes") {
        let name = try number("hugetlb.\(size).rsvd.usage_in_bytes") == nil ? "hugetlb.\(size)" : "hugetlb.\(size).rsvd"
        statistics.hugePages.append(
          .init(
            size: size, current: try number("\(name).usage_in_bytes") ?? 0, peak: try number("\(name).max_usage_in_bytes") ?? 0,
            failures: try number("\(name).failcnt") ?? 0))
      }
    }
  }

  private func readLegacyTimes(into processor: inout CgroupStatistics.Processor) throws(CgroupError) {
    if let stat = try read("cpuacct.stat") {
      // Clock ticks: USER_HZ is 100 wherever Apus runs.
      processor.user = value(of: "user", in: stat).map { nanoseconds($0, each: 10_000_000) }
      processor.kernel = value(of: "system", in: stat).map { nanoseconds($0, each: 10_000_000) }
    }
    if let usage = try read("cpuacct.usage_percpu") { processor.perProcessor = numbers(usage) }
    if let usage = try read("cpuacct.usage_all") {
      let (user, kernel) = usageByProcessor(usage)
      processor.perProcessorUser = user
      processor.perProcessorKernel = kernel
    }
  }

  private func legacyMemory() throws(CgroupError) -> CgroupStatistics.Memory? {
    guard let usage = try legacyUse("memory") else { return nil }
    var memory = CgroupStatistics.Memory(usage: usage)
    memory.swap = try legacyUse("memory.memsw")
    memory.kernel = try legacyUse("memory.kmem")
    memory.kernelTCP = try legacyUse("memory.kmem.tcp")
    if let control = try read("memory.oom_control") { memory.outOfMemoryKills = value(of: "oom_kill", in: control) }
    if let stat = try read("memory.stat") {
      memory.raw = keyedNumbers(stat)
      memory.cache = value(of: "cache", in: stat) ?? 0
    }
    return memory
  }

  private func legacyUse(_ name: String) throws(CgroupError) -> CgroupStatistics.MemoryUse? {
    guard let current = try number("\(name).usage_in_bytes") else { return nil }
    return .init(
      current: current, peak: try number("\(name).max_usage_in_bytes") ?? 0, limit: try number("\(name).limit_in_bytes") ?? 0,
      failures: try number("\(name).failcnt") ?? 0)
  }

  private func legacyCPUSet() throws(CgroupError) -> CgroupStatistics.CPUSet {
    var set = CgroupStatistics.CPUSet()
    set.processors = numberList(try read("cpuset.cpus") ?? [])
    set.nodes = numberList(try read("cpuset.mems") ?? [])
    set.cpuExclusive = try number("cpuset.cpu_exclusive") ?? 0
    set.memHardwall = try number("cpuset.mem_hardwall") ?? 0
    set.memExclusive = try number("cpuset.mem_exclusive") ?? 0
    set.memoryMigrate = try number("cpuset.memory_migrate") ?? 0
    set.memorySpreadPage = try number("cpuset.memory_spread_page") ?? 0
    set.memorySpreadSlab = try number("cpuset.memory_spread_slab") ?? 0
    set.memoryPressure = try number("cpuset.memory_pressure") ?? 0
    set.schedLoadBalance = try number("cpuset.sched_load_balance") ?? 0
    let level = try read("cpuset.sched_relax_domain_level")?.split(separator: 0x0A).first ?? []
    let magnitude = Int64(exactly: decimal(level.first == 0x2D ? level.dropFirst() : level) ?? 0) ?? 0
    set.schedRelaxDomainLevel = level.first == 0x2D ? 0 - magnitude : magnitude
    return set
  }

  /// From the first family of files that has something: BFQ with CONFIG_BFQ_CGROUP_DEBUG and without, CFQ, and what is counted without a scheduler.
  private func legacyBlockIO() throws(CgroupError) -> CgroupStatistics.BlockIO {
    for prefix in ["blkio.bfq.", "blkio.", "blkio.throttle."] {
      for suffix in ["_recursive", ""] {
        func entries(_ name: String) throws(CgroupError) -> [CgroupStatistics.BlockIOEntry] { blockIOEntries(try read(prefix + name + suffix) ?? []) }
        let operations = try entries("io_serviced")
        if operations.isEmpty { continue }
        return .init(
          bytes: try entries("io_service_bytes"), operations: operations, queued: try entries("io_queued"), serviceTime: try entries("io_service_time"),
          waitTime: try entries("io_wait_time"), merged: try entries("io_merged"), time: try entries("time"), sectors: try entries("sectors"))
      }
    }
    return .init()
  }

  /// The sizes of huge pages that the group counts, by the names of its files.
  private func hugePageSizes(_ suffix: StaticString) throws(CgroupError) -> [String] {
    do throws(Errno) {
      return try directory.open(".", [.readOnly, .directory]).entries().compactMap { hugePageSize($0.name.bytes, suffix: suffix) }
    } catch {
      throw CgroupError("read", Text(description), error)
    }
  }

  private func pressure(_ file: String) throws(CgroupError) -> CgroupStatistics.Pressure? { try read(file).flatMap { Cgroups.pressure($0) } }
}

/// Nanoseconds of a count of `each`; a count that is too great for them is the greatest.
private func nanoseconds(_ count: UInt64, each: UInt64 = 1000) -> UInt64 {
  let (product, overflow) = count.multipliedReportingOverflow(by: each)
  return overflow ? .max : product
}

private func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
  let (sum, overflow) = one.addingReportingOverflow(other)
  return overflow ? .max : sum
}
