internal import JSON
public import OCI

/// Which images are an application's, in which version of it: what a signature by cosign cannot say.
public final class Release: Sendable {
  /// `acme/shop`.
  public let application: String
  /// Grows from one release to the next.
  public let version: UInt64
  /// The containers, and the digests of their images' manifests, or of indexes that lead to these.
  public let images: [(container: String, digest: Digest)]
  /// The version of Apus that it needs at least, as it is written.
  public let minimumApus: String

  /// Versions, up to the largest integer that every reader of JSON takes exactly (RFC 8259, section 6).
  static var versions: ClosedRange<UInt64> { 1...(1 << 53 - 1) }
  static var imageLimit: Int { 64 }
  /// The type of the payload of its envelope, and of an artifact that has one.
  public static var mediaType: Literal { "application/vnd.apus.release.v1+json" }

  /// Reads the payload of an envelope whose signatures have been checked.
  static func parse(_ text: [UInt8]) throws(TrustError) -> Release { try decode(text, name: "the release") { Release($0) } }

  private init(_ json: JSONValue) {
    json.permitOnly("application version images minimumApus comment")
    let application = json.required("application")
    self.application = application.string()
    if !Release.isApplication(Array(self.application.utf8)[...]) { application.refuse("expected the name of an application") }
    version = json.requiredInteger("version", in: Release.versions)
    var images: [(container: String, digest: Digest)] = []
    let list = json.required("images")
    for (container, digest) in list.members() {
      if !ImageReference.isTag(Array(container.utf8)) { digest.refuse("its key is no name of a container") }
      images.append((container, digest.digest()))
    }
    if images.isEmpty || images.count > Release.imageLimit { list.refuse("expected 1 to \(Release.imageLimit) images") }
    self.images = images
    let minimum = json.required("minimumApus")
    minimumApus = minimum.string()
    if Release.numbers(of: minimumApus) == nil { minimum.refuse("expected a version such as 1.2.3") }
    // For people, who find it in what was signed.
    _ = json.string("comment")
  }

  /// Whether an application may be called so: letters, digits and `._-/`, beginning with a letter or digit, at most 128 bytes. So that each image's name has one
  /// application, there is no colon in it.
  static func isApplication(_ name: ArraySlice<UInt8>) -> Bool {
    guard let first = name.first, name.count <= 128, first != 0x2D, first != 0x2E, first != 0x2F, first != 0x5F else { return false }
    return name.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x2F || $0 == 0x5F
    }
  }

  /// The application and the container that an image's name stands for: `acme/shop:web`. Without a container it is `latest`, as a tag is. Nil when no release can
  /// give the name.
  public static func parts(of imageName: String) -> (application: String, container: String)? {
    let (application, container) = cut(imageName, at: ":")
    guard isApplication(Array(application.utf8)[...]), ImageReference.isTag(Array((container ?? "latest").utf8)) else { return nil }
    return (application, container ?? "latest")
  }

  /// Whether a program of this version may run it.
  func permits(apus version: String) -> Bool {
    guard let minimum = Release.numbers(of: minimumApus), let own = Release.numbers(of: version) else { return false }
    for (own, minimum) in zip(own, minimum) where own != minimum { return own > minimum }
    return true
  }

  /// The three numbers of a version, each below 2³².
  private static func numbers(of version: String) -> [UInt64]? {
    var numbers: [UInt64] = []
    for part in Wording.parts(of: version, at: 0x2E) {
      if part.utf8.isEmpty || part.utf8.count > 9 { return nil }
      var number: UInt64 = 0
      for digit in Array(part.utf8) {
        guard (0x30...0x39).contains(digit) else { return nil }
        number = number * 10 + UInt64(digit - 0x30)
      }
      numbers.append(number)
    }
    return numbers.count == 3 ? numbers : nil
  }
}

/// A release that the root lets be one, and why.
public final class VerifiedRelease: Sendable {
  public let release: Release
  /// What has been signed, and its digest.
  public let text: [UInt8]
  public let payload: Digest
  /// The version of the root, and the rule in it: `releases[0]`.
  public let root: UInt64
  public let rule: String
  /// The ids of the keys that have signed.
  public let keys: [String]

  init(release: Release, text: [UInt8], payload: Digest, root: UInt64, rule: String, keys: [String]) {
    self.release = release
    self.text = text
    self.payload = payload
    self.root = root
    self.rule = rule
    self.keys = keys
  }
}
