internal import JSON

extension ImageIndex {
  /// Decodes an index, `index.json` of a layout or an image for several platforms. An entry of an unknown media type is kept: it is no error (image-index.md).
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { (json) throws(JSONPathError) in try ImageIndex(json) }
  }

  init(_ json: JSONValue) throws(JSONPathError) {
    try json.checkSchema(role: .index, what: "an image index")
    // A document that can be read as a manifest and as an index is two different images under one digest (CVE-2021-41190).
    for key in ["layers", "config"] as [StaticString] where try json.member(key) != nil { throw json.error(key, "must not be given in an image index") }
    _ = try json.required("manifests")
    manifests = try json.list("manifests") { (entry) throws(JSONPathError) in try Descriptor(entry) }
    annotations = try json.annotations("annotations")
  }
}

extension ImageManifest {
  /// Decodes the manifest of an image for one platform. A manifest that is no image (an artifact) is refused, and so is one whose layers are no layers.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { (json) throws(JSONPathError) in try ImageManifest(json) }
  }

  init(_ json: JSONValue) throws(JSONPathError) {
    try json.checkSchema(role: .manifest, what: "an image manifest")
    if try json.member("manifests") != nil { throw json.error("manifests", "must not be given in an image manifest") }
    if let artifact = try json.text("artifactType") { throw json.error("artifactType", "this is an artifact (\(artifact)), not an image that can be run") }
    let config = try json.required("config")
    self.config = try Descriptor(config)
    if self.config.role != .config {
      throw config.error("mediaType", "expected the configuration of an image, found '\(self.config.mediaType)'")
    }
    _ = try json.required("layers")
    layers = try json.list("layers") { (entry) throws(JSONPathError) in try Descriptor(layer: entry) }
    annotations = try json.annotations("annotations")
  }
}

extension ImageConfig {
  /// Decodes the configuration of an image. Properties that mean nothing here, such as the history, are ignored.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { (json) throws(JSONPathError) in try ImageConfig(json) }
  }

  init(_ json: JSONValue) throws(JSONPathError) {
    platform = try Platform(json)
    created = try json.text("created")
    author = try json.text("author")
    execution = try json.member("config").map { (config) throws(JSONPathError) in try ImageExecution(config) } ?? ImageExecution()
    let rootfs = try json.required("rootfs")
    let type = try rootfs.required("type")
    if try !type.string().utf8.elementsEqual("layers".utf8) { throw type.unknown() }
    _ = try rootfs.required("diff_ids")
    diffIDs = try rootfs.list("diff_ids") { (digest) throws(JSONPathError) in try digest.digest() }
  }
}

extension ImageExecution {
  init(_ json: JSONValue) throws(JSONPathError) {
    user = try json.text("User")
    env = try json.strings("Env")
    entrypoint = try json.strings("Entrypoint")
    cmd = try json.strings("Cmd")
    workingDir = try json.text("WorkingDir")
    exposedPorts = try json.map("ExposedPorts") { (port, _) throws(JSONPathError) in port }
    volumes = try json.map("Volumes") { (volume, _) throws(JSONPathError) in volume }
    labels = try json.annotations("Labels")
    stopSignal = try json.text("StopSignal")
    healthcheck = try json.member("Healthcheck").map { (check) throws(JSONPathError) in try Healthcheck(check) }
  }
}

extension Healthcheck {
  init(_ json: JSONValue) throws(JSONPathError) {
    test = try json.strings("Test")
    interval = try json.integer("Interval", in: 0...Int64.max) ?? 0
    timeout = try json.integer("Timeout", in: 0...Int64.max) ?? 0
    startPeriod = try json.integer("StartPeriod", in: 0...Int64.max) ?? 0
    startInterval = try json.integer("StartInterval", in: 0...Int64.max) ?? 0
    retries = try json.integer("Retries", in: 0...Int64.max) ?? 0
  }
}

extension Platform {
  init(_ json: JSONValue) throws(JSONPathError) {
    os = try json.requiredText("os")
    architecture = try json.requiredText("architecture")
    variant = try json.text("variant")
  }
}

extension Descriptor {
  init(_ json: JSONValue) throws(JSONPathError) {
    mediaType = try json.requiredText("mediaType")
    digest = try json.required("digest").digest()
    size = try json.requiredInteger("size", in: 0...UInt64(Int64.max))
    platform = try json.member("platform").map { (platform) throws(JSONPathError) in try Platform(platform) }
    artifactType = try json.text("artifactType")
    annotations = try json.annotations("annotations")
  }

  /// A layer of an image: a tar archive, compressed or not.
  init(layer json: JSONValue) throws(JSONPathError) {
    try self.init(json)
    guard case .layer? = role else { throw json.error("mediaType", "expected a layer, found '\(mediaType)'") }
  }
}

extension JSONValue {
  func digest() throws(JSONPathError) -> Digest {
    let text = try string()
    do throws(DigestError) {
      return try Digest(text)
    } catch {
      throw self.error(Text(error.message))
    }
  }

  /// Refuses a document whose own words say that it is something else. `mediaType` may be absent, and then nothing is said (image-index.md, manifest.md).
  fileprivate func checkSchema(role: MediaRole, what: String) throws(JSONPathError) {
    let version: Int64 = try required("schemaVersion").integer()
    if version != 2 { throw error("schemaVersion", "expected 2, found \(version)") }
    if let type = try text("mediaType"), MediaType(named: type)?.role != role { throw error("mediaType", "expected \(what), found '\(type)'") }
  }
}
