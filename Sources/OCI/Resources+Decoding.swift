internal import JSON

extension Resources {
  /// Decodes the document of `update --resources`: `linux.resources` of a config.json.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { (json) throws(JSONPathError) in try Resources(json) }
  }

  init(_ json: JSONValue) throws(JSONPathError) {
    devices = try json.list("devices") { (rule) throws(JSONPathError) in try DeviceRule(rule) }
    memory = try json.member("memory").map { (memory) throws(JSONPathError) in try MemoryResources(memory) }
    cpu = try json.member("cpu").map { (cpu) throws(JSONPathError) in try CPUResources(cpu) }
    pids = try json.member("pids").map { (pids) throws(JSONPathError) in PidsResources(limit: try pids.limit("limit")) }
    blockIO = try json.member("blockIO").map { (blockIO) throws(JSONPathError) in try BlockIOResources(blockIO) }
    hugepageLimits = try json.list("hugepageLimits") { (limit) throws(JSONPathError) in try HugepageLimit(limit) }
    network = try json.member("network").map { (network) throws(JSONPathError) in try NetworkResources(network) }
    rdma = try json.map("rdma") { (device, limits) throws(JSONPathError) in try RDMALimit(device, limits) }
    unified = try json.map("unified") { (file, value) throws(JSONPathError) in
      if !isFileName(file) { throw value.error("must be the name of one file") }
      return UnifiedSetting(file: file, value: try value.string())
    }
  }
}

extension JSONValue {
  /// A limit whose -1 is "unlimited"; no other negative number means anything.
  fileprivate func limit(_ key: StaticString) throws(JSONPathError) -> Int64? { try integer(key, in: -1...Int64.max) }
}

extension DeviceRule {
  init(_ json: JSONValue) throws(JSONPathError) {
    allow = try json.required("allow").bool()
    type = try json.text("type") == nil ? .all : json.required("type").named()
    major = try DeviceRule.number(json.member("major"))
    minor = try DeviceRule.number(json.member("minor"))
    access = try json.member("access").map { (access) throws(JSONPathError) in try DeviceAccess(access) } ?? .all
  }

  /// The number of a device, or nil for all of them.
  private static func number(_ json: JSONValue?) throws(JSONPathError) -> Int64? {
    guard let number = try json?.integer(in: -1...Int64.max), number >= 0 else { return nil }
    return number
  }
}

extension DeviceAccess {
  init(_ json: JSONValue) throws(JSONPathError) {
    var access: DeviceAccess = []
    for letter in try json.nonEmpty().utf8 {
      switch letter {
      case 0x72: access.insert(.read)
      case 0x77: access.insert(.write)
      case 0x6D: access.insert(.mknod)
      default: throw json.error("expected a composition of r, w and m")
      }
    }
    self = access
  }
}

extension MemoryResources {
  init(_ json: JSONValue) throws(JSONPathError) {
    limit = try json.limit("limit")
    reservation = try json.limit("reservation")
    swap = try json.limit("swap")
    kernel = try json.limit("kernel")
    kernelTCP = try json.limit("kernelTCP")
    // Docker writes -1, which is "leave it", as an unsigned number; runc reads it so.
    swappiness = try json.integer("swappiness") == UInt64.max ? nil : json.integer("swappiness", in: 0...100)
    disableOOMKiller = try json.bool("disableOOMKiller")
    useHierarchy = try json.bool("useHierarchy")
    checkBeforeUpdate = try json.bool("checkBeforeUpdate")
  }
}

extension CPUResources {
  init(_ json: JSONValue) throws(JSONPathError) {
    shares = try json.integer("shares")
    quota = try json.limit("quota")
    burst = try json.integer("burst")
    period = try json.integer("period")
    realtimeRuntime = try json.limit("realtimeRuntime")
    realtimePeriod = try json.integer("realtimePeriod")
    cpus = try json.text("cpus")
    mems = try json.text("mems")
    idle = try json.integer("idle", in: 0...1)
    if let burst, let quota, quota > 0, burst > UInt64(quota) { throw json.error("burst", "\(burst) is above the quota \(quota)") }
  }
}

extension BlockIOResources {
  init(_ json: JSONValue) throws(JSONPathError) {
    weight = try json.integer("weight")
    leafWeight = try json.integer("leafWeight")
    weightDevice = try json.list("weightDevice") { (device) throws(JSONPathError) in try WeightDevice(device) }
    throttleReadBpsDevice = try json.throttles("throttleReadBpsDevice")
    throttleWriteBpsDevice = try json.throttles("throttleWriteBpsDevice")
    throttleReadIOPSDevice = try json.throttles("throttleReadIOPSDevice")
    throttleWriteIOPSDevice = try json.throttles("throttleWriteIOPSDevice")
  }
}

extension WeightDevice {
  init(_ json: JSONValue) throws(JSONPathError) {
    major = try json.requiredInteger("major", in: 0...Int64.max)
    minor = try json.requiredInteger("minor", in: 0...Int64.max)
    weight = try json.integer("weight")
    leafWeight = try json.integer("leafWeight")
    if weight == nil && leafWeight == nil { throw json.error("weight or leafWeight is missing") }
  }
}

extension JSONValue {
  fileprivate func throttles(_ key: StaticString) throws(JSONPathError) -> [ThrottleDevice] {
    try list(key) { (json) throws(JSONPathError) in
      ThrottleDevice(
        major: try json.requiredInteger("major", in: 0...Int64.max), minor: try json.requiredInteger("minor", in: 0...Int64.max),
        rate: try json.requiredInteger("rate"))
    }
  }
}

extension HugepageLimit {
  init(_ json: JSONValue) throws(JSONPathError) {
    let size = try json.required("pageSize")
    pageSize = try size.string()
    if !HugepageLimit.isPageSize(pageSize) { throw size.error("expected a size such as 64KB, 2MB or 1GB") }
    limit = try json.requiredInteger("limit")
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
  init(_ json: JSONValue) throws(JSONPathError) {
    classID = try json.integer("classID")
    priorities = try json.list("priorities") { (entry) throws(JSONPathError) in
      InterfacePriority(name: try entry.requiredText("name"), priority: try entry.requiredInteger("priority"))
    }
  }
}

extension RDMALimit {
  init(_ device: String, _ json: JSONValue) throws(JSONPathError) {
    self.device = device
    hcaHandles = try json.integer("hcaHandles")
    hcaObjects = try json.integer("hcaObjects")
    if hcaHandles == nil && hcaObjects == nil { throw json.error("hcaHandles or hcaObjects is missing") }
  }
}
