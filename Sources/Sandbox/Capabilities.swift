public import Linux
public import OCI

/// The five capability sets of a container's process, ready for the kernel (config.md, "Linux Process"; capabilities(7)).
public struct CapabilitySets: Equatable, Sendable {
  public var effective: CapabilityMask = []
  public var permitted: CapabilityMask = []
  public var inheritable: CapabilityMask = []
  public var bounding: CapabilityMask = []
  public var ambient: CapabilityMask = []
  /// What was asked for and cannot be given, each once, for a warning, as config.md demands it: no capability of that name, none that this kernel has, or one
  /// that this process has not got itself.
  public var unavailable: [String] = []

  /// Ambient capabilities that were asked for and that the kernel would refuse, because they are not both permitted and inheritable, for a warning: `crun spec`
  /// writes them so, and runc and crun do without them.
  public var withheldAmbient: CapabilityMask = []

  /// No capability at all.
  public init() {}

  /// The sets that `capabilities` ask for on a kernel whose highest capability is `last`; nil, like a set that is not given, is none.
  ///
  /// - available: what this process may give; in a user namespace of the container's own that is everything.
  /// - Throws: with the JSON path, for what the kernel would refuse with a bare EPERM after the clone: an effective one that is not permitted, an inheritable
  ///   one outside the bounding set.
  public init(planning capabilities: Capabilities?, last: UInt32, available: CapabilityMask = .all) throws(SpecError) {
    guard let capabilities else { return }
    var unavailable: [String] = []
    func mask(_ names: [String], _ set: Literal, within limit: CapabilityMask?, _ limitName: Literal) throws(SpecError) -> CapabilityMask {
      var mask: CapabilityMask = []
      for index in names.indices {
        let number = capabilityNumber(names[index]) ?? .max
        guard number <= last, available.contains(CapabilityMask(number: number)) else {
          if !unavailable.contains(where: { $0.equals(names[index]) }) { unavailable.append(names[index]) }
          continue
        }
        let one = CapabilityMask(number: number)
        if let limit, !limit.contains(one) {
          throw SpecError(path: path(set, index), reason: "\(names[index]) is not \(limitName) (the kernel would say: operation not permitted)")
        } else {
          mask.formUnion(one)
        }
      }
      return mask
    }
    bounding = try mask(capabilities.bounding, "bounding", within: nil, "")
    permitted = try mask(capabilities.permitted, "permitted", within: nil, "")
    effective = try mask(capabilities.effective, "effective", within: permitted, "permitted")
    inheritable = try mask(capabilities.inheritable, "inheritable", within: bounding, "in the bounding set")
    let asked = try mask(capabilities.ambient, "ambient", within: nil, "")
    ambient = asked.intersection(permitted).intersection(inheritable)
    withheldAmbient = asked.subtracting(ambient)
    self.unavailable = unavailable
  }

  /// Has programs keep what is permitted, although their user is not root.
  mutating func makeAmbient() {
    inheritable.formUnion(permitted)
    ambient.formUnion(permitted)
  }

  /// The same with CAP_SYS_ADMIN permitted and in force, for a while.
  var withSysAdmin: CapabilitySets {
    var sets = self
    sets.permitted.formUnion(.sysAdmin)
    sets.effective.formUnion(.sysAdmin)
    return sets
  }

  /// Takes everything out of the bounding set that is not asked for; what a kernel knows and this program does not goes as well.
  ///
  /// First, while the process still has `CAP_SETPCAP`: no later step can gain what is gone here. Allocates nothing.
  public borrowing func applyBounding(last: UInt32) throws(Errno) {
    var number: UInt32 = 0
    while number <= last {
      if !bounding.contains(CapabilityMask(number: number)) { try ThisProcess.dropFromBoundingSet(number) }
      number += 1
    }
  }

  /// Sets the three sets of the process and then the ambient one.
  ///
  /// After the change of user: setresuid from 0 to another clears effective and ambient, and permitted too unless `PR_SET_KEEPCAPS` was set before it. The
  /// ambient set comes last because the kernel lets in only what is permitted and inheritable by then; it is emptied first, so that nothing of the caller's
  /// stays (CVE-2022-29162, CVE-2022-27650: inherited sets). A seccomp filter is loaded before this when the process has not set no_new_privs, because that
  /// takes `CAP_SYS_ADMIN`, and after it otherwise. Allocates nothing.
  public borrowing func applyAfterSetuid() throws(Errno) {
    try ThisProcess.setCapabilities(effective: effective, permitted: permitted, inheritable: inheritable)
    try ThisProcess.clearAmbientSet()
    var number: UInt32 = 0
    while number < 64 {
      if ambient.contains(CapabilityMask(number: number)) { try ThisProcess.raiseAmbient(number) }
      number += 1
    }
  }

  private func path(_ set: Literal, _ index: Int) -> Text { "process.capabilities.\(set)[\(index)]" }
}
