internal import Linux
internal import OCI

extension Store {
  /// Removes what a killed process left. Both locks are held.
  ///
  /// When `tmp` is empty nothing was left, because whoever makes or removes something has something there until it is done.
  func recover() throws(ImageError) {
    let leftovers = try names(in: temporary, "tmp")
    if leftovers.isEmpty { return }
    try collect()
    // Not before the garbage is gone: it is what tells the next one that there is some.
    for name in try names(in: temporary, "tmp") {
      try doing("remove", "\(path)/tmp/\(name)") { () throws(Errno) in try temporary.removeTree(name) }
    }
  }

  /// Removes layers and documents that no image and no container needs.
  private func collect() throws(ImageError) {
    let images = try list()
    // A record that cannot be read may need anything: better to keep too much.
    guard images.damaged.isEmpty else { return }
    var neededLayers = images.images.flatMap { $0.layers }
    guard let ofContainers = try layersOfContainers() else { return }
    neededLayers += ofContainers
    let neededNames = NameSet(neededLayers.map { Store.layerName($0) })
    for name in try names(in: layers, "layers") where !neededNames.contains(name) {
      try retire(name, from: layers, "layers")
    }
    for algorithm in DigestAlgorithm.allCases {
      let documents = images.images.flatMap { [$0.manifest, $0.config] }.filter { $0.algorithm == algorithm }
      let neededNames = NameSet(documents.map { Path($0.hex) })
      // What is not there is not made: this has to work on a full disk.
      guard let directory = try existingBlobDirectory(algorithm) else { continue }
      for name in try names(in: directory, "blobs/\(algorithm.name)") where !neededNames.contains(name) {
        try retire(name, from: directory, "blobs/\(algorithm.name)")
      }
    }
  }

  /// Takes something its name in one step, so that it is never there in part. It is then removed by `recover`.
  func retire(_ name: Path, from directory: borrowing FileDescriptor, _ shown: String) throws(ImageError) {
    do throws(Errno) {
      // One place at a time: what was retired before and could not be removed is removed now.
      try temporary.removeTree("retired")
      try directory.rename(name, to: temporary, "retired")
    } catch {
      throw ImageError("remove", "\(path)/\(shown)/\(name)", error)
    }
  }

  func names(in directory: borrowing FileDescriptor, _ shown: String) throws(ImageError) -> [Path] {
    do throws(Errno) {
      return try directory.open(".", [.readOnly, .directory]).entries().map { $0.name }
    } catch {
      throw ImageError("read", "\(path)/\(shown)", error)
    }
  }
}

/// Names to look up, in n log n: `Set` would link the Unicode tables and a source of random numbers.
private struct NameSet {
  private let sorted: [Path]

  init(_ names: [Path]) { sorted = names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) } }

  func contains(_ name: Path) -> Bool {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].bytes.lexicographicallyPrecedes(name.bytes) { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == name
  }
}
