internal import JSON
internal import Linux
internal import OCI
internal import Trust

extension CommandSpec {
  /// `apus trust show`.
  static var trustShow: CommandSpec {
    CommandSpec(
      name: "trust show", summary: "show the root that counts, as JSON",
      description: "The root on the read-only place (--trust-root) and those that follow it in the store are verified.",
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        return try show(document(requiredRoot(call.globals, store)))
      })
  }
}

private func document(_ current: CurrentRoot) -> [UInt8] {
  var writer = JSONWriter(.pretty)
  writer.object { object in
    object.member("version", current.root.version)
    object.member("first", current.first.name)
    object.member("firstVersion", current.first.version)
    object.member("images", current.root.images.name)
    let (ids, threshold) = current.root.keys
    object.member("threshold", threshold)
    object.strings("keys", ids)
    object.key("releases")
    object.array { array in
      for (application, ids, threshold) in current.root.rules {
        array.object { object in
          object.member("application", application)
          object.member("threshold", threshold)
          object.strings("keys", ids)
        }
      }
    }
  }
  return writer.bytes()
}
