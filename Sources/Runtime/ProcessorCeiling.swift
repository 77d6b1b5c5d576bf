internal import Cgroups
internal import Linux
internal import OCI
internal import Sandbox
internal import Wording

/// The processors that a container is kept on where the kernel cannot limit its time on all of them: as many as the limit would fill.
enum ProcessorCeiling {
  /// A list for `cpuset.cpus`; nil when the limit leaves none out, or when there is no controller that could.
  ///
  /// - seed: containers with different ones begin at different processors.
  static func list(_ cpu: CPUResources, _ layout: CgroupLayout, seed: Int) -> String? {
    guard let quota = cpu.quota, quota > 0, let hierarchy = layout.hierarchy(of: .cpuset) else { return nil }
    let file: Path = hierarchy.generation == .v1 ? hierarchy.fileName("cpuset.cpus") : "cpuset.cpus.effective"
    guard let text = try? readFile(hierarchy.mountPoint.appending(file.bytes), limit: 1 << 16),
      let available = try? NumberSet(list: string(text.prefix { $0 != 0x0A }), below: 4096, "\(file)")
    else { return nil }
    let chosen = choose(quota: quota, period: cpu.period ?? 100_000, of: available.numbers, seed: seed)
    return chosen.isEmpty ? nil : joined(chosen.map { String($0) }, with: ",")
  }

  /// As many of `available` as the quota fills in a period, rounded up; empty when that is all of them.
  static func choose(quota: Int64, period: UInt64, of available: [UInt32], seed: Int) -> [UInt32] {
    let period = max(period, 1)
    let count = (UInt64(quota) - 1) / period + 1
    if count >= UInt64(available.count) { return [] }
    return (0..<Int(count)).map { available[(seed + $0) % available.count] }
  }
}
