/// Why a document cannot be taken: what in it, and what is wrong with that.
public final class SpecError: Error, Sendable {
  /// Where in the document: `linux.resources.memory.limit`, `mounts[3].destination`; empty for the document as a whole.
  public let path: String
  /// `missing`, `expected an integer, found a string`, ...; for text that is not JSON with its line and column.
  public let reason: String

  @inline(never)
  public init(path: Text, reason: Text) {
    self.path = path.string
    self.reason = reason.string
  }

  /// One sentence, such as `mounts[3].destination: missing`. The name of the file is put in front where it is known.
  @inline(never)
  public var message: String { path.utf8.isEmpty ? reason : Text("\(path): \(reason)").string }
}
