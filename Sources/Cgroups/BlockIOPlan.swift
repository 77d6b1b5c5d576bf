internal import OCI

extension SettingList {
  /// The settings for `linux.resources.blockIO`. Weights act only where a scheduler honours them: CFQ before Linux 5.0 and BFQ since, or on v2 the iocost
  /// controller.
  mutating func add(_ blockIO: BlockIOResources) throws(CgroupPlanError) {
    // Docker writes 0 for "not set".
    if let weight = blockIO.weight, weight != 0 {
      try requireWeight(weight, for: "blockIO.weight")
      try addWeight(nil, weight, for: "blockIO.weight")
    }
    if let leafWeight = blockIO.leafWeight, leafWeight != 0 {
      try requireV1(.blockIO, for: "blockIO.leafWeight")
      try add(.blockIO, "blkio.leaf_weight", "\(leafWeight)", for: "blockIO.leafWeight", option: "CFQ_GROUP_IOSCHED")
    }
    for (index, device) in blockIO.weightDevice.enumerated() {
      let asked = "blockIO.weightDevice[\(index)]"
      let name = "\(device.major):\(device.minor)"
      if let weight = device.weight, weight != 0 {
        try requireWeight(weight, for: "\(asked).weight")
        try addWeight(name, weight, for: "\(asked).weight")
      }
      if let leafWeight = device.leafWeight, leafWeight != 0 {
        try requireV1(.blockIO, for: "\(asked).leafWeight")
        try add(.blockIO, "blkio.leaf_weight_device", "\(name) \(leafWeight)", for: "\(asked).leafWeight", option: "CFQ_GROUP_IOSCHED")
      }
    }
    try addThrottles(blockIO.throttleReadBpsDevice, "throttleReadBpsDevice", v1: "blkio.throttle.read_bps_device", v2: "rbps")
    try addThrottles(blockIO.throttleWriteBpsDevice, "throttleWriteBpsDevice", v1: "blkio.throttle.write_bps_device", v2: "wbps")
    try addThrottles(blockIO.throttleReadIOPSDevice, "throttleReadIOPSDevice", v1: "blkio.throttle.read_iops_device", v2: "riops")
    try addThrottles(blockIO.throttleWriteIOPSDevice, "throttleWriteIOPSDevice", v1: "blkio.throttle.write_iops_device", v2: "wiops")
  }

  /// BFQ takes the specification's scale, 1 to 1000, on both generations; `io.weight` runs from 1 to 10000.
  private mutating func addWeight(_ device: String?, _ weight: UInt16, for limit: String) throws(CgroupPlanError) {
    let value = device.map { "\($0) \(weight)" } ?? "\(weight)"
    if try generation(of: .blockIO, for: limit) == .v1 {
      let suffix = device == nil ? "" : "_device"
      try add(
        .blockIO, "blkio.weight\(suffix)", value, for: limit, option: "BFQ_GROUP_IOSCHED", else: (file: "blkio.bfq.weight\(suffix)", value: value))
    } else {
      let scaled = 1 + (UInt64(weight) - 10) * 9999 / 990
      let second = device.map { "\($0) \(scaled)" } ?? "\(scaled)"
      try add(.blockIO, "io.bfq.weight", value, for: limit, option: "BFQ_GROUP_IOSCHED", else: (file: "io.weight", value: second))
    }
  }

  private mutating func addThrottles(_ devices: [ThrottleDevice], _ list: String, v1: String, v2: String) throws(CgroupPlanError) {
    for (index, device) in devices.enumerated() {
      let limit = "blockIO.\(list)[\(index)]"
      let name = "\(device.major):\(device.minor)"
      if try generation(of: .blockIO, for: limit) == .v1 {
        try add(.blockIO, v1, "\(name) \(device.rate)", for: limit, option: "BLK_DEV_THROTTLING")
      } else {
        // v1 takes a rate of 0 for "no limit".
        let rate = device.rate == 0 ? "max" : "\(device.rate)"
        try add(.blockIO, "io.max", "\(name) \(v2)=\(rate)", for: limit, option: "BLK_DEV_THROTTLING")
      }
    }
  }

  private func requireWeight(_ weight: UInt16, for limit: String) throws(CgroupPlanError) {
    if weight < 10 || weight > 1000 { throw .refused(asked: SettingList.path(limit), reason: "\(weight) is not within 10 to 1000") }
  }
}
