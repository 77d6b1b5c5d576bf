internal import Linux
internal import OCI
public import Trust

/// Releases of applications, and the roots that say who may sign them. Both are files of the store:
///
///     releases/APPLICATION    an application's highest version, the release that counts, and the one before until the new one has been confirmed
///     roots                   the roots that follow the one on the read-only place
///
/// An image that a release has is there as long as the release is, whatever becomes of its name.
extension Store {
  /// Bytes of such a file: what a JSON document may have.
  private static var sizeLimit: Int { 4 << 20 }

  // MARK: reading

  /// What is known of an application; nil when no release of it has ever been accepted.
  public func application(named name: String) throws(ImageError) -> ApplicationRecord? {
    guard Release.parts(of: name)?.application.equals(name) ?? false else { return nil }
    return try application(inFile: ImageName.fileName(name))
  }

  private func application(inFile file: Path) throws(ImageError) -> ApplicationRecord? {
    let object: Text = "release record \(file)"
    guard let bytes = try content(Path(Text("releases/\(file)").string), object) else { return nil }
    let record = try ApplicationRecord(stored: bytes, from: object)
    guard ImageName.fileName(record.application) == file else { throw ImageError(.invalid, "\(object): is the record of \(record.application)") }
    return record
  }

  /// All applications of which a release has ever been accepted, by name.
  public func applications() throws(ImageError) -> [ApplicationRecord] {
    var found: [ApplicationRecord] = []
    let directory: FileDescriptor
    do throws(Errno) {
      directory = try root.open("releases", .readOnly | .directory | .noFollow)
    } catch {
      if error == .noSuchFileOrDirectory { return [] }
      throw ImageError("open", "\(path)/releases", error)
    }
    for name in try names(in: directory, "releases") { if let record = try application(inFile: name) { found.append(record) } }
    return found.sorted(byNames: { $0.application })
  }

  /// The release of an application that counts.
  public func currentRelease(of application: String) throws(ImageError) -> AcceptedRelease {
    guard let release = try self.application(named: application)?.current else { throw Store.noRelease(application) }
    return release
  }

  /// The release that gives an image this name, and the image.
  public func release(forImage name: String) throws(ImageError) -> (release: AcceptedRelease, image: ImageRecord)? {
    guard let (application, container) = Release.parts(of: name), let release = try self.application(named: application)?.current else { return nil }
    let full = Text("\(application):\(container)").string
    return release.images.first { $0.name.equals(full) }.map { (release, $0) }
  }

  /// The release, as `acme/shop version 3`, that gives an image its name; nil when the image is another than that, or there is none.
  func releaseNeeding(imageNamed name: String) throws(ImageError) -> String? {
    guard let (release, image) = try release(forImage: name), let parts = Release.parts(of: name) else { return nil }
    // The image that a name is of may be the next release's.
    guard let record = try? record(named: name), record.manifest == image.manifest else { return nil }
    return Text("\(parts.application) version \(release.version)").string
  }

  /// The file of the store, or nil when there is none.
  private func content(_ name: Path, _ object: Text) throws(ImageError) -> [UInt8]? {
    do throws(Errno) {
      return try root.open(name, .readOnly | .noFollow).readAll(limit: Store.sizeLimit)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw ImageError("read", object, error)
    }
  }

  // MARK: changing

  /// Makes a release the one that counts for its application; its images, which have to be in the store, get their names. The release before is kept until
  /// `confirmRelease`. Throws for one that is older than any that has ever been accepted, whatever power cut was between.
  public func accept(_ verified: VerifiedRelease, _ envelope: [UInt8]) throws(ImageError) {
    let release = verified.release
    let shown: Text = "release \(release.application) version \(release.version)"
    try changeReleases(of: release.application, isRemoval: false) { (known) throws(ImageError) in
      if let known {
        if release.version < known.highest { throw ImageError(.invalid, "\(shown): version \(known.highest) has been accepted before, and versions only grow") }
        if release.version == known.highest, verified.payload != known.payload {
          throw ImageError(.invalid, "\(shown): has been accepted with another content")
        }
      }
      let accepted = AcceptedRelease(version: release.version, envelope: envelope, images: try images(of: release, known, shown))
      let isSame = known?.current?.version == release.version
      return ApplicationRecord(
        application: release.application, highest: release.version, payload: verified.payload, current: accepted,
        previous: isSame ? known?.previous : known?.previous ?? known?.current)
    }
  }

