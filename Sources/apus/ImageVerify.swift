internal import Images
internal import JSON
internal import OCI
internal import Trust

extension CommandSpec {
  /// `apus image verify`: whether images are still what was imported, and what the policy and the releases say of them.
  static var imageVerify: CommandSpec {
    CommandSpec(
      name: "image verify", summary: "verify images byte for byte, and tell which rule and which key decide about them", operands: "[NAME ...]",
      completion: .image, operandCount: 0...1024, options: [.repair, .format],
      description: """
        Of each image, or of all: the digests of its documents and signatures, and the contents, owners, modes, times and links of every file of its layers. The \
        policy is that of --policy; an image that it rejects cannot be imported or run. Nothing is changed without --repair. With it, owners, modes, times and \
        attributes are put right, and a layer with wrong contents is taken out of the store: to import its images again heals them. The status is 1 when anything is wrong.
        """,
      perform: { (call) throws(Failure) in try ImageVerify(call).perform() })
  }
}

/// What `apus image verify` was asked to do.
private final class ImageVerify {
  private let wantsJSON: Bool
  private let repairs: Bool
  private let operands: [String]
  private let policy: TrustPolicy?
  private let store: Store
  private let root: CurrentRoot?
  private var isSound = true
  private var failure: Failure?
  private var writer = JSONWriter(.pretty)

  init(_ call: Invocation) throws(Failure) {
    wantsJSON = try call.arguments.wantsJSON()
    repairs = call.arguments.flag(.repair)
    operands = call.arguments.operands
    policy = try trustPolicy(call.globals)
    store = try openStore(call.globals)
    root = try currentRoot(call.globals, store)
  }

  func perform() throws(Failure) -> Int32 {
    let images = try images()
    if !wantsJSON {
      try verify(images) { text($0, $1, $2) }
      return isSound ? 0 : 1
    }
    // An object for an image that was asked for by name, else a list.
    var answers: [(VerifiedImage, Judgement?, ReleaseJudgement?)] = []
    try verify(images) {
      answers.append(($0, $1, $2))
      return ""
    }
    if operands.count == 1 {
      writer.object { write(answers[0], to: &$0) }
    } else {
      writer.array { array in
        for answer in answers { array.object { write(answer, to: &$0) } }
      }
    }
    _ = try show(writer.bytes())
    return isSound ? 0 : 1
  }

  /// Those that were asked for, or all.
  private func images() throws(Failure) -> [ImageRecord] {
    var images: [ImageRecord] = []
    for name in operands {
      // A release gives a name as well.
      let released = root == nil ? nil : try failing { () throws(ImageError) in try store.release(forImage: name) }
      if let released {
        images.append(released.image)
      } else {
        images.append(try failing { () throws(ImageError) in try store.record(named: name) })
      }
    }
    guard operands.isEmpty else { return images }
    let list = try failing { () throws(ImageError) in try store.list() }
    for damage in list.damaged { fail(damage) }
    isSound = list.damaged.isEmpty
    // A release may keep an image whose name another one has by now.
    let kept = try failing { () throws(ImageError) in try store.applications() }.flatMap { $0.images }
    return list.images + kept.filter { image in !list.images.contains { $0.manifest == image.manifest && $0.name.equals(image.name) } }
  }

  private func verify(_ images: [ImageRecord], _ shown: (VerifiedImage, Judgement?, ReleaseJudgement?) -> String) throws(Failure) {
    try failing { () throws(ImageError) in
      try store.verifyImages(images, repairing: repairs) { image in
        var image = image
        var judgement: Judgement?
        var release: ReleaseJudgement?
        do throws(ImageError) {
          let signed = try store.signedImage(image.record)
          judgement = policy.map { judge(signed, $0) }
        } catch {
          image.fault = image.fault ?? error.message
        }
        // Without all of its layers there is nothing to judge, and that has been told.
        if root != nil { release = (try? findImage(image.record.name, in: store, root))?.judgement }
        if !image.isSound || judgement?.isAccepted == false || release?.isAccepted == false { isSound = false }
        do throws(Failure) { try show(shown(image, judgement, release)) } catch { failure = failure ?? error }
      }
    }
    if let failure { throw failure }
  }
}

/// What became of a layer, as JSON has it, and as a line about one that is not sound begins.
private func word(_ state: LayerReport.State) -> Literal {
  switch state {
  case .sound: "sound"
  case .repaired: "repaired"
  case .differing: "differing"
  case .damaged: "damaged"
  case .quarantined: "quarantined"
  case .withoutHeaders, .unverifiable: "unverifiable"
  }
}

private func isAccepted(_ judgement: Judgement?, _ release: ReleaseJudgement?) -> Bool { judgement?.isAccepted ?? true && release?.isAccepted ?? true }

/// For people: a line for each thing.
private func text(_ image: VerifiedImage, _ judgement: Judgement?, _ release: ReleaseJudgement?) -> String {
  let state: Literal = image.isSound ? "accepted" : image.isUnverified ? "unverified" : "damaged"
  let verdict: Literal = isAccepted(judgement, release) ? state : "rejected"
  var text = Text("\(image.record.name): \(verdict)\n")
  if let judgement {
    text = "\(text)  rule: \(judgement.rule)\n"
    for reason in judgement.reasons { text = "\(text)  reason: \(reason)\n" }
  } else {
    text = "\(text)  rule: there is no policy, everything is accepted\n"
  }
  if let release { text = "\(text)  rule: \(release.rule)\n  reason: \(release.reason)\n" }
  if let fault = image.fault { text = "\(text)  damaged: \(line(fault))\n" }
  for layer in image.layers {
    let start: Text = "  \(word(layer.state)): layer \(layer.layer.text): "
    for finding in layer.findings { text = "\(text)\(start)\(line(finding))\n" }
    let more = layer.count - UInt64(layer.findings.count)
    if more > 0 { text = "\(text)\(start)\(more) more\n" }
  }
  return text.string
}

/// A sentence with names of files in it, which may be anything.
private func line(_ sentence: String) -> String { string(escapingControls(sentence)[...]) }

private func write(_ answer: (VerifiedImage, Judgement?, ReleaseJudgement?), to object: inout JSONWriter) {
  let (image, judgement, release) = answer
  object.member("name", image.record.name)
  object.member("manifest", image.record.manifest.text)
  object.member("signatures", image.record.signatures.count)
  object.member("accepted", isAccepted(judgement, release))
  if let judgement {
    object.member("rule", judgement.rule)
    object.strings("reasons", judgement.reasons)
  }
  object.member("sound", image.isSound)
  if let fault = image.fault { object.member("fault", fault) }
  object.key("layers")
  object.array { array in
    for layer in image.layers {
      array.object { object in
        object.member("layer", layer.layer.text)
        object.member("state", Text("\(word(layer.state))").string)
        object.strings("findings", layer.findings)
        object.member("count", layer.count)
      }
    }
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
