internal import Linux
internal import OCI

/// What the verification of an image came to.
public struct VerifiedImage: Sendable {
  public let record: ImageRecord
  /// What is wrong with its documents, or that it cannot be known which layers it has.
  public var fault: String?
  /// Those that were looked at, the base first.
  public var layers: [LayerReport] = []

  /// Whether a container of it is what was imported.
  public var isSound: Bool { isSound(but: .sound) }

  /// Whether nothing is known to be wrong, but there is no telling of some of its layers.
  public var isUnverified: Bool { isSound(but: .withoutHeaders) && !isSound }

  private func isSound(but state: LayerReport.State) -> Bool {
    fault == nil && layers.allSatisfy { $0.state == .sound || $0.state == .repaired || $0.state == state }
  }
}

extension Store {
  /// Verifies the documents of the images and every byte of their layers. A layer that several of them have is looked at once.
  ///
  /// - `repairing`: puts owners, modes, times and attributes right, and takes layers out of the store that are damaged: no container starts from one, and the next
  ///   import of an image that needs it unpacks it anew. What a running container has mounted of it stays until that ends. Imports and removals wait meanwhile.
  /// - `tell`: gets each image when it has been looked at.
  public func verifyImages(_ images: [ImageRecord], repairing: Bool, tell: (VerifiedImage) -> Void) throws(ImageError) {
    var seen: [LayerReport] = []
    guard repairing else {
      for image in images { tell(try verify(image, repairing: false, &seen)) }
      return
    }
    try withImportLock { () throws(ImageError) in
      try withStateLock { () throws(ImageError) in try recover() }
      for image in images { tell(try verify(image, repairing: true, &seen)) }
      try doing("write to", "\(path)") { () throws(Errno) in try layers.synchronizeFileSystem() }
      try withStateLock { () throws(ImageError) in try recover() }
    }
  }

  private func verify(_ record: ImageRecord, repairing: Bool, _ seen: inout [LayerReport]) throws(ImageError) -> VerifiedImage {
    var image = VerifiedImage(record: record)
    do throws(ImageError) {
      for blob in record.blobs { _ = try document(blob) }
      let config = try imageConfig(try document(record.config), "config \(record.config.text)")
      guard config.diffIDs.count == record.layers.count else { throw ImageError(.invalid, "config \(record.config.text): has another number of layers") }
      if record.erofs != nil {
        try verify(record)
        return image
      }
      var lower: LowerLayers? = LowerLayers()
      for (chainID, diffID) in zip(record.layers, config.diffIDs) {
        // Without what is below nobody knows how it should be merged.
        if let report = seen.first(where: { $0.layer == chainID }) {
          image.layers.append(report)
        } else {
          let report = try verify(chainID, diffID, above: lower, repairing: repairing)
          image.layers.append(report)
          seen.append(report)
        }
        if let root = try? layers.open(Store.layerName(chainID), .readOnly | .directory | .noFollow) {
          lower?.roots.insert(OpenDirectory(root), at: 0)
        } else {
          lower = nil
        }
      }
    } catch {
      image.fault = error.message
    }
    return image
  }

  private func verify(_ layer: Digest, _ diffID: Digest, above lower: LowerLayers?, repairing: Bool) throws(ImageError) -> LayerReport {
    let name = Store.layerName(layer)
    let gone = LayerReport(layer, .damaged, ["is gone; import its image again"])
    guard try hasLayer(layer) else { return gone }
    let root = try doing("open", "layer \(layer.text)") { () throws(Errno) in try layers.open(name, .readOnly | .directory | .noFollow) }
    let status = try doing("examine", "layer \(layer.text)") { () throws(Errno) in try root.status() }
    let report = try LayerCheck(root: root, lower: lower, start: startReader).run(layer, diffID: diffID, repairing: repairing) { () throws(ImageError) in
      try self.openHeaders(layer)
    }
    // Its image may have been removed meanwhile, and imported again.
    let now = try doing("examine", "layer \(layer.text)") { () throws(Errno) in try layers.statusIfPresent(of: name) }
    guard let now, now.isSameFile(as: status) else { return gone }
    guard repairing else { return report }
    switch report.state {
    case .damaged:
      try withStateLock { () throws(ImageError) in try quarantine(layer) }
      return report.with(.quarantined)
    // Damaged headers are as good as none: the next import brings others.
    case .withoutHeaders: try withStateLock { () throws(ImageError) in try retireHeaders(layer) }
    default: break
    }
    return report
  }

  private func retireHeaders(_ layer: Digest) throws(ImageError) {
    if try openHeaders(layer) != nil { try retire(Store.layerName(layer), from: headers, "headers") }
  }

  // MARK: quarantine

  /// The directory of damaged layers that running containers still have mounted; nil when there is none.
  func quarantine() throws(ImageError) -> FileDescriptor? { try existingDirectory("quarantine") }

  /// Takes a damaged layer its name, in one step. It is removed when no container has it. Both locks are held.
  private func quarantine(_ layer: Digest) throws(ImageError) {
    let name = Store.layerName(layer)
    let isUsed = try layersOfContainers()?.contains(layer) ?? true
    guard isUsed else {
      try retire(name, from: layers, "layers")
      return try doing("write", "\(path)/layers") { () throws(Errno) in try layers.synchronize() }
    }
    try doing("move to quarantine", "layer \(layer.text)") { () throws(Errno) in
      let directory = try root.ensureDirectory("quarantine", mode: 0o700)
      var number: UInt64 = 0
      while try directory.statusIfPresent(of: Path(Text("\(name)-\(number)").string)) != nil { number += 1 }
      try layers.rename(name, to: directory, Path(Text("\(name)-\(number)").string))
      try directory.synchronize()
      try layers.synchronize()
      try root.synchronize()
    }
  }
}
