internal import CLinux

/// Flags of clone(2), unshare(2) and setns(2): the namespaces.
@frozen
public struct NamespaceFlags: OptionSet, Sendable, Equatable {
  public let rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// The C constant is `CLONE_NEWNS`.
  public static var mount: NamespaceFlags { NamespaceFlags(rawValue: 0x0002_0000) }
  /// The C constant is `CLONE_NEWCGROUP`, Linux 4.6.
  public static var cgroup: NamespaceFlags { NamespaceFlags(rawValue: 0x0200_0000) }
  /// The C constant is `CLONE_NEWUTS`.
  public static var uts: NamespaceFlags { NamespaceFlags(rawValue: 0x0400_0000) }
  /// The C constant is `CLONE_NEWIPC`.
  public static var ipc: NamespaceFlags { NamespaceFlags(rawValue: 0x0800_0000) }
  /// The C constant is `CLONE_NEWUSER`.
  public static var user: NamespaceFlags { NamespaceFlags(rawValue: 0x1000_0000) }
  /// The C constant is `CLONE_NEWPID`.
  public static var pid: NamespaceFlags { NamespaceFlags(rawValue: 0x2000_0000) }
  /// The C constant is `CLONE_NEWNET`.
  public static var network: NamespaceFlags { NamespaceFlags(rawValue: 0x4000_0000) }
  /// The C constant is `CLONE_NEWTIME`, Linux 5.6.
  public static var time: NamespaceFlags { NamespaceFlags(rawValue: 0x0000_0080) }
}

/// Where a clone came out.
public enum CloneSide: Sendable, Equatable {
  /// In the new process. It ends by exec or `exitProcess`, never by returning: owners made before the clone exist in both processes.
  case child
  /// In the old process, with the id of the new one as seen from here.
  case parent(Int32)
}

/// Makes a process in new namespaces, in the v2 cgroup whose directory `cgroup` is when given.
///
/// clone3(2), Linux 5.3, with CLONE_INTO_CGROUP, Linux 5.7. Where a kernel or filter has no clone3, clone(2) does it, unless a cgroup is given: then the caller
/// joins the group in another way.
///
/// - asSibling: the new process is a child of this one's parent. The C constant is `CLONE_PARENT`.
public func cloneProcess(_ namespaces: NamespaceFlags, cgroup: Int32? = nil, asSibling: Bool = false) throws(Errno) -> CloneSide {
  let flags = namespaces.rawValue | (asSibling ? 0x8000 : 0)
  var result = clinux_clone3(flags, cgroup ?? -1)
  if result < 0, cgroup == nil, Errno(rawValue: 0 - result).meansAbsent { result = clinux_clone(flags) }
  if result < 0 { throw Errno(rawValue: 0 - result) }
  return result == 0 ? .child : .parent(result)
}

/// Leaves the namespaces for new ones. The C function is `unshare`.
public func unshare(_ namespaces: NamespaceFlags) throws(Errno) {
  _ = try checked { clinux_unshare(namespaces.rawValue) }
}

extension FileDescriptor {
  /// Joins the namespace that this descriptor stands for, after making sure that it is one of the kind asked for. The C functions are `ioctl` with
  /// `NS_GET_NSTYPE` and `setns`.
  public borrowing func joinNamespace(_ kind: NamespaceFlags) throws(Errno) { try Linux.joinNamespace(rawValue, kind) }
}

/// `FileDescriptor.joinNamespace` for a descriptor that no value here owns, as one that a clone has inherited.
public func joinNamespace(_ number: Int32, _ kind: NamespaceFlags) throws(Errno) {
  let found = try checked { clinux_namespace_type(number) }
  guard UInt64(UInt32(bitPattern: found)) == kind.rawValue else { throw .invalidArgument }
  _ = try checked { clinux_setns(number, found) }
}

/// How a process ended.
public enum ExitStatus: Sendable, Equatable {
  case exited(Int32)
  case signalled(Int32)

  /// As a shell tells it: the status, or 128 plus the signal's number.
  public var code: Int32 {
    switch self {
    case .exited(let status): status
    case .signalled(let number): 128 + number
    }
  }

  /// From the number that wait4(2) gives; nil for a process that has only stopped.
  init?(waitStatus status: Int32) {
    if status & 0x7F == 0 {
      self = .exited((status >> 8) & 0xFF)
    } else if status & 0xFF != 0x7F {
      self = .signalled(status & 0x7F)
    } else {
      return nil
    }
  }
}

/// Waits for a child's end. The C function is `wait4`.
public func waitForExit(of process: Int32) throws(Errno) -> ExitStatus {
  while true {
    var status: Int32 = 0
    _ = try checked { clinux_wait(process, &status, 0) }
    if let ended = ExitStatus(waitStatus: status) { return ended }
  }
}

/// The end of a child that has ended already; nil when it still runs. The C function is `wait4` with `WNOHANG`.
public func pollExit(of process: Int32) throws(Errno) -> ExitStatus? {
  var status: Int32 = 0
  let ended = try checked { clinux_wait(process, &status, 1) }
  return ended == 0 ? nil : ExitStatus(waitStatus: status)
}

