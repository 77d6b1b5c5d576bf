public import Linux
public import OCI

/// The directory that holds what is known of each container while it exists: on a tmpfs, because nothing of it is true after a reboot.
///
/// One directory for each container, named by its id, with a `record`, the `config.json` that it was made from, and a `lock` that the process that makes or runs
/// the container holds as long as it lives. A directory whose lock nobody holds, and whose record does not say that the container is kept, was left by a process
/// that was killed: the next `create` or `run` cleans up after it.
public struct StateDirectory: ~Copyable {
  private let directory: FileDescriptor
  private let path: Path

  /// Opens the directory, and makes it (0700), and what is missing above it, when it is not there. One that others may write to is refused: they could forge
  /// records.
  public init(_ path: Path) throws(RuntimeError) {
    do throws(Errno) {
      try StateDirectory.make(path)
    } catch {
      throw RuntimeError(SystemError("make the state directory", path.description, error))
    }
    let opened = try attempt("open the state directory", path.description) { () throws(Errno) in
      try FileDescriptor.open(path, [.readOnly, .directory, .noFollow])
    }
    let status = try attempt("examine", path.description) { () throws(Errno) in try opened.status() }
    guard status.user == effectiveUser(), status.mode & 0o022 == 0 else {
      throw RuntimeError("the state directory \(path.description) can be written by others than its owner, or belongs to somebody else")
    }
    directory = opened
    self.path = path
  }

  private static func make(_ path: Path) throws(Errno) {
    do throws(Errno) {
      try FileDescriptor.makeDirectory(path, mode: 0o700)
    } catch {
      if error == .fileExists { return }
      guard error == .noSuchFileOrDirectory, path.components.count > 1 else { throw error }
      try make(path.parent)
      try make(path)
    }
  }

  /// Makes the directory of a new container, locked by this process. Cleans up after killed processes first.
  ///
  /// `cleanUp` gets the record of each container that was left behind, and undoes what it tells of. What cannot be undone stays on record for the next one, and
  /// `warn` gets a sentence for it: a process that does not end must not keep others from running.
  public borrowing func create(
    _ id: String, cleanUp: (ContainerRecord) throws(RuntimeError) -> Void, warn: (String) -> Void
  ) throws(RuntimeError) -> ContainerDirectory {
    // Held while a directory is there without its lock, so that nobody takes one that is just being made for one that was left.
    let guardian = try attempt("open .lock in", path.description) { () throws(Errno) in
      // No container's id begins with a dot.
      try directory.open(".lock", [.readWrite, .create, .noFollow], mode: 0o600)
    }
    try attempt("lock", path.description) { () throws(Errno) in try guardian.lock() }
    try sweep(cleanUp, warn)
    let name = Path(id)
    do throws(Errno) {
      try directory.makeDirectory(name, mode: 0o700)
    } catch {
      if error == .fileExists { throw RuntimeError("container \(id) exists already") }
      throw RuntimeError(SystemError("make \(id) in", path.description, error))
    }
    return try attempt("open \(id) in", path.description) { () throws(Errno) in
      let container = try directory.open(name, [.readOnly, .directory, .noFollow])
      let lock = try container.open("lock", [.readWrite, .create, .exclusive, .noFollow], mode: 0o600)
      guard try lock.lockForProcess() else { throw Errno.busy }
      return ContainerDirectory(parent: try directory.duplicate(), name: name, directory: container, lock: lock)
    }
  }

  /// Cleans up after every container whose process was killed. The caller holds the directory's own lock.
  private borrowing func sweep(_ cleanUp: (ContainerRecord) throws(RuntimeError) -> Void, _ warn: (String) -> Void) throws(RuntimeError) {
    // Read through a descriptor of its own: the position in a directory belongs to the open file.
    let entries = try attempt("read", path.description) { () throws(Errno) in
      try directory.open(".", [.readOnly, .directory]).entries()
    }
    for entry in entries where entry.type == .directory {
      do throws(RuntimeError) {
        try sweep(entry.name, cleanUp)
      } catch {
        warn("what is left of container \(entry.name.description) stays for the next run to clean up: \(error.message)")
      }
    }
  }

  private borrowing func sweep(_ name: Path, _ cleanUp: (ContainerRecord) throws(RuntimeError) -> Void) throws(RuntimeError) {
    let container = try attempt("open", name.description) { () throws(Errno) in try directory.open(name, [.readOnly, .directory, .noFollow]) }
    let isLeft = try attempt("look at the lock of", name.description) { () throws(Errno) in try ContainerDirectory.isAbandoned(container) }
    if !isLeft { return }
    if let record = try ContainerRecord.read(from: container) {
      if record.isKept { return }
      try cleanUp(record)
    }
    try attempt("remove", name.description) { () throws(Errno) in try directory.removeTree(name) }
  }

  /// Opens the directory of a container that is there; waits until no other command is at work on it.
  public borrowing func open(_ id: ContainerID) throws(RuntimeError) -> ContainerDirectory {
    let name = Path(id.text)
    do throws(Errno) {
      let container = try directory.open(name, [.readOnly, .directory, .noFollow])
      return ContainerDirectory(parent: try directory.duplicate(), name: name, directory: container, lock: nil)
    } catch {
      if error == .noSuchFileOrDirectory { throw RuntimeError("container \(id.text) does not exist") }
      throw RuntimeError(SystemError("open \(id.text) in", path.description, error))
    }
  }

  /// Whether there is a container of this id.
  public borrowing func has(_ id: ContainerID) throws(RuntimeError) -> Bool {
    do throws(Errno) {
      _ = try directory.status(of: Path(id.text))
      return true
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw RuntimeError(SystemError("look for container \(id.text) in", path.description, error))
    }
  }

  /// The ids of all containers, in the order of their bytes.
  public borrowing func list() throws(RuntimeError) -> [ContainerID] {
    let entries = try attempt("read", path.description) { () throws(Errno) in try directory.open(".", [.readOnly, .directory]).entries() }
    var ids: [ContainerID] = []
    for entry in entries where entry.type == .directory {
      // Anything else was not made by this program.
      if let id = try? ContainerID(entry.name.description) { ids.append(id) }
    }
    return ids.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
  }
}
