public import Linux
public import OCI

/// Hooks that run in the container's namespaces, and what they are told.
public final class ContainerHooks {
  /// Before pivot_root, with the host's tree still there (config.md, "CreateContainer Hooks").
  public let createContainer: [Hook]
  /// After `start` was asked for, as the container's user in its root (config.md, "StartContainer Hooks").
  public let startContainer: [Hook]
  /// The state; status and pid are filled in when hooks are run.
  private var state: ContainerState

  public init(createContainer: [Hook], startContainer: [Hook], state: ContainerState) {
    self.createContainer = createContainer
    self.startContainer = startContainer
    self.state = state
  }

  /// Runs those of one point in the container's first process. `inherited` is as for all hooks.
  func run(_ hooks: [Hook], _ name: Literal, inherited: [String]? = nil) throws(SandboxError) {
    state.status = .created
    state.pid = processID()
    try runHooks(hooks, name, state, inherited: inherited)
  }
}

/// Runs the hooks of one point of the lifecycle, one after another, with the state as JSON on their standard input; the first that fails ends it.
///
/// A hook has the arguments and the environment of the configuration and nothing else: no descriptor of ours, default signal actions, nothing blocked. What it
/// says is told when it fails, and is not mixed with what the container says, which may read it there. It runs in `directory` when one is given. One that is not
/// done after its timeout is killed, with the processes that it has started.
///
/// - name: of the point, for messages: `createRuntime`.
/// - inherited: the environment of a hook whose configuration has none; nil is that of this process, as with runc and crun.
/// - limits: what else ends a hook.
public func runHooks(
  _ hooks: [Hook], _ name: Literal, _ state: ContainerState, directory: Path? = nil, inherited: [String]? = nil, limits: HookLimits = HookLimits()
) throws(SandboxError) {
  try runHooks(hooks, name, state, directory, inherited, limits) { (error) throws(SandboxError) in throw error }
}

/// The same, but each is run, whatever becomes of the others; `warn` gets a sentence for one that fails.
public func runEachHook(_ hooks: [Hook], _ name: Literal, _ state: ContainerState, directory: Path?, warn: (String) -> Void) {
  try? runHooks(hooks, name, state, directory, nil, HookLimits()) { (error) throws(SandboxError) in warn(error.message) }
}

/// What ends a hook beside its timeout.
public struct HookLimits: Sendable {
  /// A descriptor that is never read here; as soon as it could be, the hook that runs is killed.
  public var interruption: Int32?
  /// A pidfd of the container's process: a hook that prepares the container has nothing to do once that has ended.
  public var process: Int32?

  public init(interruption: Int32? = nil, process: Int32? = nil) {
    self.interruption = interruption
    self.process = process
  }
}

private func runHooks(
  _ hooks: [Hook], _ name: Literal, _ state: ContainerState, _ directory: Path?, _ inherited: [String]?, _ limits: HookLimits,
  failed: (SandboxError) throws(SandboxError) -> Void
) throws(SandboxError) {
  if hooks.isEmpty { return }
  let document = state.compactDocument()
  let inherited = inherited ?? Environment.all
  for (index, hook) in hooks.enumerated() {
    do throws(SandboxError) {
      // Callers look for runc's words.
      try run(hook, hook.env ?? inherited, "\(name) hook #\(index): \(hook.path)", document, directory, limits)
    } catch {
      try failed(error)
    }
  }
}

/// Runs a hook to its end; throws when that is not as it should be.
private func run(
  _ hook: Hook, _ variables: [String], _ title: Text, _ document: [UInt8], _ directory: Path?, _ limits: HookLimits
) throws(SandboxError) {
  let output = try attempt("hold", "what the \(title) says") { () throws(Errno) in try MemoryFile.empty(name: "hook") }
  let status = try runHook(hook, variables, title, document, output, directory, limits)
  switch status {
  case .exited(0): break
  case .exited(let code): throw SandboxError("error running \(title): exit status \(code)\(said(output))", kind: .hook)
  case .signalled(let number): throw SandboxError("error running \(title): killed by signal \(number)\(said(output))", kind: .hook)
  }
}

