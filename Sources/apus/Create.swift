internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus create`: everything up to the program of the container, which waits.
  static var create: CommandSpec {
    CommandSpec(
      name: "create", summary: "create a container from an OCI bundle, without starting its program", operands: "ID", needs: "exactly one container id",
      operandCount: 1...1, options: [.bundle, .config, .consoleSocket, .pidfdSocket, .pidFile, .preserveFDs, .noPivot, .noNewKeyring, .bestEffort],
      description: """
        The container waits for `apus start`. `apus delete` removes it.
        """,
      perform: { (call) throws(Failure) in try createContainer(call) })
  }
}

private func createContainer(_ call: Invocation) throws(Failure) -> Int32 {
  let options = try launchOptions(call.arguments, activates: true)
  try prepareToStart(call)
  let state = try stateDirectory(call)
  let request = try bundledContainer(call, in: state)
  try failing { () throws(RuntimeError) in try Runtime.createContainer(request, options, state: state, warn: warn) }
  debug("container \(request.id.text): created")
  return 0
}
