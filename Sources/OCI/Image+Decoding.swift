public import JSON

extension ImageIndex {
  /// Decodes an index, `index.json` of a layout or an image for several platforms. An entry of an unknown media type is kept: it is no error (image-index.md).
  /// With `mayBeEmpty` the list may be missing, as Docker 25 leaves it out (moby#47210).
  public init(parsing text: [UInt8], mayBeEmpty: Bool = false) throws(SpecError) {
    self = try decode(text) { ImageIndex($0, mayBeEmpty: mayBeEmpty) }
  }

  init(_ json: JSONValue, mayBeEmpty: Bool) {
    json.checkSchema(role: .index, what: "an image index")
    // A document that can be read as a manifest and as an index is two different images under one digest (CVE-2021-41190).
    for key in ["layers", "config"] as [Literal] where json.member(key) != nil { json.refuse(key, "must not be given in an image index") }
    if !mayBeEmpty { _ = json.required("manifests") }
    manifests = json.list("manifests") { Descriptor($0) }
    annotations = json.annotations("annotations")
  }
}

extension ImageManifest {
  /// Decodes the manifest of an image for one platform. A manifest that is no image (an artifact) is refused, and so is one whose layers are no layers.
  public convenience init(parsing text: [UInt8]) throws(SpecError) {
    let document = try parse(text)
    self.init(document)
    try check(document)
  }

  convenience init(_ json: JSONValue) {
    json.checkSchema(role: .manifest, what: "an image manifest")
    if json.member("manifests") != nil { json.refuse("manifests", "must not be given in an image manifest") }
    if let artifact = json.text("artifactType") { json.refuse("artifactType", "this is an artifact (\(artifact)), not an image that can be run") }
    let config = json.required("config")
    let described = Descriptor(config)
    if described.role != .config { config.refuse("mediaType", "expected the configuration of an image, found '\(described.mediaType)'") }
    _ = json.required("layers")
    self.init(config: described, layers: json.list("layers") { Descriptor(layer: $0) }, annotations: json.annotations("annotations"))
  }
}

extension ImageConfig {
  /// Decodes the configuration of an image. Properties that mean nothing here, such as the history, are ignored.
  public convenience init(parsing text: [UInt8]) throws(SpecError) {
    let document = try parse(text)
    self.init(document)
    try check(document)
  }

  convenience init(_ json: JSONValue) {
    // In this order, which is the document's: the first fault is the one that is told.
    let platform = Platform(json)
    let created = json.text("created")
    let author = json.text("author")
    let execution = json.member("config").map { ImageExecution($0) } ?? ImageExecution()
    let rootfs = json.required("rootfs")
    let type = rootfs.required("type")
    if !type.string().equals("layers") { type.refuseUnknown() }
    _ = rootfs.required("diff_ids")
    self.init(platform: platform, created: created, author: author, execution: execution, diffIDs: rootfs.list("diff_ids") { $0.digest() })
  }
}

extension ImageExecution {
  convenience init(_ json: JSONValue) {
    self.init(
      user: json.text("User"), env: json.strings("Env"), entrypoint: json.strings("Entrypoint"), cmd: json.strings("Cmd"), workingDir: json.text("WorkingDir"),
      exposedPorts: json.map("ExposedPorts") { port, _ in port }, volumes: json.map("Volumes") { volume, _ in volume }, labels: json.annotations("Labels"),
      stopSignal: json.text("StopSignal"), healthcheck: json.member("Healthcheck").map { Healthcheck($0) })
  }
}

extension Healthcheck {
  convenience init(_ json: JSONValue) {
    self.init(
      test: json.strings("Test"), interval: json.integer("Interval", in: 0...Int64.max) ?? 0, timeout: json.integer("Timeout", in: 0...Int64.max) ?? 0,
      startPeriod: json.integer("StartPeriod", in: 0...Int64.max) ?? 0, startInterval: json.integer("StartInterval", in: 0...Int64.max) ?? 0,
      retries: json.integer("Retries", in: 0...Int64.max) ?? 0)
  }
}

extension Platform {
  init(_ json: JSONValue) {
    os = json.requiredText("os")
    architecture = json.requiredText("architecture")
    variant = json.text("variant")
  }
}

extension Descriptor {
  convenience init(_ json: JSONValue) {
    self.init(
      mediaType: json.requiredText("mediaType"), digest: json.required("digest").digest(), size: json.requiredInteger("size", in: 0...UInt64(Int64.max)),
      platform: json.member("platform").map { Platform($0) }, artifactType: json.text("artifactType"), annotations: json.annotations("annotations"))
  }

  /// A layer of an image: a tar archive, compressed or not.
  convenience init(layer json: JSONValue) {
    self.init(json)
    if case .layer? = role { return }
    json.refuse("mediaType", "expected a layer, found '\(mediaType)'")
  }
}

extension JSONValue {
  /// A digest that can be verified.
  public func digest() -> Digest {
    let text = string()
    do throws(DigestError) {
      return try Digest(text)
    } catch {
      refuse(Text(error.message))
      return .none
    }
  }

  /// Refuses a document whose own words say that it is something else. `mediaType` may be absent, and then nothing is said (image-index.md, manifest.md).
  fileprivate func checkSchema(role: MediaRole, what: Literal) {
    let version: Int64 = required("schemaVersion").integer()
    if version != 2 { refuse("schemaVersion", "expected 2, found \(version)") }
    if let type = text("mediaType"), MediaType(named: type)?.role != role { refuse("mediaType", "expected \(what), found '\(type)'") }
  }
}
