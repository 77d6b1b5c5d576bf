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
  let stored = try failing { () throws(ImageError) in try store.image(named: call.arguments.operands[0]) }
  let image = try failing { () throws(ImageError) in try store.signedImage(stored.record) }
  let judgement = policy.map { judge(image, $0) }
  if wantsJSON {
    _ = try show(document(stored.record, judgement))
  } else {
    try show(text(stored.record, judgement))
  }
  return judgement?.isAccepted == false ? 1 : 0
}

/// For people: a line for each thing.
private func text(_ record: ImageRecord, _ judgement: Judgement?) -> String {
  var text = Text("\(record.name): ")
  guard let judgement else { return Text("\(text)accepted\n  rule: there is no policy, everything is accepted\n").string }
  text = "\(text)\(judgement.isAccepted ? "accepted" : "rejected")\n  rule: \(judgement.rule)\n"
  for reason in judgement.reasons { text = "\(text)  reason: \(reason)\n" }
  return text.string
}

private func document(_ record: ImageRecord, _ judgement: Judgement?) -> [UInt8] {
  var writer = JSONWriter(.pretty)
  writer.object { object in
    object.member("name", record.name)
    object.member("manifest", record.manifest.text)
    object.member("signatures", record.signatures.count)
    object.member("accepted", judgement?.isAccepted ?? true)
    if let judgement {
      object.member("rule", judgement.rule)
      object.strings("reasons", judgement.reasons)
    }
  }
  return writer.bytes()
}
