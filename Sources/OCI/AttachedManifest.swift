internal import JSON

/// A manifest of what is attached to an image, such as its signatures, and is none itself (image-spec, manifest.md, "Guidelines for Artifact Usage").
public struct AttachedManifest: Sendable {
  /// The image that it is attached to; nil where that shows in its name alone.
  public var subject: Digest?
  public var layers: [Descriptor]

  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { json in
      AttachedManifest(subject: json.member("subject").map { Descriptor($0).digest }, layers: json.list("layers") { Descriptor($0) })
    }
  }

  init(subject: Digest?, layers: [Descriptor]) {
    self.subject = subject
    self.layers = layers
  }
}
