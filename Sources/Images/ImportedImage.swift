internal import Linux
internal import OCI

/// A layer of an image that is being imported.
struct ImportedLayer {
  var descriptor: Descriptor
  var isCompressed: Bool
  /// The digest of the archive, and of it together with all layers below.
  var diffID: Digest
  var chainID: Digest
}

/// The documents of an image that is being imported, verified and found to agree with each other.
struct ImportedImage {
  var descriptor: Descriptor
  var manifest: ImageManifest
  /// The documents as they came, which is what their digests are of.
  var manifestText: [UInt8]
  var configText: [UInt8]
  /// The base first.
  var layers: [ImportedLayer]

  init(_ source: borrowing Layout, _ descriptor: Descriptor, platform: Platform, limits: Limits) throws(ImageError) {
    self.descriptor = descriptor
    manifestText = try source.document(descriptor)
    do throws(SpecError) {
      manifest = try ImageManifest(parsing: manifestText)
    } catch {
      throw ImageError(.invalid, "manifest \(descriptor.digest.text): \(error.message)")
    }
    configText = try source.document(manifest.config)
    let name: Text = "config \(manifest.config.digest.text)"
    var config: ImageConfig
    do throws(SpecError) {
      config = try ImageConfig(parsing: configText)
    } catch {
      throw ImageError(.invalid, "\(name): \(error.message)")
    }
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
    layers = []
    var chainID: Digest?
    for (layer, diffID) in zip(manifest.layers, config.diffIDs) {
      let next = try ImportedImage.chainID(diffID, above: chainID)
      layers.append(ImportedLayer(descriptor: layer, isCompressed: try ImportedImage.isCompressed(layer), diffID: diffID, chainID: next))
      chainID = next
    }
  }

  func record(named name: String) -> ImageRecord {
    var size: UInt64 = 0
    for layer in layers { size &+= layer.descriptor.size }
    return ImageRecord(name: name, manifest: descriptor.digest, config: manifest.config.digest, layers: layers.map { $0.chainID }, size: size)
  }

  /// The ChainID of a layer: its DiffID if it is the base, else the digest of the ChainID below and the DiffID with a space between (image-spec, config.md,
  /// "Layer ChainID").
  static func chainID(_ diffID: Digest, above below: Digest?) throws(ImageError) -> Digest {
    guard let below else { return diffID }
    guard let chainID = digest(of: Array("\(below.text) \(diffID.text)".utf8), .sha256) else {
      throw ImageError(.system(.noMemory), "there is not enough memory for the digest of a layer")
    }
    return chainID
  }

  private static func isCompressed(_ layer: Descriptor) throws(ImageError) -> Bool {
    switch layer.role {
    case .layer(.none): return false
    case .layer(.gzip): return true
    default: throw ImageError(.unsupported, "layer \(layer.digest.text): layers of type \(layer.mediaType) are not supported, only tar and tar+gzip are")
    }
  }
}
