internal import Images
internal import JSON
internal import OCI
internal import Trust

extension CommandSpec {
  /// `apus image verify`: what the policy says of an image, and why.
  static var imageVerify: CommandSpec {
    CommandSpec(
      name: "image verify", summary: "verify an image's documents, and tell which rule and which key decide about it", operands: "NAME", completion: .image,
      needs: "exactly one image", operandCount: 1...1, options: [.format],
      description: """
        The digests of the manifest, the configuration, the indexes and the signatures are verified, and every layer is there. The policy is that of --policy; \
        an image that it rejects cannot be imported or run. The files of unpacked layers are not read.
        """,
      perform: { (call) throws(Failure) in try verifyImage(call) })
  }
}

private func verifyImage(_ call: Invocation) throws(Failure) -> Int32 {
  let wantsJSON = try call.arguments.wantsJSON()
  let policy = try trustPolicy(call.globals)
  let store = try openStore(call.globals)
  let (stored, release) = try findImage(call.arguments.operands[0], in: store, try currentRoot(call.globals, store))
  let image = try failing { () throws(ImageError) in try store.signedImage(stored.record) }
  let judgement = policy.map { judge(image, $0) }
  let isAccepted = judgement?.isAccepted ?? true && release?.isAccepted ?? true
  if wantsJSON {
    _ = try show(document(stored.record, isAccepted, judgement, release))
  } else {
    try show(text(stored.record, isAccepted, judgement, release))
  }
  return isAccepted ? 0 : 1
}

/// For people: a line for each thing.
private func text(_ record: ImageRecord, _ isAccepted: Bool, _ judgement: Judgement?, _ release: ReleaseJudgement?) -> String {
  var text = Text("\(record.name): \(isAccepted ? "accepted" : "rejected" as StaticString)\n")
  if let judgement {
    text = "\(text)  rule: \(judgement.rule)\n"
    for reason in judgement.reasons { text = "\(text)  reason: \(reason)\n" }
  } else {
    text = "\(text)  rule: there is no policy, everything is accepted\n"
  }
  if let release { text = "\(text)  rule: \(release.rule)\n  reason: \(release.reason)\n" }
  return text.string
}

private func document(_ record: ImageRecord, _ isAccepted: Bool, _ judgement: Judgement?, _ release: ReleaseJudgement?) -> [UInt8] {
  var writer = JSONWriter(.pretty)
  writer.object { object in
    object.member("name", record.name)
    object.member("manifest", record.manifest.text)
    object.member("signatures", record.signatures.count)
    object.member("accepted", isAccepted)
    if let judgement {
      object.member("rule", judgement.rule)
      object.strings("reasons", judgement.reasons)
    }
    guard let release else { return }
    object.key("release")
    object.object { object in
      object.member("accepted", release.isAccepted)
      object.member("root", release.root.root.version)
      object.member("rule", release.rule)
      object.member("reason", release.reason)
      guard let verified = release.verified else { return }
      object.member("application", verified.release.application)
      object.member("version", verified.release.version)
      object.strings("keys", verified.keys)
    }
  }
  return writer.bytes()
}
