internal import Linux

/// What `apus completion zsh` prints: calls of `_arguments`, which knows how to walk along the words.
struct ZshCompletion {
  private var script = ShellText()

  static var text: String {
    var completion = ZshCompletion()
    completion.script.raw("\(head)")
    completion.writeProgram()
    for group in commandGroups { completion.writeGroup(group) }
    completion.script.raw("\n_apus \"$@\"\n")
    return completion.script.string
  }

  private static var head: Literal {
    #"""
    #compdef apus
    # Completions of apus for zsh, made by `apus completion zsh`: to be the file _apus in a directory of fpath.

    # $own has the program and its options, as they stand in front of the command.
    _apus_containers() {
      local -a found=(${(f)"$($own list --quiet 2>/dev/null)"})
      _describe container found
    }

    _apus_images() {
      local -a found=(${(f)"$($own image list 2>/dev/null | cut -f 1)"})
      found=(${found//:/\\:})
      _describe image found
    }

    """#
  }

  /// The program's own options, and the commands and groups behind them.
  private mutating func writeProgram() {
    script.raw("\n_apus() {\n  local curcontext=$curcontext state line\n  local -a own=($words) list\n  typeset -A opt_args\n  _arguments -C -s -S")
    for option in globalOptions { write(option.spec) }
    script.raw(" \\\n    ': :->command' '*:: :->rest' && return\n")
    writeList(commands(in: nil), commandGroups)
    script.raw("  own=(${own[1,-$#words-1]})\n  case $words[1] in\n")
    for group in commandGroups { script.raw("    \(group.name)) _apus_\(group.name) ;;\n") }
    for command in commands(in: nil) { write(command) }
    script.raw("  esac\n}\n")
  }

  private mutating func writeGroup(_ group: CommandGroup) {
    script.raw("\n_apus_\(group.name)() {\n  local state line\n  local -a list\n  _arguments -C ': :->command' '*:: :->rest' && return\n")
    let members = commands(in: group)
    writeList(members, [])
    script.raw("  case $words[1] in\n")
    for command in members { write(command) }
    script.raw("  esac\n}\n")
  }

  /// What may stand where a command is wanted.
  private mutating func writeList(_ commands: [CommandSpec], _ groups: [CommandGroup]) {
    script.raw("  if [[ $state == command ]]; then\n    list=(")
    for command in commands { writeListed(command.lastWord, command.summary) }
    for group in groups { writeListed(group.name.description, group.summary) }
    script.raw("\n    )\n    _describe command list\n    return\n  fi\n")
  }

  private mutating func writeListed(_ name: String, _ summary: Literal) {
    script.raw("\n      '\(name):")
    script.quoted(summary.description, zsh: true)
    script.raw("'")
  }

  /// The case of a command.
  private mutating func write(_ command: CommandSpec) {
    script.raw("    \(command.lastWord)) _arguments -s -S")
    for option in command.allOptions { write(option.spec) }
    if command.operandCount.upperBound > 0 {
      script.raw(" \\\n    ':")
      writeValue(command.operands.description, command.completion)
      script.raw("'")
    }
    if command.stopsAtOperand { script.raw(" '*:::word:_files'") }
    script.raw(" ;;\n")
  }

  /// A specification of `_arguments`: `'(-b --bundle)'{-b+,--bundle=}'[help]:DIR:_files -/'`.
  private mutating func write(_ option: OptionSpec) {
    script.raw(" \\\n    ")
    let afterLetter = option.placeholder == nil ? "" : "+"
    let afterName = option.placeholder == nil ? "" : "="
    if let letter = option.letter {
      script.raw(option.isRepeatable ? "'*'" : Text("'(-\(letter) --\(option.name))'"))
      script.raw("{-\(letter)\(afterLetter),--\(option.name)\(afterName)}'[")
    } else {
      script.raw("'\(option.isRepeatable ? "*" : "" as Literal)--\(option.name)\(afterName)[")
    }
    script.quoted(option.help, zsh: true)
    script.raw("]")
    if let placeholder = option.placeholder {
      script.raw(":")
      writeValue(placeholder, option.completion)
    }
    script.raw("'")
  }

  /// What a value is called, and what makes completions for it.
  private mutating func writeValue(_ placeholder: String, _ completion: ValueCompletion) {
    script.quoted(placeholder, zsh: true)
    script.raw(":")
    switch completion {
    // Nothing, not even a message: `_arguments` would take that for a match beside the options.
    case .nothing: script.raw("()")
    case .file: script.raw("_files")
    case .directory: script.raw("_files -/")
    case .choices:
      script.raw("(")
      script.choices(placeholder)
      script.raw(")")
    case .container: script.raw("_apus_containers")
    case .image: script.raw("_apus_images")
    case .command:
      script.raw("(")
      for group in commandGroups { script.raw("\(group.name)") }
      for command in commands(in: nil) { script.raw(" \(command.name)") }
      script.raw(")")
    }
  }
}
