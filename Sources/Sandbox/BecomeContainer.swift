internal import Linux

extension SandboxPlan {
  /// The stages between clone and exec, in their order. In the new process; ends by running the program or by telling why not.
  func becomeContainer(
    _ arguments: borrowing CStringArray, _ program: ProgramSearch, _ channel: borrowing Channel, view: CgroupView, signals: SignalSet,
    joinGroups: () throws(SandboxError) -> Void
  ) -> Never {
    do throws(SandboxError) {
      // First of all, so that everything from here on is charged to the container.
      try joinGroups()
      try prepareProcess(channel)
      try enterNamespaces()
      if let sessionKeyring { try SessionKeyring.join(sessionKeyring, label: labels.seLinux) }
      let root = try MountedRoot.mount(self.root, propagation: rootPropagation)
      try fillRoot(root, view)
      try writeThroughHostProc()
      let home = try resolveIdentity(in: root.root)
      try makeConsole(root, channel, owner: home.user)
      // After everything that this process has others do.
      try labels.applyToExec()
      try enterRoot(root)
      try scheduling.apply()
      try becomeUser(home.user, home.group, home.groups)
      try enterWorkingDirectory()
      try runProgram(arguments, program, home: home.directory, signals: signals)
    } catch {
      // The other side may be gone by now; there is nobody else to tell.
      try? channel.send(error.packet)
      exitProcess(1)
    }
  }

  /// A session of its own, without the host's descriptors; nobody may look into this process, which still has the host's rights (CVE-2019-5736 and its kin).
  private func prepareProcess(_ channel: borrowing Channel) throws(SandboxError) {
    setDefaultSignalActions()
    try attempt("start", "a session") { () throws(Errno) in try ThisProcess.startSession() }
    try attempt("protect", "the container's first process") { () throws(Errno) in try ThisProcess.setDumpable(false) }
    // The store's, the groups' and the caller's: an image's paths could lead through them. What is opened from here on is closed before exec, but for the root
    // itself.
    try attempt("close", "the descriptors of the host") { () throws(Errno) in try closeDescriptors(from: 3, except: channel.rawValue) }
    ThisProcess.setFileModeMask(0)
    if diesWithParent { try endWithParent(channel) }
  }

  /// The parent may have ended before the kernel was told; then its end of the channel is closed already.
  private func endWithParent(_ channel: borrowing Channel) throws(SandboxError) {
    try attempt("bind to the life of", "the parent process") { () throws(Errno) in try ThisProcess.setParentDeathSignal(.kill) }
    let other = channel.rawValue
    let ended = try attempt("look for", "the parent process") { () throws(Errno) in try waitForInput([other], timeoutMilliseconds: 0) }
    if ended.first ?? false { exitProcess(1) }
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

  private func makeConsole(_ root: borrowing MountedRoot, _ channel: borrowing Channel, owner: UInt32) throws(SandboxError) {
    if !terminal { return }
    let pair = try Console.make(in: root.root, size: windowSize)
    try attempt("hand over", "the terminal") { () throws(Errno) in
      // So that the program can open it again by name, as /dev/stdout does; the group stays that of devpts.
      try pair.terminal.changeOwner(user: owner, group: .max)
      try channel.send([SandboxPlan.consolePacket], descriptor: pair.multiplexer.rawValue)
      try Terminal.setControlling(pair.terminal)
      for number in 0...2 as ClosedRange<Int32> { try pair.terminal.place(at: number) }
    }
  }

  private func enterRoot(_ root: borrowing MountedRoot) throws(SandboxError) {
    // Before the change, because kernels before 5.12 do it through /proc, which is the host's only until then.
    if rootReadOnly { try root.makeReadOnly() }
    do throws(SystemError) {
      try pivotRoot(to: root.root.descriptor)
    } catch {
      throw SandboxError(error)
    }
  }

  private func becomeUser(_ user: UInt32, _ group: UInt32, _ groups: [UInt32]) throws(SandboxError) {
    for limit in limits {
      try attempt("set", limit.name) { () throws(Errno) in try ThisProcess.setLimit(limit.resource, soft: limit.soft, hard: limit.hard) }
    }
    // Without no_new_privs the filter can only be loaded while CAP_SYS_ADMIN is there; with it, last of all.
    if !noNewPrivileges { try loadFilter() }
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
    if diesWithParent { try attempt("bind to the life of", "the parent process") { () throws(Errno) in try ThisProcess.setParentDeathSignal(.kill) } }
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
    try attempt("set", "the ambient capabilities") { () throws(Errno) in try capabilities.applyAfterSetuid() }
    if noNewPrivileges {
      try attempt("set", "no_new_privs") { () throws(Errno) in try ThisProcess.setNoNewPrivileges() }
    }
    try attempt("set", "the signal mask") { () throws(Errno) in try signals.becomeMask() }
    if noNewPrivileges { try loadFilter() }
    throw program.run(arguments, environment)
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
