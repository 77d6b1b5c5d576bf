public import OCI

/// An image that is to be run, and what is known of who made it.
public final class SignedImage: Sendable {
  public let name: String
  /// The digest of its manifest, and of the indexes that it was chosen from: who signs an index signs every image in it.
  public let digests: [Digest]
  public let signatures: [Signature]

  public init(name: String, digests: [Digest], signatures: [Signature]) {
    self.name = name
    self.digests = digests
    self.signatures = signatures
  }
}

/// What a policy says of an image.
public final class Judgement: Sendable {
  public let isAccepted: Bool
  /// The rule that decided: `/etc/apus/policy.json: transports.docker["docker.io/acme"]`.
  public let rule: String
  /// Why: the requirement that was not met and the signatures that were tried for it; or for each requirement how it was met.
  public let reasons: [String]

  init(isAccepted: Bool, rule: String, reasons: [String]) {
    self.isAccepted = isAccepted
    self.rule = rule
    self.reasons = reasons
  }
}

extension TrustPolicy {
  /// How many signatures of an image are looked at: checking one takes milliseconds, and who made the image decides how many there are (CVE-2023-46737).
  public static var signatureLimit: Int { 64 }

  /// Decides about an image. `read` gives the contents of a key's file.
  public func judge(_ image: SignedImage, read: (String) throws(TrustError) -> [UInt8]) -> Judgement {
    let reference = ImageReference(image.name)
    let (place, requirements) = requirements(for: reference)
    var reasons: [String] = []
    for (index, requirement) in requirements.enumerated() {
      let rule = Text("\(file): \(place)[\(index)]").string
      switch requirement {
      case .insecureAcceptAnything:
        reasons.append("everything is accepted (insecureAcceptAnything)")
      case .reject:
        return Judgement(isAccepted: false, rule: rule, reasons: ["everything is rejected (reject)"])
      case .unsupported(let reason):
        return Judgement(isAccepted: false, rule: rule, reasons: [Text("\(reason)").string])
      case .signed(let sources, let identity):
        let found = signature(of: image, reference, by: sources, identity, read)
        if !found.isAccepted { return Judgement(isAccepted: false, rule: rule, reasons: found.reasons) }
        reasons += found.reasons
      }
    }
    return Judgement(isAccepted: true, rule: Text("\(file): \(place)").string, reasons: reasons)
  }

  private func signature(
    of image: SignedImage, _ reference: ImageReference?, by sources: [KeySource], _ identity: SignedIdentity,
    _ read: (String) throws(TrustError) -> [UInt8]
  ) -> (isAccepted: Bool, reasons: [String]) {
    var keys: [PublicKey] = []
    do throws(TrustError) {
      for source in sources { keys.append(try key(source, read)) }
    } catch {
      // A key that cannot be read must not leave the others to decide alone unnoticed.
      return (false, [error.message])
    }
    guard let reference else { return (false, [Text("\(image.name) is no name that a signature can be for").string]) }
    // Who asks for an image by its digest gets this one or none.
    if let digest = reference.digest, !image.digests.contains(where: { $0.text.equals(digest) }) {
      return (false, [Text("its name has the digest \(digest), and it has \(image.digests.first?.text ?? "none")").string])
    }
    if image.signatures.isEmpty { return (false, ["it has no signatures"]) }
    var reasons: [String] = []
    for signature in image.signatures.prefix(TrustPolicy.signatureLimit) {
      do throws(TrustError) {
        let key = try require(signature, for: image, reference, keys, identity)
        return (true, [Text("signature \(signature.digest.text) by \(key)").string])
      } catch {
        reasons.append(Text("signature \(signature.digest.text): \(error.message)").string)
      }
    }
    return (false, reasons)
  }

  private func key(_ source: KeySource, _ read: (String) throws(TrustError) -> [UInt8]) throws(TrustError) -> PublicKey {
    switch source {
    case .file(let path): try PublicKey(pem: read(path), name: path)
    case .data(let pem, let place): try PublicKey(pem: pem, name: Text("\(file): \(place)").string)
    }
  }

  /// Throws unless the signature is by one of the keys, of this image, and under a name that is permitted; gives the key's name.
  private func require(
    _ signature: Signature, for image: SignedImage, _ reference: ImageReference, _ keys: [PublicKey], _ identity: SignedIdentity
  ) throws(TrustError) -> String {
    let claim = try signature.claim(signedBy: keys)
    guard claim.images.contains(where: { image.digests.contains($0) }) else {
      throw TrustError("it is for another image, \(claim.images.first?.text ?? "none")")
    }
    if let signed = claim.reference {
      guard identity.permits(signed, for: reference) else {
        throw TrustError("it is for \(signed.text), and the policy does not permit that for \(reference.text)")
      }
    } else if case .unspecified = identity {
    } else {
      throw TrustError("it is for no name, as all sigstore bundles, and the policy has a signedIdentity")
    }
    return claim.key
  }
}
