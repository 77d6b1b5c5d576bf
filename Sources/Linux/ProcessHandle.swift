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
  public static func find(_ id: Int32, startTime: UInt64?) throws(Errno) -> ProcessHandle? {
    do throws(Errno) {
      let directory = try FileDescriptor.open(Path("/proc/\(id)"), .readOnly | .directory)
      let opened = clinux_pidfd_open(id)
      let pidfd = opened >= 0 ? FileDescriptor(owning: opened) : nil
      // After both are open: either is the process whose start time is read here, or is dead.
      let status = try ProcessHandle.status(directory)
      if status.hasEnded { return nil }
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