/// Waits for the children that have ended already, up to `process`, whose end is left for somebody else to ask for. The C functions are `waitid` with `WNOWAIT` and
/// `wait4`.
public func reapChildren(except process: Int32) {
  while true {
    let ended = clinux_ended_child()
    var status: Int32 = 0
    if ended <= 0 || ended == process || clinux_wait(ended, &status, 1) != ended { return }
  }
}

/// Whether `process` is a child of this one that has not been waited for. The C function is `waitid` with `WNOWAIT`.
public func isChild(_ process: Int32) -> Bool { clinux_is_child(process) == 0 }

/// Sends a signal. The C function is `kill`.
public func kill(_ process: Int32, _ signal: Signal) throws(Errno) {
  _ = try checked { clinux_kill(process, signal.rawValue) }
}

/// Ends this process without running anything of the C library's. The C function is `_exit`.
public func exitProcess(_ status: Int32) -> Never { clinux_exit(status) }

/// The id of this process. The system call is `getpid`.
public func processID() -> Int32 { clinux_getpid() }

/// The effective user. The C function is `geteuid`.
public func effectiveUser() -> UInt32 { clinux_geteuid() }

/// The effective group. The C function is `getegid`.
public func effectiveGroup() -> UInt32 { clinux_getegid() }

/// Arguments or environment in the form that exec takes, made before the clone so that nothing is allocated after it.
public struct CStringArray: ~Copyable {
  private let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
  /// Number of strings, without `last` and the null pointer at the end.
  public private(set) var count = 0

  /// One more string, ended by a NUL, which is not known before the clone; empty is none.
  public var last: [UInt8] = []

  public init(_ strings: [String]) {
    pointers = .allocate(capacity: strings.count + 2)
    for string in strings {
      let bytes = Array(string.utf8)
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
      var at = 0
      for byte in bytes {
        copy[at] = CChar(bitPattern: byte)
        at += 1
      }
      copy[at] = 0
      pointers[count] = UnsafePointer(copy)
      count += 1
    }
    pointers[count] = nil
    pointers[count + 1] = nil
  }

  deinit {
    for index in 0..<count { pointers[index]?.deallocate() }
    pointers.deallocate()
  }

  /// Calls `body` with what exec takes.
  fileprivate borrowing func withPointers<Result>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result) -> Result {
    last.withUnsafeBufferPointer { last in
      last.withMemoryRebound(to: CChar.self) { pointers[count] = $0.isEmpty ? nil : $0.baseAddress }
      return body(UnsafePointer(pointers))
    }
  }
}

/// Throws why this process may not execute `path`. The C function is `faccessat` with `X_OK`.
///
/// Where a seccomp filter is in the way (EPERM, ENOSYS), nothing is known, and exec will tell: a file that may not be executed is EACCES.
public func checkExecutable(_ path: Path) throws(Errno) {
  do throws(Errno) {
    _ = try checked { path.withCString { clinux_check_executable($0) } }
  } catch {
    if !error.meansAbsent { throw error }
  }
}

/// Runs the program at `path` in place of this one; returns only to tell why not. The C function is `execve`.
public func execute(_ path: Path, _ arguments: borrowing CStringArray, _ environment: borrowing CStringArray) -> Errno {
  let result = arguments.withPointers { arguments in
    environment.withPointers { environment in path.withCString { clinux_execve($0, arguments, environment) } }
  }
  return Errno(rawValue: 0 - result)
}

extension FileDescriptor {
  /// Runs this open file in place of this program, with the environment that this process has; returns only to tell why not. The system call is `execveat`.
  public borrowing func execute(_ arguments: UnsafePointer<UnsafePointer<CChar>?>) -> Errno {
    Errno(rawValue: 0 - clinux_fexecve(rawValue, arguments, clinux_environment()))
  }
}

/// Closes every descriptor from `first` on but the `kept` ones; only for a process that never returns to their owners, as between clone and exec.
///
/// close_range(2), Linux 5.9, which needs no memory; before, the names in /proc/self/fd are closed one by one, so /proc still has to be the host's. To mark them as
/// closed by exec would not do: until exec has found the program, /proc/self/fd/N/../.. in its path leads through them into the host (CVE-2024-21626).
public func closeDescriptors(from first: Int32, except kept: [Int32]) throws(Errno) {
  var next = first
  var isDone = true
  while isDone {
    var end = Int32.max
    for number in kept where number >= next && number < end { end = number }
    isDone = closeRange(next, end - 1)
    if isDone && end == .max { return }
    next = end + 1
  }
  let directory = try FileDescriptor.open("/proc/self/fd", .readOnly | .directory)
  guard try directory.fileSystemStatus().type == FileSystemStatus.procfs else { throw .noSystemCall }
  for entry in try directory.entries() {
    var number: Int32 = 0
    for digit in entry.name.bytes { number = number * 10 + Int32(digit) - 0x30 }
    if number >= first && !kept.contains(number) && number != directory.rawValue { closeDescriptor(number) }
  }
}

/// Closes a range of descriptors at once; whether the kernel can.
private func closeRange(_ first: Int32, _ last: Int32) -> Bool {
  last < first || clinux_close_range(UInt32(bitPattern: first), UInt32(bitPattern: last)) == 0
}
