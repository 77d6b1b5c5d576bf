internal import Images
internal import Trust

extension CommandSpec {
  /// `apus release inspect`.
  static var releaseInspect: CommandSpec {
    CommandSpec(
      name: "release inspect", summary: "verify an application's release, and show what has been signed", operands: "APPLICATION",
      needs: "exactly one application", operandCount: 1...1,
      description: "It is JSON, byte for byte as it came. A release that the root does not accept any more is an error.",
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        let root = try requiredRoot(call.globals, store)
        let release = try failing { () throws(ImageError) in try store.currentRelease(of: call.arguments.operands[0]) }
        return try show(failing { () throws(TrustError) in try root.root.verify(release: release.envelope, apus: version) }.text)
      })
  }
}
