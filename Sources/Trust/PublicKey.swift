internal import CCrypto
internal import OCI

/// A public key for signatures by ECDSA over the curve P-256 with SHA-256, which is what `cosign generate-key-pair` makes.
public final class PublicKey {
  /// The file that it comes from, or its place in a policy.
  public let name: String
  private let key: OpaquePointer

  /// Reads PEM (`-----BEGIN PUBLIC KEY-----`, RFC 7468) of a SubjectPublicKeyInfo.
  public init(pem: [UInt8], name: String) throws(TrustError) {
    var error: Int32 = 0
    let text = pem + [0]
    guard !pem.contains(0), let key = text.withUnsafeBufferPointer({ ccrypto_key_new($0.baseAddress, $0.count, &error) }) else {
      throw TrustError("\(name): is no public key over the curve P-256 in PEM")
    }
    self.name = name
    self.key = key
  }

  deinit { ccrypto_key_free(key) }

  /// Whether `signature`, ASN.1 in DER, is this key's of the message.
  public func hasSigned(_ message: [UInt8], _ signature: [UInt8]) -> Bool {
    guard let stream = HashStream(.sha256) else { return false }
    message.withUnsafeBytes { stream.add($0) }
    guard let hash = stream.finishBytes(), hash.count == 32 else { return false }
    return hash.withUnsafeBufferPointer { hash in
      signature.withUnsafeBufferPointer { signature in
        guard let hash = hash.baseAddress, !signature.isEmpty else { return false }
        return ccrypto_key_verify(key, hash, signature.baseAddress, signature.count) == 0
      }
    }
  }
}
