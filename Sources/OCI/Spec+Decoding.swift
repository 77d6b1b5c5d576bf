internal import JSON

extension Spec {
  /// Decodes a `config.json` and checks what the specification demands of each value. Properties that it does not know are ignored (config.md,
  /// "Extensibility").
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { (json) throws(JSONPathError) in try Spec(json) }
  }

  init(_ json: JSONValue) throws(JSONPathError) {
    let version = try json.required("ociVersion")
    ociVersion = try version.string()
    if !isVersion1(ociVersion) { throw version.error("expected a version 1.x.y") }
    process = try json.member("process").map { (process) throws(JSONPathError) in try Process(process) }
    root = try Root(json.required("root"))
    hostname = try json.text("hostname")
    domainname = try json.text("domainname")
    mounts = try json.list("mounts") { (mount) throws(JSONPathError) in try Mount(mount) }
    hooks = try json.member("hooks").map { (hooks) throws(JSONPathError) in try Hooks(hooks) }
    linux = try json.member("linux").map { (linux) throws(JSONPathError) in try LinuxSection(linux) }
    annotations = try json.annotations("annotations")
  }
}

extension Root {
  init(_ json: JSONValue) throws(JSONPathError) {
    path = try json.requiredText("path")
    readonly = try json.flag("readonly")
  }
}

extension Mount {
  init(_ json: JSONValue) throws(JSONPathError) {
    destination = try json.requiredText("destination")
    type = try json.text("type")
    source = try json.text("source")
    options = try json.strings("options")
    uidMappings = try json.idMappings("uidMappings")
    gidMappings = try json.idMappings("gidMappings")
    if uidMappings.isEmpty != gidMappings.isEmpty { throw json.error("uidMappings and gidMappings must be given together") }
  }
}

extension JSONValue {
  /// The ranges of a user namespace or of an idmapped mount. An empty range or one that leaves 32 bits has no meaning for the kernel.
  func idMappings(_ key: StaticString) throws(JSONPathError) -> [IDMapping] {
    try list(key) { (json) throws(JSONPathError) in
      let mapping = IDMapping(
        containerID: try json.requiredInteger("containerID"), hostID: try json.requiredInteger("hostID"),
        size: try json.requiredInteger("size", in: 1...UInt32.max))
      for first in [mapping.containerID, mapping.hostID] where UInt64(first) + UInt64(mapping.size) > 1 << 32 {
        throw json.error("the range goes beyond 4294967295")
      }
      return mapping
    }
  }
}

extension Hooks {
  init(_ json: JSONValue) throws(JSONPathError) {
    prestart = try json.hooks("prestart")
    createRuntime = try json.hooks("createRuntime")
    createContainer = try json.hooks("createContainer")
    startContainer = try json.hooks("startContainer")
    poststart = try json.hooks("poststart")
    poststop = try json.hooks("poststop")
  }
}

extension JSONValue {
  fileprivate func hooks(_ key: StaticString) throws(JSONPathError) -> [Hook] {
    try list(key) { (json) throws(JSONPathError) in
      Hook(
        path: try json.required("path").absolutePath(), args: try json.strings("args"),
        env: try json.member("env").map { (_) throws(JSONPathError) in try json.strings("env") },
        timeout: try json.integer("timeout", in: 1...Int64.max))
    }
  }
}
