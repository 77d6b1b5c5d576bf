internal import Linux
internal import OCI

/// What an image may be called: letters, digits and `._-/:@+`, beginning with a letter or digit, at most 200 bytes; what registries use fits.
enum ImageName {
  /// What is told of a name that no image can have.
  static func error(_ name: String) -> ImageError {
    ImageError(.invalid, "an image cannot be named \(printable(Path(name))): letters, digits and ._-/:@+ are allowed, 200 bytes at most")
  }

  static func isValid(_ name: String) -> Bool {
    guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 200 else { return false }
    return name.utf8.allSatisfy { isAlphanumeric($0) || StaticBytes("._-/:@+").contains($0) } && fileName(name).bytes.count <= 255
  }

  /// The name of the record's file: a slash is written as `%2F`, which the name itself cannot hold.
  static func fileName(_ name: String) -> Path {
    var bytes: [UInt8] = []
    for byte in name.utf8 {
      if byte == 0x2F { bytes += [0x25, 0x32, 0x46] } else { bytes.append(byte) }
    }
    return Path(bytes: bytes)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// What an image is called that nobody named: the name in its layout if that is more than a tag; else `file`, what it came in, and the tag unless it is
  /// `latest`; nil when it came through a pipe.
  ///
  /// Builders write only the tag into a layout (image-spec, annotations.md: the meaning of `org.opencontainers.image.ref.name` is the layout's), so that every
  /// second image would be called `latest`.
  static func proposed(file: String?, reference: String?) -> String? {
    guard let reference, !reference.utf8.isEmpty else { return file }
    if reference.utf8.contains(0x2F) || reference.utf8.contains(0x3A) { return reference }
    guard let file else { return nil }
    return reference.equals("latest") ? file : Text("\(file):\(reference)").string
  }

  /// The name that an entry of a layout has; nil when it has none. Docker 25 and later write only the tag into the layout's own annotation, and the whole name
  /// into containerd's.
  static func reference(of descriptor: Descriptor) -> String? {
    var reference: String?
    for annotation in descriptor.annotations {
      if annotation.key.equals("io.containerd.image.name") { return asDockerShows(annotation.value) }
      if annotation.key.equals("org.opencontainers.image.ref.name") { reference = annotation.value }
    }
    return reference
  }

  /// A name in an archive of Docker's format as Docker shows it: without the registry and the folder that it takes when none is given.
  static func asDockerShows(_ name: String) -> String {
    for prefix in ["docker.io/library/", "docker.io/"] as [Literal] where name.begins(with: prefix) {
      return String(decoding: name.utf8.dropFirst(prefix.bytes.count), as: UTF8.self)
    }
    return name
  }
}
