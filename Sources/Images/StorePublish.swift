internal import Linux
internal import OCI

/// How what an import has made gets its name.
extension Store {
  /// Gives everything its name: layers and documents first, the record last, each step on the medium before the next.
  func publish(_ image: ImportedImage, _ record: ImageRecord, from staging: borrowing FileDescriptor) throws(ImageError) {
    let stored = try record.stored()
    let documents = image.documents
    let shown: Text = "image \(record.name) to \(path)"
    try doing("write", shown) { () throws(Errno) in
      for (number, document) in documents.enumerated() {
        try staging.open(Path(Text("document-\(number)").string), .writeOnly | .create | .exclusive, mode: 0o600).writeAll(document.text)
      }
      try staging.open("record", .writeOnly | .create | .exclusive, mode: 0o600).writeAll(stored)
      // All layers and documents at once: fsync of each of their files would take minutes on flash (podman#8005 is what happens without either).
      try staging.synchronizeFileSystem()
    }
    try withStateLock { () throws(ImageError) in
      for (number, document) in documents.enumerated() {
        let directory = try blobDirectory(document.digest.algorithm)
        try doing("write", shown) { () throws(Errno) in
          try staging.rename(Path(Text("document-\(number)").string), to: directory, Path(document.digest.hex))
          try directory.synchronize()
        }
      }
      try doing("write", shown) { () throws(Errno) in
        try placeLayers(record.neededLayers, from: staging)
        try root.synchronize()
        try staging.rename("record", to: images, ImageName.fileName(record.name))
        try images.synchronize()
      }
    }
  }

  // MARK: imports that are killed

  /// Gives the layers that are complete their names before the image is, so that an import that is killed, or loses its power, can be made again without
  /// unpacking them again. `importing` in the store, a record like a container's, says that they are needed. It stays when the process is killed, and goes with
  /// the next import that ends, with `removeImage`, and with `removeUnfinished`.
  func keepComplete(_ image: ImportedImage, name: String, upTo last: Int, from staging: borrowing FileDescriptor) throws(ImageError) {
    let complete = image.layers[...last].map { $0.chainID }
    let stored = try ContainerRecord(image: name, layers: complete).stored()
    let shown: Text = "layers of \(name) to \(path)"
    try doing("write", shown) { () throws(Errno) in
      try staging.open("importing", .writeOnly | .create | .exclusive, mode: 0o600).writeAll(stored)
      try staging.synchronizeFileSystem()
    }
    try withStateLock { () throws(ImageError) in
      try doing("write", shown) { () throws(Errno) in
        try staging.rename("importing", to: root, "importing")
        try root.synchronize()
        try placeLayers(complete, from: staging)
      }
    }
  }

  /// The layers of an import that was killed, which the next one may want.
  func layersOfImport() -> [Digest] {
    guard let bytes = try? root.open("importing", .readOnly | .noFollow).readAll(limit: 1 << 20) else { return [] }
    // Without it they are only unpacked once more.
    return (try? ContainerRecord(stored: bytes, from: "importing"))?.layers ?? []
  }

  /// Lets the layers of an import that was killed go, unless an image needs them. Both locks are held.
  func forgetImport() throws(ImageError) {
    do throws(Errno) {
      // What is in `tmp` is the sign that there is something to collect. A new file as the sign would need space.
      try evenIfFull { () throws(Errno) in try root.rename("importing", to: temporary, "importing") }
    } catch {
      if error != .noSuchFileOrDirectory { throw ImageError("remove", "\(path)/importing", error) }
    }
    try recover()
  }

  /// Removes what an import that was killed has left for the next one. While another import is at work nothing happens.
  public func removeUnfinished() throws(ImageError) {
    try withImportLockIfFree { () throws(ImageError) in try withStateLock { () throws(ImageError) in try forgetImport() } }
  }
}
