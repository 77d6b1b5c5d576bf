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

/// How signals and a launch get on with each other.
public struct LaunchSignals: Sendable {
  /// The set of blocked signals that the program starts with.
  public var mask: SignalSet
  /// A descriptor that is not read, such as a signalfd(2): as soon as it can be, the launch is given up with an error of the kind `.interrupted`.
  public var interruption: Int32?

  public init(mask: SignalSet, interruption: Int32? = nil) {
    self.mask = mask
    self.interruption = interruption
  }
}

/// What a container is launched with, beside its plan.
public final class LaunchContext {
  /// The directory of the v2 group to clone into, when there is one.
  public let group: Int32?
  /// How a mount of type `cgroup` looks.
  public let view: CgroupView
  public let signals: LaunchSignals
  /// A listening socket: the container is made, and waits there for somebody who has it run its program (`startProgram`). Nil runs it at once.
  public let gate: Int32?

  public init(group: Int32?, view: CgroupView, signals: LaunchSignals, gate: Int32? = nil) {
    self.group = group
    self.view = view
    self.signals = signals
    self.gate = gate
  }
}

extension SandboxPlan {
  /// Starts the container: clones and carries out the plan in the new process. Comes back when the program runs, when the container waits at its gate, or when a
  /// step has failed; then the new process has ended.
  ///
  /// - `joinGroups`: called in the new process before anything else; joins the cgroups that it was not born in (`bornInGroup` tells whether it was in `group`).
  /// - `beforePivot`: called here with the new process's id, while that waits with everything mounted, if the plan asks for it.
  /// - `beforeProgram`: called here with the new process's id, before the program can say anything; not when there is a gate.
  public func launch(
    _ context: LaunchContext, joinGroups: (_ bornInGroup: Bool) throws(SandboxError) -> Void, beforePivot: (Int32) throws(SandboxError) -> Void,
    beforeProgram: (Int32) throws(SandboxError) -> Void
  ) throws(SandboxError) -> LaunchedContainer {
    let prepared = try PreparedMounts(for: self)
    var pair = try attempt("make", "a channel to the container") { () throws(Errno) in try Channel.makePair() }
    var kept = prepared.open
    kept.append(pair.second.rawValue)
    if let gate = context.gate { kept.append(gate) }
    let supplies = Supplies(for: self, keeping: kept)
    let side: CloneSide
    var isBornInGroup = true
    let isStaged = needsStage
    if isStaged { side = try cloneInStage(context, joinGroups: joinGroups) } else { (side, isBornInGroup) = try cloneHere(context) }
    switch side {
    case .child:
      pair.first.close()
      let isBornInGroup = isBornInGroup
      return neverReturning(supplies, pair.second, prepared, context) { () throws(SandboxError) in if !isStaged { try joinGroups(isBornInGroup) } }
    case .parent(let process):
      // Only the child may hold the other end, so that its end is seen here.
      pair.second.close()
      return try awaitProgram(process, pair.first, context, beforePivot, beforeProgram)
    }
  }

  /// `becomeContainer` under a type that lets `launch` hold owners: the compiler takes their end after a call of type `Never` for code that is never executed.
  private func neverReturning(
    _ supplies: Supplies, _ channel: borrowing Channel, _ prepared: borrowing PreparedMounts, _ context: LaunchContext,
    joinGroups: () throws(SandboxError) -> Void
  ) -> LaunchedContainer {
    becomeContainer(supplies, channel, prepared, context, joinGroups: joinGroups)
  }

  /// Clones from this process, which enters and leaves the namespaces that only children come into.
  private func cloneHere(_ context: LaunchContext) throws(SandboxError) -> (CloneSide, Bool) {
    let own = try OwnNamespaces(leftFor: self)
    try enterForChildren()
    let cloned: (CloneSide, Bool)
    do throws(SandboxError) {
      cloned = try clone(clonedNamespaces, into: context.group)
    } catch {
      try own.comeBack()
      throw error
    }
    guard case .parent(let process) = cloned.0 else { return cloned }
    do throws(SandboxError) {
      try own.comeBack()
      return cloned
    } catch {
      try? kill(process, .kill)
      _ = try? waitForExit(of: process)
      throw error
    }
  }

  /// The new namespaces that the container's first process is born in.
  var clonedNamespaces: NamespaceFlags {
    // The cgroup namespace is unshared once the process is in its group: its root is the group of the process that makes it. The time namespace is there already.
    newNamespaces.subtracting(.cgroup | .time)
  }

  /// Clones, and tells whether the new process is born in `group`.
  func clone(_ namespaces: NamespaceFlags, into group: Int32?) throws(SandboxError) -> (CloneSide, Bool) {
    if let group {
      do throws(Errno) {
        return (try cloneProcess(namespaces, cgroup: group), true)
      } catch {
        // Before Linux 5.7 the larger argument is E2BIG; a namespace that the kernel lacks fails again below.
        if !error.meansAbsent && error.rawValue != 7 { throw SandboxError("clone into the container's cgroup", "", error) }
      }
    }
    do throws(Errno) {
      return (try cloneProcess(namespaces), false)
    } catch {
      // Since Linux 4.9 a limit of the kernel's own.
      if error == .noSpace, namespaces.contains(.user) {
        throw SandboxError("clone into a new user namespace: /proc/sys/user/max_user_namespaces, or the depth of 32, allows no more")
      }
      throw SandboxError("clone into", "new namespaces", error)
    }
  }

