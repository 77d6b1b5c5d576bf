public import JSON
internal import Linux
public import OCI
internal import Trust

/// How the files of an image are kept.
public enum ImageBackend: Sendable, Equatable {
  /// Each layer unpacked in a directory, for overlayfs to merge; images share those that they have in common.
  case layers
  /// All layers merged in one EROFS file. `verity`: sealed by fs-verity, so that the kernel refuses to read what is not as it was.
  case erofs(verity: Bool)
}

/// The EROFS file that an image is in. It lies among the layers, by its digest: images with the same layers have the same file.
public struct ErofsRecord: Equatable, Sendable {
  /// Of its bytes.
  public let digest: Digest
  public let size: UInt64
  /// What fs-verity measures of it; nil when it is not sealed.
  public let verity: Digest?

  public init(digest: Digest, size: UInt64, verity: Digest?) {
    self.digest = digest
    self.size = size
    self.verity = verity
  }

  /// Reads what `add` has written; a fault is noted in `json`.
  init(_ json: JSONValue) {
    self.init(digest: json.required("digest").digest(), size: json.requiredInteger("size"), verity: json.member("verity")?.digest())
  }

  /// Adds itself to an image's record or description, as the member `erofs`.
  public func add(to object: inout JSONWriter) {
    object.key("erofs")
    object.object { object in
      object.member("digest", digest.text)
      object.member("size", size)
      if let verity { object.member("verity", verity.text) }
    }
  }
}

extension Store {
  /// The file with these layers that another image has already; nil also when that is not as it should be, so that an import makes it anew.
  func existingErofs(_ layers: [ImportedLayer], verity: Bool) throws(ImageError) -> ErofsRecord? {
    for image in try list().images where image.layers.last == layers.last?.chainID {
      guard let erofs = image.erofs, erofs.verity != nil || !verity else { continue }
      do throws(ImageError) {
        try verify(image)
        return erofs
      } catch {
        warn("\(error.message); it is made anew")
      }
    }
    return nil
  }

  /// Writes the layers of an image as one file in the staging directory, and removes from there what was unpacked for it; gives what the image's record says of
  /// the file.
  func makeErofs(
    of image: ImportedImage, _ layers: LowerLayers, verity: Bool, in staging: borrowing FileDescriptor
  ) throws(ImageError) -> ErofsRecord? {
    guard let last = image.layers.last?.chainID else { return nil }
    let object: Text = "the EROFS file"
    let size = try ErofsWriter.write(
      layers, identity: last,
      to: try doing("make", object) { () throws(Errno) in try staging.open("erofs", .writeOnly | .create | .exclusive, mode: 0o400) })
    // What was unpacked is not written to the medium, as far as the kernel has not done so by itself.
    try doing("remove", "unpacked layers") { () throws(Errno) in
      for layer in image.layers { try staging.removeTree(Store.layerName(layer.chainID)) }
    }
    var sealed: Digest?
    let file = try doing("seal with fs-verity", object) { () throws(Errno) in
      let file = try staging.open("erofs", .readOnly | .noFollow)
      if verity {
        try file.enableVerity()
        sealed = try file.sha256OfVerity()
      }
      return file
    }
    let erofs = ErofsRecord(digest: try Store.digest(of: file, object), size: size, verity: sealed)
    try doing("rename", object) { () throws(Errno) in try staging.rename("erofs", to: staging, Store.layerName(erofs.digest)) }
    return erofs
  }

  /// Reads the whole file that an image is in, and compares it with what the image's record says of it.
  func verify(_ record: ImageRecord) throws(ImageError) {
    let image = try image(of: record)
    guard let erofs = record.erofs, try Store.digest(of: image.openErofs(), "image \(record.name): its EROFS file") != erofs.digest else { return }
    throw ImageError(.invalid, "image \(record.name): its EROFS file: is damaged; import the image again")
  }

  private static func digest(of file: consuming FileDescriptor, _ object: Text) throws(ImageError) -> Digest {
    let bytes = Extent(file, count: .max)
    return try within(object) { () throws(LayerError) in try LayerBlob.digest(of: bytes) }
  }
}

extension StoredImage {
  /// Opens the EROFS file that the image is in, and refuses one that is sealed in another way than the record says, or is not sealed any more.
  func openErofs() throws(ImageError) -> FileDescriptor {
    let file = try doing("open", "image \(record.name): its EROFS file") { () throws(Errno) in try FileDescriptor.open(layers[0], .readOnly | .noFollow) }
    if let expected = record.erofs?.verity, (try? file.sha256OfVerity()) != expected {
      throw ImageError(.invalid, "image \(record.name): its EROFS file: is not sealed by fs-verity as it was; import the image again")
    }
    return file
  }
}

extension FileDescriptor {
  /// What fs-verity has sealed: one ioctl(2). It is what the kernel compares everything with that is read.
  fileprivate borrowing func sha256OfVerity() throws(Errno) -> Digest {
    // Not by the algorithm that Apus asks for.
    guard let digest = Digest(algorithm: .sha256, hash: try verityDigest()) else { throw .notSupported }
    return digest
  }
}
