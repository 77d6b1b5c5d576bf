/// The name of an image as registries and policies know it: `docker.io/library/redis:7`.
///
/// Short names mean what they mean to Docker: without a host it is docker.io, and there without a directory `library`.
public struct ImageReference: Sendable {
  /// Host and path: `docker.io/library/redis`.
  public let repository: String
  public let tag: String?
  /// `sha256:...`.
  public let digest: String?

  /// The image that somebody means by `name`: without a tag or a digest it is `latest`. Nil when registries know no such name (distribution-spec, "Pulling manifests").
  public init?(_ name: String) { self.init(name, defaultTag: "latest") }

  /// What a signature or a policy names, where no tag is no tag.
  static func exactly(_ name: String) -> ImageReference? { ImageReference(name, defaultTag: nil) }

  private init?(_ name: String, defaultTag: String?) {
    let (named, digest) = cut(name, at: "@")
    var bytes = Array(named.utf8)
    var tag: [UInt8]?
    let pathStart = bytes.lastIndex(of: 0x2F) ?? 0
    if let colon = bytes.lastIndex(of: 0x3A), colon > pathStart {
      tag = Array(bytes[(colon + 1)...])
      bytes.removeSubrange(colon...)
    }
    if let tag, !ImageReference.isTag(tag) { return nil }
    if let digest, digest.utf8.isEmpty { return nil }
    guard let repository = ImageReference.repository(bytes) else { return nil }
    self.repository = repository
    self.tag = tag.map { string($0[...]) } ?? (digest == nil ? defaultTag : nil)
    self.digest = digest
  }

  /// The whole name, with nothing left to guess.
  public var text: String { digest.map { Text("\(taggedText)@\($0)").string } ?? taggedText }

  private var taggedText: String { tag.map { Text("\(repository):\($0)").string } ?? repository }

  /// Whether both mean the same image: the same repository, and the same tag or digest in it, of which there is one.
  func isExactly(_ other: ImageReference) -> Bool { (tag != nil || digest != nil) && text.equals(other.text) }

  private static func repository(_ name: [UInt8]) -> String? {
    var parts = name.split(separator: 0x2F, omittingEmptySubsequences: false)
    guard let first = parts.first else { return nil }
    // What has a dot or a port is a host, and so is localhost.
    let hasHost = parts.count > 1 && (first.contains(0x2E) || first.contains(0x3A) || first.matches("localhost"))
    let host = hasHost ? parts.removeFirst() : Array("docker.io".utf8)[...]
    guard !host.isEmpty, host.allSatisfy({ isSmallOrDigit($0) || (0x41...0x5A).contains($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x3A }) else { return nil }
    var text = Array(host)
    if parts.count == 1, host.matches("docker.io") { text += Array("/library".utf8) }
    for part in parts {
      guard let first = part.first, let last = part.last, isSmallOrDigit(first), isSmallOrDigit(last),
        part.allSatisfy({ isSmallOrDigit($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F })
      else { return nil }
      text.append(0x2F)
      text += part
    }
    return string(text[...])
  }

  static func isTag(_ tag: [UInt8]) -> Bool {
    guard let first = tag.first, tag.count <= 128, first != 0x2D, first != 0x2E else { return false }
    return tag.allSatisfy { isSmallOrDigit($0) || (0x41...0x5A).contains($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
  }

  private static func isSmallOrDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) }
}
