/// One option as the command line takes it, and as help, completions and the manual show it.
struct OptionSpec {
  /// The long name, without its dashes.
  let name: StaticString
  /// The letter behind a single dash, where there is one.
  let letter: Unicode.Scalar?
  /// What stands for the value in help; nil for a flag, which takes none.
  let placeholder: StaticString?
  /// Whether giving it again adds a value. Of any other option the last value counts.
  let isRepeatable: Bool
  let help: StaticString
  /// What completions offer for the value.
  let completion: ValueCompletion

  /// An option that is there or not.
  static func flag(_ name: StaticString, or letter: Unicode.Scalar? = nil, _ help: StaticString) -> OptionSpec {
    OptionSpec(name: name, letter: letter, placeholder: nil, isRepeatable: false, help: help, completion: .nothing)
  }

  /// An option with a value.
  static func value(
    _ name: StaticString, or letter: Unicode.Scalar? = nil, _ placeholder: StaticString, _ help: StaticString, offers completion: ValueCompletion = .nothing
  ) -> OptionSpec {
    OptionSpec(name: name, letter: letter, placeholder: placeholder, isRepeatable: false, help: help, completion: completion)
  }

  /// An option with a value that may be given more than once.
  static func values(_ name: StaticString, or letter: Unicode.Scalar? = nil, _ placeholder: StaticString, _ help: StaticString) -> OptionSpec {
    OptionSpec(name: name, letter: letter, placeholder: placeholder, isRepeatable: true, help: help, completion: .nothing)
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
