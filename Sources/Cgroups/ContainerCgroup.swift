internal import Linux
internal import Probe

/// The control groups of one container: one in each hierarchy that it needs, all of the same path.
///
/// Which they are is known from the layout and the path alone: the group is new when it is made, so a group of that path is this container's, and a later
/// command finds and ends what a killed one left (`existing`). The groups above are made when they are missing, and stay: they hold no process and cost nothing
/// while idle.
public final class ContainerCgroup {
  public let path: CgroupPath
  var groups: [GroupDirectory]
  public let layout: CgroupLayout
  /// Control groups are not used for this container: nothing is made, limited, found or removed.
  public let isDisabled: Bool

  /// What filters the container's devices.
  public enum DeviceFiltering: UInt8, Sendable {
    case nothing
    /// An eBPF program on the v2 group.
    case program
    /// The v1 devices controller.
    case list
  }

  /// Makes the groups that `plan` needs, empty and without limits; when one cannot be made, none stays.
  ///
  /// A group of the path that is there already is left over from a container that ended badly, and is made anew, so that no old limit stays; with a process in
  /// it, it is somebody's, and refused.
  public static func create(_ path: CgroupPath, for plan: CgroupPlan, layout: CgroupLayout) throws(CgroupError) -> ContainerCgroup {
    if plan.reach == .nothing { return .disabled(path) }
    let controllers = plan.unifiedControllers(of: layout)
    let cgroup = ContainerCgroup(path: path, groups: [], layout: layout)
    do throws(CgroupError) {
      for index in plan.hierarchies(of: layout) { try cgroup.make(in: index, enabling: controllers) }
      // Beside a v2 that cannot freeze (before Linux 5.2), the freezer of v1 does it.
      if let freezer = layout.index(of: .freezer), !cgroup.hasGroup(inHierarchy: freezer), try cgroup.freezer() == nil {
        try cgroup.make(in: freezer, enabling: controllers)
      }
      return cgroup
    } catch {
      // The error that matters is the first; what cannot be removed now is found by the next run.
      for group in cgroup.groups { try? group.remove() }
      throw error
    }
  }

  private func make(in index: Int, enabling controllers: UnifiedControllers) throws(CgroupError) {
    groups.append(try GroupDirectory.make(path, in: layout.hierarchies[index], at: index, enabling: controllers))
  }

  /// The groups of this path that are there; nil when there is none.
  public static func existing(_ path: CgroupPath, layout: CgroupLayout) throws(CgroupError) -> ContainerCgroup? {
    var groups: [GroupDirectory] = []
    for (index, hierarchy) in layout.hierarchies.enumerated() {
      if let group = try GroupDirectory.find(path, in: hierarchy, at: index) { groups.append(group) }
    }
    if groups.isEmpty { return nil }
    return ContainerCgroup(path: path, groups: groups, layout: layout)
  }

  /// No group at all (`--cgroup-manager disabled`): what is done to it does nothing, and what is asked of it is not known.
  public static func disabled(_ path: CgroupPath) -> ContainerCgroup {
    ContainerCgroup(path: path, groups: [], layout: CgroupLayout(), isDisabled: true)
  }

  private init(path: CgroupPath, groups: [GroupDirectory], layout: CgroupLayout, isDisabled: Bool = false) {
    self.path = path
    self.groups = groups
    self.layout = layout
    self.isDisabled = isDisabled
  }

  /// The group by which all processes of the container are found; when that is not there, or its hierarchy is read-only by now, any that is: what runs must not
  /// be passed over.
  var tracking: GroupDirectory? { groups.first { $0.index == layout.trackingIndex } ?? groups.first }

  /// The v2 group's directory, for CLONE_INTO_CGROUP; valid as long as this value. Nil when there is no v2 group.
  public var cloneTarget: Int32? { groups.first { $0.hierarchy.generation == .v2 }?.directory.rawValue }

  /// Refuses groups with processes in them, which are somebody's, and frozen ones, in which no process would ever run. Callers look for runc's words.
  public func requireUnused() throws(CgroupError) {
    for group in groups where try !group.processes().isEmpty { throw .refused("container's cgroup is not empty: \(group.description) has processes") }
    if try isFrozen() { throw .refused("container's cgroup unexpectedly frozen: \(path.path.description)") }
  }

  /// Whether the container has a group of its own in the hierarchy at this position of the layout.
  public func hasGroup(inHierarchy index: Int) -> Bool { groups.contains { $0.index == index } }

  /// Carries out the settings of a plan, in their order.
  public func apply(_ settings: [Setting]) throws(CgroupError) {
    var postponed: [Setting] = []
    for setting in settings {
      if let first = postponed.first, first.controller != setting.controller {
        for again in postponed { try write(again) }
        postponed = []
      }
      do throws(CgroupError) {
        try write(setting)
      } catch {
        guard setting.isTriedAgain, error.answer == .invalidArgument else { throw error }
        postponed.append(setting)
      }
    }
    for again in postponed { try write(again) }
  }

