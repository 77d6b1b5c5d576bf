internal import OCI

extension SettingList {
  /// The settings for `linux.resources.cpu`, in the order in which the kernel accepts them.
  mutating func add(_ cpu: CPUResources) throws(CgroupPlanError) {
    try addWeight(cpu)
    try addBandwidth(cpu)
    try addRealtime(cpu)
    if let cpus = cpu.cpus, !cpus.utf8.isEmpty { try addList("cpuset.cpus", cpus, for: "cpu.cpus") }
    if let mems = cpu.mems, !mems.utf8.isEmpty { try addList("cpuset.mems", mems, for: "cpu.mems") }
  }

  /// A list of processors or memory nodes. The kernel ends the list at a newline (bitmap_parselist) and would take the part before it without a word.
  private mutating func addList(_ file: String, _ list: String, for limit: String) throws(CgroupPlanError) {
    if list.utf8.contains(0x0A) { throw .refused(asked: SettingList.path(limit), reason: "must be one line") }
    try add(.cpuset, file, list, for: limit)
  }

  /// Shares and idleness. A group that is idle takes no shares (EINVAL), so it is made idle after them, and not idle before.
  private mutating func addWeight(_ cpu: CPUResources) throws(CgroupPlanError) {
    // Docker and runc write and read 0 as "not set"; the kernel has no meaning for it either.
    let shares = cpu.shares == 0 ? nil : cpu.shares
    let option: StaticString = "FAIR_GROUP_SCHED"
    let idle = cpu.idle ?? 0
    if cpu.idle != nil, idle == 0 || (shares != nil && current != nil) {
      // Kernels before 5.15 have no idle groups.
      try add(.cpu, "cpu.idle", "0", for: "cpu.idle", option: option, ifMissing: .harmless)
    }
    if let shares {
      if try generation(of: .cpu, for: "cpu.shares") == .v1 {
        // The kernel would take the nearest that it has, without a word.
        if shares < 2 || shares > 262144 { throw .refused(asked: SettingList.path("cpu.shares"), reason: "\(shares) is not within 2 to 262144") }
        try add(.cpu, "cpu.shares", "\(shares)", for: "cpu.shares", option: option)
      } else {
        try add(.cpu, "cpu.weight", "\(cpuWeight(shares: shares))", for: "cpu.shares", option: option)
      }
    }
    if idle != 0 { try add(.cpu, "cpu.idle", "\(idle)", for: "cpu.idle", option: option) }
  }

  /// Quota and burst in microseconds of each period. A quota of 0 is "not set", as in runc; below 0 it is unlimited.
  ///
  /// The kernel refuses a burst above the quota, and a quota that is a greater part of its period than the group above has. So a burst comes before the quota,
  /// for when both get less, and again after it; and so does v1's period.
  private mutating func addBandwidth(_ cpu: CPUResources) throws(CgroupPlanError) {
    let quota = cpu.quota == 0 ? nil : cpu.quota
    let period = cpu.period == 0 ? nil : cpu.period
    let option: StaticString = "CFS_BANDWIDTH"
    let hasOther = quota != nil
    if let burst = cpu.burst {
      let file = try generation(of: .cpu, for: "cpu.burst") == .v1 ? "cpu.cfs_burst_us" : "cpu.max.burst"
      // Kernels before 5.14 let no group save up time.
      try add(.cpu, file, "\(burst)", for: "cpu.burst", option: option, ifMissing: burst == 0 ? .harmless : .refuse, isTriedAgain: hasOther)
    }
    if quota == nil && period == nil { return }
    let asked = quota == nil ? "cpu.period" : "cpu.quota"
    if try generation(of: .cpu, for: asked) == .v1 {
      if let period { try add(.cpu, "cpu.cfs_period_us", "\(period)", for: "cpu.period", option: option, isTriedAgain: hasOther) }
      if let quota { try add(.cpu, "cpu.cfs_quota_us", quota < 0 ? "-1" : "\(quota)", for: "cpu.quota", option: option) }
    } else {
      // Without a second word the kernel leaves the period as it is; the first cannot be left out.
      let first = negativeAsMax(quota ?? current?.quota ?? -1)
      try add(.cpu, "cpu.max", period.map { "\(first) \($0)" } ?? first, for: asked, option: option)
    }
  }

  /// The period first: in a new group the runtime is 0, which fits in every period. In others it is written again after the runtime.
  private mutating func addRealtime(_ cpu: CPUResources) throws(CgroupPlanError) {
    let runtime = cpu.realtimeRuntime == 0 ? nil : cpu.realtimeRuntime
    if let period = cpu.realtimePeriod, period != 0 {
      try requireV1(.cpu, for: "cpu.realtimePeriod")
      try add(.cpu, "cpu.rt_period_us", "\(period)", for: "cpu.realtimePeriod", option: "RT_GROUP_SCHED", isTriedAgain: runtime != nil)
    }
    if let runtime {
      try requireV1(.cpu, for: "cpu.realtimeRuntime")
      try add(.cpu, "cpu.rt_runtime_us", "\(runtime)", for: "cpu.realtimeRuntime", option: "RT_GROUP_SCHED")
    }
  }
}

/// The cgroup v2 weight, 1 to 10000, for v1 `shares`, 2 to 262144: the curve through (2, 1), (1024, 100) and (262144, 10000) that crun and runc use since 2025 (docs/decisions/cpu-weight.md),
/// ceil(10 ^ ((l² + 125 l) / 612 - 7 / 34)) with l = log2(shares). A straight line would give the default of 1024 a weight of 39, not the default of 100.
func cpuWeight(shares: UInt64) -> UInt64 {
  if shares <= 2 { return 1 }
  if shares >= 262144 { return 10000 }
  let l = logarithm(Double(shares)) / logarithm(2)
  let power = exponential(((l * l + 125 * l) / 612 - 7.0 / 34) * logarithm(10))
  // What is a whole number but for rounding is that number.
  let below = UInt64(power)
  return power - Double(below) > 1e-9 ? below + 1 : below
}

/// The natural logarithm of `value`, at least 1: halved below 2, then the series of the inverse hyperbolic tangent. The C library's would bring its tables
/// along.
private func logarithm(_ value: Double) -> Double {
  let ln2 = 0.693147180559945309417
  var rest = value
  var halvings = 0.0
  while rest >= 2 {
    rest /= 2
    halvings += 1
  }
  let ratio = (rest - 1) / (rest + 1)
  var term = ratio
  var sum = 0.0
  var divisor = 1.0
  while divisor < 40 {
    sum += term / divisor
    term *= ratio * ratio
    divisor += 2
  }
  return 2 * sum + halvings * ln2
}

/// e to the power of `value`, at least 0: the series, of a small enough part, squared.
private func exponential(_ value: Double) -> Double {
  let part = value / 16
  var term = 1.0
  var sum = 1.0
  var count = 1.0
  while count < 20 {
    term *= part / count
    sum += term
    count += 1
  }
  let fourth = sum * sum * sum * sum
  return fourth * fourth * fourth * fourth
}
