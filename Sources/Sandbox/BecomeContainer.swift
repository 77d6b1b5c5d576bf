internal import Linux
internal import OCI

extension SandboxPlan {
  /// The stages between clone and exec, in their order. In the new process; ends by running the program or by telling why not.
  func becomeContainer(
    _ supplies: Supplies, _ channel: borrowing Channel, _ prepared: borrowing PreparedMounts, _ context: LaunchContext,
    joinGroups: () throws(SandboxError) -> Void
  ) -> Never {
    do throws(SandboxError) {
      // First of all, so that everything from here on is charged to the container.
      try joinGroups()
      try prepareProcess()
      let home = try makeContainer(supplies, channel, prepared, context)
      // As in `joinContainer`: from here on others of a PID namespace that is joined may see it for long.
      Environment.forget()
      try scheduling.apply()
      try becomeUser(home)
      try requireHiddenProcesses()
      try enterWorkingDirectory()
      if context.gate != nil, !self.arguments.isEmpty { try supplies.program.requireFound() }
      // Before there is a filter that may forbid it.
      if context.gate == nil { try pause(channel, saying: LaunchMessage.runsByte) }
      try loadFilterWithPrivilege(channel)
      try attempt("set", "the capabilities") { () throws(Errno) in try capabilities.applyAfterSetuid() }
      if loadsFilterEarly {
        try setNoNewPrivileges()
        try loadFilter(channel)
      }
      if let gate = context.gate {
        try waitForStart(gate, channel)
      } else if !diesWithParent {
        try outliveParent()
      }
      if loadsFilterForHooks {
        try setNoNewPrivileges()
        try loadFilter(channel)
      }
      if let hooks {
        try hooks.run(hooks.startContainer, "startContainer", inherited: supplies.wholeEnvironment(of: self))
      }
      try runProgram(supplies, channel, signals: context.signals.mask)
    } catch {
      // The other side may be gone by now; there is nobody else to tell.
      try? channel.send(error.packet)
      exitProcess(1)
    }
  }

  /// A session of its own; nobody may look into this process, which still has the host's rights (CVE-2019-5736 and its kin).
  func prepareProcess() throws(SandboxError) {
    setDefaultSignalActions()
    try attempt("start", "a session") { () throws(Errno) in try ThisProcess.startSession() }
    try attempt("protect", "the container's first process") { () throws(Errno) in try ThisProcess.setDumpable(false) }
    ThisProcess.setFileModeMask(0)
  }

  /// The store's, the groups' and the caller's descriptors go: an image's paths could lead through them. What is opened from here on is closed before exec, but
  /// for the root itself.
  func closeDescriptorsOfHost(except kept: [Int32]) throws(SandboxError) {
    try attempt("close", "the descriptors of the host") { () throws(Errno) in try closeDescriptors(from: 3, except: kept) }
  }

  /// Makes the container's namespaces and root, and enters them.
  private func makeContainer(
    _ supplies: Supplies, _ channel: borrowing Channel, _ prepared: borrowing PreparedMounts, _ context: LaunchContext
  ) throws(SandboxError) -> ResolvedIdentity {
    try closeDescriptorsOfHost(except: supplies.keptDescriptors)
    try endWithParent(channel)
    try enterNamespaces()
    try awaitNetworkDevices(channel)
    let maySetGroups = try awaitUserNamespace(channel)
    try writeThroughHostProc(&supplies.refusedParameters)
    let root = try MountedRoot.mount(self.root, propagation: rootPropagation)
    try settleOwners(root.root)
    try becomeNamespaceRoot(maySetGroups: maySetGroups)
    try endWithParent(channel)
    try setKernelParameters(supplies.refusedParameters)
    try SessionKeyring(label: labels.seLinux).join(sessionKeyring)
    try fillRoot(root, prepared, context.view)
    let home = try resolveIdentity(in: root.root, maySetGroups: maySetGroups, supplies)
    try makeConsole(root.root, channel, owner: home.user, isMounted: true)
    try takeConsole()
    if pausesBeforePivot { try pause(channel, saying: LaunchMessage.pausesByte) }
    if let hooks {
      // In the container's root, as with runc: from here its paths are relative ones.
      try attempt("change to", "the container's root") { () throws(Errno) in try ThisProcess.changeDirectory(root.root.descriptor) }
      try hooks.run(hooks.createContainer, "createContainer")
    }
    // After everything that this process has others do.
    try labels.applyToExec()
    try enterRoot(root, prepared)
    return home
  }

  /// Waits while the launching process moves network devices into this process's network namespace.
  private func awaitNetworkDevices(_ channel: borrowing Channel) throws(SandboxError) {
    if !networkDevices.isEmpty { try pause(channel, saying: LaunchMessage.networkByte) }
  }

