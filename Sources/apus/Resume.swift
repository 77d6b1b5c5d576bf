internal import Runtime
internal import Wording

extension CommandSpec {
  /// `apus resume`: thaws a container.
  static var resume: CommandSpec {
    CommandSpec(
      name: "resume", summary: "let the processes of a paused container go on", operands: "ID", completion: .container, needs: "exactly one container id",
      operandCount: 1...1,
      perform: { (call) throws(Failure) in try resumeContainer(call) })
  }
}

private func resumeContainer(_ call: Invocation) throws(Failure) -> Int32 {
  let container = try openContainer(call, locked: true)
  try failing { () throws(RuntimeError) in try container.resume() }
  return 0
}
