internal import Linux
internal import OCI

extension SandboxPlan {
  /// The stages between clone and exec, in their order. In the new process; ends by running the program or by telling why not.
  func becomeContainer(
    _ arguments: borrowing CStringArray, _ program: ProgramSearch, _ channel: borrowing Channel, _ context: LaunchContext,
    joinGroups: () throws(SandboxError) -> Void
  ) -> Never {
    do throws(SandboxError) {
      try affinity?.applyInitial()
      // First of all, so that everything from here on is charged to the container.
      try joinGroups()
      try affinity?.applyFinal()
      try prepareProcess()
      let home: ResolvedIdentity
      if case .joined = self.root {
        home = try joinContainer(channel, gate: context.gate)
      } else {
        home = try makeContainer(channel, context)
      }
      try scheduling.apply()
      try becomeUser(home.user, home.group, home.groups)
      try enterWorkingDirectory()
      if context.gate != nil, !self.arguments.isEmpty { try program.requireFound() }
      try loadFilterWithPrivilege()
      try attempt("set", "the capabilities") { () throws(Errno) in try capabilities.applyAfterSetuid() }
      if let gate = context.gate {
        try waitForStart(gate, channel)
      } else if !diesWithParent {
        try outliveParent()
      }
      if let hooks {
        var state = hooks.state
        (state.status, state.pid) = (.created, processID())
        try runHooks(hooks.startContainer, "startContainer", state)
      }
      try runProgram(arguments, program, home: home.directory, signals: context.signals.mask)
    } catch {
      // The other side may be gone by now; there is nobody else to tell.
      try? channel.send(error.packet)
      exitProcess(1)
    }
  }

  /// A session of its own; nobody may look into this process, which still has the host's rights (CVE-2019-5736 and its kin).
  private func prepareProcess() throws(SandboxError) {
    setDefaultSignalActions()
    try attempt("start", "a session") { () throws(Errno) in try ThisProcess.startSession() }
    try attempt("protect", "the container's first process") { () throws(Errno) in try ThisProcess.setDumpable(false) }
    ThisProcess.setFileModeMask(0)
  }

  /// The store's, the groups' and the caller's descriptors go: an image's paths could lead through them. What is opened from here on is closed before exec, but
  /// for the root itself.
  private func closeDescriptorsOfHost(_ channel: borrowing Channel, gate: Int32?) throws(SandboxError) {
    try attempt("close", "the descriptors of the host") { () throws(Errno) in
      try closeDescriptors(from: 3 + preservedDescriptors, except: (channel.rawValue, gate ?? channel.rawValue))
    }
  }

  /// Makes the container's namespaces and root, and enters them.
  private func makeContainer(_ channel: borrowing Channel, _ context: LaunchContext) throws(SandboxError) -> ResolvedIdentity {
    try closeDescriptorsOfHost(channel, gate: context.gate)
    try endWithParent(channel)
    try enterNamespaces()
    try joinSessionKeyring()
    let root = try MountedRoot.mount(self.root, propagation: rootPropagation)
    try fillRoot(root, context.view)
    try writeThroughHostProc()
    let home = try resolveIdentity(in: root.root)
    try makeConsole(root.root, channel, owner: home.user, isMounted: true)
    if pausesBeforePivot { try pause(channel) }
    if let hooks {
      var state = hooks.state
      (state.status, state.pid) = (.created, processID())
      try runHooks(hooks.createContainer, "createContainer", state)
    }
    // After everything that this process has others do.
    try labels.applyToExec()
    try enterRoot(root)
    return home
  }

