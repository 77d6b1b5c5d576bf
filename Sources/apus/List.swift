internal import JSON
internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus list`: the containers of the state directory.
  static var list: CommandSpec {
    CommandSpec(
      name: "list", summary: "list the containers",
      options: [.format, .quiet],
      perform: { (call) throws(Failure) in try listContainers(call) })
  }
}

private func listContainers(_ call: Invocation) throws(Failure) -> Int32 {
  let wantsJSON = try call.arguments.wantsJSON()
  try requireRoot()
  // Who names a directory looks for containers in it; the default one is made by the first container.
  let directory = try failing { () throws(RuntimeError) in try StateDirectory(call.globals.stateRoot, makes: !call.globals.namesStateRoot) }
  let ids = try failing { () throws(RuntimeError) in try directory.list() }
  if call.arguments.flag(.quiet) {
    for id in ids { try show(Text("\(id.text)\n").string) }
    return 0
  }
  var states: [ContainerState] = []
  for id in ids {
    do throws(RuntimeError) {
      states.append(try Container(id, in: directory, locked: false).state())
    } catch {
      // It went meanwhile, or is just being made.
      if try failing({ () throws(RuntimeError) in try directory.has(id) }) { warn(error.message) }
    }
  }
  try show(wantsJSON ? json(states) : table(states))
  return 0
}

private func json(_ states: [ContainerState]) -> String {
  var writer = JSONWriter()
  writer.array { writer in
    for state in states { state.write(to: &writer) }
  }
  return string((writer.bytes() + [0x0A])[...])
}

private func table(_ states: [ContainerState]) -> String {
  var rows: [[String]] = [["ID", "PID", "STATUS", "BUNDLE", "CREATED"]]
  for state in states { rows.append([state.id.text, Text("\(state.pid ?? 0)").string, state.status.name, state.bundle, state.created ?? ""]) }
  return table(rows)
}
