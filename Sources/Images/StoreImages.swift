public import Linux
public import OCI

/// An image that can be run.
public final class StoredImage: Sendable {
  public let record: ImageRecord
  public let config: ImageConfig
  /// Absolute paths of the unpacked layers, the uppermost first, as overlayfs's `lowerdir` lists them.
  /// In their place, the one of the EROFS file that the image is in.
  public let layers: [Path]

  init(record: ImageRecord, config: ImageConfig, layers: [Path]) {
    self.record = record
    self.config = config
    self.layers = layers
  }
}

/// The images of a store.
public struct ImageList: Sendable {
  /// By name, in the order of its bytes.
  public var images: [ImageRecord]
  /// One sentence for each record that cannot be read.
  public var damaged: [String]
}

extension Store {
  /// The images under all their names.
  public func list() throws(ImageError) -> ImageList {
    var list = ImageList(images: [], damaged: [])
    for name in try names(in: images, "images") {
      do throws(ImageError) {
        list.images.append(try record(inFile: name))
      } catch {
        // It went between the two calls.
        if error.kind != .notFound { list.damaged.append(error.message) }
      }
    }
    list.images = list.images.sorted(byNames: { $0.name })
    return list
  }

  /// The record of an image.
  public func record(named name: String) throws(ImageError) -> ImageRecord {
    guard ImageName.isValid(name) else { throw Store.noImage(name) }
    do throws(ImageError) {
      return try record(inFile: ImageName.fileName(name))
    } catch {
      // Not the name of its file.
      throw error.kind == .notFound ? Store.noImage(name) : error
    }
  }

  /// The image of this name, ready to be run.
  public func image(named name: String) throws(ImageError) -> StoredImage { try image(of: record(named: name)) }

  /// The image of a record, ready to be run.
  public func image(of record: ImageRecord) throws(ImageError) -> StoredImage {
    let name = record.name
    let text = try document(record.config)
    var layers: [Path] = []
    for layer in record.neededLayers.reversed() {
      guard try hasLayer(layer) else { throw ImageError(.invalid, "image \(name): layer \(layer.text) is gone; import the image again") }
      layers.append(path.appending("layers").appending(Store.layerName(layer).bytes))
    }
    return StoredImage(record: record, config: try imageConfig(text, "image \(name): config \(record.config.text)"), layers: layers)
  }

  /// The configuration of an image as it came, verified.
  public func configuration(of record: ImageRecord) throws(ImageError) -> [UInt8] { try document(record.config) }

  /// How the layers of an image came to be, the oldest first.
  public func history(named name: String) throws(ImageError) -> [HistoryEntry] {
    let record = try record(named: name)
    let text = try document(record.config)
    do throws(SpecError) {
      return try HistoryEntry.list(parsing: text)
    } catch {
      throw ImageError(error, in: "image \(name): config \(record.config.text)")
    }
  }

  /// The names of images that no container has been made of and no release needs. A container keeps the image's name, whatever image has it by now.
  public func unusedImages() throws(ImageError) -> [String] {
    let images = try list()
    if let damage = images.damaged.first { throw ImageError(.invalid, Text(damage)) }
    let used = try imagesOfContainers()
    var unused: [String] = []
    for name in images.images.map({ $0.name }) where !used.contains(where: { $0.equals(name) }) {
      if try releaseNeeding(imageNamed: name) == nil { unused.append(name) }
    }
    return unused
  }

  /// Takes the name away, and what no other image and no container needs.
  public func removeImage(named name: String) throws(ImageError) {
    try withImportLock { () throws(ImageError) in
      try withStateLock { () throws(ImageError) in
        // Who removes something wants space.
        try forgetImport()
        guard ImageName.isValid(name) else { throw Store.noImage(name) }
        if let release = try releaseNeeding(imageNamed: name) { throw ImageError(.invalid, "image \(name): is needed by release \(release)") }
        do throws(Errno) {
          // Into `tmp`, where it tells whoever comes next that there is garbage to collect, should this process be killed before it does. A new file as the
          // sign would need space, and on a full disk nothing could be removed.
          try evenIfFull { () throws(Errno) in try images.rename(ImageName.fileName(name), to: temporary, "record") }
          try images.synchronize()
        } catch {
          if error == .noSuchFileOrDirectory { throw Store.noImage(name) }
          throw ImageError("remove", "the record of \(name)", error)
        }
        try recover()
      }
    }
  }

  func record(inFile file: Path) throws(ImageError) -> ImageRecord {
    let object: Text = "image record \(file)"
    var bytes: [UInt8] = []
    do throws(Errno) {
      bytes = try images.open(file, .readOnly | .noFollow).readAll(limit: 1 << 20)
    } catch {
      if error == .noSuchFileOrDirectory { throw Store.noImage(file.description) }
      throw ImageError("read", object, error)
    }
    let record = try ImageRecord(stored: bytes, from: object)
    guard ImageName.fileName(record.name) == file else { throw ImageError(.invalid, "\(object): is the record of \(record.name)") }
    return record
  }

  private static func noImage(_ name: String) -> ImageError { ImageError(.notFound, "there is no image named \(printable(Path(name)))") }
}
