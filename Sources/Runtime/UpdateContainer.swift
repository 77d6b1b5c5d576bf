internal import Cgroups
public import OCI

extension Container {
  /// Changes the container's limits: all of `resources`, or none. What is not set there stays as it is.
  ///
  /// - warn: gets a sentence when the device rules are not those that the container was made with, because they stay as they are.
  public borrowing func update(_ resources: Resources, warn: (String) -> Void) throws(RuntimeError) {
    switch try status() {
    case .running, .created, .paused: break
    case .creating: throw RuntimeError("container \(id.text) is just being created")
    case .stopped: throw RuntimeError("cannot update container \(id.text): container not running")
    }
    // containerd sends all that the container was made with, and what it changes.
    if !resources.devices.isEmpty, try spec().linux?.resources?.devices != resources.devices {
      warn("linux.resources.devices: the devices of a container that runs are not changed")
    }
    var groups = try requireGroups("update")
    try convert { () throws(CgroupError) in try groups.update(to: resources.withoutZeros) }
  }
}

extension Resources {
  /// Without the zeros that stand for "leave it" in an update: older engines send every member of memory, and runc, whose help shows them so, takes them so.
  var withoutZeros: Resources {
    var resources = self
    if resources.memory?.limit == 0 { resources.memory?.limit = nil }
    if resources.memory?.swap == 0 { resources.memory?.swap = nil }
    if resources.memory?.reservation == 0 { resources.memory?.reservation = nil }
    if resources.memory?.kernel == 0 { resources.memory?.kernel = nil }
    if resources.memory?.kernelTCP == 0 { resources.memory?.kernelTCP = nil }
    return resources
  }
}
