public import Linux
public import OCI

/// What is done to the control groups of a container: a value, made without touching anything.
public struct CgroupPlan: Sendable {
  /// The writes, in the order in which the kernel accepts them.
  public var settings: [Setting]
  /// How devices are filtered; nil when the filter was not asked for and nothing here could do it, and for an update, which leaves it as it is.
  public var devices: DevicePlan?
  public var reach: Reach

  /// In which hierarchies a new container gets a group, besides those with a setting.
  public enum Reach: Sendable, Equatable {
    /// In none: control groups are not used at all (`--cgroup-manager disabled`).
    case nothing
    /// In the one by which its processes are found.
    case limits
    /// In those that count what it uses as well.
    case statistics
    /// In all: who named the group looks for it everywhere.
    case all
  }

  /// The settings and the device filter that express `resources` in new groups on a system with `layout`.
  ///
  /// A limit that the layout cannot enforce is an error that names it and the kernel's build option; none is left out. A device filter is always planned:
  /// without rules it allows the standard devices and nothing else.
  public init(_ resources: Resources, layout: CgroupLayout, reach: Reach = .limits) throws(CgroupPlanError) {
    settings = try CgroupPlan.settings(resources, SettingList(layout: layout))
    self.reach = reach
    // Said before that nothing filters devices, which is the least of it.
    if layout.trackingIndex == nil { throw .noGroups(layout.reasonForNoGroups) }
    devices = try DevicePlan(DeviceFilter(resources.devices), layout: layout)
    if devices == nil && !resources.devices.isEmpty { throw .noDeviceFilter }
  }

  /// The settings that change the limits of a container that runs to `resources`; what is not set there stays as it is, and so do its devices.
  public init(updating current: CurrentLimits, to resources: Resources, layout: CgroupLayout) throws(CgroupPlanError) {
    settings = try CgroupPlan.settings(resources, SettingList(layout: layout, current: current))
    reach = .limits
  }

  /// The plan that does without control groups. A limit is an error that names it; device rules are not (`ContainerCgroup.apply` tells that nothing filters).
  public init(withoutGroups resources: Resources) throws(CgroupPlanError) {
    settings = []
    reach = .nothing
    do throws(CgroupPlanError) {
      _ = try CgroupPlan.settings(resources, SettingList(layout: CgroupLayout()))
    } catch {
      let reason = "control groups are disabled, and nothing else can do it"
      switch error {
      case .noController(let asked, _, _): throw .refused(asked: asked, reason: Text(reason))
      case .refused(let asked, _) where !resources.unified.isEmpty: throw .refused(asked: asked, reason: Text(reason))
      default: throw error
      }
    }
  }

  /// Adds the settings of all limits to `list`; what is at fault is left out and thrown in the end.
  static func settings(_ resources: Resources, _ list: SettingList) throws(CgroupPlanError) -> [Setting] {
    if let memory = resources.memory { list.add(memory) }
    if let cpu = resources.cpu { list.add(cpu) }
    if let pids = resources.pids { list.add(pids) }
    if let blockIO = resources.blockIO { list.add(blockIO) }
    list.add(resources.hugepageLimits)
    if let network = resources.network { list.add(network) }
    list.add(resources.rdma)
    list.add(resources.unified)
    return try list.finished()
  }

  /// The positions of the hierarchies in which the container gets a group, each once (docs/decisions/cgroup-hierarchies.md).
  ///
  /// On cgroup v1 each costs a mkdir, a rmdir, and a move of the process, which waits for all processors (a write lock over every fork and exec of the machine).
  /// v2 is the best to find processes by: a process can be born in it (CLONE_INTO_CGROUP) and all can be killed at once (`cgroup.kill`). Without it the freezer
  /// is, which stops a group that forks faster than it is killed; then pids; then whatever there is.
  func hierarchies(of layout: CgroupLayout) -> [Int] {
    if reach == .nothing { return [] }
    var chosen: [Int] = []
    if let tracking = layout.trackingIndex { chosen.append(tracking) }
    for setting in settings where !chosen.contains(setting.hierarchy) { chosen.append(setting.hierarchy) }
    for (index, hierarchy) in layout.hierarchies.enumerated() where !chosen.contains(index) && !hierarchy.isReadOnly {
      if reach == .all || (reach == .statistics && !hierarchy.controllers.isDisjoint(with: .counting)) { chosen.append(index) }
    }
    return chosen
  }

