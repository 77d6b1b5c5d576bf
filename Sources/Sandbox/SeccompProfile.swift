internal import Linux
internal import OCI

/// The rules of `linux.seccomp` with their values checked, before any architecture's numbers come in.
struct SeccompProfile {
  /// What the filter returns for a call that no rule decides.
  let defaultReturn: UInt32
  /// What it returns for a call above those that the profile names.
  let aboveReturn: UInt32
  let rules: [Rule]

  struct Rule {
    var names: [String]
    /// What the filter returns; nil for a rule that says what the default says.
    var value: UInt32?
    /// Any of these lists decides, and in a list all conditions must hold; no list at all is a rule without conditions.
    var alternatives: [[SeccompArgument]]
  }

  init(_ seccomp: Seccomp) throws(SpecError) {
    try SeccompProfile.refuseSilentAgent(seccomp)
    let defaultReturn = try returnValue(seccomp.defaultAction, seccomp.defaultErrnoRet, "linux.seccomp.defaultErrnoRet")
    var rules: [Rule] = []
    rules.reserveCapacity(seccomp.syscalls.count)
    for index in seccomp.syscalls.indices {
      let rule = seccomp.syscalls[index]
      let value = try returnValue(rule.action, rule.errnoRet, Text("linux.seccomp.syscalls[\(index)].errnoRet").string)
      var alternatives: [[SeccompArgument]] = rule.args.isEmpty ? [] : [rule.args]
      var seen: UInt32 = 0
      for argument in rule.args.indices {
        let number = rule.args[argument].index
        if number > 5 { throw SpecError(path: "linux.seccomp.syscalls[\(index)].args[\(argument)].index", reason: "\(number) is above 5") }
        if seen & 1 << number != 0 { alternatives = rule.args.map { [$0] } }
        seen |= 1 << number
      }
      rules.append(Rule(names: rule.names, value: value == defaultReturn ? nil : value, alternatives: alternatives))
    }
    self.defaultReturn = defaultReturn
    self.aboveReturn = SeccompReturn.isErrno(defaultReturn) ? SeccompReturn.noSystemCall : defaultReturn
    self.rules = rules
  }
}

extension SeccompProfile {
  /// Refuses notifications that nobody could ever get: the runtime's own calls come under the filter before the agent has its descriptor.
  private static func refuseSilentAgent(_ seccomp: Seccomp) throws(SpecError) {
    guard seccomp.defaultAction != .notify else {
      throw SpecError(path: "linux.seccomp.defaultAction", reason: "SCMP_ACT_NOTIFY cannot be used as default action")
    }
    for (index, rule) in seccomp.syscalls.enumerated() where rule.action == .notify {
      // sendmsg is what the descriptor is handed over by here, and write in runc: a profile that is refused there does not depend on the runtime here.
      for name in rule.names where name.equals("sendmsg") || name.equals("write") {
        throw SpecError(path: "linux.seccomp.syscalls[\(index)].names", reason: "SCMP_ACT_NOTIFY cannot be used for the \(name) syscall")
      }
      if seccomp.listenerPath?.utf8.isEmpty ?? true {
        throw SpecError(path: "linux.seccomp.listenerPath", reason: "missing; SCMP_ACT_NOTIFY needs it")
      }
    }
  }
}

/// What the filter returns for `action`; `numberPath` is the JSON path of its number.
private func returnValue(
  _ action: SeccompAction, _ number: UInt32?, _ numberPath: @autoclosure () -> String
) throws(SpecError) -> UInt32 {
  if let number {
    if !action.hasReturnValue { throw SpecError(path: Text(numberPath()), reason: "\(action.name) has none") }
    // MAX_ERRNO of the kernel; a filter's number has 16 bits.
    let most: UInt32 = action == .errno ? 4095 : 65535
    if number > most { throw SpecError(path: Text(numberPath()), reason: "\(number) is above \(most)") }
  }
  // EPERM is what the specification gives when there is no number.
  switch action {
  case .kill, .killThread: return SeccompReturn.killThread
  case .killProcess: return SeccompReturn.killProcess
  case .trap: return SeccompReturn.trap
  case .errno: return SeccompReturn.errno(number ?? 1)
  case .trace: return SeccompReturn.trace(number ?? 1)
  case .allow: return SeccompReturn.allow
  case .log: return SeccompReturn.log
  case .notify: return SeccompReturn.notify
  }
}
