internal import Images
internal import Linux
internal import Trust

/// Reads the policy that decides which images are taken and run; nil when there is none, and everything is.
func trustPolicy(_ globals: GlobalOptions) throws(Failure) -> TrustPolicy? {
  let path = globals.policy ?? "/etc/apus/policy.json"
  do throws(TrustError) {
    guard let text = try ownFile(path, mayBeMissing: globals.policy == nil) else { return nil }
    return try TrustPolicy(parsing: text, file: path.description)
  } catch {
    throw Failure(Text(error.message))
  }
}

/// Throws unless the policy accepts the image.
func requireTrust(_ image: SignedImage, _ policy: TrustPolicy?) throws(Failure) {
  guard let policy else { return }
  let judgement = judge(image, policy)
  if !judgement.isAccepted { throw Failure(rejection(image.name, judgement)) }
}

/// What a policy says of an image; the keys' files are read.
func judge(_ image: SignedImage, _ policy: TrustPolicy) -> Judgement {
  policy.judge(image) { (path) throws(TrustError) in try ownFile(Path(path), mayBeMissing: false) ?? [] }
}

/// `image acme/app is rejected by /etc/apus/policy.json: default[0]: it has no signatures`.
func rejection(_ name: String, _ judgement: Judgement) -> Text {
  // Of many signatures a few tell enough.
  var reasons = judgement.reasons
  if reasons.count > 4 {
    let others: Text = "and \(reasons.count - 4) more signatures"
    while reasons.count > 4 { reasons.removeLast() }
    reasons.append(others.string)
  }
  return "image \(name) is rejected by \(judgement.rule): \(joined(reasons, with: "; "))"
}

/// The contents of a file that trust depends on: a regular one that nobody but root, or this user, may write to; nil when it may be missing and is.
func ownFile(_ path: Path, mayBeMissing: Bool) throws(TrustError) -> [UInt8]? {
  let fault: Literal
  do throws(Errno) {
    let file = try FileDescriptor.open(path, .readOnly | .nonBlocking | .noControllingTerminal)
    let status = try file.status()
    if status.type != .regular {
      fault = "is no regular file"
    } else if status.user != 0 && status.user != effectiveUser() || status.mode & 0o022 != 0 {
      fault = "cannot be trusted, because others than root may write to it"
    } else {
      return try file.readAll(limit: 1 << 20)
    }
  } catch {
    if mayBeMissing, error == .noSuchFileOrDirectory { return nil }
    throw TrustError(Text(SystemError("read", path, error).message))
  }
  throw TrustError("\(path): \(fault)")
}

/// The image of this name, if the policy and the releases accept it; what they reject is for `rejected` to throw.
func trustedImage(
  _ name: String, in store: Store, _ globals: GlobalOptions, rejected: (Failure) throws(Failure) -> Void = { (failure) throws(Failure) in throw failure }
) throws(Failure) -> StoredImage {
  let policy = try trustPolicy(globals)
  let (image, judgement) = try findImage(name, in: store, try currentRoot(globals, store))
  let signed = policy == nil ? nil : try failing { () throws(ImageError) in try store.signedImage(image.record) }
  do throws(Failure) {
    if let signed { try requireTrust(signed, policy) }
    try requireRelease(image.record.name, judgement)
  } catch {
    try rejected(error)
  }
  return image
}
