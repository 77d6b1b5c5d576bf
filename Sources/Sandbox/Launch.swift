public import Linux

/// A process that runs the container's program.
public struct LaunchedContainer: ~Copyable {
  /// The id of its first process, as seen from here.
  public var process: Int32
  /// The container's terminal, to be relayed, when one was planned.
  private var console: FileDescriptor?

  init(process: Int32, console: consuming FileDescriptor?) {
    self.process = process
    self.console = console
  }

  /// Gives the terminal, once.
  public mutating func takeConsole() -> FileDescriptor? { console.take() }
}

extension SandboxPlan {
  /// Starts the container: clones, carries out the plan in the new process and runs the program. Comes back when the program runs or when a step has failed.
  ///
  /// - `group`: the directory of the v2 group to clone into, when there is one.
  /// - `joinGroups`: called in the new process before anything else; joins the cgroups that it was not born in (`bornInGroup` tells whether it was in `group`).
  /// - `view`: how a mount of type `cgroup` looks.
  /// - `signals`: the set of blocked signals that the program starts with.
  public func launch(
    group: Int32?, view: CgroupView, signals: SignalSet, joinGroups: (_ bornInGroup: Bool) throws(SandboxError) -> Void
  ) throws(SandboxError) -> LaunchedContainer {
    let arguments = CStringArray(self.arguments)
    let program = ProgramSearch(self)
    // A pid namespace is joined by the parent, for its children; the others by the child itself.
    for namespace in joinedNamespaces where namespace.kind == .pid { try join(namespace) }
    var pair = try attempt("make", "a channel to the container") { () throws(Errno) in try Channel.makePair() }
    let (side, isBornInGroup) = try clone(into: group)
    switch side {
    case .child:
      pair.first.close()
      return neverReturning(arguments, program, pair.second, view: view, signals: signals) { () throws(SandboxError) in try joinGroups(isBornInGroup) }
    case .parent(let process):
      // Only the child may hold the other end, so that its end is seen here.
      pair.second.close()
      return try awaitProgram(process, pair.first)
    }
  }

  /// `becomeContainer` under a type that lets `launch` hold owners: the compiler takes their end after a call of type `Never` for code that is never executed.
  private func neverReturning(
    _ arguments: borrowing CStringArray, _ program: ProgramSearch, _ channel: borrowing Channel, view: CgroupView, signals: SignalSet,
    joinGroups: () throws(SandboxError) -> Void
  ) -> LaunchedContainer {
    becomeContainer(arguments, program, channel, view: view, signals: signals, joinGroups: joinGroups)
  }

  /// Clones, and tells whether the new process is born in `group`.
  private func clone(into group: Int32?) throws(SandboxError) -> (CloneSide, Bool) {
    // The cgroup namespace is unshared once the process is in its group: its root is the group of the process that makes it.
    let namespaces = newNamespaces.subtracting(.cgroup)
    if let group {
      do throws(Errno) {
        return (try cloneProcess(namespaces, cgroup: group), true)
      } catch {
        // Before Linux 5.7 the larger argument is E2BIG; a namespace that the kernel lacks fails again below.
        if !error.meansAbsent && error.rawValue != 7 { throw SandboxError(SystemError("clone into the container's cgroup", "", error)) }
      }
    }
    return (try attempt("clone into", "new namespaces") { () throws(Errno) in try cloneProcess(namespaces) }, false)
  }

  /// Reads what the new process tells until it runs its program; reaps it when it failed.
  private func awaitProgram(_ process: Int32, _ channel: borrowing Channel) throws(SandboxError) -> LaunchedContainer {
    var console: FileDescriptor?
    while true {
      var packet = try attempt("hear from", "the container's first process") { () throws(Errno) in try channel.receive() }
      if packet.bytes.isEmpty {
        // The channel is closed by exec, and by a process that is killed: by the host's lack of memory, or by the one that asked for it.
        return LaunchedContainer(process: process, console: console)
      }
      if packet.bytes[0] == SandboxPlan.consolePacket {
        console = packet.takeDescriptor()
        continue
      }
      let failure = SandboxError(packet: packet.bytes)
      _ = try? waitForExit(of: process)
      throw failure
    }
  }

  /// The first byte of the packet that carries the terminal.
  static var consolePacket: UInt8 { 0 }
}
