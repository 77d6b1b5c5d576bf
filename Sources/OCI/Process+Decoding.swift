internal import JSON

extension Process {
  /// Decodes the document of one process, as `exec --process` takes it: `process` of a config.json.
  public convenience init(parsing text: [UInt8]) throws(SpecError) {
    let document = try parse(text)
    self.init(document)
    try check(document)
  }

  @inline(never)
  convenience init(_ json: JSONValue) {
    self.init(args: [])
    terminal = json.flag("terminal")
    // config.md: runtimes must ignore the size of a terminal that there is not.
    consoleSize = terminal ? json.member("consoleSize").map { ConsoleSize($0) } : nil
    user = json.member("user").map { User($0) } ?? User()
    let args = json.required("args")
    self.args = json.strings("args")
    if self.args.isEmpty { args.refuse("must have at least one entry") }
    env = json.strings("env")
    cwd = json.required("cwd").absolutePath()
    capabilities = json.member("capabilities").map { Capabilities($0) }
    rlimits = Process.rlimits(json)
    noNewPrivileges = json.flag("noNewPrivileges")
    apparmorProfile = json.text("apparmorProfile")
    oomScoreAdj = json.integer("oomScoreAdj", in: -1000...1000)
    selinuxLabel = json.text("selinuxLabel")
    scheduler = json.member("scheduler").map { Scheduler($0) }
    ioPriority = json.member("ioPriority").map { IOPriority($0) }
    execCPUAffinity = json.member("execCPUAffinity").map { affinity in
      CPUAffinity(initial: affinity.text("initial"), final: affinity.text("final"))
    }
  }

  private static func rlimits(_ json: JSONValue) -> [Rlimit] {
    var limits: [Rlimit] = []
    for entry in json.elements(of: "rlimits") {
      let limit = Rlimit(entry)
      if limits.contains(where: { $0.type == limit.type }) { entry.refuse("\(limit.type.name) is given twice") }
      limits.append(limit)
    }
    return limits
  }
}

extension ConsoleSize {
  init(_ json: JSONValue) {
    height = json.requiredInteger("height")
    width = json.requiredInteger("width")
  }
}

extension User {
  /// The specification demands both numbers; runc and youki take a missing one for 0, and configurations that rely on it are about.
  init(_ json: JSONValue) {
    uid = json.integer("uid", in: User.numbers) ?? 0
    gid = json.integer("gid", in: User.numbers) ?? 0
    umask = json.integer("umask", in: 0...0o777)
    additionalGids = json.list("additionalGids") { $0.integer(in: User.numbers) }
  }

  /// Those of users and groups: to the kernel 2³²-1 means "leave it as it is", which would be root.
  static var numbers: ClosedRange<UInt32> { 0...UInt32.max - 1 }
}

extension Capabilities {
  init(_ json: JSONValue) {
    bounding = json.strings("bounding")
    effective = json.strings("effective")
    inheritable = json.strings("inheritable")
    permitted = json.strings("permitted")
    ambient = json.strings("ambient")
  }
}

extension Rlimit {
  init(_ json: JSONValue) {
    type = json.required("type").named()
    soft = json.requiredInteger("soft")
    hard = json.requiredInteger("hard")
    if soft > hard { json.refuse("the soft limit \(soft) is above the hard limit \(hard)") }
  }
}

extension Scheduler {
  init(_ json: JSONValue) {
    policy = json.required("policy").named()
    nice = json.integer("nice", in: -20...19) ?? 0
    priority = json.integer("priority", in: 0...99) ?? 0
    flags = json.namedList("flags")
    runtime = json.integer("runtime") ?? 0
    deadline = json.integer("deadline") ?? 0
    period = json.integer("period") ?? 0
  }
}

extension IOPriority {
  /// The specification demands the priority, although the class of the idle has none; runc and crun take a missing one for 0.
  init(_ json: JSONValue) {
    priorityClass = json.required("class").named()
    priority = json.integer("priority", in: 0...7) ?? 0
  }
}
