internal import Linux
public import OCI
public import Trust

/// What an import does, for whoever shows it.
public enum ImportEvent {
  /// An image that is for other machines only is left out: a sentence that says so.
  case leftOut(String)
  /// So many bytes of an archive that has to be written to the store first have been; comes about once in a mebibyte.
  case staged(bytes: UInt64)
  /// The layer `number` of `count`, from 1, with a blob of `size` bytes.
  case layer(number: Int, count: Int, digest: Digest, size: UInt64)
  /// So many bytes of that blob have been read; comes about once in a mebibyte.
  case progress(bytes: UInt64)
  /// The layer is unpacked and verified.
  case unpacked(LayerSummary)
  /// The store has the layer already.
  case shared
  /// All layers are there and go to the medium.
  case committing
  /// An image is in the store: whatever happens to those after it, this one stays.
  case imported(ImportResult)
}

/// What an import came to.
public final class ImportResult {
  public internal(set) var record: ImageRecord
  /// Layers that were unpacked, and that the store had already.
  public internal(set) var unpackedLayers = 0
  public internal(set) var sharedLayers = 0
  /// What was left out of the unpacked layers: the first of it, and how much there was in all.
  public internal(set) var notes: [LayerNote] = []
  public internal(set) var noteCount: UInt64 = 0

  init(record: ImageRecord) { self.record = record }
}

extension Platform {
  /// The machine that this program was built for.
  public static var device: Platform {
    #if arch(arm64)
      Platform(architecture: "arm64")
    #elseif arch(x86_64)
      Platform(architecture: "amd64")
    #elseif arch(arm)
      Platform(architecture: "arm", variant: "v7")
    #else
      #error("the name of this architecture in images is not known (image-spec, image-index.md)")
    #endif
  }
}

extension Store {
  /// Takes all images for `platform` out of an OCI image layout or an archive of `docker save`, in the order in which they are listed.
  ///
  /// An image becomes visible when every document and layer of it has been verified and is on the medium; otherwise the store stays as it was. An image that had
  /// the name before loses it. Memory: the buffers of those who read (`ReaderTask`), the documents (4 MiB each at most), the names in an archive
  /// (`Limits.archiveEntries`), and the whiteouts of one layer. A zstd layer takes its window besides, 8 MiB at most.
  ///
  /// One that ends with an error leaves nothing. Of one that is killed, layers that were complete stay (`keepComplete`) for the next import.
  ///
  /// - `name`: nil takes the names in the layout or, where that is only a tag, the file's with it (`ImageName.proposed`). With a name there may be one image only.
  /// - `platform`: the machine that the image has to be for.
  /// - `backend`: how the files are kept.
  /// - `admitReleases`: is asked first, with the envelopes of the releases among the images; what it throws ends the import.
  /// - `admit`: is asked about each image before anything of it is unpacked; what it throws ends the import.
  @discardableResult
  public func importImages(
    from origin: ImageOrigin, name: String? = nil, platform: Platform = .device, limits: Limits = Limits(), backend: ImageBackend = .layers,
    progress: (ImportEvent) -> Void = { _ in }, admitReleases: ([[UInt8]]) throws(ImageError) -> Void = { _ in },
    admit: (SignedImage) throws(ImageError) -> Void = { _ in }
  ) throws(ImageError) -> [ImportResult] {
    try withImportLock { () throws(ImageError) in
      try withStateLock { () throws(ImageError) in try recover() }
      // The staging directory tells by its presence that there is something to clean up. Removing it is the last thing, whatever happens.
      do throws(ImageError) {
        try doing("make", "\(path)/reserve") { () throws(Errno) in try keepReserve() }
        let staging = try doing("make", "\(path)/tmp/import") { () throws(Errno) in
          // A new one: what another import left in it would become part of the layers.
          try temporary.makeDirectory("import", mode: 0o700)
          return try temporary.open("import", .readOnly | .directory | .noFollow)
        }
        let files = try ImageFiles(origin, staging: staging, limits: limits, startReader: startReader) { progress(.staged(bytes: $0)) }
        let source = try Layout(files, limits: limits) { (digest) throws(ImageError) in try self.storedDocument(digest) }
        try admitReleases(source.releases())
        let offered = try source.images(for: platform, leaveOut: { progress(.leftOut($0)) })
        let names = try names(for: offered, name, source.files)
        // One name is enough for an image that has several.
        var results: [ImportResult] = []
        var image: ImportedImage?
        for (number, offer) in offered.prefix(names.count).enumerated() {
          // Another name for the same one.
          let isSame = number > 0 && offered[number - 1].content == offer.content
          guard let imported = try isSame ? image : source.image(offer, platform: platform) else { continue }
          try admit(imported.signed(named: names[number]))
          image = imported
          let result = try unpack(
            imported, from: source, isLast: names.count == 1, name: names[number], staging: staging, limits: limits, backend: backend, progress: progress)
          results.append(result)
          progress(.imported(result))
        }
        try withStateLock { () throws(ImageError) in try forgetImport() }
        return results
      } catch {
        // The first error is the one to tell; what cannot be removed now is tried again by the next one.
        try? withStateLock { () throws(ImageError) in try forgetImport() }
        throw error
      }
    }
  }

