internal import Runtime
internal import Wording

extension CommandSpec {
  /// `apus pause`: stops a container's processes for a while.
  static var pause: CommandSpec {
    CommandSpec(
      name: "pause", summary: "stop every process of a container until it is resumed", operands: "ID", completion: .container,
      needs: "exactly one container id",
      operandCount: 1...1,
      perform: { (call) throws(Failure) in try pauseContainer(call) })
  }
}

private func pauseContainer(_ call: Invocation) throws(Failure) -> Int32 {
  let container = try openContainer(call, locked: true)
  try failing { () throws(RuntimeError) in try container.pause(warn: warn) }
  return 0
}
