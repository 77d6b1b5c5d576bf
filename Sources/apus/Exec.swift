internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus exec`: another process in a container.
  static var exec: CommandSpec {
    CommandSpec(
      name: "exec", summary: "run another process in a container that is running", operands: "ID [--] [COMMAND ...]", completion: .container,
      needs: "a container id",
      operandCount: 1...1, stopsAtOperand: true,
      options: [
        .process, .tty, .env, .user, .additionalGIDs, .cwd, .capability, .cgroup, .detach, .pidFile, .pidfdSocket, .consoleSocket, .preserveFDs,
        .ignorePaused, .noNewPrivs, .apparmor, .processLabel,
      ],
      description: """
        The process gets what the container's own has (user, variables, capabilities, limits), as far as the options, or the file of --process, do not \
        say otherwise. The exit status is that of the process, 128+N when signal N ended it, and 255 when it could not be started.
        """,
      perform: { (call) throws(Failure) in try execProcess(call) })
  }
}

private func execProcess(_ call: Invocation) throws(Failure) -> Int32 {
  do throws(Failure) {
    let options = try launchOptions(call.arguments, activates: false)
    try prepareToStart(call)
    let container = try openContainer(call, locked: true)
    let request = try ExecArguments(call.arguments).request(container)
    if call.arguments.flag(.detach) {
      try failing { () throws(RuntimeError) in try container.exec(detached: request, options, warn: warn) }
      return 0
    }
    return try failing { () throws(RuntimeError) in try container.exec(request, options, warn: warn) }.code
  } catch {
    // As runc: 1 would be a status that the process may have had.
    throw error.status == 1 ? Failure("exec failed: \(error.message)", status: 255) : error
  }
}