  /// What the images will be called.
  private func names(for offered: [OfferedImage], _ name: String?, _ files: ImageFiles) throws(ImageError) -> [String] {
    var names: [String] = []
    for image in offered {
      guard let chosen = name ?? ImageName.proposed(file: files.defaultName, reference: image.reference) else {
        throw ImageError(.invalid, "\(files.shown): the image has no name in it, so it needs one by --name")
      }
      guard ImageName.isValid(chosen) else { throw ImageName.error(chosen) }
      names.append(chosen)
    }
    if name != nil, let first = offered.first, offered.contains(where: { $0.content != first.content }) {
      let all = offered.prefix(16).map { printable(Path($0.reference ?? "one without a name")) }
      throw ImageError(.invalid, "\(files.shown): has \(offered.count) images (\(joined(all, with: ", "))), and --name is for one")
    }
    return name == nil ? names : Array(names.prefix(1))
  }

  /// `isLast`: no image after this one needs the blobs.
  private func unpack(
    _ image: ImportedImage, from source: Layout, isLast: Bool, name: String, staging: borrowing FileDescriptor, limits: Limits,
    backend: ImageBackend, progress: (ImportEvent) -> Void
  ) throws(ImageError) -> ImportResult {
    var existing: ErofsRecord?
    if case .erofs(let verity) = backend { existing = try existingErofs(image.layers, verity: verity) }
    let result = ImportResult(record: image.record(named: name).with(existing))
    if existing != nil {
      result.sharedLayers = image.layers.count
      progress(.committing)
      try publish(image, result.record, from: staging)
      return result
    }
    var lower = LowerLayers()
    var shared: SharedFiles?
    var staged: UInt64 = 0
    for (index, layer) in image.layers.enumerated() {
      progress(.layer(number: index + 1, count: image.layers.count, digest: layer.descriptor.digest, size: layer.descriptor.size))
      let name = Store.layerName(layer.chainID)
      if try hasLayer(layer.chainID) {
        result.sharedLayers += 1
        try keepHeaders(of: layer, from: source, in: staging, limits: limits)
        progress(.shared)
      } else {
        let size = layer.descriptor.size
        try doing("write", "layer \(layer.descriptor.digest.text) of \(size) bytes") { () throws(Errno) in try requireRoom(for: size) }
        let root = try doing("make", "tmp/import/\(name)") { () throws(Errno) in
          let root = try staging.ensureDirectory(name, mode: 0o700)
          if let below = lower.roots.first { try root.resemble(below.descriptor) } else { try root.beNew() }
          return try root.duplicate()
        }
        let headers = try newHeaders(layer.chainID, in: staging)
        // Where layers become one file it would make a difference which files of others there are.
        if shared == nil, backend == .layers { shared = SharedFiles(try recentLayers()) }
        let summary = try apply(layer, from: source, to: root, headers, above: lower, sharing: shared, limits: limits, progress: progress)
        result.unpackedLayers += 1
        result.notes += summary.notes.prefix(64 - result.notes.count)
        result.noteCount += summary.noteCount
        staged += summary.bytes
        progress(.unpacked(summary))
        // Not the last one: that goes to the medium with the image.
        if staged >= limits.bytesToKeep, index + 1 < image.layers.count {
          try keepComplete(image, name: result.record.name, upTo: index, from: staging)
          staged = 0
        }
      }
      let unpacked = try doing("open", "layer \(layer.chainID.text)") { () throws(Errno) in
        do throws(Errno) {
          return try layers.open(name, .readOnly | .directory | .noFollow)
        } catch {
          if error != .noSuchFileOrDirectory { throw error }
        }
        return try staging.open(name, .readOnly | .directory | .noFollow)
      }
      lower.roots.insert(OpenDirectory(unpacked), at: 0)
      let isNeeded = image.layers[(index + 1)...].contains { $0.descriptor.digest == layer.descriptor.digest }
      if isLast, !isNeeded { source.release(layer.descriptor.digest) }
    }
    progress(.committing)
    if case .erofs(let verity) = backend { result.record = result.record.with(try makeErofs(of: image, lower, verity: verity, in: staging)) }
    try publish(image, result.record, from: staging)
    return result
  }

  private func apply(
    _ layer: ImportedLayer, from source: Layout, to root: consuming FileDescriptor, _ headers: KeptHeaders, above lower: LowerLayers,
    sharing others: SharedFiles?, limits: Limits, progress: (ImportEvent) -> Void
  ) throws(ImageError) -> LayerSummary {
    let file = try source.open(layer.descriptor)
    do throws(LayerError) {
      let stream = try LayerStream(file, layer.descriptor, layer.compression, diffID: layer.diffID, limits: limits)
      do throws(LayerError) {
        let reader = try stream.reader(start: startReader) { (bytes) throws(LayerError) in try headers.add(bytes) }
        var shown: UInt64 = 0
        let writer = LayerWriter(root: root, lower: lower, limits: limits, shared: others)
        var summary = try writer.apply(reader) {
          guard stream.bytesRead >= shown + 1 << 20 else { return }
          shown = stream.bytesRead
          progress(.progress(bytes: shown))
        }
        try stream.finish()
        try headers.finish()
        summary.bytes = stream.bytesUnpacked
        return summary
      } catch {
        throw stream.explain(error)
      }
    } catch {
      throw ImageError(error, in: "layer \(layer.descriptor.digest.text)")
    }
  }
}
