public import Linux
public import OCI

/// The program that decides the calls of `SCMP_ACT_NOTIFY` (seccomp_unotify(2)).
public final class SeccompListener {
  /// Its stream socket.
  public let path: Path
  /// What config.json has for it.
  public let metadata: String?
  /// The state of the container. Without a process in it the one that is started is the container's first.
  public let state: ContainerState

  /// Nil when `seccomp` has no such calls: then its path says nothing.
  public init?(_ seccomp: Seccomp, _ state: ContainerState) {
    guard seccomp.notifies, let listener = seccomp.listenerPath else { return nil }
    path = Path(listener)
    metadata = seccomp.listenerMetadata
    self.state = state
  }

  /// Gives it the descriptor on which the kernel tells of the calls of `process`. One connection for each process; it is closed then (config-linux.md,
  /// `listenerPath`).
  func hand(over descriptor: borrowing FileDescriptor, of process: Int32) throws(SandboxError) {
    var state = state
    if state.pid == nil { state.pid = process }
    let document = ContainerProcessState(pid: process, metadata: metadata, state: state).compactDocument()
    try attempt("tell the seccomp agent at", path) { () throws(Errno) in
      try FileDescriptor.connectStream(to: path).send(document, descriptor: descriptor.rawValue)
    }
  }
}

extension Seccomp {
  /// Whether a rule asks somebody else.
  public var notifies: Bool { syscalls.contains { $0.action == .notify } }
}