  /// The controllers that are enabled for the container's v2 group.
  func unifiedControllers(of layout: CgroupLayout) -> UnifiedControllers {
    var words = UnifiedControllers()
    for setting in settings {
      if let word = setting.unifiedController { words.require(word) }
    }
    guard reach != .limits, reach != .nothing, let index = layout.unifiedIndex else { return words }
    for word in layout.hierarchies[index].words.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }) {
      guard let controller = Controller(unifiedName: word) else {
        if reach == .all { words.want(string(word)) }
        continue
      }
      if reach == .all || ControllerSet.counting.contains(controller) { words.want(controller.unifiedName.description) }
    }
    return words
  }
}

/// Words of `cgroup.subtree_control`.
struct UnifiedControllers: Sendable {
  /// What settings need.
  private(set) var required: [String] = []
  /// What is enabled where it can be: nothing depends on it but what can be told of the container.
  private(set) var wanted: [String] = []

  mutating func require(_ word: String) {
    if !required.contains(where: { $0.equals(word) }) { required.append(word) }
  }

  mutating func want(_ word: String) {
    if !(required + wanted).contains(where: { $0.equals(word) }) { wanted.append(word) }
  }

  var isEmpty: Bool { required.isEmpty && wanted.isEmpty }
}

/// What an update of limits depends on; nil where it is unlimited or unknown.
public struct CurrentLimits: Sendable, Equatable {
  /// Microseconds of processor time in each period; v2 only, because v1 has a file for each.
  public var quota: Int64?
  /// Bytes; v2 only, because v1 limits memory and swap together.
  public var memoryLimit: Int64?
  /// Bytes; v2 only, because the kernel of v1 refuses a limit below by itself.
  public var memoryUsage: UInt64?

  public init(quota: Int64? = nil, memoryLimit: Int64? = nil, memoryUsage: UInt64? = nil) {
    self.quota = quota
    self.memoryLimit = memoryLimit
    self.memoryUsage = memoryUsage
  }
}

/// The ways in which this system may be able to filter devices; the program is tried first, because it joins no further hierarchy.
public final class DevicePlan: Sendable {
  /// For the v2 group, if there is one.
  public let program: [BPFInstruction]?
  /// For a group in the v1 devices hierarchy, if there is one.
  public let list: [(file: String, value: String)]?
  /// The position of the v1 devices hierarchy.
  public let hierarchy: Int?

  @inline(never)
  init?(_ filter: DeviceFilter, layout: CgroupLayout) throws(CgroupPlanError) {
    let program = layout.unifiedIndex == nil ? nil : try filter.program()
    var list: [(file: String, value: String)]?
    var hierarchy = layout.hierarchies.firstIndex { $0.acts(.devices, .v1) }
    if hierarchy != nil {
      do throws(CgroupPlanError) {
        list = try filter.deviceList()
      } catch {
        // Rules that v1 cannot hold are no matter as long as the program can be used.
        if program == nil { throw error }
        hierarchy = nil
      }
    }
    if program == nil && list == nil { return nil }
    self.program = program
    self.list = list
    self.hierarchy = hierarchy
  }
}

extension CgroupLayout {
  /// The hierarchy by which a container's processes are found.
  var trackingIndex: Int? {
    unifiedIndex ?? index(of: .freezer) ?? index(of: .pids) ?? hierarchies.firstIndex { !$0.controllers.isEmpty && !$0.isReadOnly }
      ?? hierarchies.firstIndex { !$0.isReadOnly }
  }

  /// Why no group can be made at all, and what to do.
  fileprivate var reasonForNoGroups: Text {
    let way: Text = "or do without, and without limits: --cgroup-manager disabled"
    guard let first = hierarchies.first else { return "no control group hierarchy is mounted: mount one (cgroup2, CONFIG_CGROUPS) on /sys/fs/cgroup, \(way)" }
    return "no control group can be made: \(first.mountPoint) is mounted read-only; mount it so that it can be written to, \(way)"
  }
}
