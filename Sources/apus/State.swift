internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus state`: the state of the runtime specification.
  static var state: CommandSpec {
    CommandSpec(
      name: "state", summary: "print the state of a container as JSON", operands: "ID", completion: .container, needs: "exactly one container id",
      operandCount: 1...1,
      perform: { (call) throws(Failure) in try printState(call) })
  }
}

private func printState(_ call: Invocation) throws(Failure) -> Int32 {
  let container = try openContainer(call, locked: false)
  let state = try failing { () throws(RuntimeError) in try container.state() }
  return try show(state.document())
}
