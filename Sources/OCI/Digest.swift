/// The hash function of a digest (image-spec, descriptor.md, "Registered Algorithms").
public enum DigestAlgorithm: NamedValue {
  case sha256, sha512

  public var name: String {
    switch self {
    case .sha256: "sha256"
    case .sha512: "sha512"
    }
  }

  /// Hexadecimal digits of a digest.
  public var hexCount: Int {
    switch self {
    case .sha256: 64
    case .sha512: 128
    }
  }
}
