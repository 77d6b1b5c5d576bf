internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus kill`: sends a signal.
  static var kill: CommandSpec {
    CommandSpec(
      name: "kill", summary: "send a signal to the first process of a container", operands: "ID [SIGNAL]", completion: .container,
      needs: "a container id, and at most a signal",
      operandCount: 1...2, options: [.all],
      description: """
        SIGNAL is a name with or without SIG, a number, or RTMIN+N or RTMAX-N. Default: TERM. 0 only asks whether the container runs.
        """,
      perform: { (call) throws(Failure) in try sendSignal(call) })
  }
}

private func sendSignal(_ call: Invocation) throws(Failure) -> Int32 {
  let name = call.arguments.operands.count > 1 ? call.arguments.operands[1] : "TERM"
  // 0 sends nothing, and tells whether there is somebody to send it to (kill(2)).
  guard let signal = name.equals("0") ? Signal(rawValue: 0) : Signal(named: name) else { throw .usage("kill: \(name) is not a signal") }
  try requireRoot()
  let id = try containerID(call.arguments.operands[0])
  let state = try stateDirectory(call)
  let container = try failing { () throws(RuntimeError) in try Container(toSignal: id, in: state) }
  try failing { () throws(RuntimeError) in
    if call.arguments.flag(.all) { try container.killAll(signal) } else { try container.kill(signal) }
  }
  debug("container \(container.id.text): sent signal \(UInt64(signal.rawValue))")
  return 0
}
