internal import JSON

extension LinuxSection {
  init(_ json: JSONValue) throws(JSONPathError) {
    namespaces = try LinuxSection.namespaces(json)
    uidMappings = try json.idMappings("uidMappings")
    gidMappings = try json.idMappings("gidMappings")
    timeOffsets = try json.map("timeOffsets") { (clock, offset) throws(JSONPathError) in try TimeOffset(clock, offset) }
    devices = try json.list("devices") { (device) throws(JSONPathError) in try Device(device) }
    netDevices = try json.map("netDevices") { (name, device) throws(JSONPathError) in NetDevice(hostName: name, name: try device.text("name")) }
    cgroupsPath = try json.text("cgroupsPath")
    resources = try json.member("resources").map { (resources) throws(JSONPathError) in try Resources(resources) }
    seccomp = try json.member("seccomp").map { (seccomp) throws(JSONPathError) in try Seccomp(seccomp) }
    sysctl = try json.map("sysctl") { (key, value) throws(JSONPathError) in Sysctl(key: key, value: try value.string()) }
    maskedPaths = try json.list("maskedPaths") { (path) throws(JSONPathError) in try path.absolutePath() }
    readonlyPaths = try json.list("readonlyPaths") { (path) throws(JSONPathError) in try path.absolutePath() }
    rootfsPropagation = try json.text("rootfsPropagation") == nil ? nil : json.required("rootfsPropagation").named()
    mountLabel = try json.text("mountLabel")
    intelRdt = try json.member("intelRdt").map { (rdt) throws(JSONPathError) in try IntelRdt(rdt) }
    personality = try json.member("personality").map { (personality) throws(JSONPathError) in try Personality(personality) }
    memoryPolicy = try json.member("memoryPolicy").map { (policy) throws(JSONPathError) in try MemoryPolicy(policy) }
  }

  private static func namespaces(_ json: JSONValue) throws(JSONPathError) -> [Namespace] {
    var namespaces: [Namespace] = []
    for entry in try json.member("namespaces")?.elements() ?? [] {
      let namespace = try Namespace(entry)
      if namespaces.contains(where: { $0.type == namespace.type }) { throw entry.error("the namespace '\(namespace.type.name)' is given twice") }
      namespaces.append(namespace)
    }
    return namespaces
  }
}

extension Namespace {
  init(_ json: JSONValue) throws(JSONPathError) {
    type = try json.required("type").named()
    path = try json.text("path") == nil ? nil : json.required("path").absolutePath()
  }
}

extension TimeOffset {
  init(_ clock: String, _ json: JSONValue) throws(JSONPathError) {
    guard let clock = OffsetClock(named: clock) else { throw json.error("a time namespace has no such clock, only monotonic and boottime") }
    self.clock = clock
    secs = try json.integer("secs") ?? 0
    nanosecs = try json.integer("nanosecs", in: 0...999_999_999) ?? 0
  }
}

extension Device {
  init(_ json: JSONValue) throws(JSONPathError) {
    type = try json.required("type").named()
    path = try json.required("path").absolutePath()
    major = type == .fifo ? 0 : try json.requiredInteger("major", in: 0...Int64.max)
    minor = type == .fifo ? 0 : try json.requiredInteger("minor", in: 0...Int64.max)
    // Docker hands on the whole mode of the host's node, with the bits of the file type.
    fileMode = try json.member("fileMode").map { (mode) throws(JSONPathError) in try mode.integer() & 0o7777 }
    uid = try json.integer("uid", in: User.numbers)
    gid = try json.integer("gid", in: User.numbers)
  }
}

extension Personality {
  init(_ json: JSONValue) throws(JSONPathError) {
    domain = try json.required("domain").named()
    if let flag = try json.member("flags")?.elements().first { throw flag.unknown() }
  }
}

extension MemoryPolicy {
  init(_ json: JSONValue) throws(JSONPathError) {
    mode = try json.required("mode").named()
    nodes = try json.text("nodes")
    flags = try json.namedList("flags")
  }
}

extension IntelRdt {
  init(_ json: JSONValue) throws(JSONPathError) {
    closID = try json.text("closID")
    if let closID, !IntelRdt.isClassOfService(closID) { throw json.error("closID", "must be '/' or the name of one directory") }
    schemata = try json.list("schemata") { (line) throws(JSONPathError) in try line.line() }
    l3CacheSchema = try json.text("l3CacheSchema") == nil ? nil : json.required("l3CacheSchema").line()
    memBwSchema = try json.text("memBwSchema") == nil ? nil : json.required("memBwSchema").line()
    if let memBwSchema, !memBwSchema.utf8.starts(with: "MB:".utf8) { throw json.error("memBwSchema", "must begin with 'MB:'") }
    enableMonitoring = try json.flag("enableMonitoring")
  }

  /// The class becomes a directory of the resctrl file system, so it must not lead anywhere else.
  private static func isClassOfService(_ name: String) -> Bool { name.utf8.elementsEqual("/".utf8) || isFileName(name) }
}

/// Whether a text is the name of a file in a directory, and no way out of it.
func isFileName(_ name: String) -> Bool {
  !name.utf8.isEmpty && !name.utf8.contains(0x2F) && !name.utf8.elementsEqual(".".utf8) && !name.utf8.elementsEqual("..".utf8)
}

extension JSONValue {
  /// A string without a newline, which would begin another line of the control file that it is written to.
  fileprivate func line() throws(JSONPathError) -> String {
    let line = try string()
    if line.utf8.contains(0x0A) { throw error("must not contain a newline") }
    return line
  }
}
