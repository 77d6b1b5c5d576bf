public import Linux
internal import OCI
internal import Trust

/// The images of a device, and the writable layers of its containers, below one directory:
///
///     blobs/sha256/HEX        manifests and configs; a layer's blob is not kept, because its unpacked form is
///     layers/HEX              layers, unpacked, by their ChainID, shared by all images that have them; EROFS files by their digest
///     headers/HEX             what the archive of the same layer had beside the contents of files
///     quarantine/HEX-N        damaged layers that running containers have mounted
///     images/NAME             one record per name, which is what makes the rest an image
///     containers/ID/upper     the writable layer of a container; `work` beside it is overlayfs's own
///     importing               which layers an import had complete that was killed
///     releases/APPLICATION    what is known of an application's releases (StoreReleases.swift); roots, who may sign them
///     tmp                     what is being made or removed
///     reserve                 room to remove something when the medium is full
///     lock, import.lock
///
/// Whatever has a name outside `tmp` is whole: it is made there, written to the medium, and renamed. What a killed process leaves in `tmp`, or unreferenced, is
/// removed by the next one that opens the store.
public final class Store {
  /// Absolute.
  public let path: Path
  let root: FileDescriptor
  let layers: FileDescriptor
  let headers: FileDescriptor
  let images: FileDescriptor
  let containers: FileDescriptor
  let temporary: FileDescriptor
  /// Held for a short time by whoever changes what has a name.
  private let stateLock: FileDescriptor
  /// Held during an import, and by whoever removes layers: a layer that an import found in the store is there until the image is complete. Taken before
  /// `stateLock`.
  private let importLock: FileDescriptor
  /// Starts what reads foreign archives.
  let startReader: ReaderStart
  /// Gets a sentence for what a killed process left and cannot be removed.
  let warn: (String) -> Void
  /// Those that it got.
  var told: [Path] = []

  /// Opens the store at `path`, makes what is missing of it, and removes what a killed process left, unless another process is at work there.
  ///
  /// `warn` gets a sentence for each thing that was left and cannot be removed. It stays for the next one to try, and hinders nobody.
  public convenience init(at path: Path, warn: @escaping (String) -> Void = { _ in }) throws(ImageError) {
    try self.init(at: path, warn: warn, startReader: ReaderProcess.start)
  }

  init(at path: Path, warn: @escaping (String) -> Void, startReader: @escaping ReaderStart) throws(ImageError) {
    let shown = path.description
    let root = try Store.makeDirectory(path)
    let status = try doing("examine", "\(path)") { () throws(Errno) in try root.status() }
    // Whoever can rename things here can put another root under a container.
    guard status.user == effectiveUser() else { throw ImageError(.invalid, "\(path): cannot hold images, because it belongs to another user") }
    guard status.mode & 0o022 == 0 else { throw ImageError(.invalid, "\(path): cannot hold images, because others than its owner may write to it") }
    let layers = try Store.directory("layers", in: root, shown)
    let headers = try Store.directory("headers", in: root, shown)
    let images = try Store.directory("images", in: root, shown)
    let containers = try Store.directory("containers", in: root, shown)
    let temporary = try Store.directory("tmp", in: root, shown)
    let stateLock = try Store.lockFile("lock", in: root, shown)
    let importLock = try Store.lockFile("import.lock", in: root, shown)
    // The kernel's own name of it, because mounts are made by absolute paths. Without /proc it is the one that was given.
    self.path = (try? FileDescriptor.open("/proc/self/fd", .path | .directory).readLink(Path("\(root.rawValue)"))) ?? path
    self.root = root
    self.layers = layers
    self.headers = headers
    self.images = images
    self.containers = containers
    self.temporary = temporary
    self.stateLock = stateLock
    self.importLock = importLock
    self.warn = warn
    self.startReader = startReader
    try withImportLockIfFree { () throws(ImageError) in try withStateLock { () throws(ImageError) in try recover() } }
  }

  private static func directory(_ name: Path, in root: borrowing FileDescriptor, _ shown: String) throws(ImageError) -> FileDescriptor {
    do throws(Errno) {
      return try root.ensureDirectory(name, mode: 0o700)
    } catch {
      throw ImageError("make", "\(shown)/\(name)", error)
    }
  }

  private static func lockFile(_ name: Path, in root: borrowing FileDescriptor, _ shown: String) throws(ImageError) -> FileDescriptor {
    do throws(Errno) {
      return try root.open(name, .readWrite | .create | .noFollow, mode: 0o600)
    } catch {
      throw ImageError("open", "\(shown)/\(name)", error)
    }
  }

