internal import Linux
internal import OCI
internal import Trust

/// The images of an OCI image layout (image-spec, image-layout.md: `oci-layout`, `index.json` and `blobs/ALGORITHM/HEX`) or of an archive of `docker save`. Other
/// files in it are ignored, as they must be.
///
/// Nothing in it is believed: documents are bounded, a blob is a regular file, and its bytes are hashed before they are parsed (CVE-2014-8179).
final class Layout {
  let files: ImageFiles
  /// What `index.json` lists; nil in an archive that has only Docker's list.
  let index: ImageIndex?
  /// What `manifest.json` lists, where that is what counts.
  private let saved: [DockerSavedImage]
  let limits: Limits
  /// Where blobs are that have no name made of their digest.
  var places: [(digest: Digest, name: Path)] = []
  /// A document that the store has, verified; nil when it has none of that digest.
  private let stored: (Digest) throws(ImageError) -> [UInt8]?

  /// Bytes of a document; what Podman allows too.
  static var documentLimit: Int { 4 << 20 }

  /// `stored` is asked for what a thin layout leaves out (image-spec, image-layout.md: blobs may be missing and come from elsewhere).
  init(_ files: ImageFiles, limits: Limits, stored: @escaping (Digest) throws(ImageError) -> [UInt8]? = { _ in nil }) throws(ImageError) {
    self.files = files
    self.stored = stored
    self.limits = limits
    var saved: [DockerSavedImage] = []
    // A directory that has one of that name is a layout all the same.
    if files.isArchive, let text = try files.document("manifest.json") {
      saved = try files.parsed("manifest.json") { () throws(SpecError) in try DockerSavedImage.list(parsing: text) }
    }
    var index: ImageIndex?
    if let marker = try files.document("oci-layout"), let text = try files.document("index.json") {
      _ = try files.parsed("oci-layout") { () throws(SpecError) in try ImageLayout(parsing: marker) }
      let listed = try files.parsed("index.json") { () throws(SpecError) in try ImageIndex(parsing: text, mayBeEmpty: !saved.isEmpty) }
      // Docker 25 and later leave images that were saved by their digests out of the index (moby#47210, moby#51389), but not out of their own list.
      if listed.manifests.count >= saved.count { index = listed }
    } else if saved.isEmpty {
      throw ImageError(.notFound, "\(files.shown): has no oci-layout with an index.json\(files.isArchive ? ", and no manifest.json" as Literal : "")")
    }
    self.index = index
    self.saved = saved
  }

  /// The images for `platform`, in the order in which they are listed; one with two names comes twice. An image that is for other machines only is told to
  /// `leaveOut`, unless there is no other.
  func images(for platform: Platform, leaveOut: (String) -> Void) throws(ImageError) -> [OfferedImage] {
    guard var index else { return try savedImages() }
    index.manifests.removeAll { $0.isAttached }
    var offered: [OfferedImage] = []
    var leftOut: [String] = []
    for (reference, entries) in try groups(index) {
      do throws(ImageError) {
        let (descriptor, indexes) = try manifest(in: ImageIndex(manifests: entries), for: platform)
        offered.append(OfferedImage(reference: reference, content: .manifest(descriptor, indexes: indexes)))
      } catch {
        if error.kind != .unsupported { throw error }
        leftOut.append(error.message)
      }
    }
    // The error that names all platforms.
    if offered.isEmpty { _ = try manifest(in: index, for: platform) }
    for message in leftOut { leaveOut(message) }
    return offered
  }

  private func savedImages() throws(ImageError) -> [OfferedImage] {
    var offered: [OfferedImage] = []
    for (number, image) in saved.enumerated() {
      if image.repositoryTags.isEmpty { offered.append(OfferedImage(reference: nil, content: .saved(number))) }
      for tag in image.repositoryTags { offered.append(OfferedImage(reference: ImageName.asDockerShows(tag), content: .saved(number))) }
      try checkCount(offered.count)
    }
    return offered
  }

  /// The entries of each image: those of one name are the same image for several machines.
  private func groups(_ index: ImageIndex) throws(ImageError) -> [(reference: String?, entries: [Descriptor])] {
    var groups: [(reference: String?, entries: [Descriptor])] = []
    for entry in index.manifests where entry.isImage {
      let reference = ImageName.reference(of: entry)
      if let group = groups.firstIndex(where: { ($0.reference ?? "").equals(reference ?? "") }) {
        groups[group].entries.append(entry)
      } else {
        groups.append((reference, [entry]))
        try checkCount(groups.count)
      }
    }
    return groups
  }

  private func checkCount(_ count: Int) throws(ImageError) {
    if count > limits.images { throw ImageError(.invalid, "\(files.shown): has more than \(limits.images) images") }
  }

