internal import JSON

extension Resources {
  /// Decodes the document of `update --resources`: `linux.resources` of a config.json.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { Resources($0) }
  }

  @inline(never)
  init(_ json: JSONValue) {
    devices = json.list("devices") { DeviceRule($0) }
    memory = json.member("memory").map { MemoryResources($0) }
    cpu = json.member("cpu").map { CPUResources($0) }
    pids = json.member("pids").map { pids in PidsResources(limit: pids.limit("limit")) }
    blockIO = json.member("blockIO").map { BlockIOResources($0) }
    hugepageLimits = json.list("hugepageLimits") { HugepageLimit($0) }
    network = json.member("network").map { NetworkResources($0) }
    rdma = json.map("rdma") { device, limits in RDMALimit(device, limits) }
    unified = json.map("unified") { file, value in
      if !isFileName(file) { value.refuse("must be the name of one file") }
      return UnifiedSetting(file: file, value: value.string())
    }
  }
}

extension JSONValue {
  /// A limit whose -1 is "unlimited"; no other negative number means anything.
  fileprivate func limit(_ key: Literal) -> Int64? { integer(key, in: -1...Int64.max) }
}

extension DeviceRule {
  init(_ json: JSONValue) {
    allow = json.required("allow").bool()
    type = json.namedText("type") ?? .all
    major = DeviceRule.number(json.member("major"))
    minor = DeviceRule.number(json.member("minor"))
    access = json.member("access").map { DeviceAccess($0) } ?? .all
  }

  /// The number of a device, or nil for all of them.
  private static func number(_ json: JSONValue?) -> Int64? {
    guard let number = json?.integer(in: -1...Int64.max), number >= 0 else { return nil }
    return number
  }
}

extension DeviceAccess {
  init(_ json: JSONValue) {
    var access: DeviceAccess = []
    for letter in Array(json.nonEmpty().utf8) {
      switch letter {
      case 0x72: access.insert(.read)
      case 0x77: access.insert(.write)
      case 0x6D: access.insert(.mknod)
      default: json.refuse("expected a composition of r, w and m")
      }
    }
    self = access
  }
}

extension MemoryResources {
  init(_ json: JSONValue) {
    limit = json.limit("limit")
    reservation = json.limit("reservation")
    swap = json.limit("swap")
    kernel = json.limit("kernel")
    kernelTCP = json.limit("kernelTCP")
    // Docker writes -1, which is "leave it", as an unsigned number; runc reads it so.
    swappiness = json.integer("swappiness") == UInt64.max ? nil : json.integer("swappiness", in: 0...100)
    disableOOMKiller = json.bool("disableOOMKiller")
    useHierarchy = json.bool("useHierarchy")
    checkBeforeUpdate = json.bool("checkBeforeUpdate")
  }
}

extension CPUResources {
  init(_ json: JSONValue) {
    shares = json.integer("shares")
    quota = json.limit("quota")
    burst = json.integer("burst")
    period = json.integer("period")
    realtimeRuntime = json.limit("realtimeRuntime")
    realtimePeriod = json.integer("realtimePeriod")
    cpus = json.text("cpus")
    mems = json.text("mems")
    idle = json.integer("idle", in: 0...1)
    if let burst, let quota, quota > 0, burst > UInt64(quota) { json.refuse("burst", "\(burst) is above the quota \(quota)") }
  }
}

extension BlockIOResources {
  init(_ json: JSONValue) {
    weight = json.integer("weight")
    leafWeight = json.integer("leafWeight")
    weightDevice = json.list("weightDevice") { WeightDevice($0) }
    throttleReadBpsDevice = json.throttles("throttleReadBpsDevice")
    throttleWriteBpsDevice = json.throttles("throttleWriteBpsDevice")
    throttleReadIOPSDevice = json.throttles("throttleReadIOPSDevice")
    throttleWriteIOPSDevice = json.throttles("throttleWriteIOPSDevice")
  }
}

extension WeightDevice {
  init(_ json: JSONValue) {
    major = json.requiredInteger("major", in: 0...Int64.max)
    minor = json.requiredInteger("minor", in: 0...Int64.max)
    weight = json.integer("weight")
    leafWeight = json.integer("leafWeight")
    if weight == nil && leafWeight == nil { json.refuse("weight or leafWeight is missing") }
  }
}

extension JSONValue {
  fileprivate func throttles(_ key: Literal) -> [ThrottleDevice] {
    list(key) { json in
      ThrottleDevice(
        major: json.requiredInteger("major", in: 0...Int64.max), minor: json.requiredInteger("minor", in: 0...Int64.max),
        rate: json.requiredInteger("rate"))
    }
  }
}

extension HugepageLimit {
  init(_ json: JSONValue) {
    let size = json.required("pageSize")
    pageSize = size.string()
    if !HugepageLimit.isPageSize(pageSize) { size.refuse("expected a size such as 64KB, 2MB or 1GB") }
    limit = json.requiredInteger("limit")
  }

  /// `[1-9][0-9]*[KMG]B`. The size becomes part of a file's name, so nothing else may be in it.
  private static func isPageSize(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count >= 3, bytes[0] != 0x30, bytes[bytes.count - 1] == 0x42 else { return false }
    let unit = bytes[bytes.count - 2]
    return (unit == 0x4B || unit == 0x4D || unit == 0x47) && bytes.dropLast(2).allSatisfy { (0x30...0x39).contains($0) }
  }
}

extension NetworkResources {
  init(_ json: JSONValue) {
    classID = json.integer("classID")
    priorities = json.list("priorities") { entry in
      InterfacePriority(name: entry.requiredText("name"), priority: entry.requiredInteger("priority"))
    }
  }
}

extension RDMALimit {
  init(_ device: String, _ json: JSONValue) {
    self.device = device
    hcaHandles = json.integer("hcaHandles")
    hcaObjects = json.integer("hcaObjects")
    if hcaHandles == nil && hcaObjects == nil { json.refuse("hcaHandles or hcaObjects is missing") }
  }
}
