/// The name of some content: the hash of its bytes (image-spec, descriptor.md, "Digests").
///
/// It never changes, and is an object because it is handed on everywhere: one pointer instead of three words.
///
/// Only a checked digest exists, so that a path may be made of one: a manifest that says `sha256:../../x` never gets that far (CVE-2024-3727).
public final class Digest: Sendable {
  /// The hash function.
  public let algorithm: DigestAlgorithm
  /// The hash in lower-case hexadecimal digits, as many as the algorithm has.
  public let hex: String

  /// Takes `sha256:` or `sha512:` and exactly as many lower-case hexadecimal digits as the algorithm has.
  public init(_ text: String) throws(DigestError) {
    let bytes = Array(text.utf8)
    guard let colon = bytes.firstIndex(of: 0x3A) else { throw .malformed }
    let name = String(decoding: bytes[..<colon], as: UTF8.self)
    guard let algorithm = DigestAlgorithm(named: name) else {
      throw Digest.isAlgorithmName(bytes[..<colon]) ? .unsupportedAlgorithm(name) : .malformed
    }
    let digits = bytes[(colon + 1)...]
    guard digits.count == algorithm.byteCount * 2, digits.allSatisfy(Digest.isLowerHex) else { throw .malformed }
    self.algorithm = algorithm
    hex = String(decoding: digits, as: UTF8.self)
  }

  /// The digest of content whose hash has been calculated; nil when `hash` is not as long as the algorithm's.
  public convenience init?(algorithm: DigestAlgorithm, hash: some Collection<UInt8>) {
    guard hash.count == algorithm.byteCount else { return nil }
    var digits: [UInt8] = []
    digits.reserveCapacity(hash.count * 2)
    for byte in hash {
      digits.append(Digest.digit(byte >> 4))
      digits.append(Digest.digit(byte & 15))
    }
    self.init(algorithm: algorithm, unchecked: String(decoding: digits, as: UTF8.self))
  }

  /// What stands for a digest in a document that is refused.
  static var none: Digest { Digest(algorithm: .sha256, unchecked: "") }

  private init(algorithm: DigestAlgorithm, unchecked hex: String) {
    self.algorithm = algorithm
    self.hex = hex
  }

  /// `sha256:` and the hexadecimal digits.
  public var text: String { "\(algorithm.name):\(hex)" }

  private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10 }

  private static func isLowerHex(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }

  /// The grammar's `algorithm`: components of `[a-z0-9]+` with one of `+._-` between two of them.
  private static func isAlgorithmName(_ bytes: ArraySlice<UInt8>) -> Bool {
    var afterComponent = false
    for byte in bytes {
      switch byte {
      case 0x30...0x39, 0x61...0x7A: afterComponent = true
      case 0x2B, 0x2D, 0x2E, 0x5F:
        if !afterComponent { return false }
        afterComponent = false
      default: return false
      }
    }
    return afterComponent
  }
}

extension Digest: Equatable {
  /// Bytes are compared; `==` on strings would link the Unicode tables.
  public static func == (left: Digest, right: Digest) -> Bool {
    left.algorithm == right.algorithm && left.hex.utf8.elementsEqual(right.hex.utf8)
  }
}

/// The hash function of a digest (image-spec, descriptor.md, "Registered algorithms"). BLAKE3 is in no released version.
public enum DigestAlgorithm: UInt8, NamedValue {
  case sha256, sha512

  public static var names: Literal { "sha256 sha512" }

  /// Bytes of a hash.
  public var byteCount: Int {
    switch self {
    case .sha256: 32
    case .sha512: 64
    }
  }
}

/// Why a text is not a digest that can be verified.
public enum DigestError: Error, Equatable, Sendable {
  /// It breaks the grammar, or has the wrong number of digits or upper-case ones.
  case malformed
  /// A well-formed digest of a hash function that is not built in.
  case unsupportedAlgorithm(String)

  /// What is wrong, as the end of a sentence.
  public var message: String {
    switch self {
    case .malformed: "expected a digest, 'sha256:' and 64 or 'sha512:' and 128 lower-case hexadecimal digits"
    case .unsupportedAlgorithm(let name): "the digest algorithm '\(name)' is not supported, only sha256 and sha512 are"
    }
  }
}
