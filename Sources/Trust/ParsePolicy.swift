internal import JSON
internal import OCI

extension TrustPolicy {
  /// Reads a policy.json as strictly as containers-policy.json(5) has it: an unknown key or type, or a missing `default`, refuses the whole file. `file` is its
  /// name, for messages.
  public init(parsing text: [UInt8], file: String) throws(TrustError) {
    self = try decode(text, name: "\(file)") { TrustPolicy($0, file: file) }
  }

  private init(_ json: JSONValue, file: String) {
    json.permitOnly("default transports")
    fallback = json.required("default").requirements()
    var rules: [Rule] = []
    for (transport, scopes) in json.member("transports")?.members() ?? [] {
      for (scope, requirements) in scopes.members() {
        let requirements = requirements.requirements()
        if transport.equals("docker") { rules.append(Rule(scope: scope, requirements: requirements)) }
      }
    }
    self.rules = rules
    self.file = file
  }
}

/// The types of requirements. One that is not known is refused with the file.
private enum RequirementType: UInt8, NamedValue {
  case reject, insecureAcceptAnything, sigstoreSigned, signedBy, signedBaseLayer

  static var names: Literal { "reject insecureAcceptAnything sigstoreSigned signedBy signedBaseLayer" }

  /// The keys that it may have.
  var keys: Literal {
    switch self {
    case .reject, .insecureAcceptAnything: "type"
    case .sigstoreSigned:
      "type keyPath keyPaths keyData keyDatas fulcio pki rekorPublicKeyPath rekorPublicKeyPaths rekorPublicKeyData rekorPublicKeyDatas signedIdentity"
    case .signedBy: "type keyType keyPath keyPaths keyData signedIdentity"
    case .signedBaseLayer: "type baseLayerIdentity"
    }
  }
}

/// The types of `signedIdentity`.
private enum IdentityType: UInt8, NamedValue {
  case matchExact, matchRepoDigestOrExact, matchRepository, exactReference, exactRepository, remapIdentity

  static var names: Literal { "matchExact matchRepoDigestOrExact matchRepository exactReference exactRepository remapIdentity" }

  /// The keys that it may have.
  var keys: Literal {
    switch self {
    case .matchExact, .matchRepoDigestOrExact, .matchRepository: "type"
    case .exactReference: "type dockerReference"
    case .exactRepository: "type dockerRepository"
    case .remapIdentity: "type prefix signedPrefix"
    }
  }
}

extension JSONValue {
  /// Refuses members that are none of these.
  func permitOnly(_ keys: Literal) {
    for (_, value) in members(besides: keys) { value.refuse("unknown key") }
  }

  fileprivate func requirements() -> [Requirement] {
    let list = elements().map { $0.requirement() }
    if list.isEmpty { refuse("expected at least one requirement") }
    return list
  }

  private func requirement() -> Requirement {
    let type: RequirementType = required("type").named()
    permitOnly(type.keys)
    switch type {
    case .reject: return .reject
    case .insecureAcceptAnything: return .insecureAcceptAnything
    case .sigstoreSigned: return sigstoreSigned()
    case .signedBy: return .unsupported("signedBy asks for an OpenPGP signature, which cannot be checked here")
    case .signedBaseLayer: return .unsupported("signedBaseLayer cannot be checked by anybody yet")
    }
  }

  private func sigstoreSigned() -> Requirement {
    let keys = keys()
    let identity = member("signedIdentity")?.signedIdentity() ?? .unspecified
    if member("fulcio") != nil { return .unsupported("fulcio asks for a certificate, which needs a clock and a log to be checked") }
    if member("pki") != nil { return .unsupported("pki asks for a certificate, which needs a clock to be checked") }
    for key in ["rekorPublicKeyPath", "rekorPublicKeyPaths", "rekorPublicKeyData", "rekorPublicKeyDatas"] as [Literal] where member(key) != nil {
      return .unsupported("a Rekor key asks for an entry in a transparency log, which cannot be checked here")
    }
    return .signed(by: keys, identity: identity)
  }

  /// What of keyPath, keyPaths, keyData and keyDatas is there; it has to be one, unless the keys are certificates'.
  private func keys() -> [KeySource] {
    var given = member("fulcio") != nil || member("pki") != nil ? 1 : 0
    let files = values("keyPath", "keyPaths", &given).map { $0.keyFile() }
    let datas = values("keyData", "keyDatas", &given).map { $0.key() }
    if given != 1 { refuse("expected exactly one of keyPath, keyPaths, keyData, keyDatas, fulcio and pki") }
    return files + datas
  }

  /// The value of one member, and the elements of another, of which there has to be one; `given` counts the members that are there.
  private func values(_ one: Literal, _ several: Literal, _ given: inout Int) -> [JSONValue] {
    var values: [JSONValue] = []
    if let value = member(one) {
      given += 1
      values.append(value)
    }
    if let list = member(several) {
      given += 1
      let elements = list.elements()
      if elements.isEmpty { list.refuse("expected at least one key") }
      values += elements
    }
    return values
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
    let type: IdentityType = required("type").named()
    permitOnly(type.keys)
    switch type {
    case .matchExact: return .matchExact
    case .matchRepoDigestOrExact: return .matchRepoDigestOrExact
    case .matchRepository: return .matchRepository
    case .exactReference: return reference("dockerReference").map { .exactReference($0) } ?? .matchExact
    case .exactRepository: return reference("dockerRepository").map { .exactRepository($0.repository) } ?? .matchExact
    case .remapIdentity: return .remapIdentity(prefix: required("prefix").string(), signedPrefix: required("signedPrefix").string())
    }
  }

  private func reference(_ key: Literal) -> ImageReference? {
    let value = required(key)
    let reference = ImageReference.exactly(value.string())
    if reference == nil { value.refuse("expected the name of an image or repository") }
    return reference
  }
}
