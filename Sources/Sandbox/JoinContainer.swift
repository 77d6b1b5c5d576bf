internal import Linux

/// How an additional process gets into a container.
///
/// A PID namespace takes only children. So the process that the launching one clones, the stage, enters everything else of the container, gives up what it has
/// of the host, becomes what the program is to be, and clones the process that runs it as its last act. The stage has no id in the container: nobody there can
/// look into it or trace it. The other one, which peers with CAP_SYS_PTRACE can take over as soon as it is born (CVE-2016-9962 was that without), is born with
/// the container's root, groups, user and capabilities, and no descriptor of the host but its channel.
extension SandboxPlan {
  /// In the stage; ends by handing over to the process that it clones, or by telling why not.
  func joinContainer(_ supplies: Supplies, _ channel: borrowing Channel, _ mask: SignalSet) -> Never {
    do throws(SandboxError) {
      try affinity?.applyInitial()
      if affinity?.beginsElsewhere ?? false { try attempt("tell", "the launching process") { () throws(Errno) in try channel.send(LaunchMessage.placedByte) } }
      try prepareProcess()
      // Should it have ended already, there is nobody to say `goOn`.
      try bindToParent()
      let home = try enterContainer(supplies, channel)
      try becomeProgramsOwner(home, channel, mask)
      // What the one who runs apus has in its environment is not for the container, whose processes may read this memory.
      Environment.forget()
      switch try cloneIntoContainer() {
      case .child: try becomeProgram(supplies, channel)
      case .parent(let process): try announce(process, channel)
      }
      exitProcess(0)
    } catch {
      // The other side may be gone by now; there is nobody else to tell.
      try? channel.send(error.packet)
      exitProcess(1)
    }
  }

  /// Leaves the host for the container's namespaces and root. Everything that needs /proc of the host comes before.
  private func enterContainer(_ supplies: Supplies, _ channel: borrowing Channel) throws(SandboxError) -> ResolvedIdentity {
    try closeDescriptorsOfHost(except: supplies.keptDescriptors)
    if let oomScoreAdjustment { try write(String(oomScoreAdjustment), to: "self/oom_score_adj", of: try ProcHandle.open()) }
    try labels.applyToExec()
    let keyring = try SessionKeyring(label: labels.seLinux)
    // The launching process moves this one into the container's groups meanwhile.
    try awaitGoOn(channel)
    try affinity?.applyFinal()
    try enterForChildren()
    try joinNamespaces()
    if let joinedRoot {
      try SharedMounts.enter(joinedRoot)
      closeDescriptor(joinedRoot)
    }
    for namespace in joinedNamespaces { closeDescriptor(namespace.descriptor ?? -1) }
    let maySetGroups = try awaitUserNamespace(channel)
    try becomeNamespaceRoot(maySetGroups: maySetGroups)
    try keyring.join(sessionKeyring)
    let root = RootDirectory(try attempt("open", "the container's root") { () throws(Errno) in try FileDescriptor.open("/", .path | .directory) })
    let home = try resolveIdentity(in: root, maySetGroups: maySetGroups, supplies)
    try makeConsole(root, channel, owner: home.user, isMounted: false)
    return home
  }

  /// Everything about the program's process that a child inherits.
  private func becomeProgramsOwner(_ home: ResolvedIdentity, _ channel: borrowing Channel, _ mask: SignalSet) throws(SandboxError) {
    try scheduling.apply(beforeClone: true)
    try becomeUser(home)
    try enterWorkingDirectory()
    if loadsFilterBeforeBirth { try loadFilterWithPrivilege(channel) }
    try attempt("set", "the capabilities") { () throws(Errno) in
      // To load a filter without no_new_privs takes one capability more, which nobody in the container can get hold of: none of them may look into the process.
      try (loadsFilterWithPrivilege && !loadsFilterBeforeBirth ? capabilities.withSysAdmin : capabilities).applyAfterSetuid()
    }
    try setNoNewPrivileges()
    try attempt("set", "the signal mask") { () throws(Errno) in try mask.becomeMask() }
    if loadsFilterBeforeBirth && noNewPrivileges { try loadFilter(channel) }
  }

  private func cloneIntoContainer() throws(SandboxError) -> CloneSide {
    do throws(Errno) {
      return try cloneProcess([], asSibling: true)
    } catch {
      switch error {
      case .wouldBlock: throw SandboxError("clone into the container: no process more is allowed (pids limit or RLIMIT_NPROC); there has to be room for two")
      // What the kernel says of a PID namespace whose first process has ended.
      case .noMemory: throw SandboxError("clone into the container: it has stopped, or there is no memory")
      case .notPermitted, .noSystemCall:
        throw SandboxError(
          "clone into the container: \(error.message); its seccomp profile has to allow clone(2), because others in it may trace (CAP_SYS_PTRACE)")
      default: throw SandboxError("clone into", "the container", error)
      }
    }
  }

  /// In the process that is born in the container; ends by running the program, or throws.
  private func becomeProgram(_ supplies: Supplies, _ channel: borrowing Channel) throws(SandboxError) {
    try attempt("start", "a session") { () throws(Errno) in try ThisProcess.startSession() }
    try takeConsole()
    if scheduling.isLostByClone { try awaitGoOn(channel) }
    if !loadsFilterBeforeBirth {
      try loadFilter(channel)
      if loadsFilterWithPrivilege { try attempt("set", "the capabilities") { () throws(Errno) in try capabilities.applyAfterSetuid() } }
    }
    throw supplies.program.run(supplies.arguments, supplies.environment)
  }

  /// A filter is loaded that takes CAP_SYS_ADMIN, because no_new_privs is not asked for.
  private var loadsFilterWithPrivilege: Bool { seccomp != nil && !noNewPrivileges }

  /// Tells who runs the program; when there is nobody to tell, nobody runs it.
  private func announce(_ process: Int32, _ channel: borrowing Channel) throws(SandboxError) {
    do throws(SandboxError) {
      try attempt("tell", "the launching process") { () throws(Errno) in try channel.send(LaunchMessage.clonedByte, process) }
    } catch {
      try? kill(process, .kill)
      throw error
    }
  }

  private func awaitGoOn(_ channel: borrowing Channel) throws(SandboxError) {
    let answer = try attempt("hear from", "the launching process") { () throws(Errno) in try channel.receiveByte() }
    // Nobody is left to go on for.
    if answer == nil { exitProcess(1) }
  }
}
