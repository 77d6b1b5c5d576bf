internal import Images
internal import Trust

extension CommandSpec {
  /// `apus release accept`.
  static var releaseAccept: CommandSpec {
    CommandSpec(
      name: "release accept", summary: "take a signed release: its images get their names, and are kept", operands: "FILE|-", completion: .file,
      needs: "exactly one file", operandCount: 1...1,
      description: """
        The release has to be signed by keys that the root gives its application, must not be older than one that has been accepted before, and its images have to be in \
        the store. The release before is kept until `apus release confirm` or `apus release revert`.
        """,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        try acceptRelease(signedDocument(call.arguments.operands[0]).text, in: store, requiredRoot(call.globals, store))
        return 0
      })
  }
}

/// Accepts a release, and says so.
func acceptRelease(_ envelope: [UInt8], in store: Store, _ root: CurrentRoot) throws(Failure) {
  let verified = try failing { () throws(TrustError) in try root.root.verify(release: envelope, apus: version) }
  try failing { () throws(ImageError) in try store.accept(verified, envelope) }
  try show(Text("accepted \(verified.release.application) version \(verified.release.version)\n").string)
}
