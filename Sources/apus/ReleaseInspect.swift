internal import Images
internal import JSON
internal import OCI
internal import Trust

extension CommandSpec {
  /// `apus release inspect`.
  static var releaseInspect: CommandSpec {
    CommandSpec(
      name: "release inspect", summary: "verify an application's release, and show it as JSON", operands: "APPLICATION", needs: "exactly one application",
      operandCount: 1...1,
      description: "The exit status is 1 when the root does not accept the release any more.",
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        let root = try requiredRoot(call.globals, store)
        let name = call.arguments.operands[0]
        let application = try failing { () throws(ImageError) in try store.application(named: name) }
        guard let application else { throw Failure("no release of an application named \(name) has ever been accepted") }
        var verified: VerifiedRelease?
        var reason: String?
        if let release = application.current {
          do throws(TrustError) { verified = try root.root.verify(release: release.envelope, apus: version) } catch { reason = error.message }
        }
        _ = try show(document(application, verified, reason, root))
        return reason == nil ? 0 : 1
      })
  }
}

private func document(_ application: ApplicationRecord, _ verified: VerifiedRelease?, _ reason: String?, _ root: CurrentRoot) -> [UInt8] {
  var writer = JSONWriter(.pretty)
  writer.object { object in
    object.member("application", application.application)
    object.member("highest", application.highest)
    if let previous = application.previous { object.member("previous", previous.version) }
    guard let current = application.current else { return }
    object.member("version", current.version)
    object.member("accepted", verified != nil)
    object.member("rule", Text("\(root.place): \(verified?.rule ?? "releases")").string)
    if let reason { object.member("reason", reason) }
    guard let verified else { return }
    object.strings("keys", verified.keys)
    object.member("minimumApus", verified.release.minimumApus)
    if let comment = verified.release.comment { object.member("comment", comment) }
    object.key("images")
    object.object { object in
      for (container, digest) in verified.release.images { object.member(container, digest.text) }
    }
  }
  return writer.bytes()
}
