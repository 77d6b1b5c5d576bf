public import OCI

/// Which devices a container may use: rules in order, the last that is about an access decides about it; what none is about is denied.
///
/// "About an access" is meant bit by bit: to open a device for reading and writing, both have to be allowed, by one rule or by two.
public struct DeviceFilter: Sendable {
  /// From the most general to the last word: those of config.json and the devices that every container has.
  public let rules: [DeviceRule]

  /// The filter for `linux.resources.devices`.
  public init(_ asked: [DeviceRule]) throws(CgroupPlanError) {
    for (index, rule) in asked.enumerated() {
      for number in [rule.major, rule.minor] {
        // The kernel has 12 bits of major and 20 bits of minor numbers; this is where an instruction's constant ends.
        if let number, number > Int64(Int32.max) {
          throw .refused(asked: SettingList.path("devices[\(index)]"), reason: "\(number) is not a device number")
        }
      }
    }
    rules = asked + DeviceFilter.standard
  }

  /// The devices that config-linux.md ("Default Devices") puts into every container, and terminals: null, zero, full, random, urandom, tty, console, ptmx, and
  /// pts/*; and making nodes of any device, which by itself opens none. Without that the runtime could not make the node of a device that the container may only
  /// read, as engines ask for it. They come last, so that no rule of config.json takes them away, as in runc and crun.
  static var standard: [DeviceRule] {
    var rules = [DeviceRule(allow: true, type: .character, access: .mknod), DeviceRule(allow: true, type: .block, access: .mknod)]
    // Those of pts have every minor number.
    let numbers: [(major: Int64, minor: Int64)] = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, -1)]
    for (major, minor) in numbers { rules.append(DeviceRule(allow: true, type: .character, major: major, minor: minor < 0 ? nil : minor)) }
    return rules
  }
}

extension DeviceRule {
  /// The major number, nil for every one; a negative one is config.json's other spelling of that.
  var onlyMajor: Int64? { major.flatMap { $0 < 0 ? nil : $0 } }
  /// The minor number, nil for every one.
  var onlyMinor: Int64? { minor.flatMap { $0 < 0 ? nil : $0 } }

  /// Whether it decides about everything, so that no rule before it matters.
  var isTotal: Bool { type == .all && onlyMajor == nil && onlyMinor == nil && access == .all }
}
