internal import Cgroups
internal import Linux
internal import OCI
internal import Wording

extension EnforcementReport {
  /// Adds the row of what something else has taken the place of; false when nothing has.
  ///
  /// - path: where config.json asks for it; of a namespace its type.
  func addStandIn(_ what: String, _ asked: String, for path: String) -> Bool {
    let standIns = record.standIns
    if standIns.without.isEmpty { return false }
    guard let number = EnforcementReport.feature(path), standIns.without.contains(BestEffort(rawValue: 1 << number)) else { return false }
    switch BestEffort(rawValue: 1 << number) {
    case .pidsLimit:
      // RLIMIT_NPROC; the soft limit is the one that counts.
      let held = process?.limit(6).flatMap { cut($0, at: "soft ").behind } ?? standIns.tasks.map { String($0) }
      add(what, asked, held ?? "", by: standIns.instead(number))
    case .cpuQuota:
      let shares = limits.limit("linux.resources.cpu.shares", asked: "")
      var (held, by): (Text, Text) = ("shares \(shares.value)", Text(shares.by))
      if standIns.speed != nil {
        let clamp = limits.limit("linux.resources.cpu.quota", asked: "")
        (held, by) = ("\(held), speed \(clamp.value)%", "\(by), \(clamp.by)")
      }
      add(what, asked, held.string, by: "\(by): \(standIns.instead(number))")
    default: add(what, asked, "", by: standIns.instead(number))
    }
    return true
  }

  /// The number of the feature that is asked for at a path.
  private static func feature(_ path: String) -> UInt8? {
    let places: Literal = "pid ipc user linux.resources.pids.limit linux.resources.cpu.quota linux.resources.devices"
    if path.equals("linux.resources.cpu.period") || path.equals("linux.resources.cpu.burst") { return position(of: "linux.resources.cpu.quota", in: places) }
    return position(of: path, in: places)
  }
}
