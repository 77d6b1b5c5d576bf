internal import JSON
public import Linux
internal import OCI
internal import Trust

extension Store {
  /// Writes an image as an archive of an OCI layout to `file`, which may be a pipe. Its layers are the archives that they came as, uncompressed, bit for bit; its
  /// configuration is the same, and so is its image ID.
  ///
  /// The manifest is another one, with another digest, unless the layers came uncompressed: then it is the same, and the signatures go along. Everything is verified on its
  /// way; when the archive has to be thrown away because a layer is damaged, the error says so. Memory: the buffers of the one who reads the headers, and
  /// the documents.
  public func exportImage(named name: String, to file: borrowing FileDescriptor) throws(ImageError) {
    let record = try record(named: name)
    if record.erofs != nil { throw ImageError(.unsupported, "image \(name): is in an EROFS file, of which its layers cannot be made again") }
    let config = try document(record.config)
    let diffIDs = try imageConfig(config, "image \(name): config \(record.config.text)").diffIDs
    guard diffIDs.count == record.layers.count else { throw ImageError(.invalid, "image \(name): its configuration has another number of layers") }
    var layers: [Descriptor] = []
    for (chainID, diffID) in zip(record.layers, diffIDs) {
      layers.append(Descriptor(mediaType: "application/vnd.oci.image.layer.v1.tar", digest: diffID, size: try archiveSize(chainID)))
    }
    let kept = try document(record.manifest)
    let came = try imageManifest(kept, record)
    // Docker's form is kept for its signatures only: not everything that reads layouts takes it there.
    let isDocker = came.config.mediaType.begins(with: "application/vnd.docker.")
    let isSame = came.layers.map { $0.digest } == diffIDs && (!isDocker || !record.signatures.isEmpty)
    let manifest = isSame ? kept : Store.manifest(config: Descriptor(mediaType: Store.configType, digest: record.config, size: UInt64(config.count)), layers)
    var documents: [(digest: Digest, text: [UInt8])] = [(record.config, config)]
    let type = isSame && isDocker ? "application/vnd.docker.distribution.manifest.v2+json" : Store.manifestType
    // What has no slash and no colon is taken for a tag.
    let isWhole = name.utf8.contains(0x2F) || name.utf8.contains(0x3A)
    var entries = [try entry(manifest, isWhole ? name : "latest", type, &documents)]
    if isSame, !record.signatures.isEmpty {
      let attached = try attachment(record, &documents)
      let name: Text = "\(record.manifest.algorithm.name)-\(record.manifest.hex).sig"
      entries.append(try entry(attached, name.string, Store.manifestType, &documents))
    }
    let archive = ArchiveWriter(try doing("open", "the archive") { () throws(Errno) in try file.duplicate() })
    try within("image \(name)") { () throws(LayerError) in
      try archive.add(Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8), named: "oci-layout")
      try archive.add(Store.index(entries), named: "index.json")
      for document in documents { try archive.add(document.text, named: Store.blobName(document.digest)) }
    }
    var written: [Digest] = []
    for (number, layer) in layers.enumerated() where !written.contains(layer.digest) {
      // A name of more than 100 bytes has no room in a header.
      guard layer.digest.algorithm == .sha256 else { throw ImageError(.unsupported, "layer \(layer.digest.text): only those with SHA-256 can be exported") }
      written.append(layer.digest)
      try export(record.layers[number], layer, to: archive)
    }
    try within("image \(name)") { () throws(LayerError) in try archive.finish() }
  }

  private func layerArchive(_ chainID: Digest, _ output: @escaping ByteSink) throws(ImageError) -> LayerArchive {
    let shown: Text = "layer \(chainID.text)"
    guard let headers = try openHeaders(chainID) else {
      throw ImageError(.invalid, "\(shown): nothing was kept of its archive's headers, so its image has to be imported again first")
    }
    let root = try doing("open", shown) { () throws(Errno) in try layers.open(Store.layerName(chainID), .readOnly | .directory | .noFollow) }
    do throws(LayerError) {
      return try LayerArchive(headers: headers, root: root, start: startReader, output: output)
    } catch {
      throw ImageError(error, in: shown)
    }
  }

  /// The size of a layer's archive, by its headers.
  private func archiveSize(_ chainID: Digest) throws(ImageError) -> UInt64 {
    var size: UInt64 = 0
    let archive = try layerArchive(chainID) { (bytes) throws(LayerError) in size += UInt64(bytes.count) }
    try within("layer \(chainID.text)") { () throws(LayerError) in
      try archive.make(
        hasContents: false,
        visit: { (entry) throws(LayerError) in
          if try LayerArchive.file(entry, Limits()) != nil { size += entry.size }
        })
    }
    return size
  }

  private func export(_ chainID: Digest, _ layer: Descriptor, to archive: ArchiveWriter) throws(ImageError) {
    guard let hash = HashStream(layer.digest.algorithm) else { throw ImageError(.system(.noMemory), "there is not enough memory to verify a layer") }
    let maker = try layerArchive(chainID) { (bytes) throws(LayerError) in
      hash.add(bytes)
      try archive.add(bytes)
    }
    try within("layer \(chainID.text)") { () throws(LayerError) in
      try archive.begin(Store.blobName(layer.digest), size: layer.size)
      try maker.make()
      guard let found = hash.finish() else { throw LayerError(.noMemory) }
      if found != layer.digest { throw LayerError(.wrongDiffID(expected: layer.digest.text, found: found.text)) }
    }
  }

  // MARK: documents

  private static var configType: String { "application/vnd.oci.image.config.v1+json" }
  private static var manifestType: String { "application/vnd.oci.image.manifest.v1+json" }
  private static var referenceName: String { "org.opencontainers.image.ref.name" }
  private static func blobName(_ digest: Digest) -> Text { "blobs/\(digest.algorithm.name)/\(digest.hex)" }

  private func imageManifest(_ text: [UInt8], _ record: ImageRecord) throws(ImageError) -> ImageManifest {
    do throws(SpecError) {
      return try ImageManifest(parsing: text)
    } catch {
      throw ImageError(error, in: "manifest \(record.manifest.text)")
    }
  }

  /// What the index says of a manifest, which is one of the documents from now on.
  private func entry(_ text: [UInt8], _ name: String, _ type: String, _ documents: inout [(digest: Digest, text: [UInt8])]) throws(ImageError) -> Descriptor {
    Descriptor(
      mediaType: type, digest: try add(text, to: &documents), size: UInt64(text.count), annotations: [Annotation(key: Store.referenceName, value: name)])
  }

  private func add(_ text: [UInt8], to documents: inout [(digest: Digest, text: [UInt8])]) throws(ImageError) -> Digest {
    guard let digest = digest(of: text, .sha256) else { throw ImageError(.system(.noMemory), "there is not enough memory for a digest") }
    documents.append((digest, text))
    return digest
  }

  /// The signatures as cosign attaches them, in one manifest: payloads with their signatures, and bundles.
  private func attachment(_ record: ImageRecord, _ documents: inout [(digest: Digest, text: [UInt8])]) throws(ImageError) -> [UInt8] {
    var layers: [Descriptor] = []
    for signature in record.signatures {
      let text = try document(signature.blob)
      documents.append((signature.blob, text))
      let type = signature.signature == nil ? "application/vnd.dev.sigstore.bundle.v0.3+json" : "application/vnd.dev.cosign.simplesigning.v1+json"
      let annotations = signature.signature.map { [Annotation(key: "dev.cosignproject.cosign/signature", value: $0)] } ?? []
      layers.append(Descriptor(mediaType: type, digest: signature.blob, size: UInt64(text.count), annotations: annotations))
    }
    let empty = Array("{}".utf8)
    return Store.manifest(config: Descriptor(mediaType: "application/vnd.oci.empty.v1+json", digest: try add(empty, to: &documents), size: 2), layers)
  }

  private static func manifest(config: Descriptor, _ layers: [Descriptor]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { object in
      object.member("schemaVersion", 2)
      object.member("mediaType", manifestType)
      object.key("config")
      object.descriptor(config)
      object.key("layers")
      object.array { array in for layer in layers { array.descriptor(layer) } }
    }
    return writer.bytes()
  }

  private static func index(_ entries: [Descriptor]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { object in
      object.member("schemaVersion", 2)
      object.member("mediaType", "application/vnd.oci.image.index.v1+json")
      object.key("manifests")
      object.array { array in for entry in entries { array.descriptor(entry) } }
    }
    return writer.bytes()
  }
}

extension ArchiveWriter {
  fileprivate func add(_ contents: [UInt8], named name: Text) throws(LayerError) {
    try begin(name, size: UInt64(contents.count))
    try add(contents)
  }
}
