internal import JSON
public import OCI

/// Who may sign what, in one version. TUF's roles become two (theupdateframework.github.io, specification, "Roles"): the root's keys sign the next root, and the keys
/// that it gives an application sign that application's releases, which are its targets. Timestamps and snapshots say what is the newest at some time, and there is no clock.
public final class TrustRoot {
  /// Whose releases some keys may sign.
  struct Delegation {
    /// `acme/shop`, all below a name as `acme/*`, or `*`.
    let pattern: String
    let role: SigningRole

    /// How specific the pattern is for an application; nil when it is not for it.
    func rank(for application: String) -> Int? {
      let pattern = Array(self.pattern.utf8)
      let name = Array(application.utf8)
      if pattern.last != 0x2A { return name.elementsEqual(pattern) ? Int.max : nil }
      return name.starts(with: pattern.dropLast()) && name.count >= pattern.count ? pattern.count : nil
    }
  }

  /// Which images may be run.
  public enum ImageRule: UInt8, NamedValue {
    /// Those that the policy accepts.
    case any
    /// Of these, those that an accepted release names.
    case released

    public static var names: Literal { "any released" }
  }

  public let version: UInt64
  /// What a message calls it: its file, or `root 3`.
  public let name: String
  public let images: ImageRule
  /// What has been signed.
  public let text: [UInt8]
  let role: SigningRole
  let delegations: [Delegation]

  static var payloadType: Literal { "application/vnd.apus.root.v1+json" }
  static var delegationLimit: Int { 256 }
  /// Roots that may follow each other on a device.
  public static var chainLimit: Int { 64 }

  /// Reads the first root, which is on a read-only place and is believed as it is. That its own keys have signed it shows that it is whole.
  public static func first(_ text: [UInt8], file: String) throws(TrustError) -> TrustRoot {
    let (root, envelope) = try read(text, file)
    try root.requireSigned(envelope)
    return root
  }

  /// The root that counts after those that have been accepted, the oldest first, of which each has to be signed by the keys of the one before and by its own.
  /// Those that are older than this one are passed over: what came with the firmware counts.
  public func followed(by texts: [[UInt8]]) throws(TrustError) -> TrustRoot {
    var root = self
    for text in texts {
      let (next, envelope) = try TrustRoot.read(text, nil)
      if next.version > root.version || root !== self { root = try root.followed(by: next, envelope) }
    }
    return root
  }

  /// The next root.
  public func followed(by text: [UInt8], file: String) throws(TrustError) -> TrustRoot {
    let (next, envelope) = try TrustRoot.read(text, file)
    return try followed(by: next, envelope)
  }

  private func followed(by next: TrustRoot, _ envelope: Envelope) throws(TrustError) -> TrustRoot {
    guard next.version == version + 1 else { throw TrustError("\(next.name): has version \(next.version), and \(version + 1) follows the root that counts") }
    do throws(TrustError) {
      _ = try role.signers(of: envelope, "root \(version)")
    } catch {
      throw TrustError("\(next.name): \(error.message)")
    }
    try next.requireSigned(envelope)
    return next
  }

  private func requireSigned(_ envelope: Envelope) throws(TrustError) {
    do throws(TrustError) {
      _ = try role.signers(of: envelope, "root \(version)")
    } catch {
      throw TrustError("\(name): \(error.message)")
    }
  }

  /// Nothing is checked of what it gives but the form. One without a file is called by its version.
  private static func read(_ text: [UInt8], _ file: String?) throws(TrustError) -> (TrustRoot, Envelope) {
    let name = file ?? "a root of the store"
    let envelope = try Envelope(parsing: text, type: payloadType, name: Text(name))
    return (try decode(envelope.payload, name: Text(name)) { TrustRoot($0, envelope.payload, file) }, envelope)
  }

  private init(_ json: JSONValue, _ text: [UInt8], _ file: String?) {
    self.text = text
    json.permitOnly("version threshold keys images releases")
    version = json.requiredInteger("version", in: Release.versions)
    name = file ?? Text("root \(version)").string
    role = SigningRole(json)
    images = json.required("images").named()
    var delegations: [Delegation] = []
    for value in json.required("releases").elements() {
      value.permitOnly("application keys threshold")
      let application = value.required("application")
      let pattern = application.string()
      if !TrustRoot.isPattern(Array(pattern.utf8)) { application.refuse("expected the name of an application, one and /*, or *") }
      if delegations.contains(where: { $0.pattern.equals(pattern) }) { application.refuse("is there twice") }
      delegations.append(Delegation(pattern: pattern, role: SigningRole(value)))
      if delegations.count > TrustRoot.delegationLimit {
        json.refuse("releases", "more than \(TrustRoot.delegationLimit)")
        break
      }
    }
    self.delegations = delegations
  }

  private static func isPattern(_ pattern: [UInt8]) -> Bool {
    if pattern.elementsEqual([0x2A]) { return true }
    return Release.isApplication(pattern.suffix(2).elementsEqual([0x2F, 0x2A]) ? pattern.dropLast(2) : pattern[...])
  }

  /// Checks a release: that enough of the keys that the most specific rule for its application gives have signed it, and that this version of Apus can run it.
  public func verify(release text: [UInt8], apus: String) throws(TrustError) -> VerifiedRelease {
    let envelope = try Envelope(parsing: text, type: Release.mediaType, name: "the release")
    // Which keys have to have signed stands in what they signed; nothing else of it counts before that is checked.
    let release = try Release.parse(envelope.payload)
    let shown: Text = "release \(release.application) version \(release.version)"
    var best: (number: Int, rank: Int)?
    for (number, delegation) in delegations.enumerated() {
      if let rank = delegation.rank(for: release.application), rank > best?.rank ?? 0 { best = (number, rank) }
    }
    guard let best else { throw TrustError("\(shown): nobody may sign it by root \(version)") }
    let rule = Text("releases[\(best.number)]").string
    let keys: [String]
    do throws(TrustError) {
      keys = try delegations[best.number].role.signers(of: envelope, "\(rule) of root \(version)")
    } catch {
      throw TrustError("\(shown): \(error.message)")
    }
    guard release.permits(apus: apus) else { throw TrustError("\(shown): needs Apus \(release.minimumApus), and this is \(apus)") }
    guard let payload = digest(of: envelope.payload, .sha256) else { throw TrustError("\(shown): there is not enough memory to verify it") }
    return VerifiedRelease(release: release, text: envelope.payload, payload: payload, root: version, rule: rule, keys: keys)
  }
}