  /// The images of a release, under the names that it gives them.
  private func images(of release: Release, _ known: ApplicationRecord?, _ shown: Text) throws(ImageError) -> [ImageRecord] {
    // Another one's name may have been taken by a newer image.
    let there = try list().images + (known?.images ?? [])
    var images: [ImageRecord] = []
    var missing: [String] = []
    for (container, digest) in release.images {
      let name = Text("\(release.application):\(container)").string
      let found = there.filter { $0.manifest == digest || $0.indexes.contains(digest) }
      if let image = found.first(where: { $0.name.equals(name) }) ?? found.first {
        _ = try signedImage(image)
        for layer in image.neededLayers where try !hasLayer(layer) {
          throw ImageError(.invalid, "\(shown): layer \(layer.text) is gone; import the image again")
        }
        images.append(image.renamed(name))
      } else {
        missing.append(Text("\(container) (\(digest.text))").string)
      }
    }
    if !missing.isEmpty { throw ImageError(.notFound, "\(shown): the store has no image for \(joined(missing, with: ", ")); import it first") }
    return images
  }

  /// Says that the current release of an application does well: the one before is not kept any more.
  public func confirmRelease(of application: String) throws(ImageError) {
    try changeReleases(of: application) { (known) throws(ImageError) in
      guard let known, known.current != nil else { throw Store.noRelease(application) }
      return known.with(known.current)
    }
  }

  /// Goes back to the release before the current one, which has not been confirmed. The highest version stays.
  public func revertRelease(of application: String) throws(ImageError) {
    try changeReleases(of: application) { (known) throws(ImageError) in
      guard let known, let current = known.current else { throw Store.noRelease(application) }
      guard let previous = known.previous else {
        throw ImageError(.notFound, "release \(application) version \(current.version): there is none before it that has been kept")
      }
      return known.with(previous)
    }
  }

  /// Removes the releases of an application, whose images can then be removed as well. The highest version stays.
  public func removeRelease(of application: String) throws(ImageError) {
    try changeReleases(of: application) { (known) throws(ImageError) in
      guard let known, known.current != nil else { throw Store.noRelease(application) }
      return known.with(nil)
    }
  }

  private static func noRelease(_ application: String) -> ImageError {
    ImageError(.notFound, "there is no release of an application named \(printable(Path(application)))")
  }

  /// Writes what `body` makes of an application's record, and gives the images of its current release their names. The record comes first: it decides, and names
  /// that a power cut left behind do not count against it.
  private func changeReleases(
    of application: String, isRemoval: Bool = true, _ body: (ApplicationRecord?) throws(ImageError) -> ApplicationRecord
  ) throws(ImageError) {
    try withImportLock { () throws(ImageError) in
      try withStateLock { () throws(ImageError) in
        try recover()
        let record = try body(self.application(named: application))
        try replace(ImageName.fileName(application), in: "releases", record.stored(), isRemoval: isRemoval)
        for image in record.current?.images ?? [] {
          try replace(ImageName.fileName(image.name), in: "images", image.stored(), isRemoval: isRemoval)
        }
        try recover()
      }
    }
  }

  /// Writes a file into a folder of the store: whole, and on the medium before its name is. What removes something may have the room that is kept for that.
  private func replace(_ name: Path, in folder: Path, _ bytes: [UInt8], isRemoval: Bool = false) throws(ImageError) {
    guard bytes.count <= Store.sizeLimit else {
      throw ImageError(.system(.fileTooLarge), "write \(path)/\(folder)/\(name): more than \(Store.sizeLimit) bytes")
    }
    try doing("write", "\(path)/\(folder)/\(name)") { () throws(Errno) in
      let write = { () throws(Errno) in
        // What stays of it in `tmp` is the sign that there may be something to collect.
        let staging = try self.temporary.ensureDirectory("tag", mode: 0o700)
        try staging.replaceFile("record", bytes, mode: 0o600, isDurable: true)
        let directory = try self.root.ensureDirectory(folder, mode: 0o700)
        try staging.rename("record", to: directory, name)
        try directory.synchronize()
        try self.root.synchronize()
      }
      if isRemoval { try evenIfFull(write) } else { try write() }
    }
  }

  // MARK: roots

  /// The roots that have been accepted after the one on the read-only place, the oldest first.
  public func roots() throws(ImageError) -> [[UInt8]] {
    let object: Text = "record of the roots"
    guard let bytes = try content("roots", object) else { return [] }
    return try readRoots(bytes, object)
  }

  /// Replaces the roots by those that `body` makes of them, while nobody else does.
  public func changeRoots(_ body: ([[UInt8]]) throws(ImageError) -> [[UInt8]]) throws(ImageError) {
    try withImportLock { () throws(ImageError) in
      try withStateLock { () throws(ImageError) in
        let roots = try body(self.roots())
        try replace("roots", in: ".", storedRoots(roots))
        try recover()
      }
    }
  }
}
