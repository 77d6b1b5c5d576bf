internal import OCI
internal import Wording

extension SettingList {
  /// The settings for `linux.resources.cpu`, in the order in which the kernel accepts them.
  func add(_ cpu: CPUResources) {
    addWeight(cpu)
    addBandwidth(cpu)
    if let speed = cpu.speed { set(.cpuSpeed, Text(speed)) }
    addRealtime(cpu)
    addList(.cpuCPUs, cpu.cpus)
    addList(.cpuMems, cpu.mems)
  }

  /// A list of processors or memory nodes. The kernel ends the list at a newline (bitmap_parselist) and would take the part before it without a word.
  private func addList(_ limit: Limit, _ list: String?) {
    guard let list, !list.utf8.isEmpty else { return }
    if list.utf8.contains(0x0A) { return refuse(limit, "must be one line") }
    set(limit, Text(list))
  }

  /// Shares and idleness. A group that is idle takes no shares (EINVAL), so it is made idle after them, and not idle before.
  private func addWeight(_ cpu: CPUResources) {
    // Docker and runc write and read 0 as "not set"; the kernel has no meaning for it either.
    let shares = cpu.shares == 0 ? nil : cpu.shares
    let idle = cpu.idle ?? 0
    // Kernels before 5.15 have no idle groups.
    if cpu.idle != nil, idle == 0 || (shares != nil && current != nil) { set(.cpuIdle, "0", .harmless) }
    if let shares {
      if generation(of: .cpuShares) == .v2 {
        set(.cpuShares, cpuWeight(shares: shares))
      } else if shares < 2 || shares > 262144 {
        // The kernel would take the nearest that it has, without a word.
        refuse(.cpuShares, "\(shares) is not within 2 to 262144")
      } else {
        set(.cpuShares, shares)
      }
    }
    if idle != 0 { set(.cpuIdle, Text(String(idle))) }
  }

  /// Quota and burst in microseconds of each period. A quota of 0 is "not set", as in runc; below 0 it is unlimited.
  ///
  /// The kernel refuses a burst above the quota, and a quota that is a greater part of its period than the group above has. So a burst comes before the quota,
  /// for when both get less, and again after it; and so does v1's period.
  private func addBandwidth(_ cpu: CPUResources) {
    let quota = cpu.quota == 0 ? nil : cpu.quota
    let period = cpu.period == 0 ? nil : cpu.period
    let isTriedAgain: Traits = quota == nil ? [] : .isTriedAgain
    // Kernels before 5.14 let no group save up time.
    if let burst = cpu.burst { set(.cpuBurst, burst, burst == 0 ? isTriedAgain.union(.harmless) : isTriedAgain) }
    if quota == nil && period == nil { return }
    let asked = quota == nil ? Limit.cpuPeriod : .cpuQuota
    if generation(of: asked) == .v1 {
      if let period { set(.cpuPeriod, period, isTriedAgain) }
      if let quota { set(.cpuQuota, orUnlimited: quota) }
    } else {
      // Without a second word the kernel leaves the period as it is; the first cannot be left out.
      let inForce = quota ?? current?.quota ?? -1
      let first: Text = inForce < 0 ? "max" : Text(String(inForce))
      if let period { set(asked, "\(first) \(period)") } else { set(asked, first) }
    }
  }

  /// The period first: in a new group the runtime is 0, which fits in every period. In others it is written again after the runtime.
  private func addRealtime(_ cpu: CPUResources) {
    let runtime = cpu.realtimeRuntime == 0 ? nil : cpu.realtimeRuntime
    if let period = cpu.realtimePeriod, period != 0 { set(.cpuRealtimePeriod, period, runtime == nil ? [] : .isTriedAgain) }
    if let runtime { set(.cpuRealtimeRuntime, Text(String(runtime))) }
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
