internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus start`: lets the program of a created container begin.
  static var start: CommandSpec {
    CommandSpec(
      name: "start", summary: "start the program of a created container", operands: "ID", completion: .container, needs: "exactly one container id",
      operandCount: 1...1,
      perform: { (call) throws(Failure) in try startContainer(call) })
  }
}

private func startContainer(_ call: Invocation) throws(Failure) -> Int32 {
  let container = try openContainer(call, locked: true)
  try failing { () throws(RuntimeError) in try container.start(warn: warn) }
  debug("container \(container.id.text): started")
  return 0
}
