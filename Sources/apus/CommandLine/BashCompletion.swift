internal import Linux

/// What `apus completion bash` prints: three functions that are the table, and one that walks along the words.
struct BashCompletion {
  private var script = ShellText()

  static var text: String {
    var completion = BashCompletion()
    completion.script.raw("# Completions of apus for bash, made by `apus completion bash`: to be sourced.\n")
    completion.writeWords()
    completion.writeValues()
    completion.writeOperands()
    completion.script.raw("\(walk)")
    return completion.script.string
  }

  /// The options and the next words of each command, of each group, and of the program.
  private mutating func writeWords() {
    script.raw("\n# What may follow command $1; '' is the program.\n_apus_words() {\n  case $1 in\n")
    script.raw("    '') echo \"")
    script.words(of: globalOptions)
    for group in commandGroups { script.raw("\(group.name) ") }
    for command in commands(in: nil) { script.raw("\(command.name) ") }
    script.raw("\" ;;\n")
    for group in commandGroups {
      script.raw("    '\(group.name)') echo \"")
      for command in commands(in: group) { script.raw("\(command.lastWord) ") }
      script.raw("\" ;;\n")
    }
    for command in commands {
      script.raw("    '\(command.name)') echo \"")
      script.words(of: command.allOptions)
      script.raw("\" ;;\n")
    }
    script.raw("  esac\n}\n")
  }

  /// The kind of each option's value.
  private mutating func writeValues() {
    script.raw("\n# What the value of option $2 of command $1 is; nothing for an option without a value.\n_apus_value() {\n  case \"$1 $2\" in\n")
    script.values(of: globalOptions, command: "")
    for command in commands { script.values(of: command.options, command: command.name) }
    script.raw("  esac\n}\n")
  }

  /// The kind of each command's first operand.
  private mutating func writeOperands() {
    script.raw("\n# What the first operand of command $1 is.\n_apus_operand() {\n  case $1 in\n")
    for command in commands {
      script.raw("    '\(command.name)') echo '\(command.completion.kind)")
      if case .choices = command.completion { script.choices(command.operands.description) }
      script.raw("' ;;\n")
    }
    script.raw("  esac\n}\n")
  }

  /// Bash makes words of their own of the equals sign in `--name=value` and of the colon in `image:tag`. Names of the store are foreign words: `compgen -W` would
  /// expand what looks like a substitution in them, so they are compared one by one.
  private static var walk: Literal {
    #"""

    _apus() {
      local command='' option='' kind='' word current found operands=0
      local -a words=() own=() list=()
      for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ ${#words[@]} -gt 0 && ($word == : || ${words[-1]} == *:) ]]; then words[-1]+=$word; else words+=("$word"); fi
      done
      current=${words[-1]}
      for word in "${words[@]:0:${#words[@]}-1}"; do
        if [[ -n $option ]]; then
          if [[ $word != = ]]; then option=''; fi
        elif [[ $word == -* ]]; then
          if [[ -n $(_apus_value "$command" "$word") ]]; then option=$word; fi
        elif [[ -n $(_apus_operand "$command") ]]; then
          operands=$((operands + 1))
        else
          command=${command:+$command }$word
          continue
        fi
        if [[ -z $command ]]; then own+=("$word"); fi
      done
      if [[ $current == = ]]; then current=''; fi
      if [[ -n $option ]]; then
        kind=$(_apus_value "$command" "$option")
      elif [[ $current == -* ]]; then
        kind="words $(_apus_words "$command" | tr ' ' '\n' | grep '^-')"
      elif [[ -z $(_apus_operand "$command") ]]; then
        kind="words $(_apus_words "$command" | tr ' ' '\n' | grep -v '^-')"
      elif ((operands == 0)); then
        kind=$(_apus_operand "$command")
      fi
      COMPREPLY=()
      case $kind in
        words*) read -r -d '' -a list <<<"${kind#words}" ;;
        command) read -r -d '' -a list < <(_apus_words '' | tr ' ' '\n' | grep -v '^-') ;;
        container) mapfile -t list < <("${COMP_WORDS[0]}" "${own[@]}" list --quiet 2>/dev/null) ;;
        image) mapfile -t list < <("${COMP_WORDS[0]}" "${own[@]}" image list 2>/dev/null | cut -f 1) ;;
        file | directory)
          compopt -o filenames 2>/dev/null
          mapfile -t COMPREPLY < <(compgen -A "$kind" -- "$current")
          return
          ;;
      esac
      for word in "${list[@]}"; do
        if [[ $word != "$current"* ]]; then continue; fi
        printf -v found %q "$word"
        # What stands before the last colon is on the line already, as words of its own.
        COMPREPLY+=("${found#"${current%"${current##*:}"}"}")
      done
    }
    complete -F _apus apus

    """#
  }
}

/// Text of a script, piece by piece.
struct ShellText {
  private var bytes: [UInt8] = []

  var string: String { String(decoding: bytes, as: UTF8.self) }

  @inline(never)
  mutating func raw(_ text: Text) { bytes.append(contentsOf: text.string.utf8) }

  /// Text inside single quotes of a shell; with `zsh`, what has a meaning in a specification of `_arguments` is escaped.
  mutating func quoted(_ text: String, zsh: Bool = false) {
    for byte in Array(text.utf8) {
      switch byte {
      case 0x27: raw("'\\''")
      // Brackets, colon and backslash.
      case 0x3A, 0x5B, 0x5C, 0x5D:
        if zsh { bytes.append(0x5C) }
        bytes.append(byte)
      default: bytes.append(byte)
      }
    }
  }

  /// `table|json` with spaces in front of the words.
  mutating func choices(_ placeholder: String) {
    for word in parts(of: placeholder, at: 0x7C) { raw(" \(word)") }
  }

  /// The spellings of options, with a space behind each.
  fileprivate mutating func words(of options: [OptionID]) {
    for option in options {
      let option = option.spec
      raw("--\(option.name) ")
      if let letter = option.letter { raw("-\(letter) ") }
    }
  }

  /// A case for the value of each option that has one.
  fileprivate mutating func values(of options: [OptionID], command: Literal) {
    for option in options {
      let option = option.spec
      guard let placeholder = option.placeholder else { continue }
      raw("    '\(command) --\(option.name)'")
      if let letter = option.letter { raw(" | '\(command) -\(letter)'") }
      raw(") echo '\(option.completion.kind)")
      if option.completion == .choices { choices(placeholder) }
      raw("' ;;\n")
    }
  }
}

extension ValueCompletion {
  /// The word that the script for bash has for it.
  fileprivate var kind: Literal {
    switch self {
    case .nothing: "other"
    case .file: "file"
    case .directory: "directory"
    case .choices: "words"
    case .container: "container"
    case .image: "image"
    case .command: "command"
    }
  }
}
