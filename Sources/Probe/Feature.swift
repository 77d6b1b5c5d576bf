public import Linux

/// What Apus may need of a kernel, in the order of the table (`Feature.table`). Whatever asks for a feature, refuses it or tells of it reads its row, so that
/// no two places name it differently. The keys, by which other parts name a feature, are the cases with hyphens: `pid-namespace`.
public enum Feature: UInt8, Sendable, CaseIterable {
  case mountNamespace, utsNamespace, ipcNamespace, pidNamespace, networkNamespace, userNamespace, cgroupNamespace, timeNamespace
  case cgroups, cgroupV2
  // Those of controllers, in the order of `Controller` of Cgroups.
  case cpuController, cpuacctController, cpusetController, memoryController, ioController, pidsController, devicesController, freezer, hugetlbController
  case netClsController, netPrioController, rdmaController, miscController, dmemController
  case cpuWeight, cpuQuota, cpuClamp, memorySwap, ioThrottle, cgroupKill, cgroupBirth, deviceProgram, cgroupPressure
  case proc, sysfs, tmpfs, devpts, mqueue, systemVIpc, overlay, dataOverlay, dataVolatile, erofs, verity, nosymfollow, hidepid, pivotRoot
  case rootRights, seccomp, seccompLog, seccompKillProcess, seccompNotify, securityModules, apparmor, selinux, landlock, landlockScope, keyrings
  case openat2, openTree, mountSetattr, fsopen, clone3, closeRange, pidfdOpen, pidfdSendSignal
  case memfd, ioPriority, memoryPolicy, pressure
  case veth, bridge, nat, nftables, sockets
  case loop, watchdog

  /// Its row of the table.
  @inline(never)
  public var row: FeatureRow { FeatureRow.all()[Int(rawValue)] }

  /// The first of the kernel's build options, without `CONFIG_`, for messages.
  @inline(never)
  public var option: String { row.options.first ?? "" }

  /// The feature that is the file system `type`; nil for one that is not in the table.
  @inline(never)
  public init?(fileSystem type: Path) {
    for row in FeatureRow.all() where row[.key].utf8.elementsEqual(type.bytes[...]) {
      if !row[.probing].begins(with: "mount "), !row[.probing].begins(with: "type ") { continue }
      self = row.feature
      return
    }
    return nil
  }
}

/// A row of the table.
public final class FeatureRow: Sendable {
  /// What stands between the lines of a row.
  public enum Field: Int, Sendable { case key, name, options, since, weight, probing, needs, instead, costs, remedy }

  /// How much the lack of a feature matters.
  public enum Weight: Sendable {
    /// No container runs.
    case vital
    /// Usual containers ask for it, or are better off with it.
    case usual
    case extra
  }

  public let feature: Feature
  /// The name of its group: `namespaces`.
  public let group: String
  private let fields: [String]

  private init(_ feature: Feature, _ group: String, _ fields: [String]) {
    self.feature = feature
    self.group = group
    self.fields = fields
  }

  /// What the field says; empty where there is nothing.
  public subscript(_ field: Field) -> String { field.rawValue < fields.count ? fields[field.rawValue] : "" }

  /// The build options without `CONFIG_`; one that begins with `!` must be off.
  public var options: [String] { self[.options].utf8.isEmpty ? [] : parts(of: self[.options], at: 0x20) }

  public var weight: Weight {
    let weight = self[.weight]
    return weight.equals("v") ? .vital : weight.equals("u") ? .usual : .extra
  }

  /// What stands in for it, without the feature that this depends on; nil when nothing does.
  public var instead: (what: String, feature: Feature?)? {
    let text = self[.instead]
    if text.utf8.isEmpty { return nil }
    if !text.begins(with: "[") { return (text, nil) }
    let (key, what) = cut(text, at: "] ")
    let word = string(Array(key.utf8).dropFirst())
    for row in FeatureRow.all() where row[.key].equals(word) { return (what ?? "", row.feature) }
    return (what ?? "", nil)
  }

  /// The whole table.
  @inline(never)
  public static func all() -> [FeatureRow] {
    var rows: [FeatureRow] = []
    var group = ""
    var head: [String]?
    for line in parts(of: Feature.table.description, at: 0x0A) {
      if let fields = head {
        if let feature = Feature(rawValue: UInt8(truncatingIfNeeded: rows.count)) {
          rows.append(FeatureRow(feature, group, fields + parts(of: line, at: 0x7C)))
        }
        head = nil
      } else if line.begins(with: "#") {
        group = string(Array(line.utf8).dropFirst())
      } else {
        head = parts(of: line, at: 0x7C)
      }
    }
    return rows
  }
}
