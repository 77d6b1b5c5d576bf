/// How large a document may be. A document comes from elsewhere, so each of its dimensions has an end.
public struct JSONLimits: Sendable {
  /// Bytes of text; never more than `Int32.max`.
  public let bytes: Int
  /// Arrays and objects within one another.
  public let depth: Int
  /// Values and keys together; each costs 20 bytes of memory.
  public let nodes: Int

  public init(bytes: Int = 4 << 20, depth: Int = 64, nodes: Int = 200_000) {
    self.bytes = min(bytes, Int(Int32.max))
    self.depth = depth
    self.nodes = nodes
  }
}
