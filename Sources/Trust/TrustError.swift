@_exported import Wording

/// Why something that trust depends on cannot be taken: a policy, a key, a signature. One sentence.
public final class TrustError: Error, Sendable {
  public let message: String

  @inline(never)
  public init(_ message: Text) { self.message = message.string }
}
