public import Linux
public import OCI

/// The writable layer of a container, which belongs to this process: as long as this value lives, the layer's lock is held, and nobody takes it for one that
/// was left.
public struct ContainerLayer: ~Copyable {
  public let id: ContainerID
  /// Absolute paths of what overlayfs takes as `upperdir` and `workdir`, and of an empty directory to mount on.
  public let upper: Path
  public let work: Path
  public let mountPoint: Path
  private let directory: Path
  private let lock: FileDescriptor

  init(id: ContainerID, directory: Path, lock: consuming FileDescriptor) {
    self.id = id
    self.directory = directory
    upper = directory.appending("upper")
    work = directory.appending("work")
    mountPoint = directory.appending("root")
    self.lock = lock
  }

  /// Writes the container's /etc/resolv.conf, which goes with the layer; gives its path.
  public borrowing func writeResolver(_ text: [UInt8]) throws(ImageError) -> Path {
    let path = directory.appending("resolv.conf")
    try doing("write", "\(path)") { () throws(Errno) in
      let file = try FileDescriptor.open(path, .writeOnly | .create | .exclusive | .noFollow, mode: 0o644)
      try file.writeAll(text)
      try file.changeMode(0o644)
    }
    return path
  }
}

extension Store {
  /// Makes an empty writable layer on top of `image`. As long as it is there, the layers of the image are, too, whatever becomes of the image's name.
  public func makeContainerLayer(id: ContainerID, for image: StoredImage) throws(ImageError) -> ContainerLayer {
    let name = Path(id.text)
    return try withStateLock { () throws(ImageError) in
      if try hasContainerLayer(id) {
        throw ImageError(.alreadyExists, "container \(id.text): there is a writable layer of that name")
      }
      for layer in image.record.neededLayers where try !hasLayer(layer) {
        throw ImageError(.notFound, "image \(image.record.name): has been removed")
      }
      // One at a time, under the lock; with the id in it the name could be longer than a name can be.
      let staged: Path = "container"
      let record = try ContainerRecord(image: image.record.name, layers: image.record.neededLayers).stored()
      let lock = try doing("make", "the writable layer of \(id.text)") { () throws(Errno) in
        try temporary.removeTree(staged)
        let directory = try temporary.ensureDirectory(staged, mode: 0o700)
        let upper = try directory.ensureDirectory("upper", mode: 0o700)
        // overlayfs shows the uppermost layer's attributes of a directory, and so of the root. Those in an EROFS file are there when it is mounted.
        if image.record.erofs == nil, let top = image.record.layers.last {
          try upper.resemble(try layers.open(Store.layerName(top), .readOnly | .directory | .noFollow))
        } else {
          try upper.changeMode(0o755)
        }
        for name: Path in ["work", "root"] { _ = try directory.ensureDirectory(name, mode: 0o700) }
        let lock = try directory.open("lock", .readWrite | .create | .exclusive, mode: 0o600)
        guard try lock.lockForProcess() else { throw Errno.busy }
        try directory.open("image", .writeOnly | .create | .exclusive, mode: 0o600).writeAll(record)
        try temporary.rename(staged, to: containers, name)
        return lock
      }
      return ContainerLayer(id: id, directory: path.appending("containers").appending(id.text), lock: lock)
    }
  }

  private func hasContainerLayer(_ id: ContainerID) throws(ImageError) -> Bool {
    try doing("look for", "container \(id.text)") { () throws(Errno) in try containers.statusIfPresent(of: Path(id.text)) != nil }
  }

  /// The containers that have a writable layer.
  public func containersWithLayers() throws(ImageError) -> [ContainerID] {
    var found: [ContainerID] = []
    for name in try names(in: containers, "containers") {
      if let id = try? ContainerID(name.description) { found.append(id) }
    }
    return found
  }

  /// Removes the writable layers whose processes were killed, or were running when the power went. One that cannot be removed is warned of, and stays for the
  /// next one to try.
  ///
  /// - isOver: tells of such a container that nothing of it runs any more: with SIGKILL for the process that ran it, its own may still be mounting or using the
  ///   layer, and what they make there would be in the way of the removal. While it is not over, the layer stays.
  public func removeAbandonedLayers(where isOver: (ContainerID) -> Bool) throws(ImageError) {
    _ = try mounts()
    for id in try containersWithLayers() {
      do throws(ImageError) {
        if try isAbandoned(id), isOver(id) { try removeContainerLayer(id: id) }
      } catch {
        warn(Text("the writable layer of \(id.text), whose process was killed, is still there: \(error.message)").string)
      }
    }
  }

  /// Whether nobody holds the lock of the container's layer.
  private func isAbandoned(_ id: ContainerID) throws(ImageError) -> Bool {
    do throws(Errno) {
      let directory = try containers.open(Path(id.text), .readOnly | .directory | .noFollow)
      return try directory.open("lock", .readWrite | .noFollow).lockForProcess()
    } catch {
      // It went between the two calls; or it has lost its lock, which only a damaged file system does.
      if error == .noSuchFileOrDirectory { return true }
      throw ImageError(.system(error), "look at the lock of container \(id.text): \(error.message)")
    }
  }

  /// Removes a writable layer with all that was written to it. It must not be mounted any more. Nothing happens when there is none.
  public func removeContainerLayer(id: ContainerID) throws(ImageError) {
    let name = Path(id.text)
    // If the record of its layers cannot be read, there may be something that only it needed.
    var isGarbageLeft = true
    try withStateLock { () throws(ImageError) in
      guard try hasContainerLayer(id) else { return }
      if let container = try? containerRecord(name) {
        // The image may have been removed, or imported anew, while the container was there.
        let now = try? record(named: container.image)
        let hasQuarantine = try quarantine() != nil
        isGarbageLeft = now?.neededLayers != container.layers || hasQuarantine
      }
      let retired = try retire(name, from: containers, "containers")
      if !isGarbageLeft { discard(retired) }
    }
    // While an image is imported nothing else may collect; the import does it at its end.
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
        return nil
      }
    }
    return layers
  }

  /// The names of the images that containers were made of.
  func imagesOfContainers() throws(ImageError) -> [String] {
    var images: [String] = []
    for name in try names(in: containers, "containers") { images.append(try containerRecord(name).image) }
    return images
  }

  func containerRecord(_ name: Path) throws(ImageError) -> ContainerRecord {
    let object: Text = "record of the container \(name)"
    let bytes = try doing("read", object) { () throws(Errno) in
      try containers.open(name, .readOnly | .directory | .noFollow).open("image", .readOnly | .noFollow).readAll(limit: 1 << 20)
    }
    return try ContainerRecord(stored: bytes, from: object)
  }
}
