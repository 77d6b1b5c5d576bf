public import Linux

/// One write to one control file, and what it stands for.
public struct Setting: Sendable {
  /// The position of the hierarchy in `CgroupLayout.hierarchies`.
  public var hierarchy: Int
  /// The controller that acts on it; nil for the files of cgroup v2 itself, `cgroup.*`, and for a controller that Apus does not know.
  public var controller: Controller?
  /// The word of `cgroup.subtree_control` that gives a v2 group the file; nil where none does.
  public var unifiedController: String?
  /// The file with its prefix, such as `memory.max`.
  public var file: String
  public var value: String
  /// Written when there is no `file`: schedulers of block devices differ in where their weight is.
  public var alternative: (file: String, value: String)?
  /// The JSON path in config.json that asks for it, such as `linux.resources.memory.limit`.
  public var asked: String
  /// The kernel's build option that gives the file, without `CONFIG_`.
  public var option: StaticString
  public var ifMissing: IfMissing
  /// EINVAL says no more than that the value does not fit to what a later setting of the same controller is about to change: it is written again after those.
  public var isTriedAgain = false
  /// The kernel may take the limit without keeping it, so it is read again.
  public var isReadBack = false

  /// What it means that the kernel has no such file.
  public enum IfMissing: Sendable {
    /// The limit cannot be enforced: an error.
    case refuse
    /// The limit holds without the file, or another setting enforces it.
    case harmless
    /// The limit holds if the kernel cannot swap at all (no /proc/swaps); otherwise an error.
    case harmlessWithoutSwap
  }
}

/// Why limits cannot be turned into settings: always the JSON path of the limit and a reason.
public indirect enum CgroupPlanError: Error, Sendable {
  /// No mounted hierarchy has the controller.
  case noController(asked: String, controller: Controller)
  /// Neither an eBPF program nor a devices controller can filter devices here.
  case noDeviceFilter
  /// The value has no meaning, or not on this generation of cgroups.
  case refused(asked: String, reason: Text)

  /// One sentence.
  @inline(never)
  public var message: String {
    switch self {
    case .noController(let asked, let controller):
      Text("\(asked): no mounted control group hierarchy has the \(controller.unifiedName) controller (CONFIG_\(controller.option))").string
    case .noDeviceFilter:
      "linux.resources.devices: this system filters devices neither by eBPF programs (CONFIG_CGROUP_BPF and a cgroup v2 mount) nor by a devices controller (CONFIG_CGROUP_DEVICE)"
    case .refused(let asked, let reason): Text("\(asked): \(reason)").string
    }
  }
}

/// Collects settings; knows which hierarchy a controller is in, and, for a container that runs, what holds now.
struct SettingList {
  let layout: CgroupLayout
  /// The limits in force; nil for a new group, where nothing is limited.
  let current: CurrentLimits?
  var settings: [Setting] = []

  init(layout: CgroupLayout, current: CurrentLimits? = nil) {
    self.layout = layout
    self.current = current
  }

  /// The generation of the hierarchy with `controller`; a limit that no hierarchy can enforce is an error that names it.
  func generation(of controller: Controller, for limit: String) throws(CgroupPlanError) -> CgroupGeneration {
    guard let hierarchy = layout.hierarchy(of: controller) else { throw .noController(asked: SettingList.path(limit), controller: controller) }
    return hierarchy.generation
  }

  /// Adds a write; `limit` is the JSON path below `linux.resources`.
  mutating func add(
    _ controller: Controller, _ file: String, _ value: String, for limit: String, option: StaticString? = nil, ifMissing: Setting.IfMissing = .refuse,
    else alternative: (file: String, value: String)? = nil, isTriedAgain: Bool = false, isReadBack: Bool = false
  ) throws(CgroupPlanError) {
    guard let index = layout.index(of: controller) else { throw .noController(asked: SettingList.path(limit), controller: controller) }
    settings.append(
      Setting(
        hierarchy: index, controller: controller, unifiedController: unifiedController(controller, in: index), file: file, value: value,
        alternative: alternative, asked: SettingList.path(limit), option: option ?? controller.option, ifMissing: ifMissing, isTriedAgain: isTriedAgain,
        isReadBack: isReadBack))
  }

  private func unifiedController(_ controller: Controller, in index: Int) -> String? {
    if layout.hierarchies[index].generation == .v1 || controller.isBuiltIntoUnified { return nil }
    return "\(controller.unifiedName)"
  }

  /// Refuses a limit that only cgroup v1 has.
  func requireV1(_ controller: Controller, for limit: String) throws(CgroupPlanError) {
    if try generation(of: controller, for: limit) == .v2 {
      throw .refused(asked: SettingList.path(limit), reason: "cgroup v2 has no such limit, and the \(controller.unifiedName) controller is on v2 here")
    }
  }

  static func path(_ limit: String) -> String { "linux.resources.\(limit)" }
}
