internal import JSON
internal import Linux
internal import OCI
internal import Trust

extension Layout {
  /// Makes the manifest that an image in an archive of `docker save` lacks. The same archive always gives the same one, so that its digest is the image's.
  ///
  /// Nothing in the archive has a digest but the configuration, whose name is one; it says those of the unpacked layers. A layer that is compressed all the
  /// same, as builders without Docker make them, is read once more for the digest of its blob.
  func savedManifest(_ image: DockerSavedImage) throws(ImageError) -> [UInt8] {
    let (name, file) = try savedEntry(image.config)
    let shown = savedText(image.config)
    let size = file.left
    guard let text = try doing("read", shown, { () throws(Errno) in try file.readAll(limit: Layout.documentLimit) }) else {
      throw ImageError(.invalid, "\(shown): a document of more than \(Layout.documentLimit) bytes")
    }
    guard let digest = digest(of: text, .sha256) else { throw ImageError(.system(.noMemory), "\(shown): there is not enough memory to read it") }
    if let promised = Layout.promisedDigest(image.config), promised != digest {
      throw ImageError(.invalid, "\(shown): its content has digest \(digest.text)")
    }
    places.append((digest, name))
    let config = Descriptor(mediaType: "application/vnd.docker.container.image.v1+json", digest: digest, size: size)
    let diffIDs = try imageConfig(text, shown).diffIDs
    guard diffIDs.count == image.layers.count else {
      throw ImageError(.invalid, "\(shown): rootfs.diff_ids has \(diffIDs.count) entries, and manifest.json has \(image.layers.count) layers")
    }
    var layers: [Descriptor] = []
    for (number, layer) in image.layers.enumerated() { layers.append(try savedLayer(layer, diffIDs[number])) }
    var writer = JSONWriter()
    writer.object { object in
      object.member("schemaVersion", 2)
      object.member("mediaType", "application/vnd.docker.distribution.manifest.v2+json")
      object.key("config")
      object.descriptor(config)
      object.key("layers")
      object.array { array in for layer in layers { array.descriptor(layer) } }
    }
    return writer.bytes()
  }

  private func savedLayer(_ layer: String, _ diffID: Digest) throws(ImageError) -> Descriptor {
    let (name, file) = try savedEntry(layer)
    let shown = savedText(layer)
    let size = file.left
    let start = try doing("read", shown) { () throws(Errno) in try file.readStart() }
    let compression = try within(shown) { () throws(LayerError) in try LayerCompression.found(in: start) }
    var digest = diffID
    if compression != .none {
      let blob = try savedEntry(layer).file
      digest = try within(shown) { () throws(LayerError) in try LayerBlob.digest(of: blob) }
    }
    places.append((digest, name))
    let type =
      switch compression {
      case .none: "application/vnd.docker.image.rootfs.diff.tar"
      case .gzip: "application/vnd.docker.image.rootfs.diff.tar.gzip"
      case .zstd: "application/vnd.docker.image.rootfs.diff.tar.zstd"
      }
    return Descriptor(mediaType: type, digest: digest, size: size)
  }

  private func savedEntry(_ name: String) throws(ImageError) -> (name: Path, file: Extent) {
    if let normal = ArchiveContents.normal(name, limits), let file = try files.open(normal, savedText(name)) { return (normal, file) }
    throw ImageError(.notFound, "\(savedText(name)): is not in \(files.shown)")
  }

  private func savedText(_ name: String) -> Text { "entry \(printable(Path(name)))" }

  /// The digest that the name of a configuration is: `HEX.json`, `sha256:HEX` or `blobs/sha256/HEX`; nil when it is none.
  private static func promisedDigest(_ name: String) -> Digest? {
    let hex = cut(parts(of: parts(of: name, at: 0x2F).last ?? "", at: 0x3A).last ?? "", at: ".").before
    do throws(DigestError) { return try Digest(Text("sha256:\(hex)").string) } catch { return nil }
  }
}

extension JSONWriter {
  mutating func descriptor(_ descriptor: Descriptor) {
    object { object in
      object.member("mediaType", descriptor.mediaType)
      object.member("size", descriptor.size)
      object.member("digest", descriptor.digest.text)
      if descriptor.annotations.isEmpty { return }
      object.key("annotations")
      object.object { annotations in for annotation in descriptor.annotations { annotations.member(annotation.key, annotation.value) } }
    }
  }
}
