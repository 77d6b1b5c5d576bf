internal import JSON

extension Process {
  /// Decodes the document of one process, as `exec --process` takes it: `process` of a config.json.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { (json) throws(JSONPathError) in try Process(json) }
  }

  init(_ json: JSONValue) throws(JSONPathError) {
    terminal = try json.flag("terminal")
    // config.md: runtimes must ignore the size of a terminal that there is not.
    consoleSize = terminal ? try json.member("consoleSize").map { (size) throws(JSONPathError) in try ConsoleSize(size) } : nil
    user = try json.member("user").map { (user) throws(JSONPathError) in try User(user) } ?? User()
    let args = try json.required("args")
    self.args = try json.strings("args")
    if self.args.isEmpty { throw args.error("must have at least one entry") }
    env = try json.strings("env")
    cwd = try json.required("cwd").absolutePath()
    capabilities = try json.member("capabilities").map { (sets) throws(JSONPathError) in try Capabilities(sets) }
    rlimits = try Process.rlimits(json)
    noNewPrivileges = try json.flag("noNewPrivileges")
    apparmorProfile = try json.text("apparmorProfile")
    oomScoreAdj = try json.integer("oomScoreAdj", in: -1000...1000)
    selinuxLabel = try json.text("selinuxLabel")
    scheduler = try json.member("scheduler").map { (scheduler) throws(JSONPathError) in try Scheduler(scheduler) }
    ioPriority = try json.member("ioPriority").map { (priority) throws(JSONPathError) in try IOPriority(priority) }
    execCPUAffinity = try json.member("execCPUAffinity").map { (affinity) throws(JSONPathError) in
      CPUAffinity(initial: try affinity.text("initial"), final: try affinity.text("final"))
    }
  }

  private static func rlimits(_ json: JSONValue) throws(JSONPathError) -> [Rlimit] {
    var limits: [Rlimit] = []
    for entry in try json.member("rlimits")?.elements() ?? [] {
      let limit = try Rlimit(entry)
      if limits.contains(where: { $0.type == limit.type }) { throw entry.error("\(limit.type.name) is given twice") }
      limits.append(limit)
    }
    return limits
  }
}

extension ConsoleSize {
  init(_ json: JSONValue) throws(JSONPathError) {
    height = try json.requiredInteger("height")
    width = try json.requiredInteger("width")
  }
}

extension User {
  /// The specification demands both numbers; runc and youki take a missing one for 0, and configurations that rely on it are about.
  init(_ json: JSONValue) throws(JSONPathError) {
    uid = try json.integer("uid", in: User.numbers) ?? 0
    gid = try json.integer("gid", in: User.numbers) ?? 0
    umask = try json.integer("umask", in: 0...0o777)
    additionalGids = try json.list("additionalGids") { (gid) throws(JSONPathError) in try gid.integer(in: User.numbers) }
  }

  /// Those of users and groups: to the kernel 2³²-1 means "leave it as it is", which would be root.
  static var numbers: ClosedRange<UInt32> { 0...UInt32.max - 1 }
}

extension Capabilities {
  init(_ json: JSONValue) throws(JSONPathError) {
    bounding = try json.strings("bounding")
    effective = try json.strings("effective")
    inheritable = try json.strings("inheritable")
    permitted = try json.strings("permitted")
    ambient = try json.strings("ambient")
  }
}

extension Rlimit {
  init(_ json: JSONValue) throws(JSONPathError) {
    type = try json.required("type").named()
    soft = try json.requiredInteger("soft")
    hard = try json.requiredInteger("hard")
    if soft > hard { throw json.error("the soft limit \(soft) is above the hard limit \(hard)") }
  }
}

extension Scheduler {
  init(_ json: JSONValue) throws(JSONPathError) {
    policy = try json.required("policy").named()
    nice = try json.integer("nice", in: -20...19) ?? 0
    priority = try json.integer("priority", in: 0...99) ?? 0
    flags = try json.namedList("flags")
    runtime = try json.integer("runtime") ?? 0
    deadline = try json.integer("deadline") ?? 0
    period = try json.integer("period") ?? 0
  }
}

extension IOPriority {
  /// The specification demands the priority, although the class of the idle has none; runc and crun take a missing one for 0.
  init(_ json: JSONValue) throws(JSONPathError) {
    priorityClass = try json.required("class").named()
    priority = try json.integer("priority", in: 0...7) ?? 0
  }
}
