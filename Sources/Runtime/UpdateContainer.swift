internal import Cgroups
public import OCI
public import Wording

extension Container {
  /// Changes the container's limits: all of `resources`, or none. What is not set there stays as it is.
  ///
  /// - document: what `resources` are from, as JSON; it is kept.
  /// - warn: gets a sentence when the device rules are not those that the container was made with, because they stay as they are.
  public func update(_ resources: Resources, document: Text, warn: (String) -> Void) throws(RuntimeError) {
    switch try status() {
    case .running, .created, .paused: break
    case .creating: throw beingCreated()
    case .stopped: throw RuntimeError("cannot update container \(id.text): container not running")
    }
    // containerd sends all that the container was made with, and what it changes.
    if !resources.devices.isEmpty, try spec().linux?.resources?.devices != resources.devices {
      warn("linux.resources.devices: the devices of a container that runs are not changed")
    }
    let groups = try requireGroups("update")
    try convert { () throws(CgroupError) in try groups.update(to: resources.withoutZeros) }
    try keepLimits("{\"linux\":{\"resources\":\(document)}}")
  }
}

extension Resources {
  /// Without the zeros that stand for "leave it" in an update: older engines send every member of memory, and runc, whose help shows them so, takes them so.
  @inline(never)
  var withoutZeros: Resources {
    guard var memory else { return self }
    func unlessZero(_ bytes: Int64?) -> Int64? { bytes == 0 ? nil : bytes }
    memory.limit = unlessZero(memory.limit)
    memory.swap = unlessZero(memory.swap)
    memory.reservation = unlessZero(memory.reservation)
    memory.kernel = unlessZero(memory.kernel)
    memory.kernelTCP = unlessZero(memory.kernelTCP)
    var resources = self
    resources.memory = memory
    return resources
  }
}