  /// Follows the new process until it runs its program or waits at its gate; reaps it when it failed.
  private func awaitProgram(
    _ process: Int32, _ channel: borrowing Channel, _ context: LaunchContext, _ beforePivot: (Int32) throws(SandboxError) -> Void,
    _ beforeProgram: (Int32) throws(SandboxError) -> Void
  ) throws(SandboxError)
    -> LaunchedContainer
  {
    var console: FileDescriptor?
    var devices: MovedNetworkDevices?
    do throws(SandboxError) {
      while true {
        try channel.wait(unless: context.signals.interruption)
        var packet = try attempt("hear from", "the container's first process") { () throws(Errno) in try channel.receive() }
        var answer = LaunchMessage.goOn
        switch LaunchMessage(packet.bytes) {
        case .ended where context.gate != nil: throw SandboxError("the container's first process was killed before it waited for its start")
        case .ended, .waitsAtGate: return LaunchedContainer(process: process, console: console)
        case .console:
          console = packet.takeDescriptor()
          continue
        case .needsMaps:
          guard let userNamespace else { throw SandboxError("the container's first process is in no user namespace") }
          answer = try settleUserNamespace(userNamespace, of: process)
        case .listener:
          guard let listener = packet.takeDescriptor(), let seccompListener else { throw SandboxError("nobody is to be told of the filter's calls") }
          try seccompListener.hand(over: listener, of: process)
        case .needsNetworkDevices: devices = try MovedNetworkDevices.move(networkDevices, to: process)
        case .pausesBeforePivot: try beforePivot(process)
        case .runsProgram: try beforeProgram(process)
        case .failure(let error): throw error
        }
        try attempt("have go on", "the container's first process") { () throws(Errno) in try channel.send(answer) }
      }
    } catch {
      devices.take()?.goBack()
      try? kill(process, .kill)
      _ = try? waitForExit(of: process)
      throw error
    }
  }
}

extension Channel {
  /// Waits until something has come, the end too; throws when `interruption` can be read first.
  borrowing func wait(unless interruption: Int32?) throws(SandboxError) {
    let own = rawValue
    let ready = try attempt("wait for", "the container's first process") { () throws(Errno) in try waitForInput([own, interruption ?? -1]) }
    if !ready[0] { throw .interrupted }
  }
}

/// Has the container that waits at the gate `name` in `directory` run its program. Comes back when that runs, or with the reason why it does not.
///
/// False when nobody waits there any more: the program was started before, or its process has ended.
public func startProgram(at name: Path, in directory: borrowing FileDescriptor) throws(SandboxError) -> Bool {
  guard let channel = try connectToGate(name, directory) else { return false }
  try attempt("have go on", "the container's first process") { () throws(Errno) in try channel.send(LaunchMessage.goOn) }
  let answer = try attempt("hear from", "the container's first process") { () throws(Errno) in try channel.receive().bytes }
  if case .failure(let error) = LaunchMessage(answer) { throw error }
  return true
}

private func connectToGate(_ name: Path, _ directory: borrowing FileDescriptor) throws(SandboxError) -> Channel? {
  do throws(Errno) {
    return try Channel.connect(to: name, in: directory)
  } catch {
    if error == .noSuchFileOrDirectory || error == .connectionRefused { return nil }
    throw SandboxError("reach", "the container's first process", error)
  }
}

/// What the new process says on the channel: one packet each, told apart by the first byte.
enum LaunchMessage {
  /// The channel is closed: by exec, or by a process that is killed, by the host's lack of memory or by the one that asked for it.
  case ended
  /// The terminal, to be relayed, comes with it.
  case console
  /// The process is in its user namespace and waits until that has numbers.
  case needsMaps
  /// The descriptor on which the seccomp filter's notifications come, to be passed on; the process waits for `goOn`.
  case listener
  /// The process is in its network namespace and waits for `goOn`.
  case needsNetworkDevices
  /// Everything is mounted; the process waits for `goOn`.
  case pausesBeforePivot
  /// The container is made; its process waits for `goOn`, then runs the program.
  case runsProgram
  /// The container is made; its process waits at the gate.
  case waitsAtGate
  case failure(SandboxError)

  /// From a packet.
  init(_ bytes: [UInt8]) {
    switch bytes.first {
    case nil: self = .ended
    case LaunchMessage.consoleByte: self = .console
    case LaunchMessage.mapsByte: self = .needsMaps
    case LaunchMessage.listenerByte: self = .listener
    case LaunchMessage.networkByte: self = .needsNetworkDevices
    case LaunchMessage.pausesByte: self = .pausesBeforePivot
    case LaunchMessage.runsByte: self = .runsProgram
    case LaunchMessage.waitsByte: self = .waitsAtGate
    default: self = .failure(SandboxError(packet: bytes))
    }
  }

  /// The first bytes; those of a failure are `SandboxError.Kind`.
  static var consoleByte: UInt8 { 0x10 }
  static var pausesByte: UInt8 { 0x11 }
  static var waitsByte: UInt8 { 0x12 }
  static var mapsByte: UInt8 { 0x13 }
  /// Of a process that has cloned another; that one's id follows, its lowest byte first.
  static var clonedByte: UInt8 { 0x14 }
  static var listenerByte: UInt8 { 0x15 }
  /// Of a process that is on its first processors.
  static var placedByte: UInt8 { 0x16 }
  static var networkByte: UInt8 { 0x17 }
  static var runsByte: UInt8 { 0x18 }

  /// The process that `packet` tells of; nil when that is something else.
  static func process(clonedIn packet: [UInt8]) -> Int32? {
    guard packet.first == clonedByte, packet.count == 5 else { return nil }
    return packet.dropFirst().reversed().reduce(0) { $0 << 8 | Int32($1) }
  }
  /// What the new process gets.
  static var goOn: UInt8 { 1 }
  /// The same, in a user namespace whose processes may not set supplementary groups.
  static var goOnWithGroups: UInt8 { 2 }
}
