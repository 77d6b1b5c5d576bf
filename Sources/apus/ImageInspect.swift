internal import Images
internal import JSON
internal import OCI

extension CommandSpec {
  /// `apus image inspect`.
  static var imageInspect: CommandSpec {
    CommandSpec(
      name: "image inspect", summary: "show what is known of an image, as JSON", operands: "NAME", completion: .image, needs: "exactly one image",
      operandCount: 1...1, options: [.imageConfig],
      description: """
        Digests and layers as the store has them, and of the image's configuration what a container of it would be made of. --config prints the configuration \
        itself, byte for byte.
        """,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        let name = call.arguments.operands[0]
        let stored = try failing { () throws(ImageError) in try store.image(named: name) }
        if call.arguments.flag(.imageConfig) {
          return try show(failing { () throws(ImageError) in try store.configuration(of: stored.record) })
        }
        return try show(document(stored))
      })
  }
}

private func document(_ stored: StoredImage) -> [UInt8] {
  let (record, config) = (stored.record, stored.config)
  var writer = JSONWriter(.pretty)
  writer.object { object in
    object.member("name", record.name)
    object.member("manifest", record.manifest.text)
    object.member("config", record.config.text)
    object.strings("indexes", record.indexes.map { $0.text })
    object.strings("layers", record.layers.map { $0.text })
    object.member("size", record.size)
    record.erofs?.add(to: &object)
    object.member("signatures", record.signatures.count)
    object.member("os", config.platform.os)
    object.member("architecture", config.platform.architecture)
    if let variant = config.platform.variant { object.member("variant", variant) }
    if let created = config.created { object.member("created", created) }
    if let author = config.author { object.member("author", author) }
    let execution = config.execution
    if let user = execution.user { object.member("user", user) }
    object.strings("env", execution.env)
    object.strings("entrypoint", execution.entrypoint)
    object.strings("cmd", execution.cmd)
    if let directory = execution.workingDir { object.member("workingDir", directory) }
    object.strings("exposedPorts", execution.exposedPorts)
    object.strings("volumes", execution.volumes)
    if let signal = execution.stopSignal { object.member("stopSignal", signal) }
    if !execution.labels.isEmpty {
      object.key("labels")
      object.object { labels in for label in execution.labels { labels.member(label.key, label.value) } }
    }
    if let check = execution.healthcheck {
      object.key("healthcheck")
      object.object { object in
        object.strings("test", check.test)
        object.member("interval", check.interval)
        object.member("timeout", check.timeout)
        object.member("startPeriod", check.startPeriod)
        object.member("startInterval", check.startInterval)
        object.member("retries", check.retries)
      }
    }
  }
  return writer.bytes()
}
