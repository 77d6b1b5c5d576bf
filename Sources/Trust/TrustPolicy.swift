/// Which images are taken, and who has to have signed them: containers-policy.json(5), of which the part is understood that needs no network and no clock.
public struct TrustPolicy: Sendable {
  /// What holds for the images of a scope. An image has to meet all requirements.
  struct Rule: Sendable {
    /// `docker.io/acme/app:1`, `docker.io/acme`, `*.example.com`, or empty: all of the transport.
    let scope: String
    let requirements: [Requirement]
  }

  /// The file that it was read from.
  public let file: String
  /// For an image that no rule is about.
  let fallback: [Requirement]
  /// Those of `transports.docker`: the name of an image in the store is one of a registry, wherever its layout came from.
  let rules: [Rule]

  /// The requirements for an image, and where they stand in the policy: those of the most specific scope.
  func requirements(for reference: ImageReference?) -> (place: String, requirements: [Requirement]) {
    if let reference {
      for scope in reference.scopes {
        for rule in rules where rule.scope.equals(scope) { return (Text("transports.docker[\"\(scope)\"]").string, rule.requirements) }
      }
      for rule in rules where rule.scope.utf8.isEmpty { return ("transports.docker[\"\"]", rule.requirements) }
    }
    return ("default", fallback)
  }
}

/// What an image has to meet.
enum Requirement: Sendable {
  case insecureAcceptAnything
  case reject
  /// Signed as cosign does it (`sigstoreSigned`), by one of the keys, and for an image of this identity.
  case signed(by: [KeySource], identity: SignedIdentity)
  /// What cannot be checked here, and therefore nobody meets: which it is, as the end of a sentence.
  case unsupported(Literal)
}

/// Where a public key is.
enum KeySource: Sendable {
  case file(String)
  /// PEM in the policy itself, and its place there.
  case data([UInt8], place: String)
}

/// Which name a signature has to be for (`signedIdentity`).
enum SignedIdentity: Sendable {
  /// Nothing is said: for a signature that names an image, as matchRepoDigestOrExact; one that names none is for any.
  case unspecified
  case matchExact
  /// The same repository for an image that is named by its digest, else the same name.
  case matchRepoDigestOrExact
  case matchRepository
  case exactReference(ImageReference)
  case exactRepository(String)
  /// The name with `prefix` replaced by `signedPrefix`, then as matchRepoDigestOrExact.
  case remapIdentity(prefix: String, signedPrefix: String)

  /// Whether an image named `image` may have a signature for `signed`.
  func permits(_ signed: ImageReference, for image: ImageReference) -> Bool {
    switch self {
    case .matchExact: return image.tag != nil && image.digest == nil && signed.isExactly(image)
    case .matchRepoDigestOrExact, .unspecified: return SignedIdentity.repositoryOrExact(signed, image)
    case .matchRepository: return signed.repository.equals(image.repository)
    case .exactReference(let wanted): return signed.isExactly(wanted)
    case .exactRepository(let wanted): return signed.repository.equals(wanted)
    case .remapIdentity(let prefix, let signedPrefix):
      guard let remapped = image.replacing(prefix: prefix, with: signedPrefix) else { return false }
      return SignedIdentity.repositoryOrExact(signed, remapped)
    }
  }

  private static func repositoryOrExact(_ signed: ImageReference, _ image: ImageReference) -> Bool {
    image.digest != nil ? signed.repository.equals(image.repository) : signed.isExactly(image)
  }
}

extension ImageReference {
  /// The scopes that the name belongs to, the most specific first: itself, its repository, the directories above, the host, and the host's domains as `*.io`.
  var scopes: [String] {
    var scopes = [text]
    let name = Array(repository.utf8)
    var end = name.count
    scopes.append(repository)
    while let slash = name[..<end].lastIndex(of: 0x2F) {
      scopes.append(string(name[..<slash]))
      end = slash
    }
    let host = name[..<end]
    for dot in host.indices where host[dot] == 0x2E { scopes.append(string(([0x2A] + Array(host[dot...]))[...])) }
    return scopes
  }

  /// The same image below another prefix, which ends where a part of the name does; the name itself where it is not below `prefix`.
  func replacing(prefix: String, with other: String) -> ImageReference? {
    let name = Array(text.utf8)
    let old = Array(prefix.utf8)
    guard name.starts(with: old) else { return self }
    let rest = name[old.count...]
    guard let next = rest.first else { return .exactly(other) }
    guard next == 0x2F || next == 0x3A || next == 0x40 else { return self }
    return .exactly(string((Array(other.utf8) + rest)[...]))
  }
}
