internal import Linux

extension ParsedArguments {
  /// The option's value as `parse` reads it, which must be above 0; nil when it was not given. `wanted` says in the message what it should be.
  func positive(_ option: OptionID, _ wanted: Literal, _ parse: (String) -> Int64?) throws(Failure) -> Int64? {
    guard let text = value(option) else { return nil }
    guard let number = parse(text), number > 0 else { throw .usage("option --\(option.spec.name): \(text) is not \(wanted)") }
    return number
  }
}