  /// The documents of an image.
  func image(_ offered: OfferedImage, platform: Platform) throws(ImageError) -> ImportedImage {
    switch offered.content {
    case .manifest(let descriptor, let indexes):
      let image = try ImportedImage(self, descriptor, manifest: try document(descriptor), platform: platform, limits: limits)
      for index in indexes { image.indexes.append((index.digest, try document(index))) }
      image.signatures = try signatures(of: image.signedDigests)
      return image
    case .saved(let number):
      let manifest = try savedManifest(saved[number])
      guard let digest = digest(of: manifest, .sha256) else { throw ImageError(.system(.noMemory), "there is not enough memory for a manifest") }
      let descriptor = Descriptor(mediaType: "", digest: digest, size: UInt64(manifest.count))
      return try ImportedImage(self, descriptor, manifest: manifest, platform: platform, limits: limits)
    }
  }

  /// The manifest of the image for `platform`: of those in `index`, or in an index that one of its entries stands for, which is given as well, the outermost
  /// first. Throws `.unsupported` when they are for other machines.
  private func manifest(in index: ImageIndex, for platform: Platform) throws(ImageError) -> (Descriptor, indexes: [Descriptor]) {
    var index = index
    var indexes: [Descriptor] = []
    // Indexes within indexes are allowed; four levels are more than anybody builds.
    for _ in 0..<4 {
      let descriptor = try select(index, for: platform)
      if descriptor.role != .index { return (descriptor, indexes) }
      indexes.append(descriptor)
      let text = try document(descriptor)
      do throws(SpecError) {
        index = try ImageIndex(parsing: text)
      } catch {
        throw ImageError(error, in: "index \(descriptor.digest.text)")
      }
    }
    throw ImageError(.invalid, "\(files.shown)/index.json: indexes within indexes, more than 4 levels deep")
  }

  private func select(_ index: ImageIndex, for platform: Platform) throws(ImageError) -> Descriptor {
    do throws(PlatformError) {
      return try index.select(for: platform)
    } catch {
      throw ImageError(.unsupported, "\(files.shown): \(error.message)")
    }
  }

  // MARK: blobs

  /// A document among the blobs, verified.
  func document(_ descriptor: Descriptor) throws(ImageError) -> [UInt8] {
    let name: Text = "blob \(descriptor.digest.text)"
    guard descriptor.size <= UInt64(Layout.documentLimit) else { throw ImageError(.invalid, "\(name): a document of more than \(Layout.documentLimit) bytes") }
    var bytes: [UInt8] = []
    if let file = try openIfPresent(descriptor) {
      bytes = try doing("read", name) { () throws(Errno) in try file.readAll(limit: Layout.documentLimit) ?? [] }
    } else {
      guard let document = try stored(descriptor.digest) else { throw missing(name) }
      bytes = document
    }
    guard let found = digest(of: bytes, descriptor.digest.algorithm) else {
      throw ImageError(.system(.noMemory), "\(name): there is not enough memory to read it")
    }
    guard found == descriptor.digest else { throw ImageError(.invalid, "\(name): its content has digest \(found.text)") }
    return bytes
  }

  /// A blob, opened: it has the size that the descriptor says.
  func open(_ descriptor: Descriptor) throws(ImageError) -> Extent {
    guard let file = try openIfPresent(descriptor) else { throw missing("blob \(descriptor.digest.text)") }
    return file
  }

  private func missing(_ name: Text) -> ImageError { ImageError(.notFound, "\(name): is not in \(files.shown)") }

  private func openIfPresent(_ descriptor: Descriptor) throws(ImageError) -> Extent? {
    let name: Text = "blob \(descriptor.digest.text)"
    guard let file = try files.open(place(of: descriptor.digest), name) else { return nil }
    guard file.left == descriptor.size else {
      throw ImageError(.invalid, "\(name): has \(file.left) bytes, and its descriptor says \(descriptor.size)")
    }
    return file
  }

  /// Gives back the space of a blob that is needed no more.
  func release(_ digest: Digest) { files.release(place(of: digest)) }

  private func place(of digest: Digest) -> Path {
    for place in places where place.digest == digest { return place.name }
    return Path(Text("blobs/\(digest.algorithm.name)/\(digest.hex)").string)
  }
}

/// An image that can be imported.
final class OfferedImage {
  enum Content: Equatable {
    /// And the indexes that lead to it, the outermost first.
    case manifest(Descriptor, indexes: [Descriptor])
    /// The number of an image in Docker's list.
    case saved(Int)

    /// By the digests, which say it all; to compare other texts of a descriptor as Swift does would link the Unicode tables.
    static func == (left: Content, right: Content) -> Bool {
      switch (left, right) {
      case (.manifest(let left, let leftIndexes), .manifest(let right, let rightIndexes)):
        left.digest == right.digest && leftIndexes.map { $0.digest } == rightIndexes.map { $0.digest }
      case (.saved(let left), .saved(let right)): left == right
      default: false
      }
    }
  }

  /// Its name, which may be a tag only.
  let reference: String?
  let content: Content

  init(reference: String?, content: Content) {
    self.reference = reference
    self.content = content
  }
}
