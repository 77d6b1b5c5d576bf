internal import OCI
internal import Wording

extension SettingList {
  /// The settings for `linux.resources.blockIO`. Weights act only where a scheduler honours them: CFQ before Linux 5.0 and BFQ since, or on v2 the iocost
  /// controller.
  func add(_ blockIO: BlockIOResources) {
    // Docker writes 0 for "not set".
    if let weight = blockIO.weight, weight != 0 { addWeight(.weight, at: "", "", weight) }
    if let leafWeight = blockIO.leafWeight, leafWeight != 0 { set(.leafWeight, UInt64(leafWeight)) }
    for (index, device) in blockIO.weightDevice.enumerated() {
      let name = Text("\(device.major):\(device.minor) ").string
      if let weight = device.weight, weight != 0 { addWeight(.weightDevice, at: Text("[\(index)].weight").string, name, weight) }
      if let leafWeight = device.leafWeight, leafWeight != 0 {
        set(.leafWeightDevice, "\(name)\(leafWeight)", at: Text("[\(index)].leafWeight").string)
      }
    }
    addThrottles(.readBytes, blockIO.throttleReadBpsDevice, "rbps")
    addThrottles(.writeBytes, blockIO.throttleWriteBpsDevice, "wbps")
    addThrottles(.readOperations, blockIO.throttleReadIOPSDevice, "riops")
    addThrottles(.writeOperations, blockIO.throttleWriteIOPSDevice, "wiops")
  }

  /// BFQ takes the specification's scale, 1 to 1000, on both generations; `io.weight` runs from 1 to 10000. `device` is written before the weight.
  private func addWeight(_ limit: Limit, at place: String, _ device: String, _ weight: UInt16) {
    if weight < 10 || weight > 1000 { return refuse(limit, at: place, "\(weight) is not within 10 to 1000") }
    let value: Text = "\(device)\(weight)"
    if generation(of: limit, at: place) == .v1 {
      set(limit, value, at: place, else: (file: device.utf8.isEmpty ? "blkio.bfq.weight" : "blkio.bfq.weight_device", value: value))
    } else {
      let scaled = 1 + (UInt64(weight) - 10) * 9999 / 990
      set(limit, value, at: place, else: (file: "io.weight", value: "\(device)\(scaled)"))
    }
  }

  /// `key` is that of the rate in a line of v2's io.max.
  private func addThrottles(_ limit: Limit, _ devices: [ThrottleDevice], _ key: Literal) {
    for (index, device) in devices.enumerated() {
      let place = Text("[\(index)]").string
      if generation(of: limit, at: place) == .v1 {
        set(limit, "\(device.major):\(device.minor) \(device.rate)", at: place)
      } else {
        // v1 takes a rate of 0 for "no limit".
        let rate: Text = device.rate == 0 ? "max" : "\(device.rate)"
        set(limit, "\(device.major):\(device.minor) \(key)=\(rate)", at: place)
      }
    }
  }
}
