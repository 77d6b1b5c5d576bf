internal import Linux

/// A process between the launching one and the container's first, for what must happen before that is born.
///
/// A namespace belongs to the user namespace that its maker is in. So a user namespace is joined before the others are made, and those that are the host's are
/// joined before that, by the host's rights. The launching process could not come back from there; this one need not.
extension SandboxPlan {
  /// Whether the container's first process is born of such a process.
  var needsStage: Bool {
    guard let userNamespace else { return false }
    return !userNamespace.isNew || !joinedNamespaces.isEmpty
  }

  /// Clones the container's first process, a child of the calling one, from a process that has joined `joinedNamespaces`.
  func cloneInStage(_ context: LaunchContext, joinGroups: (Bool) throws(SandboxError) -> Void) throws(SandboxError) -> CloneSide {
    var pair = try attempt("make", "a channel to the container") { () throws(Errno) in try Channel.makePair() }
    let (side, isBornInGroup) = try clone([], into: context.group)
    switch side {
    case .child:
      pair.first.close()
      return stage(pair.second) { () throws(SandboxError) in try joinGroups(isBornInGroup) }
    case .parent(let stage):
      pair.second.close()
      let packet = try attempt("hear from", "the process that joins namespaces") { () throws(Errno) in try pair.first.receive().bytes }
      _ = try? waitForExit(of: stage)
      if packet.isEmpty { throw SandboxError("the process that joins namespaces was killed") }
      guard let process = LaunchMessage.process(clonedIn: packet) else { throw SandboxError(packet: packet) }
      return .parent(process)
    }
  }

  /// In the process between: comes back only in the container's first process, which is in the groups already.
  private func stage(_ channel: borrowing Channel, joinGroups: () throws(SandboxError) -> Void) -> CloneSide {
    do throws(SandboxError) {
      try joinGroups()
      // Before others of a user or PID namespace can look at it; its child is so from the start.
      try attempt("protect", "the process that joins namespaces") { () throws(Errno) in try ThisProcess.setDumpable(false) }
      try enterForChildren()
      try joinNamespaces()
      switch try attempt("clone into", "new namespaces", { () throws(Errno) in try cloneProcess(clonedNamespaces, asSibling: true) }) {
      case .child: return .child
      case .parent(let process):
        try attempt("tell", "the launching process") { () throws(Errno) in try channel.send(LaunchMessage.clonedByte, process) }
        exitProcess(0)
      }
    } catch {
      try? channel.send(error.packet)
      exitProcess(1)
    }
  }
}
