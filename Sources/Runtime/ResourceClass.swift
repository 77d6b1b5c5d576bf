internal import Cgroups
internal import JSON
internal import Linux
internal import OCI

/// The class of the resctrl file system that a container is going to be in.
final class ResourceClass {
  let plan: IntelRdtPlan
  /// It is not there yet.
  let makes: Bool

  /// What `linux.intelRdt` asks for; nil when it does not.
  @inline(never)
  init?(_ request: ContainerRequest) throws(RuntimeError) {
    guard let asked = request.spec.linux?.intelRdt else { return nil }
    do throws(CgroupPlanError) {
      plan = try IntelRdtPlan(asked, container: request.id.text)
    } catch {
      throw RuntimeError("\(request.origin): \(error.message)")
    }
    do throws(CgroupError) {
      guard let resctrl = try Resctrl.find() else { throw Resctrl.missing }
      makes = try !resctrl.has(plan)
      if makes && plan.mustExist { throw .refused("linux.intelRdt.closID: there is no class \(plan.group), and nothing is said of what it should have") }
    } catch {
      throw RuntimeError("\(request.origin): \(error.message)")
    }
  }

  var record: RecordedClass { RecordedClass(group: plan.group, isRemoved: makes && plan.isOwn, monitor: plan.monitor) }

  /// Makes what is not there.
  func make() throws(RuntimeError) -> ResctrlGroup {
    try convert { () throws(CgroupError) in
      guard let resctrl = try Resctrl.find() else { throw Resctrl.missing }
      return try resctrl.make(plan, makes: makes)
    }
  }

  /// Removes what was made here: nothing of it is for another container yet.
  func undo() throws(RuntimeError) {
    try convert { () throws(CgroupError) in try Resctrl.find()?.remove(plan, makes: makes) }
  }
}

/// What is on record of a container's class.
public final class RecordedClass: Sendable {
  /// The directory below the mount point; empty is the default class.
  let group: String
  /// It is the container's own, and goes with it.
  let isRemoved: Bool
  /// The monitoring group, which goes with the container in any case.
  let monitor: String?

  init(group: String, isRemoved: Bool, monitor: String?) {
    self.group = group
    self.isRemoved = isRemoved
    self.monitor = monitor
  }

  init(_ json: JSONValue) {
    group = json.required("group").string()
    isRemoved = json.required("isRemoved").bool()
    monitor = json.string("monitor")
  }

  func write(to writer: inout JSONWriter) {
    writer.object { object in
      object.member("group", group)
      object.member("isRemoved", isRemoved)
      if let monitor { object.member("monitor", monitor) }
    }
  }

  var plan: IntelRdtPlan { IntelRdtPlan(group: group, monitor: monitor) }

  /// Removes what goes with the container.
  func remove() throws(RuntimeError) {
    try convert { () throws(CgroupError) in try Resctrl.find()?.remove(plan, makes: isRemoved) }
  }

  /// The groups for a further process of the container; nil when they are gone.
  func groups() throws(RuntimeError) -> ResctrlGroup? {
    try convert { () throws(CgroupError) in
      guard let resctrl = try Resctrl.find() else { return nil }
      return try resctrl.group(of: plan)
    }
  }

  func statistics() throws(RuntimeError) -> Statistic? {
    try convert { () throws(CgroupError) in try Resctrl.find()?.statistics(of: plan) }
  }
}

extension Container {
  /// Changes what the container's class may use of the L3 cache and the memory bandwidth: lines for `schemata`, nil leaves it. Refused in runc's words.
  public func updateClass(cache: String?, bandwidth: String?) throws(RuntimeError) {
    guard cache != nil || bandwidth != nil else { return }
    if try status() == .stopped { throw RuntimeError("cannot update container \(id.text): container not running") }
    guard let recorded = record.resourceClass else { throw RuntimeError("updating a non-existent Intel RDT configuration is not supported") }
    try convert { () throws(CgroupError) in
      guard let resctrl = try Resctrl.find() else { throw Resctrl.missing }
      if cache != nil, try !resctrl.hasControl("L3") { throw .refused("Intel RDT/CAT: l3 cache schema is not enabled") }
      if bandwidth != nil, try !resctrl.hasControl("MB") { throw .refused("Intel RDT/MBA: memory bandwidth schema is not enabled") }
      try resctrl.update(recorded.plan, lines: [cache, bandwidth].compactMap { $0 })
    }
    var writer = JSONWriter()
    writer.object { writer in
      if let cache { writer.member("l3CacheSchema", cache) }
      if let bandwidth { writer.member("memBwSchema", bandwidth) }
    }
    try keepLimits("{\"linux\":{\"intelRdt\":\(string(writer.bytes()[...]))}}")
  }
}
