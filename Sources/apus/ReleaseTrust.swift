internal import Images
internal import Linux
internal import OCI
internal import Trust

/// The root that says who may sign releases, and how it is known.
final class CurrentRoot {
  let root: TrustRoot
  /// The root on the read-only place.
  let first: TrustRoot

  init(_ root: TrustRoot, after first: TrustRoot) {
    self.root = root
    self.first = first
  }

  /// Where a rule of it stands: `root 3 (/etc/apus/root.json and 2 after it)`.
  var place: String {
    let later = root.version - first.version
    return Text(later == 0 ? "\(first.name)" : "root \(root.version) (\(first.name), version \(first.version), and \(later) after it)").string
  }
}

/// Reads the root on the read-only place, with its text; nil when there is none, and there are no releases.
private func firstRoot(_ globals: GlobalOptions) throws(TrustError) -> TrustRoot? {
  let path = globals.trustRoot ?? "/etc/apus/root.json"
  guard let text = try ownFile(path, mayBeMissing: globals.trustRoot == nil) else { return nil }
  return try TrustRoot.first(text, file: path.description)
}

/// The root that counts; nil when there is none on the read-only place.
func currentRoot(_ globals: GlobalOptions, _ store: Store) throws(Failure) -> CurrentRoot? {
  try failing { () throws(TrustError) in try firstRoot(globals) }.map { (first) throws(Failure) in
    let roots = try failing { () throws(ImageError) in try store.roots() }
    return CurrentRoot(try failing { () throws(TrustError) in try first.followed(by: roots) }, after: first)
  }
}

/// The same, which has to be there.
func requiredRoot(_ globals: GlobalOptions, _ store: Store) throws(Failure) -> CurrentRoot {
  if let root = try currentRoot(globals, store) { return root }
  throw Failure("there is no /etc/apus/root.json, and without --trust-root nobody may sign releases")
}

/// Makes a root the one that counts.
func updateRoot(_ text: [UInt8], file: String, _ globals: GlobalOptions, _ store: Store) throws(Failure) -> CurrentRoot {
  _ = try requiredRoot(globals, store)
  try failing { () throws(ImageError) in
    try store.changeRoots { (roots) throws(ImageError) in
      do throws(TrustError) {
        guard let first = try firstRoot(globals) else { return roots }
        // The same once more.
        if let last = roots.last, last.elementsEqual(text) { return roots }
        let root = try first.followed(by: roots)
        _ = try root.followed(by: text, file: file)
        // Those that the one on the read-only place has overtaken are not needed any more.
        let kept = root === first ? [] : roots
        guard kept.count < TrustRoot.chainLimit else { throw TrustError("\(file): \(TrustRoot.chainLimit) roots follow \(first.name) already; replace that") }
        return kept + [text]
      } catch {
        throw ImageError(.invalid, Text(error.message))
      }
    }
  }
  return try requiredRoot(globals, store)
}

/// What releases say of an image.
final class ReleaseJudgement {
  let root: CurrentRoot
  /// The release that names it, verified; else why there is none.
  let verified: VerifiedRelease?
  let reason: String
  /// Whether it may be run.
  let isAccepted: Bool

  init(_ root: CurrentRoot, _ verified: VerifiedRelease?, reason: String, isAccepted: Bool) {
    self.root = root
    self.verified = verified
    self.reason = reason
    self.isAccepted = isAccepted
  }

  /// `/etc/apus/root.json: images` or `/etc/apus/root.json: releases[0]`.
  var rule: String { Text("\(root.place): \(verified?.rule ?? "images")").string }
}

/// The image that a name stands for, and what releases say of it: that of the accepted release that gives the name, whatever image has it in the store; where there is
/// no such release, or no root, the one in the store.
func findImage(_ name: String, in store: Store, _ root: CurrentRoot?) throws(Failure) -> (image: StoredImage, judgement: ReleaseJudgement?) {
  guard let root else { return (try failing { () throws(ImageError) in try store.image(named: name) }, nil) }
  let found = try failing { () throws(ImageError) in try store.release(forImage: name) }
  guard let found else {
    let image = try failing { () throws(ImageError) in try store.image(named: name) }
    return (image, ReleaseJudgement(root, nil, reason: "no accepted release names it", isAccepted: root.root.images == .any))
  }
  let image = try failing { () throws(ImageError) in try store.image(of: found.image) }
  let digests = try failing { () throws(ImageError) in try store.signedImage(image.record) }.digests
  do throws(TrustError) {
    let verified = try root.root.verify(release: found.release.envelope, apus: version)
    let isNamed = verified.release.images.contains { (container, digest) in
      digests.contains(digest) && image.record.name.equals(Text("\(verified.release.application):\(container)").string)
    }
    guard isNamed else { throw TrustError("\(shown(verified)): names another image") }
    return (image, ReleaseJudgement(root, verified, reason: shown(verified), isAccepted: true))
  } catch {
    // What has been accepted under keys that count no more is not replaced by something that nobody has signed.
    return (image, ReleaseJudgement(root, nil, reason: error.message, isAccepted: false))
  }
}

/// `release acme/shop version 3, signed by 5c0e..., 77aa...`.
private func shown(_ verified: VerifiedRelease) -> String {
  Text("release \(verified.release.application) version \(verified.release.version), signed by key \(joined(verified.keys, with: ", key "))").string
}

/// Throws unless what releases say lets the image be run.
func requireRelease(_ name: String, _ judgement: ReleaseJudgement?) throws(Failure) {
  guard let judgement, !judgement.isAccepted else { return }
  throw Failure("image \(name) is rejected by \(judgement.rule): \(judgement.reason)")
}
