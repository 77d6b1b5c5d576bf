internal import Linux

extension SandboxPlan {
  /// Starts a process that joins a container. Comes back when its program runs, or when a step has failed; then the new processes have ended.
  ///
  /// - settle: called here with the id of the stage (see `joinContainer`), and whether it was born in `context.group`, before it goes into the container; moves it
  ///   into the other groups, which the program's process is born in. Whatever the container does from then on, such as stopping all of its processes, may keep
  ///   this waiting, so no lock should be held.
  public func join(
    _ context: LaunchContext, settle: (_ stage: Int32, _ isBornInGroup: Bool) throws(SandboxError) -> Void
  ) throws(SandboxError) -> LaunchedContainer {
    var pair = try attempt("make", "a channel to the container") { () throws(Errno) in try Channel.makePair() }
    var kept = [pair.second.rawValue]
    if let joinedRoot { kept.append(joinedRoot) }
    for namespace in joinedNamespaces { if let descriptor = namespace.descriptor { kept.append(descriptor) } }
    let supplies = Supplies(for: self, keeping: kept)
    let (side, isBornInGroup) = try clone([], into: context.group)
    switch side {
    case .child:
      pair.first.close()
      return neverReturning(supplies, pair.second, context.signals.mask)
    case .parent(let stage):
      // Only the new processes may hold the other end, so that its end is seen here.
      pair.second.close()
      var launch = JoinLaunch(plan: self, stage: stage, interruption: context.signals.interruption)
      do throws(SandboxError) {
        if affinity?.beginsElsewhere ?? false { try launch.awaitPlacement(pair.first) }
        try settle(stage, isBornInGroup)
        return try launch.follow(pair.first)
      } catch {
        // In a container that is frozen by cgroup v1, nothing ends until it goes on.
        launch.giveUp(waits: error.kind != .interrupted)
        throw error
      }
    }
  }

  /// `joinContainer` under a type that lets `join` hold owners, as in `launch`.
  private func neverReturning(_ supplies: Supplies, _ channel: borrowing Channel, _ mask: SignalSet) -> LaunchedContainer {
    joinContainer(supplies, channel, mask)
  }
}

/// What the launching process knows of a process that joins a container.
///
/// From the birth of the program's process on, somebody in the container may speak in its place: what is heard then may do no more than that process could.
private struct JoinLaunch: ~Copyable {
  let plan: SandboxPlan
  let stage: Int32
  let interruption: Int32?
  /// The program's, a child of this one, once it is born.
  var process: Int32?
  var console: FileDescriptor?
  /// That of the seccomp filter, until there is a process to hand it over for.
  var listener: FileDescriptor?
  /// Its pidfd.
  var end: FileDescriptor?
  var hasSettledUsers = false
  var hasListener = false

  init(plan: SandboxPlan, stage: Int32, interruption: Int32?) {
    self.plan = plan
    self.stage = stage
    self.interruption = interruption
  }

  /// Waits until the stage is on its first processors, before it comes into groups that may not have them.
  borrowing func awaitPlacement(_ channel: borrowing Channel) throws(SandboxError) {
    try channel.wait(unless: interruption)
    let packet = try hear(channel)
    if packet.bytes.first == LaunchMessage.placedByte { return }
    throw packet.bytes.isEmpty ? JoinLaunch.killed : SandboxError(packet: packet.bytes)
  }

  private borrowing func hear(_ channel: borrowing Channel) throws(SandboxError) -> Packet {
    try attempt("hear from", "the process that joins the container") { () throws(Errno) in try channel.receive() }
  }

  private static var killed: SandboxError { SandboxError("the process that joins the container was killed") }

  private static func goOn(_ channel: borrowing Channel, _ answer: UInt8 = LaunchMessage.goOn) throws(SandboxError) {
    try attempt("have go on", "the process that joins the container") { () throws(Errno) in
      do throws(Errno) {
        try channel.send(answer)
      } catch {
        // It has ended, and said why.
        if error != .brokenPipe { throw error }
      }
    }
  }

  /// Has the stage go on and follows it, and the process that it clones, until the program runs.
  mutating func follow(_ channel: borrowing Channel) throws(SandboxError) -> LaunchedContainer {
    try JoinLaunch.goOn(channel)
    while try awaitPacket(channel) {
      var packet = try hear(channel)
      switch packet.bytes.first {
      case nil:
        guard case .some = process else { throw JoinLaunch.killed }
        return launched()
      case LaunchMessage.consoleByte where plan.terminal && process == nil && console.number < 0:
        console = packet.takeDescriptor()
      case LaunchMessage.mapsByte where process == nil && !hasSettledUsers:
        guard let namespace = plan.userNamespace else { throw SandboxError("the process that joins the container is in no user namespace") }
        hasSettledUsers = true
        try JoinLaunch.goOn(channel, try plan.settleUserNamespace(namespace, of: stage))
      case LaunchMessage.listenerByte where !hasListener:
        hasListener = true
        listener = packet.takeDescriptor()
        // The stage cannot have the agent's answer before it clones.
        if plan.loadsFilterBeforeBirth { try JoinLaunch.goOn(channel) } else { try handOverListener(channel) }
      case LaunchMessage.clonedByte where process == nil:
        try meet(LaunchMessage.process(clonedIn: packet.bytes), channel)
      default: throw SandboxError(packet: packet.bytes)
      }
    }
    return launched()
  }

  private mutating func launched() -> LaunchedContainer { LaunchedContainer(process: process ?? stage, console: console.take()) }

  /// Waits for a packet or the end of the channel; false when the program's process has ended and somebody else keeps the channel open.
  private borrowing func awaitPacket(_ channel: borrowing Channel) throws(SandboxError) -> Bool {
    let number = channel.rawValue
    let ready = try attempt("wait for", "the process that joins the container") { () throws(Errno) in
      try waitForInput([number, interruption ?? -1, end.number])
    }
    if ready[1] && !ready[0] { throw .interrupted }
    return ready[0] || !ready[2]
  }

  /// Gets to know the process that the stage has cloned.
  private mutating func meet(_ cloned: Int32?, _ channel: borrowing Channel) throws(SandboxError) {
    guard let cloned, cloned != stage, isChild(cloned) else { throw SandboxError("the process that joins the container told of a process that is not its own") }
    process = cloned
    // Before Linux 5.3 there is none.
    end = try? openPidfd(cloned)
    if plan.scheduling.isLostByClone {
      try plan.scheduling.applyScheduler(to: cloned)
      try JoinLaunch.goOn(channel)
    }
    try handOverListener(channel)
    // It has nothing left to do, and counts as one of the container's processes until this.
    _ = try? waitForExit(of: stage)
  }

  /// Gives the descriptor of the filter to the agent, once it is there and the process is known that it is for.
  private mutating func handOverListener(_ channel: borrowing Channel) throws(SandboxError) {
    guard let process, let descriptor = listener.take() else { return }
    guard let listener = plan.seccompListener else { throw SandboxError("nobody is to be told of the filter's calls") }
    try listener.hand(over: descriptor, of: process)
    if !plan.loadsFilterBeforeBirth { try JoinLaunch.goOn(channel) }
  }

  /// Ends what has been started; with `waits` it is gone then.
  borrowing func giveUp(waits: Bool) {
    for id in [process, stage] {
      guard let id else { continue }
      try? kill(id, .kill)
      if waits { _ = try? waitForExit(of: id) }
    }
  }
}
