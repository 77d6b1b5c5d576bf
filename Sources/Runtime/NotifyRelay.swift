internal import Linux
internal import OCI

/// The way of sd_notify(3) into a container: the service manager that started apus waits at NOTIFY_SOCKET for `READY=1`, which only the container's program can
/// tell. The container gets a socket of its own at /run/notify, as with runc, and what comes there is passed on with the process's id on the host.
struct NotifyRelay: ~Copyable {
  private let socket: FileDescriptor
  /// The service manager's.
  private let manager: Path

  /// The service manager's socket; nil when there is none.
  static var managerSocket: String? { Environment.value(of: "NOTIFY_SOCKET").flatMap { $0.utf8.isEmpty ? nil : $0 } }

  /// Where the container's program finds its socket.
  static var variable: String { "NOTIFY_SOCKET=/run/notify/notify.sock" }

  /// The mount that shows the directory `source` to the container.
  static func mount(of source: Path) -> Mount {
    Mount(destination: "/run/notify", type: "bind", source: source.description, options: ["bind", "nosuid", "noexec", "nodev", "ro"])
  }

  /// Listens in the directory that the container sees.
  init(in directory: borrowing FileDescriptor, manager: String) throws(Errno) {
    socket = try Datagram.listen(at: "notify.sock", in: directory)
    self.manager = Path(manager)
  }

  /// The number to wait for.
  var number: Int32 { socket.rawValue }

  /// Passes on what has come; whether the program is ready.
  borrowing func relay(_ process: Int32) throws(RuntimeError) -> Bool {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try read(from: socket.rawValue)
    } catch {
      if error == .wouldBlock { return false }
      throw RuntimeError("read from", "the container's notify socket", error)
    }
    guard bytes.split(separator: 0x0A).contains(where: { $0.elementsEqual("READY=1".utf8) }) else { return false }
    try attempt("tell", "NOTIFY_SOCKET \(manager.description)") { () throws(Errno) in
      try Datagram.send(Array(Text("READY=1\nMAINPID=\(process)\n").string.utf8), to: manager)
    }
    return true
  }

  /// Comes back when the container's program has told that it is ready, or has ended; at once when nobody waits for that.
  static func wait(_ relay: borrowing NotifyRelay?, for record: ContainerRecord) throws(RuntimeError) {
    guard relay.isThere, let id = record.process else { return }
    let found = try attempt("look for", "process \(id)") { () throws(Errno) in try ProcessHandle.find(id, startTime: record.startTime) }
    guard let process = found else { return }
    switch relay {
    case .some(let relay): try relay.wait(for: process)
    case .none: break
    }
  }

  private borrowing func wait(for process: borrowing ProcessHandle) throws(RuntimeError) {
    while true {
      let ready = try attempt("wait for", "the container's notify socket") { () throws(Errno) in
        // Without a pidfd (before Linux 5.3) its end is looked for ten times a second.
        try waitForInput([socket.rawValue, process.descriptor], timeoutMilliseconds: process.descriptor < 0 ? 100 : -1)
      }
      if ready[0], try relay(process.id) { return }
      if ready[0] { continue }
      let hasEnded = try attempt("look for", "process \(process.id)") { () throws(Errno) in try process.hasEnded() }
      if hasEnded { return }
    }
  }
}

extension Optional where Wrapped == NotifyRelay {
  fileprivate var isThere: Bool {
    switch self {
    case .some: true
    case .none: false
    }
  }
}
