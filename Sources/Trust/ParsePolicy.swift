internal import JSON

extension TrustPolicy {
  /// Reads a policy.json as strictly as containers-policy.json(5) has it: an unknown key or type, or a missing `default`, refuses the whole file. `file` is its
  /// name, for messages.
  public init(parsing text: [UInt8], file: String) throws(TrustError) {
    let json = try document(text, name: "\(file)")
    json.permitOnly("default transports")
    let fallback = json.required("default").requirements()
    var rules: [Rule] = []
    for (transport, scopes) in json.member("transports")?.members() ?? [] {
      for (scope, requirements) in scopes.members() {
        let requirements = requirements.requirements()
        if transport.equals("docker") { rules.append(Rule(scope: scope, requirements: requirements)) }
      }
    }
    try check(json, name: "\(file)")
    self.init(file: file, fallback: fallback, rules: rules)
  }
}

extension JSONValue {
  /// Refuses members that are none of these.
  func permitOnly(_ keys: StaticString) {
    let known = words(of: keys)
    for (key, value) in members() where !known.contains(where: { $0.equals(key) }) { value.refuse("unknown key") }
  }

  fileprivate func requirements() -> [Requirement] {
    let list = elements().map { $0.requirement() }
    if list.isEmpty { refuse("expected at least one requirement") }
    return list
  }

  private func requirement() -> Requirement {
    let type = required("type")
    switch type.string() {
    case let name where name.equals("insecureAcceptAnything"):
      permitOnly("type")
      return .insecureAcceptAnything
    case let name where name.equals("reject"):
      permitOnly("type")
      return .reject
    case let name where name.equals("sigstoreSigned"):
      return sigstoreSigned()
    case let name where name.equals("signedBy"):
      permitOnly("type keyType keyPath keyPaths keyData signedIdentity")
      return .unsupported("signedBy asks for an OpenPGP signature, which cannot be checked here")
    case let name where name.equals("signedBaseLayer"):
      permitOnly("type baseLayerIdentity")
      return .unsupported("signedBaseLayer cannot be checked by anybody yet")
    default:
      type.refuseUnknown()
      return .reject
    }
  }

  private func sigstoreSigned() -> Requirement {
    permitOnly(
      "type keyPath keyPaths keyData keyDatas fulcio pki rekorPublicKeyPath rekorPublicKeyPaths rekorPublicKeyData rekorPublicKeyDatas signedIdentity")
    let keys = keys()
    let identity = member("signedIdentity")?.signedIdentity() ?? .unspecified
    if member("fulcio") != nil { return .unsupported("fulcio asks for a certificate, which needs a clock and a log to be checked") }
    if member("pki") != nil { return .unsupported("pki asks for a certificate, which needs a clock to be checked") }
    for key in ["rekorPublicKeyPath", "rekorPublicKeyPaths", "rekorPublicKeyData", "rekorPublicKeyDatas"] as [StaticString] where member(key) != nil {
      return .unsupported("a Rekor key asks for an entry in a transparency log, which cannot be checked here")
    }
    return .signed(by: keys, identity: identity)
  }

  /// What of keyPath, keyPaths, keyData and keyDatas is there; it has to be one, unless the keys are certificates'.
  private func keys() -> [KeySource] {
    var keys: [KeySource] = []
    var given = 0
    if let path = member("keyPath") {
      given += 1
      keys.append(path.keyFile())
    }
    if let paths = member("keyPaths") {
      given += 1
      if paths.elements().isEmpty { paths.refuse("expected at least one key") }
      for path in paths.elements() { keys.append(path.keyFile()) }
    }
    if let data = member("keyData") {
      given += 1
      keys.append(data.key())
    }
    if let datas = member("keyDatas") {
      given += 1
      if datas.elements().isEmpty { datas.refuse("expected at least one key") }
      for data in datas.elements() { keys.append(data.key()) }
    }
    if member("fulcio") != nil || member("pki") != nil { given += 1 }
    if given != 1 { refuse("expected exactly one of keyPath, keyPaths, keyData, keyDatas, fulcio and pki") }
    return keys
  }

  private func keyFile() -> KeySource {
    let path = string()
    if path.utf8.first != 0x2F { refuse("expected an absolute path") }
    return .file(path)
  }

  private func key() -> KeySource {
    guard let pem = decodingBase64(string()) else {
      refuse("expected base64")
      return .data([], place: path)
    }
    return .data(pem, place: path)
  }

  private func signedIdentity() -> SignedIdentity {
    let type = required("type")
    switch type.string() {
    case let name where name.equals("matchExact"):
      permitOnly("type")
      return .matchExact
    case let name where name.equals("matchRepoDigestOrExact"):
      permitOnly("type")
      return .matchRepoDigestOrExact
    case let name where name.equals("matchRepository"):
      permitOnly("type")
      return .matchRepository
    case let name where name.equals("exactReference"):
      permitOnly("type dockerReference")
      let value = required("dockerReference")
      guard let reference = ImageReference.exactly(value.string()) else {
        value.refuse("expected the name of an image")
        return .matchExact
      }
      return .exactReference(reference)
    case let name where name.equals("exactRepository"):
      permitOnly("type dockerRepository")
      let value = required("dockerRepository")
      guard let reference = ImageReference.exactly(value.string()) else {
        value.refuse("expected the name of a repository")
        return .matchExact
      }
      return .exactRepository(reference.repository)
    case let name where name.equals("remapIdentity"):
      permitOnly("type prefix signedPrefix")
      return .remapIdentity(prefix: required("prefix").string(), signedPrefix: required("signedPrefix").string())
    default:
      type.refuseUnknown()
      return .matchExact
    }
  }
}
