internal import OCI
internal import Trust

/// Releases that come with their images.
extension Layout {
  /// How many there may be.
  private static var releaseLimit: Int { 16 }

  /// The envelopes of the releases in `index.json`: artifacts of that type, with one layer of the same type (image-spec, manifest.md, "Guidelines for Artifact Usage"). The index has to
  /// say of which type they are. Their signatures have not been checked.
  func releases() throws(ImageError) -> [[UInt8]] {
    var releases: [[UInt8]] = []
    for entry in index?.manifests ?? [] where entry.role == .manifest && entry.artifactType?.equals(Release.mediaType) ?? false {
      let name: Text = "release \(entry.digest.text)"
      guard releases.count < Layout.releaseLimit else { throw ImageError(.invalid, "\(files.shown): has more than \(Layout.releaseLimit) releases") }
      let text = try document(entry)
      let layers: [Descriptor]
      do throws(SpecError) { layers = try AttachedManifest(parsing: text).layers } catch { throw ImageError(error, in: name) }
      guard let layer = layers.first, layers.count == 1, layer.mediaType.equals(Release.mediaType) else {
        throw ImageError(.invalid, "\(name): layers: expected one of the type \(Release.mediaType)")
      }
      releases.append(try document(layer))
    }
    return releases
  }
}
