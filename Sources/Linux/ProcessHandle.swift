internal import CLinux

/// One process for certain, not whichever has its id by now: found by id and start time, held by descriptors that stay with it.
public struct ProcessHandle: ~Copyable {
  /// As seen from here.
  public let id: Int32
  /// Its directory in /proc: fails with ESRCH once the process is gone, whoever has the id then.
  private let directory: FileDescriptor
  /// Linux 5.3.
  private let pidfd: FileDescriptor?

  /// The process `id` that was started at `startTime`; nil when it is gone, or has ended and waits for its parent to look.
  ///
  /// - startTime: as in `ProcessStatus`; nil takes the process that has the id now, which only its parent can rely on.
  /// - evenEnded: one whose first thread has ended is found as well: others of it may go on.
  public static func find(_ id: Int32, startTime: UInt64?, evenEnded: Bool = false) throws(Errno) -> ProcessHandle? {
    do throws(Errno) {
      let directory = try FileDescriptor.open(Path("/proc/\(id)"), .readOnly | .directory)
      let opened = clinux_pidfd_open(id)
      let pidfd = opened >= 0 ? FileDescriptor(owning: opened) : nil
      // After both are open: either is the process whose start time is read here, or is dead.
      let status = try ProcessHandle.status(directory)
      if status.hasEnded, !evenEnded { return nil }
      if let startTime, status.startTime != startTime { return nil }
      return ProcessHandle(id: id, directory: directory, pidfd: pidfd)
    } catch {
      if error == .noSuchFileOrDirectory || error == .noSuchProcess { return nil }
      throw error
    }
  }

  private init(id: Int32, directory: consuming FileDescriptor, pidfd: consuming FileDescriptor?) {
    self.id = id
    self.directory = directory
    self.pidfd = pidfd
  }

  private static func status(_ directory: borrowing FileDescriptor) throws(Errno) -> ProcessStatus {
    let bytes = try directory.open("stat", .readOnly).readAll(limit: 4096)
    guard let status = ProcessStatus(parsing: bytes) else { throw .inputOutput }
    return status
  }

  /// When it was started, and whether it has ended.
  public borrowing func status() throws(Errno) -> ProcessStatus { try ProcessHandle.status(directory) }

  /// Whether it has ended, seen by its parent or not.
  public borrowing func hasEnded() throws(Errno) -> Bool {
    do throws(Errno) {
      return try status().hasEnded
    } catch {
      if error == .noSuchProcess || error == .noSuchFileOrDirectory { return true }
      throw error
    }
  }

  /// Sends a signal to this process and no other. The C function is `pidfd_send_signal`; before Linux 5.3 `kill`, after a look at the start time.
  public borrowing func send(_ signal: Signal) throws(Errno) {
    let number = pidfd.number
    if number >= 0 {
      do throws(Errno) {
        _ = try checked { clinux_pidfd_send_signal(number, signal.rawValue) }
        return
      } catch {
        // EPERM and EINVAL may be the signal's own: then kill(2) says the same.
        if !error.meansAbsent { throw error }
      }
    }
    if try status().hasEnded { throw .noSuchProcess }
    try kill(id, signal)
  }

  /// Opens a file of its directory in /proc, such as `ns/net`.
  public borrowing func open(_ name: Path, _ flags: OpenFlags) throws(Errno) -> FileDescriptor { try directory.open(name, flags) }

  /// The number of its pidfd, which a poll for input finds ready when the process has ended; -1 before Linux 5.3.
  public var descriptor: Int32 { pidfd.number }
}

extension ProcessHandle {
  /// The processes in the PID namespace of this one and in those below it, as this process numbers them, lowest first.
  public borrowing func namespaceMembers() throws(Errno) -> [Int32] {
    let namespace = try open("ns/pid", .path).status()
    var found: [Int32] = []
    for entry in try FileDescriptor.open("/proc", .readOnly | .directory).entries() {
      guard let id = decimal(entry.name.bytes[...]).flatMap({ Int32(exactly: $0) }) else { continue }
      do throws(Errno) {
        if try FileDescriptor.open(Path("/proc/\(id)/ns/pid"), .readOnly).isNamespace(within: namespace) { found.append(id) }
      } catch {
        if error == .noSuchFileOrDirectory || error == .noSuchProcess { continue }
        // EACCES: it has just gone, or has rights that this process has not. Whoever is in no namespace below this one's is not meant.
        if try ProcessHandle.namespaceDepth(id) < 2 { continue }
        throw error
      }
    }
    return found.ascending()
  }

  /// How many PID namespaces a process has a number in, from that of /proc down; 0 for one that is gone.
  private static func namespaceDepth(_ id: Int32) throws(Errno) -> Int {
    do throws(Errno) {
      let lines = try FileDescriptor.open(Path("/proc/\(id)/status"), .readOnly).readAll(limit: 1 << 16).split(separator: 0x0A)
      let words = lines.first { $0.begins(with: "NSpid:") }?.split { $0 == 0x20 || $0 == 0x09 } ?? []
      return words.count - 1
    } catch {
      if error == .noSuchFileOrDirectory || error == .noSuchProcess { return 0 }
      throw error
    }
  }
}

extension FileDescriptor {
  /// Whether this is the PID namespace `outer`, or one below it. The C function is `ioctl` with `NS_GET_PARENT`, Linux 4.9.
  fileprivate consuming func isNamespace(within outer: FileStatus) throws(Errno) -> Bool {
    var namespace = self
    while try !namespace.status().isSameFile(as: outer) {
      let parent = clinux_parent_namespace(namespace.rawValue)
      // EPERM: above is what is not to be seen from here.
      if parent < 0 { return false }
      namespace = FileDescriptor(owning: parent)
    }
    return true
  }
}

/// A pidfd of process `id`, Linux 5.3. The C function is `pidfd_open`.
public func openPidfd(_ id: Int32) throws(Errno) -> FileDescriptor { FileDescriptor(owning: try checked { clinux_pidfd_open(id) }) }

extension ProcessStatus {
  /// Reads the status of process `id`; nil when there is none.
  public static func read(_ id: Int32) throws(Errno) -> ProcessStatus? {
    do throws(Errno) {
      return ProcessStatus(parsing: try FileDescriptor.open(Path("/proc/\(id)/stat"), .readOnly).readAll(limit: 4096))
    } catch {
      if error == .noSuchFileOrDirectory || error == .noSuchProcess { return nil }
      throw error
    }
  }
}
