internal import Linux
internal import OCI

extension Store {
  /// Removes what a killed process left. Both locks are held. What cannot be removed is told of once, and left for the next one to try.
  ///
  /// When `tmp` is empty nothing was left, because whoever makes or removes something has something there until it is done.
  func recover() throws(ImageError) {
    if try names(in: temporary, "tmp").isEmpty { return }
    let isClean = try collect()
    // Not before the garbage is gone: it is what tells the next one that there is some.
    let names = try names(in: temporary, "tmp")
    let sign = isClean ? nil : names.first { $0 == "record" } ?? names.first
    for name in names where name != sign { discard(name) }
    // The next import says it if there is no room.
    try? keepReserve()
  }

  /// Removes what is in `tmp` under this name. What cannot be removed, such as an immutable file, gets a name that nothing else takes: what is made in `tmp`
  /// must not begin with it.
  func discard(_ name: Path) {
    do throws(Errno) {
      try evenIfFull { () throws(Errno) in try temporary.removeTree(name) }
    } catch {
      let isRetired = name.bytes.starts(with: Store.retiredName.bytes)
      let kept = isRetired ? name : (try? retire(name, from: temporary, "tmp")) ?? name
      warnOnce(ImageError("remove", "\(path)/tmp/\(kept)", error))
    }
  }

  private func warnOnce(_ error: ImageError) {
    let sentence = Path(error.message)
    if told.contains(sentence) { return }
    told.append(sentence)
    warn(error.message)
  }

  /// Takes layers and documents that no image and no container needs out of sight; whether it could take all of them.
  private func collect() throws(ImageError) -> Bool {
    _ = try currentMounts()
    let images = try list()
    // A record that cannot be read may need anything: better to keep too much.
    guard images.damaged.isEmpty else { return true }
    guard var neededLayers = try layersOfContainers(), let applications = try? applications() else { return true }
    var isClean = true
    if let directory = try quarantine() {
      isClean = try collect(directory, "quarantine", keeping: neededLayers)
      // It goes when it is empty.
      try? root.removeDirectory("quarantine")
    }
    neededLayers += layersOfImport()
    var documents: [Digest] = []
    for image in images.images + applications.flatMap({ $0.images }) {
      neededLayers += image.neededLayers
      documents += image.blobs
    }
    if try !collect(layers, "layers", keeping: neededLayers) { isClean = false }
    // Headers get their name before their layer, and a power cut may come between the two.
    var there: [Digest] = []
    for layer in neededLayers where try hasLayer(layer) { there.append(layer) }
    if try !collect(headers, "headers", keeping: there) { isClean = false }
    for algorithm in DigestAlgorithm.allCases {
      // What is not there is not made: this has to work on a full disk.
      guard let directory = try existingBlobDirectory(algorithm) else { continue }
      if try !collect(directory, Text("blobs/\(algorithm.name)").string, keeping: documents) { isClean = false }
    }
    return isClean
  }

  /// Retires what is in `directory` under other names than the digits of what is needed; whether it could retire all of it.
  private func collect(_ directory: borrowing FileDescriptor, _ shown: String, keeping needed: [Digest]) throws(ImageError) -> Bool {
    let needed = needed.map { $0.hex }.sorted(byNames: { $0 }).map { Array($0.utf8)[...] }
    var isClean = true
    for name in try names(in: directory, shown) where place(of: Store.digits(of: name), among: needed.count, { needed[$0] }) == nil {
      do throws(ImageError) {
        try retire(name, from: directory, shown)
      } catch {
        isClean = false
        warnOnce(error)
      }
    }
    return isClean
  }

  /// A name in quarantine has a number behind the digits.
  private static func digits(of name: Path) -> ArraySlice<UInt8> { name.bytes.prefix { $0 != 0x2D } }

  /// Takes something its name in one step, so that it is never there in part. It is then removed by `recover`, or by `discard` under the name that it gets.
  @discardableResult
  func retire(_ name: Path, from directory: borrowing FileDescriptor, _ shown: String) throws(ImageError) -> Path {
    var number: UInt64 = 0
    while true {
      let retired = Path(Text("\(Store.retiredName)\(number)").string)
      do throws(Errno) {
        try evenIfFull { () throws(Errno) in try directory.rename(name, to: temporary, retired) }
        return retired
      } catch {
        // Something that could not be removed has this name.
        let isTaken = error == .notEmpty || error == .fileExists || error == .notDirectory || error == .isDirectory
        if number == 1 << 16 || !isTaken { throw ImageError("remove", "\(path)/\(shown)/\(name)", error) }
      }
      number += 1
    }
  }

  /// How names in `tmp` begin that are only waiting to be removed.
  private static var retiredName: Path { "retired-" }

  func names(in directory: borrowing FileDescriptor, _ shown: String) throws(ImageError) -> [Path] {
    do throws(Errno) {
      return try directory.open(".", .readOnly | .directory).entries().map { $0.name }
    } catch {
      throw ImageError("read", "\(path)/\(shown)", error)
    }
  }
}
