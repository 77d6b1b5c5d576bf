/// The name of a container: `[A-Za-z0-9_+-][A-Za-z0-9_+.-]*`, at most 255 bytes.
///
/// It becomes the name of directories and cgroups. What runc, crun and their callers use fits; `.`, `..`, a slash, a NUL and a newline cannot occur.
public struct ContainerID: Sendable {
  /// The name as it was given.
  public let text: String

  public init(_ text: String) throws(ContainerIDError) {
    if text.utf8.isEmpty { throw .empty }
    if text.utf8.count > ContainerID.maximumLength { throw .tooLong }
    var isFirst = true
    for byte in Array(text.utf8) {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x5F: break
      case 0x2E: if isFirst { throw .leadingDot }
      default: throw .character
      }
      isFirst = false
    }
    self.text = text
  }

  /// What stands for an id in a document that is refused.
  static var none: ContainerID { ContainerID(unchecked: "") }

  private init(unchecked text: String) { self.text = text }

  /// Bytes; the C constant is `NAME_MAX`. runc takes 1024, of which the file system then refuses what is above.
  public static var maximumLength: Int { 255 }
}

extension ContainerID: Equatable {
  /// Bytes are compared; `==` on strings would link the Unicode tables.
  public static func == (left: ContainerID, right: ContainerID) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
}

/// Why a text cannot name a container.
public enum ContainerIDError: Error, Equatable, Sendable {
  case empty, tooLong, leadingDot, character

  /// One sentence; it does not repeat the text, which may hold anything.
  public var message: String {
    switch self {
    case .empty: "invalid container ID: must not be empty"
    case .tooLong: "invalid container ID: longer than \(ContainerID.maximumLength) bytes"
    case .leadingDot: "invalid container ID: must not begin with a dot"
    case .character: "invalid container ID: invalid character; only letters, digits, '_', '+', '-' and '.' are allowed"
    }
  }
}
