internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus run`: a container from an OCI bundle.
  static var run: CommandSpec {
    CommandSpec(
      name: "run", summary: "create a container from an OCI bundle and start it", operands: "ID", needs: "exactly one container id",
      operandCount: 1...1,
      options: [.bundle, .config, .consoleSocket, .pidfdSocket, .detach, .keep, .pidFile, .preserveFDs, .noPivot, .noNewKeyring, .bestEffort],
      description: """
        Without --detach apus waits in the foreground: signals are passed on to the container, which is removed when it ends. The exit status is the \
        container's, 128+N when signal N ended it, and 1 when it could not be started.
        """,
      perform: { (call) throws(Failure) in try runVerb(call) })
  }
}

private func runVerb(_ call: Invocation) throws(Failure) -> Int32 {
  let options = try launchOptions(call.arguments, activates: true)
  try prepareToStart(call)
  let state = try stateDirectory(call)
  let request = try bundledContainer(call, in: state)
  if call.arguments.flag(.detach) {
    try failing { () throws(RuntimeError) in try startContainer(detached: request, options, state: state, warn: warn) }
    debug("container \(request.id.text): started")
    return 0
  }
  let status = try failing { () throws(RuntimeError) in
    try runContainer(request, options, keeps: call.arguments.flag(.keep), state: state, warn: warn)
  }.code
  debug("container \(request.id.text): ended with status \(UInt64(status))")
  return status
}
