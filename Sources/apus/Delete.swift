internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus delete`: removes what is left of a container.
  static var delete: CommandSpec {
    CommandSpec(
      name: "delete", summary: "remove a container that has ended, and all that is left of it", operands: "ID", completion: .container,
      needs: "exactly one container id",
      operandCount: 1...1, options: [.force],
      perform: { (call) throws(Failure) in try deleteContainer(call) })
  }
}

private func deleteContainer(_ call: Invocation) throws(Failure) -> Int32 {
  try requireRoot()
  let id = try containerID(call.arguments.operands[0])
  let force = call.arguments.flag(.force)
  let state = try stateDirectory(call)
  try failing { () throws(RuntimeError) in try state.removeLeftover(id) }
  // As with runc: what is not there need not be forced.
  if force, try failing({ () throws(RuntimeError) in try !state.has(id) }) { return 0 }
  try failing { () throws(RuntimeError) in
    if !force { return try Container(id, in: state, locked: true).delete(warn: warn) }
    if let container = try Container.toEnd(id, in: state) { try container.end(warn: warn) }
  }
  debug("container \(id.text): deleted")
  return 0
}
