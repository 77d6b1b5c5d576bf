internal import Images
internal import Linux
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
        let release = try VerifiedEnvelope(document(call.arguments.operands[0]).text, requiredRoot(call.globals, store))
        try release.accept(in: store)
        return try show(VerifiedEnvelope.sentence(release.verified.release))
      })
  }
}

/// A release that the root lets be one, and its document.
struct VerifiedEnvelope {
  let verified: VerifiedRelease
  private let text: [UInt8]

  init(_ text: [UInt8], _ root: CurrentRoot) throws(Failure) {
    verified = try failing { () throws(TrustError) in try root.root.verify(release: text, apus: version) }
    self.text = text
  }

  func accept(in store: Store) throws(Failure) { try failing { () throws(ImageError) in try store.accept(verified, text) } }

  /// What is told of a release that has been accepted.
  static func sentence(_ release: Release) -> String { Text("accepted \(release.application) version \(release.version)\n").string }
}
