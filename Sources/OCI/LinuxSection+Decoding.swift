internal import JSON

extension LinuxSection {
  @inline(never)
  convenience init(_ json: JSONValue, _ skipsSeccomp: (ArraySlice<UInt8>) -> Bool) {
    self.init()
    namespaces = LinuxSection.namespaces(json)
    uidMappings = json.idMappings("uidMappings")
    gidMappings = json.idMappings("gidMappings")
    timeOffsets = json.map("timeOffsets") { clock, offset in TimeOffset(clock, offset) }
    devices = json.list("devices") { Device($0) }
    netDevices = json.map("netDevices") { name, device in NetDevice(hostName: name, name: device.text("name")) }
    cgroupsPath = json.text("cgroupsPath")
    resources = json.member("resources").map { Resources($0) }
    seccomp = json.member("seccomp").flatMap { skipsSeccomp($0.source) ? nil : Seccomp($0) }
    sysctl = json.map("sysctl") { key, value in Sysctl(key: key, value: value.string()) }
    maskedPaths = json.absolutePaths("maskedPaths")
    readonlyPaths = json.absolutePaths("readonlyPaths")
    rootfsPropagation = json.namedText("rootfsPropagation")
    mountLabel = json.text("mountLabel")
    intelRdt = json.member("intelRdt").map { IntelRdt($0) }
    personality = json.member("personality").map { Personality($0) }
    memoryPolicy = json.member("memoryPolicy").map { MemoryPolicy($0) }
  }

  private static func namespaces(_ json: JSONValue) -> [Namespace] {
    var namespaces: [Namespace] = []
    for entry in json.elements(of: "namespaces") {
      let namespace = Namespace(entry)
      if namespaces.contains(where: { $0.type == namespace.type }) { entry.refuse("the namespace '\(namespace.type.name)' is given twice") }
      namespaces.append(namespace)
    }
    return namespaces
  }
}

extension Namespace {
  init(_ json: JSONValue) {
    type = json.required("type").named()
    path = json.given("path")?.absolutePath()
  }
}

extension TimeOffset {
  init(_ clock: String, _ json: JSONValue) {
    let known = OffsetClock(named: clock)
    if known == nil { json.refuse("a time namespace has no such clock, only monotonic and boottime") }
    self.clock = known ?? .monotonic
    secs = json.integer("secs") ?? 0
    nanosecs = json.integer("nanosecs", in: 0...999_999_999) ?? 0
  }
}

extension Device {
  init(_ json: JSONValue) {
    type = json.required("type").named()
    path = json.required("path").absolutePath()
    major = type == .fifo ? 0 : json.requiredInteger("major", in: 0...Int64.max)
    minor = type == .fifo ? 0 : json.requiredInteger("minor", in: 0...Int64.max)
    // Docker hands on the whole mode of the host's node, with the bits of the file type.
    fileMode = json.member("fileMode").map { mode in mode.integer() & 0o7777 }
    uid = json.integer("uid", in: User.numbers)
    gid = json.integer("gid", in: User.numbers)
  }
}

extension Personality {
  init(_ json: JSONValue) {
    domain = json.required("domain").named()
    if let flag = json.member("flags")?.elements().first { flag.refuseUnknown() }
  }
}

extension MemoryPolicy {
  init(_ json: JSONValue) {
    mode = json.required("mode").named()
    nodes = json.text("nodes")
    flags = json.namedList("flags")
  }
}

extension IntelRdt {
  init(_ json: JSONValue) {
    closID = json.text("closID")
    if let closID, !IntelRdt.isClassOfService(closID) { json.refuse("closID", "must be '/' or the name of one directory") }
    schemata = json.list("schemata") { $0.line() }
    l3CacheSchema = json.given("l3CacheSchema")?.line()
    memBwSchema = json.given("memBwSchema")?.line()
    if let memBwSchema, !memBwSchema.begins(with: "MB:") { json.refuse("memBwSchema", "must begin with 'MB:'") }
    enableMonitoring = json.flag("enableMonitoring")
  }

  /// The class becomes a directory of the resctrl file system, so it must not lead anywhere else.
  private static func isClassOfService(_ name: String) -> Bool { name.equals("/") || isFileName(name) }
}

/// Whether a text is the name of a file in a directory, and no way out of it.
func isFileName(_ name: String) -> Bool {
  !name.utf8.isEmpty && !name.utf8.contains(0x2F) && !name.equals(".") && !name.equals("..")
}

extension JSONValue {
  /// A string without a newline, which would begin another line of the control file that it is written to.
  fileprivate func line() -> String {
    let line = string()
    if line.utf8.contains(0x0A) { refuse("must not contain a newline") }
    return line
  }
}
