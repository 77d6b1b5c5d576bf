internal import Linux
public import OCI

extension ContainerCgroup {
  /// The limits in force that an update depends on.
  public func currentLimits() throws(CgroupError) -> CurrentLimits {
    var limits = CurrentLimits()
    for group in groups where group.hierarchy.generation == .v2 {
      if let word = try group.read("cpu.max")?.split(separator: 0x20).first { limits.quota = decimal(word).flatMap { Int64(exactly: $0) } }
      limits.memoryLimit = try group.number("memory.max").flatMap { Int64(exactly: $0) }
      limits.memoryUsage = try group.number("memory.current")
    }
    return limits
  }

  /// Changes the limits to `resources`; what is not set there stays as it is, and so do the devices.
  public func update(to resources: Resources) throws(CgroupError) {
    let current = try currentLimits()
    let plan: CgroupPlan
    do throws(CgroupPlanError) {
      plan = try CgroupPlan(updating: current, to: resources, layout: layout)
    } catch {
      throw .plan(error)
    }
    try update(plan)
  }

  /// Changes limits as planned: all of them, or, when the kernel refuses one, none.
  ///
  /// A limit whose controller the container has no group of gets one, and all processes are moved there.
  public func update(_ plan: CgroupPlan) throws(CgroupError) {
    let controllers = plan.unifiedControllers(of: layout)
    if !controllers.isEmpty, let unified = groups.first(where: { $0.hierarchy.generation == .v2 }) {
      try GroupDirectory.enable(controllers, above: path, in: unified.hierarchy)
    }
    let before = groups.count
    for setting in plan.settings where !hasGroup(inHierarchy: setting.hierarchy) {
      groups.append(try GroupDirectory.make(path, in: layout.hierarchies[setting.hierarchy], at: setting.hierarchy, enabling: controllers))
    }
    let old = try contents(of: plan.settings)
    do throws(CgroupError) {
      try apply(plan.settings)
      for group in groups[before...] { try gather(into: group) }
    } catch {
      for (setting, text) in old.reversed() {
        if let group = groups.first(where: { $0.index == setting.hierarchy }) { try? group.write(setting.file, text) }
      }
      while groups.count > before, let group = groups.popLast() { try? group.discard(returningTo: layout.hierarchies[group.index].own) }
      throw error
    }
  }

  /// What the files say that the settings change, as far as it can be written back: one value, not a list by device.
  private func contents(of settings: [Setting]) throws(CgroupError) -> [(setting: Setting, text: String)] {
    var contents: [(setting: Setting, text: String)] = []
    for setting in settings {
      guard let group = groups.first(where: { $0.index == setting.hierarchy }), let bytes = try group.read(setting.file) else { continue }
      if bytes.split(separator: 0x0A).count > 1 || bytes.contains(0x3A) { continue }
      contents.append((setting: setting, text: string(bytes[...])))
    }
    return contents
  }

  /// Moves the container's processes into a group of another hierarchy, where its new ones appear beside their parents.
  private func gather(into group: GroupDirectory) throws(CgroupError) {
    guard let tracking, tracking.index != group.index else { return }
    // Each round leaves only what was forked while it went on, by processes that were not moved yet.
    for _ in 0..<1000 {
      let inside = try group.processes()
      let outside = try tracking.processes().filter { $0 != 0 && !inside.contains($0) }
      if outside.isEmpty { return }
      for process in outside {
        do throws(Errno) {
          try group.write("cgroup.procs", String(process))
        } catch {
          // It has ended, or is on its way in (TASK_NEW) or out: the next round sees.
          if error != .noSuchProcess && error != .invalidArgument { throw CgroupError("move process", "\(process) to \(group.description)", error) }
        }
      }
    }
    throw .refused("the processes of the control group \(tracking.description) cannot be moved to \(group.description): they fork too fast")
  }
}

extension GroupDirectory {
  /// Removes a group that was made for an update which failed; its processes go to the group `home` of the hierarchy.
  fileprivate func discard(returningTo home: Path?) throws(CgroupError) {
    let top = try hierarchy.openMountPoint()
    var place: Path = "."
    for name in home?.components ?? [] { place = place.appending(name) }
    for process in try processes() where process != 0 {
      try? top.open(place.appending("cgroup.procs"), .writeOnly | .noFollow).writeValue(String(process))
    }
    try remove()
  }
}
