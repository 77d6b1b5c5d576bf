internal import Linux

extension CommandSpec {
  /// `apus completion`: scripts for shells, from the table.
  static var completion: CommandSpec {
    CommandSpec(
      name: "completion", summary: "print completions for a shell", operands: "bash|zsh", completion: .choices, needs: "the name of a shell, bash or zsh",
      operandCount: 1...1,
      description: """
        bash: source the output, or put it into a file of /usr/share/bash-completion/completions named apus. zsh: put it into a directory of fpath as _apus.
        """,
      perform: { (call) throws(Failure) in try printCompletion(call.arguments.operands[0]) })
  }
}

private func printCompletion(_ shell: String) throws(Failure) -> Int32 {
  if shell.equals("bash") { return try show(BashCompletion.text) }
  if shell.equals("zsh") { return try show(ZshCompletion.text) }
  throw .usage("completion: \(shell) is neither bash nor zsh")
}
