internal import Linux
internal import OCI
internal import Trust

/// A layer of an image that is being imported.
final class ImportedLayer {
  let descriptor: Descriptor
  let compression: LayerCompression
  /// The digest of the archive, and of it together with all layers below.
  let diffID: Digest
  let chainID: Digest

  /// The layer on top of one with the ChainID `below`.
  init(_ descriptor: Descriptor, _ diffID: Digest, above below: Digest?) throws(ImageError) {
    self.descriptor = descriptor
    self.diffID = diffID
    guard case .layer(let compression) = descriptor.role else {
      throw ImageError(.invalid, "layer \(descriptor.digest.text): \(descriptor.mediaType) is no type of a layer")
    }
    self.compression = compression
    chainID = try ImportedImage.chainID(diffID, above: below)
  }
}

/// The documents of an image that is being imported, verified and found to agree with each other.
final class ImportedImage {
  let descriptor: Descriptor
  let manifest: ImageManifest
  /// The documents as they came, which is what their digests are of.
  let manifestText: [UInt8]
  let configText: [UInt8]
  /// The base first.
  private(set) var layers: [ImportedLayer] = []
  /// The indexes that led to the manifest, the outermost first.
  var indexes: [(digest: Digest, text: [UInt8])] = []
  /// Those that are for it, or for one of the indexes; nobody has checked them.
  var signatures: [FoundSignature] = []

  /// `text` is the manifest, verified.
  init(_ source: Layout, _ descriptor: Descriptor, manifest text: [UInt8], platform: Platform, limits: Limits) throws(ImageError) {
    self.descriptor = descriptor
    manifestText = text
    do throws(SpecError) {
      manifest = try ImageManifest(parsing: manifestText)
    } catch {
      throw ImageError(error, in: "manifest \(descriptor.digest.text)")
    }
    configText = try source.document(manifest.config)
    let name: Text = "config \(manifest.config.digest.text)"
    let config = try imageConfig(configText, name)
    // What the index said about the platform was only advice; the config is part of what was signed.
    guard platform.canRun(config.platform) else {
      throw ImageError(.invalid, "\(name): \(PlatformError(device: platform, available: [config.platform]).message)")
    }
    guard config.diffIDs.count == manifest.layers.count else {
      throw ImageError(.invalid, "\(name): rootfs.diff_ids has \(config.diffIDs.count) entries, and the manifest has \(manifest.layers.count) layers")
    }
    guard manifest.layers.count <= limits.layers else {
      throw ImageError(.invalid, "manifest \(descriptor.digest.text): \(manifest.layers.count) layers, and \(limits.layers) are the limit")
    }
    for (number, layer) in manifest.layers.enumerated() { layers.append(try ImportedLayer(layer, config.diffIDs[number], above: layers.last?.chainID)) }
  }

  func record(named name: String) -> ImageRecord {
    var size: UInt64 = 0
    for layer in layers { size &+= layer.descriptor.size }
    return ImageRecord(
      name: name, manifest: descriptor.digest, config: manifest.config.digest, layers: layers.map { $0.chainID }, size: size,
      indexes: indexes.map { $0.digest }, signatures: signatures.map { $0.record })
  }

  /// The documents that the store keeps.
  var documents: [(digest: Digest, text: [UInt8])] {
    [(descriptor.digest, manifestText), (manifest.config.digest, configText)] + indexes + signatures.map { ($0.record.blob, $0.text) }
  }

  /// What a signature of the image may be for.
  var signedDigests: [Digest] { [descriptor.digest] + indexes.map { $0.digest } }

  /// What a policy decides about.
  func signed(named name: String) -> SignedImage {
    SignedImage(name: name, digests: signedDigests, signatures: signatures.map { $0.record.signature(around: $0.text) })
  }

  /// The ChainID of a layer: its DiffID if it is the base, else the digest of the ChainID below and the DiffID with a space between (image-spec, config.md,
  /// "Layer ChainID").
  static func chainID(_ diffID: Digest, above below: Digest?) throws(ImageError) -> Digest {
    guard let below else { return diffID }
    guard let chainID = digest(of: Array(Text("\(below.text) \(diffID.text)").string.utf8), .sha256) else {
      throw ImageError(.system(.noMemory), "there is not enough memory for the digest of a layer")
    }
    return chainID
  }
}
