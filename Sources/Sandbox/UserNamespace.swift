internal import Linux

/// A process in a user namespace has no rights over what is the host's. What it takes them for, the launching process does while the new one waits: mapping
/// numbers, raising limits, giving away pipes.
extension SandboxPlan {
  /// In the launching process: settles the user namespace that `process` is in. The answer for it tells whether it may set supplementary groups.
  func settleUserNamespace(_ namespace: UserNamespacePlan, of process: Int32) throws(SandboxError) -> UInt8 {
    let proc = try ProcHandle.open()
    if namespace.isNew { try namespace.write(to: process, proc, "linux") }
    let users = try numbers(namespace.users, "uid", "linux.uidMappings", process, proc)
    let groups = try numbers(namespace.groups, "gid", "linux.gidMappings", process, proc)
    let denial = try attempt("read", "/proc/\(process)/setgroups") { () throws(Errno) in
      try proc.read(UserNamespacePlan.file("setgroups", of: process), limit: 64)
    }
    let maySetGroups = !denial.starts(with: "deny".utf8)
    try requireNumbers(users, groups, maySetGroups: maySetGroups)
    if case .joined = root {} else { try raise(process, proc) }
    try givePipes(users)
    return maySetGroups ? LaunchMessage.goOn : LaunchMessage.goOnWithGroups
  }

  /// The numbers of the namespace, as seen from here; those of one that is joined must be what config.json says.
  private func numbers(
    _ expected: IDMap?, _ kind: Literal, _ path: Literal, _ process: Int32, _ proc: borrowing ProcHandle
  ) throws(SandboxError) -> IDMap {
    let bytes = try attempt("read", "/proc/\(process)/\(kind)_map") { () throws(Errno) in
      try proc.read(Path("\(process)/\(kind)_map"), limit: 1 << 16)
    }
    guard let map = IDMap(parsing: bytes) else { throw SandboxError("/proc/\(process)/\(kind)_map does not have the form of a map") }
    if let expected, !expected.hasSameRanges(as: map) { throw SandboxError("\(path): not the numbers of the user namespace that is joined") }
    return map
  }

  private func requireNumbers(_ users: IDMap, _ groups: IDMap, maySetGroups: Bool) throws(SandboxError) {
    guard users.outside(0) != nil, groups.outside(0) != nil else { throw SandboxError("linux.namespaces: the user namespace that is joined has no root") }
    guard case .numeric(let user, let group, let supplementary) = identity else { return }
    if users.outside(user) == nil { throw SandboxError("process.user.uid: \(user) is nobody in the user namespace that is joined") }
    if groups.outside(group) == nil { throw SandboxError("process.user.gid: \(group) is nobody in the user namespace that is joined") }
    for (index, number) in supplementary.enumerated() {
      let path = Text("process.user.additionalGids[\(index)]").string
      if !maySetGroups { throw SandboxError("\(path): setgroups(2) is denied in the user namespace, because its maker was not privileged") }
      if groups.outside(number) == nil { throw SandboxError("\(path): \(number) is nobody in the user namespace that is joined") }
    }
  }

  /// Below its parent's OOM score, and above its hard limits, only the host's rights lead; the rest the process does itself, later.
  private func raise(_ process: Int32, _ proc: borrowing ProcHandle) throws(SandboxError) {
    if let oomScoreAdjustment {
      try attempt("write", "\(oomScoreAdjustment) to /proc/\(process)/oom_score_adj") { () throws(Errno) in
        try proc.write(String(oomScoreAdjustment), to: UserNamespacePlan.file("oom_score_adj", of: process))
      }
    }
    for limit in limits {
      try attempt("raise", Text(limit.name)) { () throws(Errno) in try ThisProcess.raiseHardLimit(limit.resource, of: process, to: limit.hard) }
    }
  }

  /// The pipes that the container gets as standard streams are this process's as well.
  private func givePipes(_ users: IDMap) throws(SandboxError) {
    guard !terminal, case .numeric(let user, _, _) = identity, let owner = users.outside(user) else { return }
    for number in 0...2 as ClosedRange<Int32> {
      try attempt("give to user", "\(owner) standard descriptor \(number)") { () throws(Errno) in try giveAnonymousPipe(number, to: owner) }
    }
  }

  /// In the new process: waits for that, and tells whether supplementary groups may be set. Without a user namespace there is nothing to wait for.
  func awaitUserNamespace(_ channel: borrowing Channel) throws(SandboxError) -> Bool {
    if userNamespace == nil { return true }
    return try pause(channel, saying: LaunchMessage.mapsByte) == LaunchMessage.goOn
  }

  /// In the new process: becomes root of its user namespace, as whom everything is made that the container is to own.
  func becomeNamespaceRoot(maySetGroups: Bool) throws(SandboxError) {
    if userNamespace == nil { return }
    // Where it is denied, the groups of the caller stay, as nobody's.
    if maySetGroups { try attempt("drop", "the supplementary groups") { () throws(Errno) in try ThisProcess.setSupplementaryGroups([]) } }
    try attempt("become", "root of the user namespace") { () throws(Errno) in
      try ThisProcess.setGroup(0)
      try ThisProcess.setUser(0)
      // A change of user makes the process dumpable by /proc/sys/fs/suid_dumpable.
      try ThisProcess.setDumpable(false)
    }
  }
}

extension UserNamespacePlan {
  /// Gives the new user namespace of `process` its numbers. They stand in `parent` of the document.
  func write(to process: Int32, _ proc: borrowing ProcHandle, _ parent: String) throws(SandboxError) {
    // Without CAP_SETGID outside, the kernel maps groups only when the process can never drop one, which a file may deny to it (CVE-2014-8989).
    let own = try attempt("examine", "the capabilities of apus") { () throws(Errno) in try ThisProcess.capabilities() }
    if !own.effective.contains(CapabilityMask(number: 6)) {
      try attempt("deny setgroups(2) to", "the user namespace") { () throws(Errno) in
        try proc.write("deny", to: UserNamespacePlan.file("setgroups", of: process))
      }
    }
    try UserNamespacePlan.write(groups, "gid_map", Text("\(parent).gidMappings").string, process, proc)
    try UserNamespacePlan.write(users, "uid_map", Text("\(parent).uidMappings").string, process, proc)
  }

  private static func write(_ map: IDMap?, _ file: Literal, _ path: String, _ process: Int32, _ proc: borrowing ProcHandle) throws(SandboxError) {
    guard let map else { return }
    do throws(Errno) {
      try proc.write(map.text, to: UserNamespacePlan.file(file, of: process))
    } catch {
      switch error {
      case .notPermitted: throw SandboxError("\(path): apus may map no numbers but its own, because it is not root of the machine, or not all of these are its")
      case .invalidArgument where map.ranges.count > 5: throw SandboxError("\(path): this kernel takes five ranges (340 since Linux 4.15)")
      default: throw SandboxError("\(path): write /proc/\(process)/\(file): \(error.message)")
      }
    }
  }

  /// A file of a process in /proc.
  fileprivate static func file(_ name: Literal, of process: Int32) -> Path { Path("\(process)/\(name)") }
}
