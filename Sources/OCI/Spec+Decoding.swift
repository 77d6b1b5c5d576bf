internal import JSON

extension Spec {
  /// Decodes a `config.json` and checks what the specification demands of each value. Properties that it does not know are ignored (config.md,
  /// "Extensibility").
  ///
  /// - skipsSeccomp: asked with the text of `linux.seccomp`, to its end and perhaps some of what follows; that is left out where the answer is yes.
  public convenience init(parsing text: [UInt8], skipsSeccomp: (ArraySlice<UInt8>) -> Bool = { _ in false }) throws(SpecError) {
    let document = try parse(text)
    self.init(document, skipsSeccomp)
    try check(document)
  }

  private convenience init(_ json: JSONValue, _ skipsSeccomp: (ArraySlice<UInt8>) -> Bool) {
    self.init()
    let version = json.required("ociVersion")
    ociVersion = version.string()
    if !isVersion1(ociVersion) { version.refuse("expected a version 1.x.y") }
    process = json.member("process").map { Process($0) }
    root = Root(json.required("root"))
    hostname = json.text("hostname")
    domainname = json.text("domainname")
    mounts = json.list("mounts") { Mount($0) }
    hooks = json.member("hooks").map { Hooks($0) }
    linux = json.member("linux").map { LinuxSection($0, skipsSeccomp) }
    annotations = json.annotations("annotations")
  }
}

extension Root {
  init(_ json: JSONValue) {
    path = json.requiredText("path")
    readonly = json.flag("readonly")
  }
}

extension Mount {
  init(_ json: JSONValue) {
    destination = json.requiredText("destination")
    type = json.text("type")
    source = json.text("source")
    options = json.strings("options")
    uidMappings = json.idMappings("uidMappings")
    gidMappings = json.idMappings("gidMappings")
    if uidMappings.isEmpty != gidMappings.isEmpty { json.refuse("uidMappings and gidMappings must be given together") }
  }
}

extension JSONValue {
  /// The ranges of a user namespace or of an idmapped mount. An empty range or one that leaves 32 bits has no meaning for the kernel.
  func idMappings(_ key: Literal) -> [IDMapping] {
    list(key) { json in
      let mapping = IDMapping(
        containerID: json.requiredInteger("containerID"), hostID: json.requiredInteger("hostID"),
        size: json.requiredInteger("size", in: 1...UInt32.max))
      for first in [mapping.containerID, mapping.hostID] where UInt64(first) + UInt64(mapping.size) > 1 << 32 {
        json.refuse("the range goes beyond 4294967295")
      }
      return mapping
    }
  }
}

extension Hooks {
  init(_ json: JSONValue) {
    prestart = json.hooks("prestart")
    createRuntime = json.hooks("createRuntime")
    createContainer = json.hooks("createContainer")
    startContainer = json.hooks("startContainer")
    poststart = json.hooks("poststart")
    poststop = json.hooks("poststop")
  }
}

extension JSONValue {
  fileprivate func hooks(_ key: Literal) -> [Hook] {
    list(key) { json in
      Hook(
        path: json.required("path").absolutePath(), args: json.strings("args"),
        env: json.member("env").map { _ in json.strings("env") },
        timeout: json.integer("timeout", in: 1...Int64.max))
    }
  }
}
