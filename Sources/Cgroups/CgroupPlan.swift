public import Linux
public import OCI

/// What is done to the control groups of a new container: a value, made without touching anything.
public struct CgroupPlan: Sendable {
  /// The writes, in the order in which the kernel accepts them.
  public var settings: [Setting]
  /// How devices are filtered; nil when the filter was not asked for and nothing here could do it.
  public var devices: DevicePlan?

  /// The settings and the device filter that express `resources` on a system with `layout`.
  ///
  /// A limit that the layout cannot enforce is an error that names it and the kernel's build option; none is left out. A device filter is always planned:
  /// without rules it allows the standard devices and nothing else.
  public init(_ resources: Resources, layout: CgroupLayout) throws(CgroupPlanError) {
    var list = SettingList(layout: layout)
    if let memory = resources.memory { try list.add(memory) }
    if let cpu = resources.cpu { try list.add(cpu) }
    if let pids = resources.pids { try list.add(pids) }
    if let blockIO = resources.blockIO { try list.add(blockIO) }
    try list.add(resources.hugepageLimits)
    if let network = resources.network { try list.add(network) }
    try list.add(resources.rdma)
    try list.add(resources.unified)
    settings = list.settings
    devices = try DevicePlan(DeviceFilter(resources.devices), layout: layout)
    if devices == nil && !resources.devices.isEmpty { throw .noDeviceFilter }
  }

  /// The positions of the hierarchies in which the container gets a group, each once.
  ///
  /// Not all that are mounted, as crun has it, but those with a setting and one by which all processes are found: on cgroup v1 each further hierarchy costs a
  /// mkdir, a rmdir, and a move of the process, which waits for all processors (a write lock over every fork and exec of the machine); and a hierarchy without
  /// a limit neither limits nor finds anything. v2 is the best to find processes by: a process can be born in it (CLONE_INTO_CGROUP) and all can be killed at
  /// once (`cgroup.kill`). Without it the freezer is, which stops a group that forks faster than it is killed; then pids; then whatever there is.
  func hierarchies(of layout: CgroupLayout) -> [Int] {
    var chosen: [Int] = []
    if let tracking = layout.trackingIndex { chosen.append(tracking) }
    for setting in settings where !chosen.contains(setting.hierarchy) { chosen.append(setting.hierarchy) }
    return chosen
  }

  /// The controllers that have to be enabled for the container's v2 group.
  func unifiedControllers(of layout: CgroupLayout) -> ControllerSet {
    var controllers: ControllerSet = []
    for setting in settings where layout.hierarchies[setting.hierarchy].generation == .v2 {
      if let controller = setting.controller, !controller.isBuiltIntoUnified { controllers.insert(controller) }
    }
    return controllers
  }
}

/// The ways in which this system may be able to filter devices; the program is tried first, because it joins no further hierarchy.
public struct DevicePlan: Sendable {
  /// For the v2 group, if there is one.
  public var program: [BPFInstruction]?
  /// For a group in the v1 devices hierarchy, if there is one.
  public var list: [(file: String, value: String)]?
  /// The position of the v1 devices hierarchy.
  public var hierarchy: Int?

  init?(_ filter: DeviceFilter, layout: CgroupLayout) throws(CgroupPlanError) {
    if layout.unifiedIndex != nil { program = try filter.program() }
    hierarchy = layout.hierarchies.firstIndex { $0.generation == .v1 && $0.controllers.contains(.devices) }
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
  }
}

extension CgroupLayout {
  /// The hierarchy by which a container's processes are found.
  var trackingIndex: Int? {
    unifiedIndex ?? index(of: .freezer) ?? index(of: .pids) ?? hierarchies.firstIndex { !$0.controllers.isEmpty } ?? hierarchies.indices.first
  }
}
