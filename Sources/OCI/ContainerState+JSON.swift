public import JSON

extension ContainerState {
  /// The document that `state` prints, indented for a reader.
  public func document() -> [UInt8] {
    var writer = JSONWriter(.pretty)
    write(to: &writer)
    return writer.bytes()
  }

  /// The document in one line, as a hook gets it.
  public func compactDocument() -> [UInt8] {
    var writer = JSONWriter(.compact)
    write(to: &writer)
    return writer.bytes()
  }

  /// Writes the document as a value.
  public func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("ociVersion", ociVersion)
      writer.member("id", id.text)
      writer.member("status", status.name)
      if let pid { writer.member("pid", pid) }
      writer.member("bundle", bundle)
      if let rootfs { writer.member("rootfs", rootfs) }
      if let created { writer.member("created", created) }
      if !annotations.isEmpty {
        writer.key("annotations")
        writer.object { writer in
          for annotation in annotations { writer.member(annotation.key, annotation.value) }
        }
      }
      if enforcement.isEmpty { return }
      writer.key("enforcement")
      writer.array { writer in
        for row in enforcement { row.write(to: &writer) }
      }
    }
  }

  /// Decodes such a document.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { ContainerState($0) }
  }

  init(_ json: JSONValue) {
    ociVersion = json.requiredText("ociVersion")
    let id = json.required("id")
    let known = try? ContainerID(id.string())
    if known == nil { id.refuse("not the id of a container") }
    self.id = known ?? .none
    status = json.required("status").named()
    // runc writes 0 for a container that has no process any more.
    let pid: Int32 = json.integer("pid", in: 0...Int32.max) ?? 0
    self.pid = pid == 0 ? nil : pid
    if self.pid == nil && status != .creating && status != .stopped { json.refuseMissing("pid") }
    bundle = json.required("bundle").absolutePath()
    annotations = json.annotations("annotations")
    rootfs = json.text("rootfs")
    created = json.text("created")
  }
}
