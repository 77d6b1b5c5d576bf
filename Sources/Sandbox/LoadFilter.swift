internal import Linux
internal import Probe

extension SandboxPlan {
  /// Whether the filter is loaded before the container waits for its start: the one who makes a container gives the agent its descriptor, not the one who
  /// starts it, as in runc.
  var loadsFilterEarly: Bool { noNewPrivileges && seccomp?.notifies ?? false }

  /// Whether the filter is loaded before hooks of the container's own run, which are its programs as much as the one that follows, as in runc.
  var loadsFilterForHooks: Bool { noNewPrivileges && !loadsFilterEarly && !(hooks?.startContainer.isEmpty ?? true) }

  /// Sets no_new_privs, if it is asked for.
  func setNoNewPrivileges() throws(SandboxError) {
    if noNewPrivileges { try attempt("set", "no_new_privs") { () throws(Errno) in try ThisProcess.setNoNewPrivileges() } }
  }

  /// Without no_new_privs only CAP_SYS_ADMIN loads a filter: before the capabilities go, and as late as that, because from then on the filter is in the way of
  /// what this process itself still has to do. With it, the filter is loaded last of all.
  func loadFilterWithPrivilege(_ channel: borrowing Channel) throws(SandboxError) {
    if noNewPrivileges || seccomp == nil { return }
    try attempt("keep", "CAP_SYS_ADMIN for the seccomp filter") { () throws(Errno) in
      // The change to another user has left it permitted, but not effective.
      let own = try ThisProcess.capabilities()
      if own.effective.contains(.sysAdmin) || !own.permitted.contains(.sysAdmin) { return }
      try ThisProcess.setCapabilities(effective: own.effective.union(.sysAdmin), permitted: own.permitted, inheritable: own.inheritable)
    }
    try loadFilter(channel)
  }

  /// Filters the calls of this process from here on, if a filter is asked for. Of one that notifies, the launching process gets the descriptor and passes it on
  /// before this comes back.
  func loadFilter(_ channel: borrowing Channel) throws(SandboxError) {
    guard let seccomp else { return }
    // What it traps is not missing: it is to end this process, as the profile says, and not to make it take another way.
    if seccomp.traps { Signal.trappedCall.setDefaultAction() }
    guard let listener = try SandboxPlan.load(seccomp) else { return }
    // By sendmsg(2), which a filter cannot have the agent decide: nobody would hear of it.
    try attempt("tell", "the launching process") { () throws(Errno) in try channel.send(LaunchMessage.listenerByte, descriptor: listener.rawValue) }
    let answer = try attempt("hear from", "the launching process") { () throws(Errno) in try channel.receiveByte() }
    // The agent could not be told: the launching process says why.
    if answer == nil { exitProcess(1) }
  }

  /// Loads the filter into the calling process, which is a child that ends soon.
  public func tryFilter() throws(SandboxError) {
    guard let seccomp else { return }
    try setNoNewPrivileges()
    _ = try SandboxPlan.load(seccomp)
  }

  /// Gives the descriptor of a filter that notifies.
  private static func load(_ seccomp: SeccompFilter) throws(SandboxError) -> FileDescriptor? {
    do throws(Errno) {
      if seccomp.notifies { return try ThisProcess.loadNotifyingFilter(seccomp.program, flags: seccomp.flags) }
      try ThisProcess.loadSeccompFilter(seccomp.program, flags: seccomp.flags)
      return nil
    } catch {
      if error == .invalidArgument || error == .noSystemCall {
        let newer = seccomp.notifies ? ", or no notification (Linux 5.0)" : ""
        throw SandboxError("load the seccomp filter: this kernel refuses it (CONFIG_\(Feature.seccomp.option), or a flag that it does not know\(newer))")
      }
      if error == .busy { throw SandboxError("load the seccomp filter: another filter of this process notifies somebody already") }
      throw SandboxError("load", "the seccomp filter", error)
    }
  }
}
