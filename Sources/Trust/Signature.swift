internal import JSON
public import OCI

/// A signature of an image as cosign makes it, as it was found: nothing of it is believed yet.
public struct Signature: Sendable {
  enum Content: Sendable {
    /// The older form: a payload that names the image and its manifest, and the signature of the payload's bytes in base64 (cosign, specs/SIGNATURE_SPEC.md).
    case simple(payload: [UInt8], signature: String)
    /// A sigstore bundle (protobuf-specs, sigstore_bundle.proto, version 0.3), which has all in one document.
    case bundle([UInt8])
  }

  /// The digest of the payload or of the bundle, which tells one from another.
  public let digest: Digest
  let content: Content

  public static func simple(payload: [UInt8], digest: Digest, signature: String) -> Signature {
    Signature(digest: digest, content: .simple(payload: payload, signature: signature))
  }

  public static func bundle(_ document: [UInt8], digest: Digest) -> Signature { Signature(digest: digest, content: .bundle(document)) }

  /// What the signature says, if one of the keys has made it.
  ///
  /// The signed bytes are checked before they are parsed, and what is parsed are the same bytes (CVE-2022-36056 and its kin are what happens else).
  func claim(signedBy keys: [PublicKey]) throws(TrustError) -> Claim {
    switch content {
    case .simple(let payload, let text):
      guard let signature = decodingBase64(text) else { throw TrustError("it is not base64") }
      let key = try Signature.key(of: payload, signature, keys)
      return try Claim(simpleSigning: payload, key: key)
    case .bundle(let document):
      let envelope = try Envelope(bundle: document)
      guard let signature = envelope.signatures.first?.bytes else { throw TrustError("it is not signed") }
      let key = try Signature.key(of: envelope.signedBytes, signature, keys)
      return try Claim(statement: envelope.payload, key: key)
    }
  }

  private static func key(of message: [UInt8], _ signature: [UInt8], _ keys: [PublicKey]) throws(TrustError) -> String {
    for key in keys where key.hasSigned(message, signature) { return key.name }
    throw TrustError("no key of the policy has made it")
  }
}

/// What a signature says that has been checked.
struct Claim {
  /// The digests of the images, or indexes, that it is for.
  let images: [Digest]
  /// The name that it gives them; sigstore's bundles give none.
  let reference: ImageReference?
  /// The name of the key that made it.
  let key: String

  /// From the payload of the older form: exactly the members that cosign writes, so that nothing in it can be read in two ways.
  init(simpleSigning payload: [UInt8], key: String) throws(TrustError) {
    self = try decode(payload, name: "its payload") { Claim(simpleSigning: $0, key: key) }
  }

  private init(simpleSigning json: JSONValue, key: String) {
    json.permitOnly("critical optional")
    let critical = json.required("critical")
    critical.permitOnly("type image identity")
    let type = critical.required("type")
    if !type.string().equals("cosign container image signature") { type.refuseUnknown() }
    let image = critical.required("image")
    image.permitOnly("docker-manifest-digest")
    let digest = image.required("docker-manifest-digest").digest()
    let identity = critical.required("identity")
    identity.permitOnly("docker-reference")
    let name = identity.required("docker-reference")
    // A name that nobody could have asked for matches nothing.
    reference = ImageReference.exactly(name.string())
    if reference == nil { name.refuse("expected the name of an image") }
    images = [digest]
    self.key = key
  }

  /// From the payload of a bundle, an in-toto statement (in-toto/attestation, spec/v1/statement.md).
  init(statement payload: [UInt8], key: String) throws(TrustError) {
    self = try decode(payload, name: "its statement") { Claim(statement: $0, key: key) }
  }

  private init(statement json: JSONValue, key: String) {
    let type = json.required("_type")
    if !type.string().equals("https://in-toto.io/Statement/v1") { type.refuseUnknown() }
    // Another predicate is an attestation: true words about an image, which do not say that it may be run.
    let predicate = json.required("predicateType")
    if !predicate.string().equals("https://sigstore.dev/cosign/sign/v1") { predicate.refuseUnknown() }
    var images: [Digest] = []
    for subject in json.required("subject").elements() {
      for (algorithm, hex) in subject.required("digest").members() {
        if let digest = try? Digest(Text("\(algorithm):\(hex.string())").string) { images.append(digest) }
      }
    }
    self.images = images
    reference = nil
    self.key = key
  }
}
