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
    text.list(commands(in: group))
    return text.string
  }

  /// What `apus help COMMAND` prints.
  static func of(_ command: CommandSpec) -> String {
    var text = HelpText()
    text.line(Text("apus \(command.name): \(command.summary)\n"))
    text.line(Text("Usage: apus \(command.name) [OPTIONS]\(command.operands.isEmpty ? "" : " ")\(command.operands)\n"))
    if !command.description.isEmpty {
      text.wrap(command.description.description, indent: 0)
      text.line("")
    }
    text.list(command.allOptions)
    return text.string
  }

  /// Commands and what they do.
  private mutating func list(_ commands: [CommandSpec]) {
    columns(commands.map { Text("  \($0.name)").string }, commands.map { $0.summary.description })
  }

  /// Options and what they mean.
  private mutating func list(_ options: [OptionID]) {
    line("Options:")
    let options = options.map { $0.spec }
    columns(options.map { $0.spelling }, options.map { $0.help })
  }

  /// Two columns: names, and what each is.
  private mutating func columns(_ names: [String], _ help: [String]) {
    var column = 0
    for name in names { column = max(column, name.utf8.count + 2) }
    for (row, name) in names.enumerated() {
      bytes.append(contentsOf: name.utf8)
      pad(column - name.utf8.count)
      wrap(help[row], indent: column)
    }
  }

  /// Words from the present column on, which is that of `indent`; the lines that follow begin there too. Line feeds stay as they are.
  private mutating func wrap(_ text: String, indent: Int) {
    for line in parts(of: text, at: newline) {
      var column = indent
      for word in parts(of: line, at: space) {
        let length = word.utf8.count
        if column > indent {
          if column + 1 + length > HelpText.width {
            bytes.append(newline)
            pad(indent)
            column = indent
          } else {
            bytes.append(space)
            column += 1
          }
        }
        bytes.append(contentsOf: word.utf8)
        column += length
      }
      bytes.append(newline)
    }
  }

  private mutating func pad(_ count: Int) { for _ in 0..<count { bytes.append(space) } }

  private mutating func line(_ text: Text) {
    bytes.append(contentsOf: text.string.utf8)
    bytes.append(newline)
  }
}

extension OptionSpec {
  /// The option as a line of help shows it: `-b, --bundle DIR`, in line with those that have no letter.
  fileprivate var spelling: String {
    let short = letter.map { Text("  -\($0), ").string } ?? "      "
    let value = placeholder.map { Text(" \($0)").string } ?? ""
    return Text("\(short)--\(name)\(value)").string
  }
}

private var space: UInt8 { 0x20 }
private var newline: UInt8 { 0x0A }
