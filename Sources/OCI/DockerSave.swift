internal import JSON

/// An image in an archive of `docker save`, as `manifest.json` of the archive lists it. Nothing in it is a digest: names are those of entries of the archive.
public struct DockerSavedImage: Equatable, Sendable {
  /// The entry with the configuration.
  public var config: String
  /// The names that it was saved under, such as `busybox:latest`; none for one that was saved by its id.
  public var repositoryTags: [String]
  /// The entries with the layers' archives, the base first.
  public var layers: [String]

  public init(config: String, repositoryTags: [String], layers: [String]) {
    self.config = config
    self.repositoryTags = repositoryTags
    self.layers = layers
  }

  /// Decodes `manifest.json`: one or more images.
  public static func list(parsing text: [UInt8]) throws(SpecError) -> [DockerSavedImage] {
    try decode(text) { json in
      json.elements().map { image in
        DockerSavedImage(config: image.requiredText("Config"), repositoryTags: image.strings("RepoTags"), layers: image.strings("Layers"))
      }
    }
  }
}
