internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus state`: the state of the runtime specification.
  static var state: CommandSpec {
    CommandSpec(
      name: "state", summary: "print the state of a container, and what isolates and limits it", operands: "ID", completion: .container,
      needs: "exactly one container id", operandCount: 1...1, options: [.stateFormat],
      description: """
        JSON is the state of the runtime specification, and in `enforcement` of every isolation and every limit what was asked for, what the kernel has of it, and \
        what sees to it; the table has a line for each: PLACE IN CONFIG.JSON: ASKED -> APPLIED by WHAT.
        """,
      perform: { (call) throws(Failure) in try printState(call) })
  }
}

private func printState(_ call: Invocation) throws(Failure) -> Int32 {
  var wantsJSON = try call.arguments.wantsJSON(.stateFormat)
  if call.arguments.value(.stateFormat) == nil { wantsJSON = true }
  let container = try openContainer(call, locked: false)
  var state = try failing { () throws(RuntimeError) in try container.state() }
  do throws(RuntimeError) {
    state.enforcement = try container.enforcement(state.status)
  } catch {
    // Engines ask for the state whatever has become of the container, and first of all want to know that.
    if state.status != .creating { warn("container \(container.id.text): what isolates and limits it is not known: \(error.message)") }
  }
  if wantsJSON { return try show(state.document()) }
  return try show(joined(state.enforcement.map { $0.line }, with: ""))
}
