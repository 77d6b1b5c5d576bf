internal import Runtime
internal import Wording

extension CommandSpec {
  /// `apus ps`: the processes of a container.
  static var ps: CommandSpec {
    CommandSpec(
      name: "ps", summary: "list the processes of a container", operands: "ID [PS OPTION ...]", needs: "a container id",
      operandCount: 1...1, stopsAtOperand: true, options: [.format],
      description: """
        The table is that of ps -ef. Of the options of ps those for its columns are understood: -f, x, u and -o COLUMNS.
        """,
      perform: { (call) throws(Failure) in try listProcesses(call) })
  }
}

private func listProcesses(_ call: Invocation) throws(Failure) -> Int32 {
  let format = call.arguments.value(.format) ?? "table"
  let isJSON = format.equals("json")
  guard isJSON || format.equals("table") else { throw Failure("invalid format option") }
  let container = try openContainer(call, locked: false)
  if isJSON {
    let document = try failing { () throws(RuntimeError) in try container.processDocument() }
    return try show(String(decoding: document, as: UTF8.self))
  }
  let text = try failing { () throws(RuntimeError) in try container.processTable(ProcessTable(options: call.arguments.rest)) }
  return try show(text)
}
