internal import Linux

/// One option as the command line takes it, and as help, completions and the manual show it.
final class OptionSpec {
  /// The long name, without its dashes.
  let name: String
  /// The letter behind a single dash, where there is one.
  let letter: String?
  /// What stands for the value in help; nil for a flag, which takes none.
  let placeholder: String?
  /// Whether giving it again adds a value. Of any other option the last value counts.
  let isRepeatable: Bool
  let help: String
  /// What completions offer for the value.
  let completion: ValueCompletion

  /// Takes a row of the table apart.
  init(_ row: Literal) {
    let (head, help) = cut(row.description, at: ": ")
    let (spellings, value) = cut(head, at: " ")
    let (name, letter) = cut(spellings, at: ",")
    let (single, more) = cut(value ?? "", at: "...")
    let (placeholder, directory) = cut(single, at: "/")
    self.name = name
    self.letter = letter
    self.placeholder = value == nil ? nil : placeholder
    isRepeatable = more != nil
    self.help = help ?? ""
    if directory != nil {
      completion = .directory
    } else if placeholder.equals("FILE") || placeholder.equals("SOCKET") {
      completion = .file
    } else {
      completion = cut(placeholder, at: "|").behind == nil ? .nothing : .choices
    }
  }
}

/// What a shell can offer for a value or an operand.
enum ValueCompletion {
  case nothing
  case file
  case directory
  /// The words of the placeholder, which has a `|` between them.
  case choices
  /// The id of a container.
  case container
  /// The name of an image in the store.
  case image
  /// The first word of a command's name.
  case command
}
