internal import Images
internal import Wording

extension CommandSpec {
  /// A verb that changes what the store knows of one application's releases.
  static func changingReleases(
    name: Literal, summary: Literal, description: Literal, perform: @escaping (Store, String) throws(ImageError) -> Void
  ) -> CommandSpec {
    CommandSpec(
      name: name, summary: summary, operands: "APPLICATION", needs: "exactly one application", operandCount: 1...1, description: description,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        try failing { () throws(ImageError) in try perform(store, call.arguments.operands[0]) }
        return 0
      })
  }
}
