public import Linux
public import OCI

/// The directory that holds what is known of each container while it exists: on a tmpfs, because nothing of it is true after a reboot.
///
/// One directory for each container, named by its id, with a `record`, the `config.json` that it was made from, and a `lock` that the process that makes or runs
/// the container holds as long as it lives. A directory whose lock nobody holds, and whose record does not say that the container is kept, was left by a process
/// that was killed: the next `create` or `run` cleans up after it.
public final class StateDirectory {
  private let directory: FileDescriptor
  private let path: Path

  /// Opens the directory, and makes it (0700), and what is missing above it, when it is not there. One that others may write to is refused: they could forge
  /// records.
  ///
  /// - makes: one that is not there is made; otherwise it is an error.
  public init(_ path: Path, makes: Bool = true) throws(RuntimeError) {
    do throws(Errno) {
      if makes { try StateDirectory.make(path) }
    } catch {
      throw RuntimeError("make the state directory", path, error)
    }
    let opened = try attempt("open the state directory", path) { () throws(Errno) in
      try FileDescriptor.open(path, .readOnly | .directory | .noFollow)
    }
    let status = try attempt("examine", path) { () throws(Errno) in try opened.status() }
    guard status.user == effectiveUser(), status.mode & 0o022 == 0 else {
      throw RuntimeError("the state directory \(path.description) can be written by others than its owner, or belongs to somebody else")
    }
    directory = opened
    self.path = path
  }

  /// Makes the directory and what is missing above it.
  private static func make(_ path: Path) throws(Errno) {
    do throws(Errno) {
      try FileDescriptor.makeDirectory(path, mode: 0o700)
    } catch {
      if error == .fileExists { return }
      guard error == .noSuchFileOrDirectory, path.components.count > 1 else { throw error }
      try make(path.parent)
      // Once: a file system that cannot have it, such as procfs, says the same of a name that is missing.
      try FileDescriptor.makeDirectory(path, mode: 0o700)
    }
  }

  /// The filters that are kept in it.
  public func filters() -> FilterCache { FilterCache(in: directory) }

  /// Makes the directory of a new container, locked by this process. Cleans up after killed processes first.
  ///
  /// `cleanUp` gets the record of each container that was left behind, and undoes what it tells of. What cannot be undone stays on record for the next one, and
  /// `warn` gets a sentence for it: a process that does not end must not keep others from running.
  @inline(never)
  public func create(
    _ id: String, cleanUp: (ContainerRecord) throws(RuntimeError) -> Void, warn: (String) -> Void
  ) throws(RuntimeError) -> ContainerDirectory {
    let guardian = try openLock()
    try attempt("lock", path) { () throws(Errno) in try guardian.lock() }
    try sweep(cleanUp, warn)
    let name = Path(id)
    if try contains(name) { throw RuntimeError("container \(id) exists already") }
    return try attempt("make", "\(id) in \(path)") { () throws(Errno) in
      // Under another name until it has its lock: a directory without one was not made here. Left by a killed process, it is taken again.
      let container = try directory.ensureDirectory(StateDirectory.new, mode: 0o700)
      let lock = try container.open("lock", .readWrite | .create | .noFollow, mode: 0o600)
      guard try lock.lockForProcess() else { throw Errno.busy }
      try directory.rename(StateDirectory.new, to: directory, name)
      return ContainerDirectory(parent: try directory.duplicate(), name: name, directory: container, lock: lock)
    }
  }

  /// The lock of the directory: held while containers are made in it and leftovers are removed.
  private func openLock() throws(RuntimeError) -> FileDescriptor {
    try attempt("open .lock in", path) { () throws(Errno) in try directory.open(".lock", .readWrite | .create | .noFollow, mode: 0o600) }
  }

  /// No container's id begins with a dot.
  private static var new: Path { ".new" }

  private func contains(_ name: Path) throws(RuntimeError) -> Bool {
    do throws(Errno) {
      _ = try directory.status(of: name)
      return true
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw RuntimeError("look for", "\(name.description) in \(path)", error)
    }
  }

  /// Cleans up after every container whose process was killed. The caller holds the directory's own lock.
  private func sweep(_ cleanUp: (ContainerRecord) throws(RuntimeError) -> Void, _ warn: (String) -> Void) throws(RuntimeError) {
    // Read through a descriptor of its own: the position in a directory belongs to the open file.
    let entries = try attempt("read", path) { () throws(Errno) in
      try directory.open(".", .readOnly | .directory).entries()
    }
    for entry in entries where entry.type == .directory {
      do throws(RuntimeError) {
        if entry.name.bytes.starts(with: FileDescriptor.removedName.bytes) {
          try attempt("remove", entry.name) { () throws(Errno) in try directory.removeTree(entry.name) }
        } else {
          try sweep(entry.name, cleanUp)
        }
      } catch {
        warn(Text("what is left of container \(entry.name.description) stays for the next run to clean up: \(error.message)").string)
      }
    }
  }

