internal import Images
internal import Trust

extension CommandSpec {
  /// `apus trust show`.
  static var trustShow: CommandSpec {
    CommandSpec(
      name: "trust show", summary: "show the root that counts",
      description: """
        It is JSON, byte for byte as it was signed. The root on the read-only place (--trust-root) and those that follow it in the store are verified.
        """,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        return try show(requiredRoot(call.globals, store).root.text)
      })
  }
}
