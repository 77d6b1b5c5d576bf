internal import Cgroups
internal import Linux
internal import OCI
internal import Sandbox
internal import Wording

/// What a container gets of the processors where the kernel cannot limit its time on all of them: as many as the limit would fill, and the part of their speed
/// that makes up for the last one.
struct ProcessorCeiling {
  /// A list for `cpuset.cpus`; nil when the limit leaves none out, when some are asked for anyway, or when there is no controller that could.
  var processors: String?
  /// Percent with two decimals, for `cpu.uclamp.max`; nil when that is all of it, or nothing is known of the processors.
  var speed: String?

  /// - seed: containers with different ones begin at different processors.
  init(_ cpu: CPUResources, _ layout: CgroupLayout, seed: Int) {
    guard let quota = cpu.quota, quota > 0 else { return }
    let period = cpu.period ?? 100_000
    var count = 0
    if let own = cpu.cpus, !own.utf8.isEmpty {
      count = ProcessorCeiling.numbers(own)?.count ?? 0
    } else if let hierarchy = layout.hierarchy(of: .cpuset) {
      let file: Path = hierarchy.generation == .v1 ? hierarchy.fileName("cpuset.cpus") : "cpuset.cpus.effective"
      let text = try? readFile(hierarchy.mountPoint.appending(file.bytes), limit: 1 << 16)
      guard let text, let available = ProcessorCeiling.numbers(string(text.prefix { $0 != 0x0A })) else { return }
      let chosen = ProcessorCeiling.choose(quota: quota, period: period, of: available, seed: seed)
      if !chosen.isEmpty { processors = joined(chosen.map { String($0) }, with: ",") }
      count = chosen.isEmpty ? available.count : chosen.count
    } else if let status = try? readFile("/proc/self/status", limit: 1 << 16) {
      count = RunningProcess.field("Cpus_allowed_list", in: status).flatMap { ProcessorCeiling.numbers($0) }?.count ?? 0
    }
    speed = ProcessorCeiling.speed(quota: quota, period: period, processors: count)
  }

  private static func numbers(_ list: String) -> [UInt32]? { (try? NumberSet(list: list, below: 4096, "processors"))?.numbers }

  /// As many of `available` as the quota fills in a period, rounded up; empty when that is all of them.
  static func choose(quota: Int64, period: UInt64, of available: [UInt32], seed: Int) -> [UInt32] {
    let period = max(period, 1)
    let count = (UInt64(quota) - 1) / period + 1
    if count >= UInt64(available.count) { return [] }
    return (0..<Int(count)).map { available[(seed + $0) % available.count] }
  }

  /// What a quota is of the time of so many processors, as their speed: percent with two decimals, rounded up; nil when it is all or more.
  static func speed(quota: Int64, period: UInt64, processors: Int) -> String? {
    if processors <= 0 { return nil }
    // The kernel takes no finer steps; a hundredth of one too much is no matter.
    let part = Double(quota) * 10_000 / (Double(max(period, 1)) * Double(processors))
    if part > 9_999 { return nil }
    let hundredths = UInt64(part) + (part > Double(UInt64(part)) ? 1 : 0)
    let rest = hundredths % 100
    return Text("\(hundredths / 100).\(rest / 10)\(rest % 10)").string
  }

  /// Whether groups clamp the speed of their processes, and not only single tasks theirs. The root of the hierarchy does not; any group below it shows it.
  static func clampsGroups(_ layout: CgroupLayout) -> Bool {
    guard let hierarchy = layout.hierarchy(of: .cpu) else { return false }
    let shares: Path = hierarchy.generation == .v1 ? hierarchy.fileName("cpu.shares") : "cpu.weight"
    do throws(Errno) {
      let top = try FileDescriptor.open(hierarchy.mountPoint, .readOnly | .directory)
      for entry in try top.entries() where entry.type == .directory {
        let group = try top.open(entry.name, .path | .directory)
        // One of version 2 need not have the controller.
        if try group.has(shares) { return try group.has(hierarchy.fileName("cpu.uclamp.max")) }
      }
      return true
    } catch {
      return false
    }
  }
}

extension FileDescriptor {
  fileprivate borrowing func has(_ name: Path) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try status(of: name)
      return true
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw error
    }
  }
}
