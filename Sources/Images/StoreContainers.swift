public import Linux
public import OCI

/// The writable layer of a container.
public struct ContainerLayer: Equatable, Sendable {
  public var id: ContainerID
  /// Absolute paths of what overlayfs takes as `upperdir` and `workdir`.
  public var upper: Path
  public var work: Path
}

extension Store {
  /// Makes an empty writable layer on top of `image`. As long as it is there, the layers of the image are, too, whatever becomes of the image's name.
  public func makeContainerLayer(id: ContainerID, for image: StoredImage) throws(ImageError) -> ContainerLayer {
    let name = Path(id.text)
    return try withStateLock { () throws(ImageError) in
      if try doing("look for", "container \(id.text)", { () throws(Errno) in try containers.statusIfPresent(of: name) != nil }) {
        throw ImageError(.alreadyExists, "container \(id.text): there is a writable layer of that name")
      }
      for layer in image.record.layers where try !hasLayer(layer) {
        throw ImageError(.notFound, "image \(image.record.name): has been removed")
      }
      let staged = Path("container-\(id.text)")
      let record = try ContainerRecord(image: image.record.name, layers: image.record.layers).stored()
      try doing("make", "the writable layer of \(id.text)") { () throws(Errno) in
        try temporary.removeTree(staged)
        let directory = try temporary.ensureDirectory(staged, mode: 0o700)
        let upper = try directory.ensureDirectory("upper", mode: 0o700)
        // overlayfs shows the uppermost layer's attributes of a directory, and so of the root.
        if let top = image.record.layers.last {
          try upper.resemble(try layers.open(Store.layerName(top), [.readOnly, .directory, .noFollow]))
        } else {
          try upper.changeMode(0o755)
        }
        _ = try directory.ensureDirectory("work", mode: 0o700)
        try directory.open("image", [.writeOnly, .create, .exclusive], mode: 0o600).writeAll(record)
        try temporary.rename(staged, to: containers, name)
      }
      return layer(id)
    }
  }

  /// The writable layers that there are.
  public func containerLayers() throws(ImageError) -> [ContainerLayer] {
    var found: [ContainerLayer] = []
    for name in try names(in: containers, "containers") {
      if let id = try? ContainerID(name.description) { found.append(layer(id)) }
    }
    return found
  }

  /// Removes a writable layer with all that was written to it. It must not be mounted any more. Nothing happens when there is none.
  public func removeContainerLayer(id: ContainerID) throws(ImageError) {
    let name = Path(id.text)
    var isGarbageLeft = false
    try withStateLock { () throws(ImageError) in
      guard try doing("look for", "container \(id.text)", { () throws(Errno) in try containers.statusIfPresent(of: name) != nil }) else { return }
      if let container = try? containerRecord(name) {
        // The image may have been removed, or imported anew, while the container was there.
        let now = try? record(named: container.image)
        isGarbageLeft = now?.layers != container.layers
      }
      try discard(name, from: containers, "containers")
      if isGarbageLeft {
        try doing("make", "\(path.description)/tmp/collect") { () throws(Errno) in _ = try temporary.ensureDirectory("collect", mode: 0o700) }
      }
    }
    guard isGarbageLeft else { return }
    try withImportLockIfFree { () throws(ImageError) in try withStateLock { () throws(ImageError) in try recover() } }
  }

  /// The layers below all writable ones; nil when one of them does not tell.
  func layersOfContainers() throws(ImageError) -> [Digest]? {
    var layers: [Digest] = []
    for name in try names(in: containers, "containers") {
      do throws(ImageError) {
        layers += try containerRecord(name).layers
      } catch {
        if case .system = error.kind { throw error }
        return nil
      }
    }
    return layers
  }

  private func containerRecord(_ name: Path) throws(ImageError) -> ContainerRecord {
    let object = "record of the container \(name.description)"
    let bytes = try doing("read", object) { () throws(Errno) in
      try containers.open(name, [.readOnly, .directory, .noFollow]).open("image", [.readOnly, .noFollow]).readAll(limit: 1 << 20)
    }
    return try ContainerRecord(stored: bytes, from: object)
  }

  private func layer(_ id: ContainerID) -> ContainerLayer {
    let directory = path.appending("containers").appending(id.text)
    return ContainerLayer(id: id, upper: directory.appending("upper"), work: directory.appending("work"))
  }
}
