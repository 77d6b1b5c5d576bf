internal import JSON
internal import OCI

/// A message in an envelope with its signatures (DSSE, protocol.md).
struct Envelope: Sendable {
  struct Signature: Sendable {
    /// What the signer calls the key. It says which key to try, and nothing else.
    let keyID: String
    let bytes: [UInt8]
  }

  let payload: [UInt8]
  let payloadType: String
  let signatures: [Signature]

  /// Bytes of a document that has its envelope for itself, and signatures in it: checking one takes milliseconds.
  static var sizeLimit: Int { 64 << 10 }
  static var signatureLimit: Int { 32 }

  /// Out of a sigstore bundle. Entries of a transparency log and timestamps are passed over: they answer when it was signed, and by key it does not matter.
  init(bundle text: [UInt8]) throws(TrustError) {
    self = try decode(text, name: "the bundle") { Envelope(bundle: $0) }
  }

  private init(bundle json: JSONValue) {
    let type = json.required("mediaType")
    if !type.string().equals("application/vnd.dev.sigstore.bundle.v0.3+json"), !type.string().equals("application/vnd.dev.sigstore.bundle+json;version=0.3") {
      type.refuseUnknown()
    }
    let envelope = json.required("dsseEnvelope")
    self.init(envelope, type: "application/vnd.in-toto+json")
    // sigstore_bundle.proto: verifiers must refuse more than one.
    if signatures.count != 1 { envelope.refuse("signatures", "expected one signature") }
  }

  /// A document of Apus's own: an envelope with this type of payload, and nothing else in it. `name` says in messages which one it is.
  init(parsing text: [UInt8], type: Literal, name: Text) throws(TrustError) {
    if text.count > Envelope.sizeLimit { throw TrustError("\(name): has more than \(Envelope.sizeLimit) bytes") }
    self = try decode(text, name: name) { json in
      json.permitOnly("payload payloadType signatures")
      for signature in json.elements(of: "signatures") { signature.permitOnly("keyid sig") }
      return Envelope(json, type: type)
    }
  }

  private init(_ json: JSONValue, type: Literal) {
    let payloadType = json.required("payloadType")
    self.payloadType = payloadType.string()
    if !self.payloadType.equals(type) { payloadType.refuseUnknown() }
    payload = json.required("payload").base64()
    let list = json.required("signatures").elements()
    if list.count > Envelope.signatureLimit { json.refuse("signatures", "more than \(Envelope.signatureLimit)") }
    signatures = list.map { Signature(keyID: $0.string("keyid") ?? "", bytes: $0.required("sig").base64()) }
  }

  /// What is signed: the type and the payload, each behind its length.
  var signedBytes: [UInt8] {
    Array(Text("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ").string.utf8) + payload
  }
}

extension JSONValue {
  fileprivate func base64() -> [UInt8] {
    if let bytes = decodingBase64(string()) { return bytes }
    refuse("expected base64")
    return []
  }
}
