internal import Images
internal import Linux
internal import Trust

extension CommandSpec {
  /// `apus trust update`.
  static var trustUpdate: CommandSpec {
    CommandSpec(
      name: "trust update", summary: "take the next root, with other keys or rules", operands: "FILE|-", completion: .file, needs: "exactly one file",
      operandCount: 1...1,
      description: """
        It has to be the next version, signed by enough keys of the root that counts and by enough of its own. A root on the read-only place (--trust-root) that is as new \
        or newer takes its place.
        """,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        let (text, name) = try document(call.arguments.operands[0])
        let current = try updateRoot(text, file: name, call.globals, store)
        return try show(Text("root \(current.root.version) counts\n").string)
      })
  }
}
