internal import CCrypto
internal import OCI

/// A public key for signatures by ECDSA over the curve P-256 with SHA-256, which is what `cosign generate-key-pair` makes.
public final class PublicKey {
  /// The file that it comes from, or its place in a policy.
  public let name: String
  /// The SHA-256 of the key in DER, as hexadecimal digits: what signatures call it.
  public let id: String
  private let key: OpaquePointer

  /// Reads PEM (RFC 7468) of a SubjectPublicKeyInfo with an uncompressed point, as every tool writes it.
  public init(pem: [UInt8], name: String) throws(TrustError) {
    guard let der = PublicKey.der(pem), let digest = Trust.digest(of: der, .sha256),
      let key = der[PublicKey.prefix.count...].withUnsafeBufferPointer({ ccrypto_key_new($0.baseAddress, $0.count) })
    else { throw TrustError("\(name): is no public key over the curve P-256 in PEM") }
    self.name = name
    id = digest.hex
    self.key = key
  }

  /// The key in DER. What stands in front of its point is the same for all keys of this kind, so that no parser of ASN.1 is needed.
  private static func der(_ pem: [UInt8]) -> [UInt8]? {
    guard let rest = cut(string(pem[...]), at: "-----BEGIN PUBLIC KEY-----").behind else { return nil }
    let (text, end) = cut(rest, at: "-----END PUBLIC KEY-----")
    let digits = Array(text.utf8).filter { $0 != 0x0A && $0 != 0x0D }
    guard end != nil, let key = decodingBase64(string(digits[...])), key.count == prefix.count + 65, key.starts(with: prefix) else { return nil }
    return key
  }

  /// SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING { (RFC 5480, section 2).
  private static var prefix: [UInt8] {
    [
      0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42,
      0x00,
    ]
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