  private static func makeDirectory(_ path: Path) throws(ImageError) -> FileDescriptor {
    try doing("make", "\(path)") { () throws(Errno) in
      var here = try FileDescriptor.open(path.isAbsolute ? "/" : ".", .path | .directory)
      let parts = path.components
      for (index, part) in parts.enumerated() {
        let name = Path(bytes: part)
        do throws(Errno) {
          try here.makeDirectory(name, mode: index == parts.count - 1 ? 0o700 : 0o755)
        } catch {
          // A parent on a read-only file system is as good, as long as it exists.
          if error != .fileExists && error != .readOnlyFileSystem && error != .permissionDenied { throw error }
        }
        here = try here.open(name, .path | .directory)
      }
      return try here.open(".", .readOnly | .directory)
    }
  }

  // MARK: locks

  /// Runs `body` while no other process imports or removes layers.
  func withImportLock<Value>(_ body: () throws(ImageError) -> Value) throws(ImageError) -> Value {
    try locking { () throws(Errno) in try self.importLock.lock() }
    defer { try? importLock.unlock() }
    return try body()
  }

  /// Runs `body` if no other process imports or removes layers.
  func withImportLockIfFree(_ body: () throws(ImageError) -> Void) throws(ImageError) {
    guard try locking({ () throws(Errno) in try self.importLock.tryLock() }) else { return }
    defer { try? importLock.unlock() }
    try body()
  }

  /// Runs `body` while no other process changes what has a name.
  func withStateLock<Value: ~Copyable>(_ body: () throws(ImageError) -> Value) throws(ImageError) -> Value {
    try locking { () throws(Errno) in try self.stateLock.lock() }
    defer { try? stateLock.unlock() }
    return try body()
  }

  private func locking<Value>(_ body: () throws(Errno) -> Value) throws(ImageError) -> Value {
    try doing("lock", "\(path)", body)
  }

  // MARK: files

  func blobDirectory(_ algorithm: DigestAlgorithm) throws(ImageError) -> FileDescriptor {
    try doing("make", "\(path)/blobs/\(algorithm.name)") { () throws(Errno) in
      try root.ensureDirectory("blobs", mode: 0o700).ensureDirectory(Path(algorithm.name), mode: 0o700)
    }
  }

  /// The same, or nil when there is none yet.
  func existingBlobDirectory(_ algorithm: DigestAlgorithm) throws(ImageError) -> FileDescriptor? {
    try existingDirectory(Path(Text("blobs/\(algorithm.name)").string))
  }

  /// A directory of the store; nil when it is not there (yet).
  func existingDirectory(_ name: Path) throws(ImageError) -> FileDescriptor? {
    do throws(Errno) {
      return try root.open(name, .readOnly | .directory | .noFollow)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw ImageError("open", "\(path)/\(name)", error)
    }
  }

  /// The same, or nil when the store does not have it.
  func storedDocument(_ digest: Digest) throws(ImageError) -> [UInt8]? {
    guard let directory = try existingBlobDirectory(digest.algorithm) else { return nil }
    let isThere = try doing("look for", "blob \(digest.text)") { () throws(Errno) in try directory.statusIfPresent(of: Path(digest.hex)) != nil }
    return isThere ? try document(digest) : nil
  }

  /// A document among the blobs. It was verified when it came, and is again: flash forgets.
  func document(_ digest: Digest) throws(ImageError) -> [UInt8] {
    let directory = try blobDirectory(digest.algorithm)
    let name: Text = "blob \(digest.text) of the store"
    let bytes = try doing("read", name) { () throws(Errno) in
      try directory.open(Path(digest.hex), .readOnly | .noFollow).readAll(limit: Layout.documentLimit)
    }
    guard let found = Trust.digest(of: bytes, digest.algorithm), found == digest else {
      throw ImageError(.invalid, "\(name): is damaged; import the image again")
    }
    return bytes
  }

  /// The directory's name of a layer.
  static func layerName(_ chainID: Digest) -> Path { Path(chainID.hex) }

  func hasLayer(_ chainID: Digest) throws(ImageError) -> Bool {
    try doing("look for", "layer \(chainID.text)") { () throws(Errno) in try layers.statusIfPresent(of: Store.layerName(chainID)) != nil }
  }
}