  /// Waits while the launching process does what `message` has it do, and gives its answer.
  @discardableResult
  func pause(_ channel: borrowing Channel, saying message: UInt8) throws(SandboxError) -> UInt8 {
    try attempt("tell", "the launching process") { () throws(Errno) in try channel.send(message) }
    let answer = try attempt("hear from", "the launching process") { () throws(Errno) in try channel.receiveByte() }
    // Nobody is left to go on for.
    guard let answer else { exitProcess(1) }
    return answer
  }

  /// Waits until somebody connects to the gate and says so; from then on that is whom failures are told.
  private func waitForStart(_ gate: Int32, _ channel: borrowing Channel) throws(SandboxError) {
    try outliveParent()
    try attempt("tell", "the launching process") { () throws(Errno) in try channel.send(LaunchMessage.waitsByte) }
    while true {
      let caller = try attempt("wait at", "the gate") { () throws(Errno) in try Channel.accept(from: gate) }
      let asked = try attempt("hear from", "the one who starts the container") { () throws(Errno) in try caller.receiveByte() }
      if asked == nil { continue }
      // The gate is open until exec closes it: that nobody listens there tells that the program runs.
      return try attempt("answer", "the one who starts the container") { () throws(Errno) in try channel.become(caller) }
    }
  }

  /// From here on the end of the launching process is not this one's.
  private func outliveParent() throws(SandboxError) {
    try attempt("leave", "the life of the parent process") { () throws(Errno) in try ThisProcess.setParentDeathSignal(nil) }
  }

  /// The parent may have ended before the kernel was told; then its end of the channel is closed already.
  private func endWithParent(_ channel: borrowing Channel) throws(SandboxError) {
    try bindToParent()
    let other = channel.rawValue
    let ended = try attempt("look for", "the parent process") { () throws(Errno) in try hasInput(other) }
    if ended { exitProcess(1) }
  }

  func bindToParent() throws(SandboxError) {
    try attempt("bind to the life of", "the parent process") { () throws(Errno) in try ThisProcess.setParentDeathSignal(.kill) }
  }

  private func fillRoot(_ root: borrowing MountedRoot, _ prepared: borrowing PreparedMounts, _ view: CgroupView) throws(SandboxError) {
    let ownsCgroupNamespace = newNamespaces.contains(.cgroup) || joinedNamespaces.contains { $0.kind == .cgroup }
    let entries = MountEntries(cgroups: view, sharesCgroupNamespace: !ownsCgroupNamespace, isInUserNamespace: userNamespace != nil)
    for (index, mount) in mounts.enumerated() { try entries.mount(mount, prepared.take(index), in: root.root) }
    // A bound /dev is the host's: its nodes, their owners and its links stay as they are, as with runc.
    if !mounts.contains(where: { $0.bindsDev }) { try DeviceNodes.make(devices, deviceLinks, in: root.root) }
    try ProtectedPaths.mask(maskedPaths, in: root.root, label: mountLabel)
    try ProtectedPaths.makeReadOnly(readOnlyPaths, in: root.root)
    // As runc and crun do: a working directory that the image lacks is made, while the root can be written.
    _ = try attempt("make the working directory", workingDirectory) { () throws(Errno) in
      try root.root.makeDirectories(workingDirectory, mode: 0o755)
    }
  }

  /// What is set by writing to /proc: through the host's own, by a descriptor that is verified, never through what the container mounts there. `refused` becomes
  /// what is for root of the container's user namespace to set.
  private func writeThroughHostProc(_ refused: inout [KernelParameter]) throws(SandboxError) {
    if (oomScoreAdjustment == nil || userNamespace != nil) && kernelParameters.isEmpty { return }
    let proc = try ProcHandle.open()
    if let oomScoreAdjustment, userNamespace == nil { try write(String(oomScoreAdjustment), to: "self/oom_score_adj", of: proc) }
    for parameter in kernelParameters {
      do throws(Errno) {
        try proc.write(parameter.value, to: parameter.file)
      } catch {
        guard userNamespace != nil, error == .permissionDenied || error == .notPermitted else {
          throw SandboxError("write", "\(parameter.value) to /proc/\(parameter.file.description)", error)
        }
        refused.append(parameter)
      }
    }
  }

  private func setKernelParameters(_ parameters: [KernelParameter]) throws(SandboxError) {
    if parameters.isEmpty { return }
    let proc = try ProcHandle.open()
    for parameter in parameters { try write(parameter.value, to: parameter.file, of: proc) }
  }

  func write(_ value: String, to file: Path, of proc: borrowing ProcHandle) throws(SandboxError) {
    try attempt("write", "\(value) to /proc/\(file.description)") { () throws(Errno) in try proc.write(value, to: file) }
  }

