internal import JSON
internal import OCI

/// Keys, and how many of them have to sign.
struct SigningRole {
  let keys: [PublicKey]
  let threshold: Int

  /// Keys of a role. More would make a root slow to check that somebody has made up.
  static var keyLimit: Int { 16 }

  init(keys: [PublicKey], threshold: Int) {
    self.keys = keys
    self.threshold = threshold
  }

  /// From the members `keys` and `threshold`.
  init(_ json: JSONValue) {
    var keys: [PublicKey] = []
    let list = json.required("keys").elements()
    for value in list.prefix(SigningRole.keyLimit) {
      do throws(TrustError) {
        let key = try PublicKey(pem: Array(value.string().utf8), name: value.path)
        // It would count twice.
        if keys.contains(where: { $0.id.equals(key.id) }) { value.refuse("is there twice") }
        keys.append(key)
      } catch {
        value.refuse("expected a public key over the curve P-256 in PEM")
      }
    }
    if list.isEmpty || list.count > SigningRole.keyLimit { json.refuse("keys", "expected 1 to \(SigningRole.keyLimit) keys") }
    self.keys = keys
    threshold = json.requiredInteger("threshold", in: 1...max(1, list.count))
  }

  /// The ids of the keys that have signed, each once, however often it has; throws when they are too few. `name` is the role's, for the message.
  func signers(of envelope: Envelope, _ name: Text) throws(TrustError) -> [String] {
    let message = envelope.signedBytes
    var signers: [String] = []
    for key in keys where envelope.signatures.contains(where: { $0.keyID.equals(key.id) && key.hasSigned(message, $0.bytes) }) { signers.append(key.id) }
    if signers.count < threshold { throw TrustError("\(signers.count) of the keys of \(name) have signed it, and \(threshold) have to") }
    return signers
  }
}
