internal import Linux

extension CommandSpec {
  /// `apus help`: the help of the program, a group or a command, from the table.
  static var help: CommandSpec {
    CommandSpec(
      name: "help", summary: "print the help of apus or of a command, such as `apus help image run`",
      operands: "[COMMAND]", completion: .command, operandCount: 0...2,
      perform: { (call) throws(Failure) in try showHelp(call.arguments.operands[...]) })
  }
}

/// Prints the help of what `words` name; that of the program when there are none.
private func showHelp(_ words: ArraySlice<String>) throws(Failure) -> Int32 {
  if words.isEmpty { return try show(HelpText.overview) }
  switch FoundCommand(words) {
  case .command(let command, let rest) where rest.isEmpty: return try show(HelpText.of(command))
  case .group(let group, nil): return try show(HelpText.of(group))
  default: throw .usage("no help for \(joined(Array(words), with: " ")); `apus help` lists the commands")
  }
}