  /// Joins the namespaces of a container that is there, its root with them.
  private func joinContainer(_ channel: borrowing Channel, gate: Int32?) throws(SandboxError) -> ResolvedIdentity {
    try joinSessionKeyring()
    // While /proc is the host's.
    try writeThroughHostProc()
    try labels.applyToExec()
    // The user namespace last: the rights to join the others are the host's.
    for namespace in joinedNamespaces where namespace.kind != .pid && namespace.kind != .mount && namespace.kind != .user { try join(namespace) }
    for namespace in joinedNamespaces where namespace.kind == .mount || namespace.kind == .user { try join(namespace) }
    try closeDescriptorsOfHost(channel, gate: gate)
    let root = RootDirectory(try attempt("open", "the container's root") { () throws(Errno) in try FileDescriptor.open("/", [.path, .directory]) })
    let home = try resolveIdentity(in: root)
    try makeConsole(root, channel, owner: home.user, isMounted: false)
    return home
  }

  private func joinSessionKeyring() throws(SandboxError) {
    if let sessionKeyring { try SessionKeyring.join(sessionKeyring, label: labels.seLinux) }
  }

  /// Waits while the launching process runs the hooks of the host.
  private func pause(_ channel: borrowing Channel) throws(SandboxError) {
    try attempt("tell", "the launching process") { () throws(Errno) in try channel.send([LaunchMessage.pausesByte]) }
    let answer = try attempt("hear from", "the launching process") { () throws(Errno) in try channel.receive() }
    // Nobody is left to go on for.
    if answer.bytes.isEmpty { exitProcess(1) }
  }

