internal import Cgroups
internal import Linux
internal import OCI
internal import Sandbox

/// Where the machine's cgroups are.
func discoverCgroups() throws(RuntimeError) -> CgroupLayout {
  do throws(SystemError) {
    return try CgroupLayout.discover()
  } catch {
    throw RuntimeError(error)
  }
}

/// Plans the sandbox of a request: capabilities, filter, mounts. `available` are the capabilities that there are to give.
@inline(never)
func planSandbox(
  _ request: ContainerRequest, diesWithParent: Bool, available: CapabilityMask = .all, _ warn: (String) -> Void
) throws(RuntimeError) -> SandboxPlan {
  do throws(SpecError) {
    let sets = try CapabilitySets(
      planning: request.spec.process?.capabilities, last: ThisProcess.lastCapability(), available: available)
    warnAbout(sets, user: request.spec.process?.user.uid ?? 0, request.origin, warn)
    let filter = try request.filters.filter(of: request.spec, isImage: request.imageUser != nil)
    let plan = try SandboxPlan(
      request.spec, root: request.root, bundle: request.bundle, identity: request.imageUser.map { .image($0) }, seccomp: filter, capabilities: sets,
      diesWithParent: diesWithParent)
    for (index, mount) in request.spec.mounts.enumerated() {
      guard let options = PlannedMount.optionsWithoutEffect(mount) else { continue }
      warn(Text("\(request.origin): mounts[\(index)].options: without effect for a bind mount: \(options)").string)
    }
    plan.sessionKeyring = Path("_ses.\(request.id.text)")
    // In the foreground what the container says is passed on here; behind a console socket it is the engine's.
    if plan.terminal, diesWithParent { plan.mapsNewlines = Terminal.isTerminal(StandardDescriptor.output) }
    // The program may ask for the size before this process gets to setting it.
    if plan.terminal, plan.windowSize == nil { plan.windowSize = try? Terminal.windowSize(StandardDescriptor.input) }
    return plan
  } catch {
    throw RuntimeError(error, in: request.origin)
  }
}

/// The capabilities that this process can give to those of a container: its own, and all of them in a user namespace, which does not look at its own.
func availableCapabilities(_ spec: Spec) -> CapabilityMask {
  if case .some = spec.linux?.namespace(.user) { return .all }
  return (try? ThisProcess.capabilities().permitted) ?? .all
}

/// Tells which capabilities `user` asked for in vain.
func warnAbout(_ sets: CapabilitySets, user: UInt32, _ origin: String, _ warn: (String) -> Void) {
  if !sets.unavailable.isEmpty {
    // Callers look for runc's words.
    let names = joined(sets.unavailable, with: " ")
    warn(Text("\(origin): process.capabilities: ignoring unknown or unavailable capabilities: [\(names)]").string)
  }
  // Root's programs get all of the bounding set by exec, and nothing more from this one. Buildah always asks for it.
  if user == 0 { return }
  warnAbout(sets.withheldAmbient, "process.capabilities.ambient: without effect, because not both permitted and inheritable:", origin, warn)
}

/// One warning for all capabilities of a set.
private func warnAbout(_ capabilities: CapabilityMask, _ what: Literal, _ origin: String, _ warn: (String) -> Void) {
  if capabilities.isEmpty { return }
  warn(Text("\(origin): \(what) \(joined(capabilities.numbers.map { capabilityName($0) }, with: ", "))").string)
}

/// Plans the groups of a request, and what is written to them.
@inline(never)
func planGroups(_ request: ContainerRequest, _ layout: CgroupLayout) throws(RuntimeError) -> CgroupPlan {
  let resources = request.resources
  do throws(CgroupPlanError) {
    if !request.usesGroups { return try CgroupPlan(withoutGroups: resources) }
    // An engine that names the group reads its files in every hierarchy; of other containers `events` counts, and those of images have what their limits need.
    return try CgroupPlan(resources, layout: layout, reach: request.namesGroup ? .all : request.imageUser == nil ? .statistics : .limits)
  } catch {
    throw RuntimeError("\(request.origin): \(error.message)")
  }
}

@inline(never)
func groupPath(_ request: ContainerRequest) throws(RuntimeError) -> CgroupPath {
  if let asked = request.spec.linux?.cgroupsPath, !asked.utf8.isEmpty {
    guard let path = CgroupPath(asked) else {
      throw RuntimeError("\(request.origin): linux.cgroupsPath: does not name a group below the root of the hierarchy")
    }
    return path
  }
  guard let path = CgroupPath(container: request.id.text) else { throw RuntimeError("container \(request.id.text): cannot name a cgroup") }
  return path
}

extension CgroupLayout {
  /// How the container of these groups sees them through a mount of type `cgroup`.
  func view(of cgroup: ContainerCgroup) -> CgroupView {
    var own: [Int] = []
    for index in hierarchies.indices where cgroup.hasGroup(inHierarchy: index) { own.append(index) }
    return view(ofGroupsIn: own)
  }

  /// How a container sees the hierarchies, of which it has a group of its own in those at these positions.
  func view(ofGroupsIn own: [Int]) -> CgroupView {
    switch kind {
    case .none: return .none
    case .v2: return .unified(isOwn: !own.isEmpty)
    case .v1, .hybrid:
      var views: [LegacyHierarchy] = []
      for (index, hierarchy) in hierarchies.enumerated() { views.append(hierarchy.inContainer(isOwn: own.contains(index))) }
      return .legacy(views)
    }
  }
}

extension CgroupHierarchy {
  /// The hierarchy as a container mounts it: under the last name of its mount point here.
  fileprivate func inContainer(isOwn: Bool) -> LegacyHierarchy {
    let name = mountPoint.components.last.map { Path(bytes: $0) } ?? "unified"
    return LegacyHierarchy(name: name, options: generation == .v2 ? nil : Path(bytes: selectors), isOwn: isOwn)
  }
}
