internal import Linux

/// Help that is put together from the table of commands, wrapped for a terminal.
struct HelpText {
  private var bytes: [UInt8] = []

  /// No line is longer, unless a word is.
  private static var width: Int { 100 }

  private var string: String { String(decoding: bytes, as: UTF8.self) }

  /// What `apus help` prints.
  static var overview: String {
    var text = HelpText()
    text.line("apus: run containers on phones and boards\n\nUsage: apus [OPTIONS] COMMAND ...\n\nCommands:")
    text.list(commands)
    text.line("")
    text.list(globalOptions)
    return text.string
  }

  /// What `apus help GROUP` prints.
  static func of(_ group: CommandGroup) -> String {
    var text = HelpText()
    text.line(Text("apus \(group.name): \(group.summary)\n\nUsage: apus \(group.name) COMMAND ...\n\nCommands:"))
    text.list(commands.filter { $0.isIn(group) })
    return text.string
  }

  /// What `apus help COMMAND` prints.
  static func of(_ command: CommandSpec) -> String {
    var text = HelpText()
    text.line(Text("apus \(command.name): \(command.summary)\n"))
    text.line(Text("Usage: apus \(command.name) [OPTIONS]\(command.operands.utf8CodeUnitCount == 0 ? "" : " ")\(command.operands)\n"))
    if command.description.utf8CodeUnitCount > 0 {
      text.wrap(command.description, indent: 0)
      text.line("")
    }
    text.list(command.options + [.help])
    return text.string
  }

  /// Commands and what they do, in two columns.
  private mutating func list(_ commands: [CommandSpec]) {
    let column = (commands.map { $0.name.utf8CodeUnitCount }.max() ?? 0) + 4
    for command in commands { row(Text("  \(command.name)"), column, command.summary) }
  }

  /// Options and what they mean, in two columns.
  private mutating func list(_ options: [OptionID]) {
    line("Options:")
    let spellings = options.map { Text("  \($0.spec.spelling)").string }
    let column = (spellings.map { $0.utf8.count }.max() ?? 0) + 2
    for (option, spelling) in zip(options, spellings) { row(Text(spelling), column, option.spec.help) }
  }

  private mutating func row(_ name: Text, _ column: Int, _ help: StaticString) {
    let name = name.string.utf8
    bytes.append(contentsOf: name)
    bytes.append(contentsOf: repeatElement(space, count: column - name.count))
    wrap(help, indent: column)
  }

  /// Words from the present column on, which is that of `indent`; the lines that follow begin there too. Line feeds stay as they are.
  private mutating func wrap(_ text: StaticString, indent: Int) {
    text.withUTF8Buffer { text in
      for line in text.split(separator: newline, omittingEmptySubsequences: false) {
        var column = indent
        for word in line.split(separator: space) {
          if column > indent {
            if column + 1 + word.count > HelpText.width {
              bytes.append(newline)
              bytes.append(contentsOf: repeatElement(space, count: indent))
              column = indent
            } else {
              bytes.append(space)
              column += 1
            }
          }
          bytes.append(contentsOf: word)
          column += word.count
        }
        bytes.append(newline)
      }
    }
  }

  private mutating func line(_ text: Text) {
    bytes.append(contentsOf: text.string.utf8)
    bytes.append(newline)
  }
}

extension OptionSpec {
  /// The option as a line of help shows it: `-b, --bundle DIR`, in line with those that have no letter.
  fileprivate var spelling: String {
    let letters: [UInt8] = letter.map { [0x2D, UInt8(truncatingIfNeeded: $0.value), 0x2C, space] } ?? [space, space, space, space]
    let value = placeholder.map { Text(" \($0)").string } ?? ""
    return Text("\(String(decoding: letters, as: UTF8.self))--\(name)\(value)").string
  }
}

private var space: UInt8 { 0x20 }
private var newline: UInt8 { 0x0A }
