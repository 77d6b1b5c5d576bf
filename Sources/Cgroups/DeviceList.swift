internal import OCI

extension DeviceFilter {
  /// The filter as writes to `devices.deny` and `devices.allow` of a new v1 group, in order.
  ///
  /// v1 keeps one answer for everything, and exceptions from it that are found by exact device number: it cannot take one device out of an exception for many.
  /// Rules that ask for that are refused, where the kernel would silently do nothing. Pure.
  func deviceList() throws(CgroupPlanError) -> [(file: String, value: String)] {
    var list = DeviceList()
    for (index, rule) in rules.enumerated() { try list.apply(rule, at: index) }
    var writes = [list.allowsAll ? (file: "devices.allow", value: "a") : (file: "devices.deny", value: "a")]
    let file = list.allowsAll ? "devices.deny" : "devices.allow"
    for exception in list.exceptions { writes.append((file: file, value: exception.text)) }
    return writes
  }
}

/// The state of a v1 devices group (Documentation/admin-guide/cgroup-v1/devices.rst).
private struct DeviceList {
  /// The answer for a device without an exception.
  var allowsAll = false
  var exceptions: [Exception] = []

  struct Exception {
    var isBlock: Bool
    var major: Int64?
    var minor: Int64?
    var access: DeviceAccess

    var text: String {
      let major = major.map { String($0) } ?? "*"
      let minor = minor.map { String($0) } ?? "*"
      return Text("\(isBlock ? "b" : "c") \(major):\(minor) \(access.letters)").string
    }

    func isSameDevice(as other: Exception) -> Bool { isBlock == other.isBlock && major == other.major && minor == other.minor }

    func includesDevices(of other: Exception) -> Bool {
      isBlock == other.isBlock && (major == nil || major == other.major) && (minor == nil || minor == other.minor)
    }

    func sharesDevices(with other: Exception) -> Bool {
      isBlock == other.isBlock && (major == nil || other.major == nil || major == other.major) && (minor == nil || other.minor == nil || minor == other.minor)
    }
  }

  mutating func apply(_ rule: DeviceRule, at index: Int) throws(CgroupPlanError) {
    if rule.isTotal {
      allowsAll = rule.allow
      exceptions = []
      return
    }
    if rule.type != .character { try apply(rule, isBlock: true, at: index) }
    if rule.type != .block { try apply(rule, isBlock: false, at: index) }
  }

  private mutating func apply(_ rule: DeviceRule, isBlock: Bool, at index: Int) throws(CgroupPlanError) {
    let asked = Exception(isBlock: isBlock, major: rule.onlyMajor, minor: rule.onlyMinor, access: rule.access)
    if rule.allow != allowsAll {
      if let same = exceptions.firstIndex(where: { $0.isSameDevice(as: asked) }) {
        exceptions[same].access.formUnion(asked.access)
      } else {
        exceptions.append(asked)
      }
      return
    }
    // Back to the answer for everything: exceptions for these devices lose these accesses.
    for place in exceptions.indices where exceptions[place].sharesDevices(with: asked) && !exceptions[place].access.isDisjoint(with: asked.access) {
      guard asked.includesDevices(of: exceptions[place]) else {
        throw .refused(
          asked: SettingList.path("devices[\(index)]"),
          reason: "cgroup v1 cannot \(rule.allow ? "allow" : "deny") a part of what an earlier rule is about (\(exceptions[place].text))")
      }
      exceptions[place].access.subtract(asked.access)
    }
    exceptions.removeAll { $0.access.isEmpty }
  }
}