/// The end of what a hook has said, as the end of a sentence in one line.
private func said(_ output: borrowing FileDescriptor) -> String {
  guard let bytes = try? output.readEnd(limit: 1024) else { return "" }
  var words: [UInt8] = []
  for byte in bytes { words.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
  while words.last == 0x20 { words.removeLast() }
  return words.isEmpty ? "" : Text(", output: \(string(words[...]))").string
}

private func runHook(
  _ hook: Hook, _ variables: [String], _ title: Text, _ document: [UInt8], _ output: borrowing FileDescriptor, _ directory: Path?,
  _ limits: HookLimits
) throws(SandboxError) -> ExitStatus {
  let arguments = CStringArray(hook.args.isEmpty ? [hook.path] : hook.args)
  let environment = CStringArray(variables)
  let path = Path(hook.path)
  // In memory and not in a pipe, which would block when the hook does not read and the annotations are long.
  let input = try attempt("hold", "the state for the \(title)") { () throws(Errno) in try MemoryFile.holding(document, name: "state") }
  var pair = try attempt("make", "a channel to the \(title)") { () throws(Errno) in try Channel.makePair() }
  switch try attempt("clone for", "the \(title)", { () throws(Errno) in try cloneProcess([]) }) {
  case .child:
    pair.first.close()
    return neverReturning(path, arguments, environment, input, output, pair.second, directory)
  case .parent(let process):
    pair.second.close()
    let answer = try attempt("hear from", "the \(title)") { () throws(Errno) in try pair.first.receiveByte() }
    if let number = answer {
      _ = try? waitForExit(of: process)
      throw SandboxError(Text(SystemError("error running", title, Errno(rawValue: Int32(number))).message), kind: .hook)
    }
    return try awaitHook(process, hook, title, limits)
  }
}

/// `becomeHook` under a type that lets its caller hold owners, as in `SandboxPlan.launch`.
private func neverReturning(
  _ path: Path, _ arguments: borrowing CStringArray, _ environment: borrowing CStringArray, _ input: borrowing FileDescriptor,
  _ output: borrowing FileDescriptor, _ channel: borrowing Channel, _ directory: Path?
) -> ExitStatus {
  becomeHook(path, arguments, environment, input, output, channel, directory)
}

/// In the new process; ends by running the hook or by sending the reason why not, one byte.
private func becomeHook(
  _ path: Path, _ arguments: borrowing CStringArray, _ environment: borrowing CStringArray, _ input: borrowing FileDescriptor,
  _ output: borrowing FileDescriptor, _ channel: borrowing Channel, _ directory: Path?
) -> Never {
  do throws(Errno) {
    setDefaultSignalActions()
    try SignalSet(mask: 0).becomeMask()
    // So that it can be killed with all that it has started.
    try ThisProcess.startSession()
    try input.place(at: StandardDescriptor.input)
    try output.place(at: StandardDescriptor.output)
    try output.place(at: StandardDescriptor.error)
    try closeDescriptors(from: 3, except: [channel.rawValue])
    if let directory { try ThisProcess.changeDirectory(directory) }
    throw execute(path, arguments, environment)
  } catch {
    try? channel.send(UInt8(truncatingIfNeeded: error.rawValue))
    exitProcess(1)
  }
}

private func awaitHook(_ process: Int32, _ hook: Hook, _ title: Text, _ limits: HookLimits) throws(SandboxError) -> ExitStatus {
  // Seconds; a timeout that does not fit into the count is none.
  let (span, overflow) = (hook.timeout ?? .max).multipliedReportingOverflow(by: 1000)
  let begin = monotonicMilliseconds()
  // Before Linux 5.3 there is none, and its end is looked for, ever less often.
  let end = try? openPidfd(process)
  var step: Int64 = 1
  while true {
    if let status = try attempt("wait for", "the \(title)", { () throws(Errno) in try pollExit(of: process) }) { return status }
    let left = overflow ? Int64.max : span - (monotonicMilliseconds() - begin)
    if left <= 0 {
      kill(process)
      throw SandboxError("error running \(title): not done after \(span / 1000) seconds, killed", kind: .hook)
    }
    let patience = min(left, end.number < 0 ? step : Int64(Int32.max))
    step = min(step * 2, 20)
    let waited = [limits.interruption ?? -1, limits.process ?? -1, end.number]
    let ready = try attempt("wait for", "the \(title)") { () throws(Errno) in
      try waitForInput(waited, timeoutMilliseconds: Int32(truncatingIfNeeded: patience))
    }
    if ready[0] || ready[1] { kill(process) }
    if ready[0] { throw .interrupted }
    if ready[1] { throw SandboxError("error running \(title): the container's process has ended meanwhile", kind: .hook) }
  }
}

/// Kills a hook and the processes of its group.
private func kill(_ process: Int32) {
  try? Linux.kill(0 - process, .kill)
  _ = try? waitForExit(of: process)
}
