internal import Linux
internal import OCI

/// How the headers of layers come into the store. They have the layer's ChainID for a name, as the layer has; an archive and its ChainID belong together, so that
/// headers are right whatever becomes of the layer.
extension Store {
  /// A new file for the headers of a layer that is being unpacked.
  func newHeaders(_ chainID: Digest, in staging: borrowing FileDescriptor) throws(ImageError) -> KeptHeaders {
    try doing("make", "the headers of layer \(chainID.text)") { () throws(Errno) in
      KeptHeaders(try staging.open(Store.stagedHeaders(chainID), .writeOnly | .create | .exclusive | .noFollow, mode: 0o600))
    }
  }

  /// Gives layers that are complete their names, and what was kept of their archives before: what has its name in `layers` is whole.
  func placeLayers(_ chainIDs: [Digest], from staging: borrowing FileDescriptor) throws(Errno) {
    for layer in chainIDs { try Store.move(Store.stagedHeaders(layer), from: staging, to: headers, Store.layerName(layer)) }
    try headers.synchronize()
    for layer in chainIDs { try Store.move(Store.layerName(layer), from: staging, to: layers, Store.layerName(layer)) }
    try layers.synchronize()
  }

  private static func move(_ name: Path, from staging: borrowing FileDescriptor, to directory: borrowing FileDescriptor, _ target: Path) throws(Errno) {
    guard let status = try staging.statusIfPresent(of: name) else { return }
    try staging.rename(name, to: directory, target)
    // f2fs takes the move of a directory for a change of it.
    try directory.changeTimes(of: target, status.modified)
  }

  private static func stagedHeaders(_ chainID: Digest) -> Path { Path(Text("\(chainID.hex).headers").string) }

  /// What was kept of a layer's archive; nil when it was imported before anything was.
  func openHeaders(_ chainID: Digest) throws(ImageError) -> Extent? {
    do throws(Errno) {
      let file = try headers.open(Store.layerName(chainID), .readOnly | .noFollow | .nonBlocking)
      let size = try file.status().size
      return Extent(file, count: size)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw ImageError("open", "the headers of layer \(chainID.text)", error)
    }
  }

  /// Keeps the headers of a layer that the store has without them, if its archive is at hand.
  func keepHeaders(of layer: ImportedLayer, from source: Layout, in staging: borrowing FileDescriptor, limits: Limits) throws(ImageError) {
    guard try openHeaders(layer.chainID) == nil, let blob = try? source.open(layer.descriptor) else { return }
    let kept = try newHeaders(layer.chainID, in: staging)
    try within("layer \(layer.descriptor.digest.text)") { () throws(LayerError) in
      let stream = try LayerStream(blob, layer.descriptor, layer.compression, diffID: layer.diffID, limits: limits)
      do throws(LayerError) {
        let reader = try stream.reader(start: startReader) { (bytes) throws(LayerError) in try kept.add(bytes) }
        while try reader.next() != nil {}
        try stream.finish()
        try kept.finish()
      } catch {
        throw stream.explain(error)
      }
    }
  }
}