  /// Makes the terminal, whose other side the launching process gets, the standard streams. `isMounted`: it is put on /dev/console, as a container's first
  /// process has it.
  func makeConsole(_ root: borrowing RootDirectory, _ channel: borrowing Channel, owner: UInt32, isMounted: Bool) throws(SandboxError) {
    if !terminal { return }
    let pair = try Console.make(in: root, size: windowSize, isMounted: isMounted)
    try attempt("hand over", "the terminal") { () throws(Errno) in
      if !mapsNewlines { try Terminal.stopMappingNewlines(pair.multiplexer) }
      // So that the program can open it again by name, as /dev/stdout does; the group stays that of devpts.
      try pair.terminal.changeOwner(user: owner, group: .max)
      try channel.send(LaunchMessage.consoleByte, descriptor: pair.multiplexer.rawValue)
      for number in 0...2 as ClosedRange<Int32> { try pair.terminal.place(at: number) }
    }
  }

  /// Makes the terminal that this process has as its streams the one that controls its session.
  func takeConsole() throws(SandboxError) {
    if !terminal { return }
    try attempt("take over", "the terminal") { () throws(Errno) in try Terminal.setControlling(StandardDescriptor.input) }
  }

  private func enterRoot(_ root: borrowing MountedRoot, _ prepared: borrowing PreparedMounts) throws(SandboxError) {
    // Before the change, because kernels before 5.12 do it through /proc, which is the host's only until then.
    try MountEntries.finish(mounts, in: root.root)
    if rootWithoutDevices { try attempt("take devices from", "the root directory") { () throws(Errno) in try addFlags(.noDevices, to: root.root.descriptor) } }
    if rootReadOnly { try root.makeReadOnly() }
    if sharesMounts { return try SharedMounts.enter(root.root, in: prepared.ownNamespace) }
    if pivots { try root.pivot() } else { try MovedRoot.enter(root.root) }
    try rootPropagation.finish()
  }

  func becomeUser(_ home: ResolvedIdentity) throws(SandboxError) {
    let (user, group) = (home.user, home.group)
    for limit in limits {
      try attempt("set", Text(limit.name)) { () throws(Errno) in try ThisProcess.setLimit(limit.resource, soft: limit.soft, hard: limit.hard) }
    }
    let last = ThisProcess.lastCapability()
    try attempt("set", "the bounding capabilities") { () throws(Errno) in try capabilities.applyBounding(last: last) }
    try attempt("keep", "capabilities") { () throws(Errno) in try ThisProcess.setKeepCapabilities(true) }
    // The group first: as another user it cannot be changed any more. The caller's own supplementary groups go even when none are asked for.
    if home.maySetGroups {
      try attempt("set", "the supplementary groups") { () throws(Errno) in try ThisProcess.setSupplementaryGroups(home.groups) }
    }
    // Those of the host are not this process's to give in a user namespace; there the launching process has done it.
    for number in 0...2 as ClosedRange<Int32> where userNamespace == nil {
      try attempt("give to user", "\(user) standard descriptor \(number)") { () throws(Errno) in try giveAnonymousPipe(number, to: user) }
    }
    try attempt("become group", "\(group)") { () throws(Errno) in try ThisProcess.setGroup(group) }
    try attempt("become user", "\(user)") { () throws(Errno) in try ThisProcess.setUser(user) }
    // A change of user makes the process dumpable by /proc/sys/fs/suid_dumpable, and forgets the parent's death signal.
    try attempt("protect", "the container's first process") { () throws(Errno) in try ThisProcess.setDumpable(false) }
    try bindToParent()
    ThisProcess.setFileModeMask(fileModeMask)
  }

  /// As the user, whose rights decide; and inside the root, which a leaked descriptor of the host would not be (CVE-2024-21626).
  func enterWorkingDirectory() throws(SandboxError) {
    // Callers look for runc's word.
    try attempt("chdir to", workingDirectory) { () throws(Errno) in try ThisProcess.changeDirectory(workingDirectory) }
    let reachable = try attempt("examine", "the working directory") { () throws(Errno) in try ThisProcess.workingDirectoryIsReachable() }
    guard reachable else { throw SandboxError("process.cwd: \(workingDirectory.description) leads out of the container's root") }
  }

  private func runProgram(
    _ supplies: Supplies, _ channel: borrowing Channel, signals: SignalSet
  ) throws(SandboxError) -> Never {
    try setNoNewPrivileges()
    try attempt("set", "the signal mask") { () throws(Errno) in try signals.becomeMask() }
    // Last of all, where it can be: then what this process does itself needs no holes in it.
    if noNewPrivileges && !loadsFilterEarly && !loadsFilterForHooks { try loadFilter(channel) }
    throw supplies.program.run(supplies.arguments, supplies.environment)
  }
}
