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
      if annotations.isEmpty { return }
      writer.key("annotations")
      writer.object { writer in
        for annotation in annotations { writer.member(annotation.key, annotation.value) }
      }
    }
  }

  /// Decodes such a document.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { (json) throws(JSONPathError) in try ContainerState(json) }
  }

  init(_ json: JSONValue) throws(JSONPathError) {
    ociVersion = try json.requiredText("ociVersion")
    let id = try json.required("id")
    let name = try id.string()
    do throws(ContainerIDError) {
      self.id = try ContainerID(name)
    } catch {
      throw id.error("not the id of a container")
    }
    status = try json.required("status").named()
    // runc writes 0 for a container that has no process any more.
    let pid: Int32 = try json.integer("pid", in: 0...Int32.max) ?? 0
    self.pid = pid == 0 ? nil : pid
    if self.pid == nil && status != .creating && status != .stopped { throw json.missing("pid") }
    bundle = try json.required("bundle").absolutePath()
    annotations = try json.annotations("annotations")
    rootfs = try json.text("rootfs")
    created = try json.text("created")
  }
}