  /// Cleans up after the process of container `id` if that was killed; whether nothing is known of such a container then.
  func sweep(_ id: ContainerID, _ cleanUp: (ContainerRecord) throws(RuntimeError) -> Void) throws(RuntimeError) -> Bool {
    let guardian = try openLock()
    try attempt("lock", path) { () throws(Errno) in try guardian.lock() }
    let name = Path(id.text)
    try sweep(name, cleanUp)
    if case .none = try openOwn(name) { return true }
    return false
  }

  private func sweep(_ name: Path, _ cleanUp: (ContainerRecord) throws(RuntimeError) -> Void) throws(RuntimeError) {
    guard let container = try openOwn(name) else { return }
    let isLeft = try attempt("look at the lock of", name) { () throws(Errno) in try ContainerDirectory.isAbandoned(container) }
    if !isLeft { return }
    guard let record = try ContainerRecord.read(from: container) else { return try removeUnrecorded(container, name) }
    if record.isKept { return }
    try cleanUp(record)
    try attempt("remove", name) { () throws(Errno) in try directory.removeContainerDirectory(name) }
  }

  /// Opens the directory of a container; nil for one that was not made here, because it has no lock: another runtime, which an engine gave the same directory,
  /// keeps its containers beside ours.
  private func openOwn(_ name: Path) throws(RuntimeError) -> FileDescriptor? {
    do throws(Errno) {
      let container = try directory.open(name, .readOnly | .directory | .noFollow)
      guard try container.status(of: "lock").type == .regular else { return nil }
      return container
    } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
      throw RuntimeError("open", "\(name.description) in \(path)", error)
    }
  }

  /// The directory that container `id` gets as /run/notify; nil when no service manager waits for what would come there.
  func notifyDirectory(of id: ContainerID) -> Path? {
    NotifyRelay.managerSocket == nil ? nil : path.appending(id.text).appending(ContainerDirectory.notify.bytes)
  }

  /// Removes the directory of a container that has no record, because whoever made or removed it was killed; one with anything that is not ours stays.
  private func removeUnrecorded(_ container: borrowing FileDescriptor, _ name: Path) throws(RuntimeError) {
    try attempt("remove", name) { () throws(Errno) in
      let names = try container.open(".", .readOnly | .directory).entries().map { $0.name }
      guard names.allSatisfy({ ContainerDirectory.files.contains($0) }) else { return }
      try directory.removeContainerDirectory(name)
    }
  }

  /// Removes what is left of a container of this id that has no record, because whoever made or removed it was killed.
  public func removeLeftover(_ id: ContainerID) throws(RuntimeError) {
    let name = Path(id.text)
    let guardian = try openLock()
    try attempt("lock", path) { () throws(Errno) in try guardian.lock() }
    guard let container = try openOwn(name), case .none = try ContainerRecord.read(from: container) else { return }
    let isLeft = try attempt("look at the lock of", Text(id.text)) { () throws(Errno) in try ContainerDirectory.isAbandoned(container) }
    if isLeft { try removeUnrecorded(container, name) }
  }

  /// Opens the directory of a container that is there.
  public func open(_ id: ContainerID) throws(RuntimeError) -> ContainerDirectory {
    let name = Path(id.text)
    guard let container = try openOwn(name) else { throw RuntimeError("container \(id.text) does not exist") }
    let parent = try attempt("open", path) { () throws(Errno) in try directory.duplicate() }
    return ContainerDirectory(parent: parent, name: name, directory: container, lock: nil)
  }

  /// Whether there is a container of this id, or one is just being made.
  public func has(_ id: ContainerID) throws(RuntimeError) -> Bool { try isContainer(Path(id.text)) }

  private func isContainer(_ name: Path) throws(RuntimeError) -> Bool {
    guard let container = try openOwn(name) else { return false }
    return try attempt("examine", name) { () throws(Errno) in try ContainerDirectory.isContainer(container) }
  }

  /// The ids of all containers, in the order of their bytes.
  public func list() throws(RuntimeError) -> [ContainerID] {
    let entries = try attempt("read", path) { () throws(Errno) in try directory.open(".", .readOnly | .directory).entries() }
    var ids: [ContainerID] = []
    for entry in entries where entry.type == .directory {
      guard let id = try? ContainerID(entry.name.description), try isContainer(entry.name) else { continue }
      ids.append(id)
    }
    return ids.sorted(byNames: { $0.text })
  }
}

extension FileDescriptor {
  /// How the names of containers' directories begin that are being removed, or were when their remover was killed. No container's id begins with a dot.
  fileprivate static var removedName: Path { ".removed-" }

  /// Removes the directory `name` of a container. It loses its name first: without its lock, or without its record, it would be taken for something else.
  func removeContainerDirectory(_ name: Path) throws(Errno) {
    let removed = Path(Text("\(FileDescriptor.removedName)\(Int(processID()))").string)
    do throws(Errno) {
      try rename(name, to: self, removed)
    } catch {
      if error == .noSuchFileOrDirectory { return }
      if error != .notEmpty && error != .fileExists { throw error }
      // A process of the same id was killed.
      try removeTree(removed)
      try rename(name, to: self, removed)
    }
    try removeTree(removed)
  }
}
