internal import Linux
internal import OCI
internal import Runtime
internal import Sandbox

/// What `apus exec` was asked to run.
final class ExecArguments {
  private let arguments: ParsedArguments
  /// User and group of --user.
  private var user: UInt32?
  private var group: UInt32?
  private var additionalGroups: [UInt32] = []

  init(_ arguments: ParsedArguments) throws(Failure) {
    self.arguments = arguments
    if let text = arguments.value(.user) {
      let (first, second) = cut(text, at: ":")
      user = try ExecArguments.number(first, "--user")
      if let second { group = try ExecArguments.number(second, "--user") }
    }
    for text in arguments.values(.additionalGIDs) { additionalGroups.append(try ExecArguments.number(text, "--additional-gids")) }
    for text in arguments.values(.env) where cut(text, at: "=").behind == nil { throw .usage("option --env: \(text) is not K=V") }
    for name in arguments.values(.capability) where capabilityNumber(name) == nil { throw .usage("option --cap: \(name) is not a capability") }
    if let cwd = arguments.value(.cwd), !Path(cwd).isAbsolute { throw .usage("option --cwd: must be an absolute path, not \(cwd)") }
    if arguments.value(.process) != nil, !arguments.command.isEmpty { throw .usage("exec: --process and a command exclude each other") }
    if arguments.value(.process) == nil, arguments.command.isEmpty { throw .usage("exec: needs a command or --process; see `apus help exec`") }
  }

  /// The process, which takes what is not said from the container's own.
  func request(_ container: borrowing Container) throws(Failure) -> ExecRequest {
    if let file = arguments.value(.process) {
      let origin = Path(file)
      let text = try failing { () throws(SystemError) in try readFile(origin, limit: 16 << 20) }
      let process = try parsed(origin) { () throws(SpecError) in try Process(parsing: text) }
      // As runc: the option counts beside the file.
      if arguments.flag(.tty) { process.terminal = true }
      return request(process, hasOwnUser: true, origin.description)
    }
    let process = try failing { () throws(RuntimeError) in try container.configuredProcess() }
    process.args = arguments.command
    process.terminal = arguments.flag(.tty)
    process.consoleSize = nil
    process.env.append(contentsOf: arguments.values(.env))
    if let cwd = arguments.value(.cwd) { process.cwd = cwd }
    if let user { process.user.uid = user }
    if let group { process.user.gid = group }
    process.user.additionalGids.append(contentsOf: additionalGroups)
    if arguments.flag(.noNewPrivs) { process.noNewPrivileges = true }
    if let profile = arguments.value(.apparmor) { process.apparmorProfile = profile }
    if let label = arguments.value(.processLabel) { process.selinuxLabel = label }
    addCapabilities(process)
    return request(process, hasOwnUser: user != nil, Text("container \(container.id.text)").string)
  }

  private func request(_ process: Process, hasOwnUser: Bool, _ origin: String) -> ExecRequest {
    ExecRequest(process: process, hasOwnUser: hasOwnUser, subgroups: arguments.values(.cgroup), ignoresPause: arguments.flag(.ignorePaused), origin: origin)
  }

  /// Into the bounding, effective and permitted sets; not the inheritable one: a program that is run without the bits of its own must not hand them on
  /// (CVE-2022-29162). Into the ambient one where the configuration has it inheritable already, as runc does.
  private func addCapabilities(_ process: Process) {
    let added = arguments.values(.capability)
    if added.isEmpty { return }
    var sets = process.capabilities ?? Capabilities()
    for name in added {
      sets.bounding.append(name)
      sets.effective.append(name)
      sets.permitted.append(name)
      if sets.inheritable.contains(where: { $0.equals(name) }) { sets.ambient.append(name) }
    }
    process.capabilities = sets
  }

  /// The kernel has no user 2³²-1: it means "leave it as it is".
  private static func number(_ text: String, _ option: Literal) throws(Failure) -> UInt32 {
    guard let number = wholeNumber(text), let id = UInt32(exactly: number), id != .max else {
      throw .usage("option \(option): \(text) is not a number of a user or group")
    }
    return id
  }
}