  private func write(_ setting: Setting) throws(CgroupError) {
    guard let group = groups.first(where: { $0.index == setting.hierarchy }) else {
      throw .refused("\(setting.asked): the container has no group in \(layout.hierarchies[setting.hierarchy].mountPoint.description)")
    }
    try group.apply(setting)
  }

  /// Filters devices as planned: by the eBPF program, or, where the kernel has none, by a group in the v1 devices hierarchy, which is made for it.
  ///
  /// `isRequired` makes it an error that nothing here can filter; otherwise the answer says so.
  public func apply(_ plan: DevicePlan?, isRequired: Bool) throws(CgroupError) -> DeviceFiltering {
    if isDisabled { return .nothing }
    guard let plan else {
      if isRequired { throw .plan(.noDeviceFilter) }
      return .nothing
    }
    var refusal: Errno?
    if let program = plan.program, let group = groups.first(where: { $0.hierarchy.generation == .v2 }) {
      do throws(Errno) {
        try group.directory.attachDeviceProgram(program)
        // Whoever reads devices.list of a group that is there anyway finds the same; nothing depends on it.
        if let list = plan.list, let group = groups.first(where: { $0.index == plan.hierarchy }) { for (file, value) in list { try? group.write(file, value) } }
        return .program
      } catch {
        if !error.meansAbsent { throw CgroupError("attach the device program to", Text(group.description), error) }
        refusal = error
      }
    }
    if let list = plan.list, let index = plan.hierarchy {
      let group: GroupDirectory
      if let joined = groups.first(where: { $0.index == index }) {
        group = joined
      } else {
        group = try GroupDirectory.make(path, in: layout.hierarchies[index], at: index, enabling: UnifiedControllers())
        groups.append(group)
      }
      for (file, value) in list {
        try attempt("write", "\(value) to \(file) in \(group.description)") { () throws(Errno) in try group.write(file, value) }
      }
      return .list
    }
    if isRequired {
      // A kernel without the program type says EINVAL; EPERM is about this process, and says so.
      if let refusal, refusal == .notPermitted { throw CgroupError("load the device program for", path.path, refusal) }
      throw .plan(.noDeviceFilter)
    }
    return .nothing
  }

  /// Moves process `id`, or with 0 the one that calls, into the groups; into the v2 group only when `alsoUnified`, that is unless it was born there.
  ///
  /// The process must not have started what is to be limited: what it forked before stays outside.
  public func add(_ id: Int32, alsoUnified: Bool) throws(CgroupError) {
    for group in groups where alsoUnified || group.hierarchy.generation == .v1 { try group.add(id) }
  }
}

extension GroupDirectory {
  /// Carries out one setting.
  func apply(_ setting: Setting) throws(CgroupError) {
    do throws(Errno) {
      try write(setting.file, setting.value)
    } catch {
      if error != .noSuchFileOrDirectory { throw try failure(of: setting, setting.file, setting.value, error) }
      if let alternative = setting.alternative {
        do throws(Errno) {
          try write(alternative.file, alternative.value)
          return
        } catch {
          if error != .noSuchFileOrDirectory { throw try failure(of: setting, alternative.file, alternative.value, error) }
        }
      }
      switch setting.ifMissing {
      case .harmless: return
      case .harmlessWithoutSwap: if !kernelCanSwap() { return }
      case .refuse: break
      }
      let option = setting.option ?? (setting.controller?.feature ?? .cgroups).option
      throw .refused("\(setting.asked): this kernel has no \(setting.file) in \(description) (CONFIG_\(option))")
    }
    // What is kept is rounded down to pages at most.
    if setting.isReadBack, let kept = try number(setting.file), let asked = decimal(Array(setting.value.utf8)[...]), kept > asked {
      throw .refused("\(setting.asked): this kernel does not keep to \(setting.file), which is obsolete")
    }
  }

  private func failure(of setting: Setting, _ file: String, _ value: String, _ errno: Errno) throws(CgroupError) -> CgroupError {
    if errno == .busy, file.equals("memory.limit_in_bytes"), let usage = try number("memory.usage_in_bytes") {
      // Callers look for runc's words.
      let peak = try number("memory.max_usage_in_bytes") ?? usage
      return .refused("\(setting.asked): unable to set memory limit to \(value) (current usage: \(usage), peak usage: \(peak))")
    }
    return .setting(asked: setting.asked, SystemError("write", "\(value) to \(file) in \(description)", errno))
  }

  /// Whether the kernel was built with swap: /proc/swaps is there. Without, no swap can ever be added.
  private func kernelCanSwap() -> Bool {
    do throws(Errno) {
      _ = try FileDescriptor.open("/proc/swaps", .path)
      return true
    } catch {
      return error != .noSuchFileOrDirectory
    }
  }
}
