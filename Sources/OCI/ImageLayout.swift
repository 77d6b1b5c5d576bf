internal import JSON

/// The file `oci-layout`, which says that a directory is an image layout and of which version (image-spec, image-layout.md).
public struct ImageLayout: Equatable, Sendable {
  /// `imageLayoutVersion`, a version 1.x.y.
  public let version: String

  /// Decodes the file.
  public init(parsing text: [UInt8]) throws(SpecError) {
    version = try decode(text) { json in
      let version = json.required("imageLayoutVersion")
      let text = version.string()
      if !isVersion1(text) { version.refuse("expected a version 1.x.y") }
      return text
    }
  }
}