  /// Waits until somebody connects to the gate and says so; from then on that is whom failures are told.
  private func waitForStart(_ gate: Int32, _ channel: borrowing Channel) throws(SandboxError) {
    try outliveParent()
    try attempt("tell", "the launching process") { () throws(Errno) in try channel.send([LaunchMessage.waitsByte]) }
    while true {
      let caller = try attempt("wait at", "the gate") { () throws(Errno) in try Channel.accept(from: gate) }
      let packet = try attempt("hear from", "the one who starts the container") { () throws(Errno) in try caller.receive() }
      if packet.bytes.isEmpty { continue }
      try attempt("answer", "the one who starts the container") { () throws(Errno) in try channel.become(caller) }
      closeDescriptor(gate)
      return
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
    let ended = try attempt("look for", "the parent process") { () throws(Errno) in try waitForInput([other], timeoutMilliseconds: 0) }
    if ended.first ?? false { exitProcess(1) }
  }

  private func bindToParent() throws(SandboxError) {
    try attempt("bind to the life of", "the parent process") { () throws(Errno) in try ThisProcess.setParentDeathSignal(.kill) }
  }

  private func enterNamespaces() throws(SandboxError) {
    for namespace in joinedNamespaces where namespace.kind != .pid { try join(namespace) }
    if newNamespaces.contains(.cgroup) { try attempt("make", "a cgroup namespace") { () throws(Errno) in try unshare(.cgroup) } }
    if let hostname { try attempt("set the host name", hostname.description) { () throws(Errno) in try ThisProcess.setHostname(hostname) } }
    if let domainname { try attempt("set the domain name", domainname.description) { () throws(Errno) in try ThisProcess.setDomainname(domainname) } }
    if newNamespaces.contains(.network) { try attempt("set up", "the loopback interface") { () throws(Errno) in try ThisProcess.setLoopbackUp() } }
  }

  func join(_ namespace: JoinedNamespace) throws(SandboxError) {
    let path = namespace.path.description
    if let descriptor = namespace.descriptor {
      return try attempt("join the namespace", path) { () throws(Errno) in try joinNamespace(descriptor, namespace.kind) }
    }
    let opened = try attempt("open the namespace", path) { () throws(Errno) in try FileDescriptor.open(namespace.path, .readOnly) }
    // What config.json calls a namespace of the container's own must not be the one that this process comes from. It is compared opened: a path may lead
    // elsewhere the next time.
    if let change = namespace.changedBy, let own = namespace.kind.ownPath {
      let isOwn = try attempt("examine the namespace", path) { () throws(Errno) in
        try opened.status().isSameFile(as: try FileDescriptor.open(own, .path).status())
      }
      if isOwn { throw SandboxError("\(change): the namespace \(path) is the one that apus runs in, so setting it would change the host") }
    }
    try attempt("join the namespace", path) { () throws(Errno) in try opened.joinNamespace(namespace.kind) }
  }

  private func fillRoot(_ root: borrowing MountedRoot, _ view: CgroupView) throws(SandboxError) {
    let ownsCgroupNamespace = newNamespaces.contains(.cgroup) || joinedNamespaces.contains { $0.kind == .cgroup }
    let entries = MountEntries(cgroups: view, sharesCgroupNamespace: !ownsCgroupNamespace)
    for mount in mounts { try entries.mount(mount, in: root.root) }
    // A bound /dev is the host's: its nodes, their owners and its links stay as they are, as with runc.
    if !mounts.contains(where: { $0.bindsDev }) { try DeviceNodes.make(devices, in: root.root) }
    try ProtectedPaths.mask(maskedPaths, in: root.root, label: mountLabel)
    try ProtectedPaths.makeReadOnly(readOnlyPaths, in: root.root)
    // As runc and crun do: a working directory that the image lacks is made, while the root can be written.
    _ = try attempt("make the working directory", workingDirectory.description) { () throws(Errno) in
      try root.root.makeDirectories(workingDirectory, mode: 0o755)
    }
  }

  /// What is set by writing to /proc: through the host's own, by a descriptor that is verified, never through what the container mounts there.
  private func writeThroughHostProc() throws(SandboxError) {
    if oomScoreAdjustment == nil && kernelParameters.isEmpty { return }
    let proc = try ProcHandle.open()
    if let oomScoreAdjustment { try write("\(oomScoreAdjustment)", to: "self/oom_score_adj", of: proc) }
    for parameter in kernelParameters { try write(parameter.value, to: Path("sys").appending(parameter.file.bytes), of: proc) }
  }

  private func write(_ value: String, to file: Path, of proc: borrowing ProcHandle) throws(SandboxError) {
    try attempt("write \(value) to", "/proc/\(file.description)") { () throws(Errno) in try proc.write(value, to: file) }
  }

  /// `isMounted`: the terminal is put on /dev/console, as a container's first process has it.
  private func makeConsole(_ root: borrowing RootDirectory, _ channel: borrowing Channel, owner: UInt32, isMounted: Bool) throws(SandboxError) {
    if !terminal { return }
    let pair = try Console.make(in: root, size: windowSize, isMounted: isMounted)
    try attempt("hand over", "the terminal") { () throws(Errno) in
      // So that the program can open it again by name, as /dev/stdout does; the group stays that of devpts.
      try pair.terminal.changeOwner(user: owner, group: .max)
      try channel.send([LaunchMessage.consoleByte], descriptor: pair.multiplexer.rawValue)
      try Terminal.setControlling(pair.terminal)
      for number in 0...2 as ClosedRange<Int32> { try pair.terminal.place(at: number) }
    }
  }

  private func enterRoot(_ root: borrowing MountedRoot) throws(SandboxError) {
    // Before the change, because kernels before 5.12 do it through /proc, which is the host's only until then.
    try MountEntries.finish(mounts, in: root.root)
    if rootReadOnly { try root.makeReadOnly() }
    if pivots { try root.pivot() } else { try MovedRoot.enter(root.root) }
    try rootPropagation.finish()
  }

  private func becomeUser(_ user: UInt32, _ group: UInt32, _ groups: [UInt32]) throws(SandboxError) {
    for limit in limits {
      try attempt("set", limit.name) { () throws(Errno) in try ThisProcess.setLimit(limit.resource, soft: limit.soft, hard: limit.hard) }
    }
    let last = ThisProcess.lastCapability()
    try attempt("set", "the bounding capabilities") { () throws(Errno) in try capabilities.applyBounding(last: last) }
    try attempt("keep", "capabilities") { () throws(Errno) in try ThisProcess.setKeepCapabilities(true) }
    // The group first: as another user it cannot be changed any more. The caller's own supplementary groups go even when none are asked for.
    try attempt("set", "the supplementary groups") { () throws(Errno) in try ThisProcess.setSupplementaryGroups(groups) }
    for number in 0...2 as ClosedRange<Int32> {
      try attempt("give to user \(user)", "standard descriptor \(number)") { () throws(Errno) in try giveAnonymousPipe(number, to: user) }
    }
    try attempt("become group", "\(group)") { () throws(Errno) in try ThisProcess.setGroup(group) }
    try attempt("become user", "\(user)") { () throws(Errno) in try ThisProcess.setUser(user) }
    // A change of user makes the process dumpable by /proc/sys/fs/suid_dumpable, and forgets the parent's death signal.
    try attempt("protect", "the container's first process") { () throws(Errno) in try ThisProcess.setDumpable(false) }
    if case .joined = root {} else { try bindToParent() }
    ThisProcess.setFileModeMask(fileModeMask)
  }

  /// As the user, whose rights decide; and inside the root, which a leaked descriptor of the host would not be (CVE-2024-21626).
  private func enterWorkingDirectory() throws(SandboxError) {
    try attempt("change to the working directory", workingDirectory.description) { () throws(Errno) in try ThisProcess.changeDirectory(workingDirectory) }
    let reachable = try attempt("examine", "the working directory") { () throws(Errno) in try ThisProcess.workingDirectoryIsReachable() }
    guard reachable else { throw SandboxError("process.cwd: \(workingDirectory.description) leads out of the container's root") }
  }

  private func runProgram(_ arguments: borrowing CStringArray, _ program: ProgramSearch, home: String?, signals: SignalSet) throws(SandboxError) -> Never {
    let environment = CStringArray(self.environment(home: home))
    if noNewPrivileges {
      try attempt("set", "no_new_privs") { () throws(Errno) in try ThisProcess.setNoNewPrivileges() }
    }
    try attempt("set", "the signal mask") { () throws(Errno) in try signals.becomeMask() }
    if noNewPrivileges { try loadFilter() }
    throw program.run(arguments, environment)
  }

  /// Without no_new_privs only CAP_SYS_ADMIN loads a filter: before the capabilities go, and as late as that, because from then on the filter is in the way of
  /// what this process itself still has to do. With it, the filter is loaded last of all.
  private func loadFilterWithPrivilege() throws(SandboxError) {
    if noNewPrivileges || seccomp == nil { return }
    try attempt("keep", "CAP_SYS_ADMIN for the seccomp filter") { () throws(Errno) in
      // The change to another user has left it permitted, but not effective.
      let own = try ThisProcess.capabilities()
      if own.effective.contains(.sysAdmin) || !own.permitted.contains(.sysAdmin) { return }
      try ThisProcess.setCapabilities(effective: own.effective.union(.sysAdmin), permitted: own.permitted, inheritable: own.inheritable)
    }
    try loadFilter()
  }

  private func loadFilter() throws(SandboxError) {
    guard let seccomp else { return }
    do throws(Errno) {
      try ThisProcess.loadSeccompFilter(seccomp.program, flags: seccomp.flags)
    } catch {
      if error == .invalidArgument || error == .noSystemCall {
        throw SandboxError("load the seccomp filter: this kernel refuses it (CONFIG_SECCOMP_FILTER, or a flag that it does not know)")
      }
      throw SandboxError(SystemError("load", "the seccomp filter", error))
    }
  }
}

extension NamespaceFlags {
  /// The calling process's own namespace of this kind, of those that have something to set.
  fileprivate var ownPath: Path? {
    switch self {
    case .network: "/proc/self/ns/net"
    case .ipc: "/proc/self/ns/ipc"
    case .uts: "/proc/self/ns/uts"
    default: nil
    }
  }
}
