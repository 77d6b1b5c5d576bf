internal import Linux

/// The directory of one container: what commands leave for one another. It is open, and locked as far as it is, as long as this value is there.
public final class ContainerDirectory {
  private let parent: FileDescriptor
  private let name: Path
  private let directory: FileDescriptor
  /// Held by the process that makes or runs the container, as long as that lives.
  private let ownLock: FileDescriptor?

  init(parent: consuming FileDescriptor, name: Path, directory: consuming FileDescriptor, lock: consuming FileDescriptor?) {
    self.parent = parent
    self.name = name
    self.directory = directory
    ownLock = lock
  }

  /// Whether no living process holds the lock of the container's directory.
  static func isAbandoned(_ directory: borrowing FileDescriptor) throws(Errno) -> Bool {
    do throws(Errno) {
      // Asked for, not taken: whoever is just about to take it must not find it taken.
      return try !directory.open("lock", .readWrite | .noFollow).isLockedByOtherProcess()
    } catch {
      // Removed with all the rest, by another command.
      if error == .noSuchFileOrDirectory { return true }
      throw error
    }
  }

  /// Whether the directory is that of a container: one that is on record, or is just being made. Without either it was left by a process that was killed.
  static func isContainer(_ directory: borrowing FileDescriptor) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try directory.status(of: "record")
      return true
    } catch {
      if error != .noSuchFileOrDirectory { throw error }
    }
    return try !isAbandoned(directory)
  }

  /// Whether no other process is making or running the container.
  func isAbandoned() throws(RuntimeError) -> Bool {
    try attempt("look at the lock of", name) { () throws(Errno) in try ContainerDirectory.isAbandoned(directory) }
  }

  /// Waits until no other command is at work on the container, and keeps others waiting until `unlock` or the end of this value.
  func lock() throws(RuntimeError) { try attempt("lock", name) { () throws(Errno) in try directory.lock() } }

  /// The same; an error when the container is gone by then.
  func lockForCommand() throws(RuntimeError) {
    if try !lockUnlessRemoved() { throw RuntimeError("container \(name.description) does not exist") }
  }

  /// The same; false when the container is gone by then.
  func lockUnlessRemoved() throws(RuntimeError) -> Bool {
    try lock()
    return try !isRemoved()
  }

  /// Takes the lock if no other command is at work on the container.
  func tryLock() throws(RuntimeError) -> Bool { try attempt("lock", name) { () throws(Errno) in try directory.tryLock() } }

  /// Lets other commands at the container again.
  func unlock() throws(RuntimeError) {
    try attempt("unlock", name) { () throws(Errno) in try directory.unlock() }
  }

  /// Whether the directory is gone, by another command: its name may be another container's by now.
  func isRemoved() throws(RuntimeError) -> Bool {
    try attempt("examine the state of", name) { () throws(Errno) in try directory.status().links == 0 }
  }

  /// The record; an error for a container that is just being made.
  func record() throws(RuntimeError) -> ContainerRecord {
    if let record = try recordIfWritten() { return record }
    throw RuntimeError("container \(name.description) is just being created")
  }

  /// The record; nil for a container that is just being made.
  func recordIfWritten() throws(RuntimeError) -> ContainerRecord? {
    if let record = try ContainerRecord.read(from: directory) { return record }
    // Removed by another command, or left by a process that was killed.
    if try isAbandoned() { throw RuntimeError("container \(name.description) does not exist") }
    return nil
  }

  /// Writes the record beside the old one and puts it in its place, so that a reader finds one or the other, whole.
  public func write(_ record: ContainerRecord) throws(RuntimeError) {
    try attempt("write the record of", name) { () throws(Errno) in try directory.replaceFile("record", record.json, mode: 0o600) }
  }

  /// Keeps the configuration that the container is made from; what becomes of the bundle's file does not matter any more.
  func keepConfiguration(_ text: [UInt8]) throws(RuntimeError) {
    try attempt("keep the configuration of", name) { () throws(Errno) in try directory.replaceFile("config.json", text, mode: 0o600) }
  }

  /// The configuration that the container was made from.
  func configuration() throws(RuntimeError) -> [UInt8] {
    try attempt("read the configuration of", name) { () throws(Errno) in
      try directory.open("config.json", .readOnly | .noFollow).readAll(limit: 16 << 20)
    }
  }

  /// The filters that are kept beside the container.
  func filters() -> FilterCache { FilterCache(in: parent) }

  /// The socket at which the container waits for its start.
  func makeGate() throws(RuntimeError) -> FileDescriptor {
    try attempt("make the gate of", name) { () throws(Errno) in try Channel.listen(at: ContainerDirectory.gate, in: directory) }
  }

  /// Whether the container's first process waits for its start, or for the hooks before its program: until then it listens at the gate. That its name is still
  /// there says nothing: who started the container may have been killed before it could remove it.
  func hasGate() throws(RuntimeError) -> Bool {
    try attempt("look for the gate of", name) { () throws(Errno) in try Channel.isAwaited(at: ContainerDirectory.gate, in: directory) }
  }

  /// Calls `body` with the directory in which the gate is.
  func withGate<Result>(_ body: (Path, borrowing FileDescriptor) throws(RuntimeError) -> Result) throws(RuntimeError) -> Result {
    try body(ContainerDirectory.gate, directory)
  }

  /// The container was started.
  func removeGate() throws(RuntimeError) {
    do throws(Errno) {
      try directory.unlink(ContainerDirectory.gate)
    } catch {
      if error != .noSuchFileOrDirectory { throw RuntimeError("remove the gate of", name, error) }
    }
  }

  /// Whether the container is paused without a freezer: by stop signals to its processes.
  func isStopped() throws(RuntimeError) -> Bool {
    do throws(Errno) {
      _ = try directory.status(of: ContainerDirectory.stopped)
      return true
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw RuntimeError("look for the pause of", name, error)
    }
  }

  /// Marks the container as paused in that way, or as not paused any more.
  func markStopped(_ isStopped: Bool) throws(RuntimeError) {
    try attempt("note the pause of", name) { () throws(Errno) in
      if isStopped {
        _ = try directory.open(ContainerDirectory.stopped, .writeOnly | .create | .noFollow, mode: 0o600)
      } else {
        try directory.unlink(ContainerDirectory.stopped)
      }
    }
  }

  /// Makes the directory that the container gets as /run/notify.
  func makeNotifyDirectory() throws(RuntimeError) {
    try attempt("make the notify directory of", name) { () throws(Errno) in try directory.makeDirectory(ContainerDirectory.notify, mode: 0o755) }
  }

  /// Listens for what the container's program tells a service manager; nil when nobody waits for it, or the container was made without.
  func listenForNotifications() throws(RuntimeError) -> NotifyRelay? {
    guard let manager = NotifyRelay.managerSocket else { return nil }
    do throws(Errno) {
      return try NotifyRelay(in: try directory.open(ContainerDirectory.notify, .path | .directory | .noFollow), manager: manager)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw RuntimeError("make the notify socket of", name, error)
    }
  }

  /// The name of that directory.
  static var notify: Path { "notify" }

  /// Removes the directory: the container is gone. Nothing is done when another command has removed it already.
  public func remove() throws(RuntimeError) {
    if try isRemoved() { return }
    try attempt("remove the state of", name) { () throws(Errno) in try parent.removeContainerDirectory(name) }
  }

  private static var gate: Path { "start" }
  private static var stopped: Path { "stopped" }

  /// All that may be in the directory; `replaceFile` makes the names with a dot.
  static var files: [Path] { ["lock", "record", ".record.new", "config.json", ".config.json.new", gate, notify, stopped] }
}
