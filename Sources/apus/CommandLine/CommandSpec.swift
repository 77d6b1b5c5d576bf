internal import Linux

/// One command: what it is called, what it takes, what help says of it, and what does it.
///
/// Each command has a file of its own, with its spec as a `static var` and the function that does it.
struct CommandSpec {
  /// The words that call it, with one space between: `run`, `image run`.
  let name: StaticString
  /// What it does, in a line that begins with a verb and has no full stop.
  let summary: StaticString
  /// The operands as usage shows them: `ID`.
  var operands: StaticString = ""
  /// What completions offer for the first operand.
  var completion = ValueCompletion.nothing
  /// What must stand there, for the message when it does not: `exactly one container id`. Empty where there are no operands.
  var needs: StaticString = ""
  /// How many operands there may be. Where the rest belongs to the container, this is about those in front of it.
  var operandCount: ClosedRange<Int> = 0...0
  /// Whether everything behind the first operand belongs to the container (or to ps), dashes and all.
  var stopsAtOperand = false
  var options: [OptionID] = []
  /// What else there is to know, in lines of any length; empty lines part paragraphs.
  var description: StaticString = ""
  /// Does it; gives the exit status.
  let perform: (Invocation) throws(Failure) -> Int32

  /// Takes the words behind the command's name apart; nil when help was asked for.
  func parse(_ words: ArraySlice<String>) throws(Failure) -> ParsedArguments? {
    let arguments: ParsedArguments
    do throws(ArgumentError) {
      arguments = try ParsedArguments(words, options: options + [.help], stopsAtOperand: stopsAtOperand)
    } catch {
      throw usage(error)
    }
    if arguments.flag(.help) { return nil }
    if operandCount.contains(arguments.operands.count) { return arguments }
    if operandCount.upperBound == 0 { throw usage("takes no operands") }
    throw usage(Text("needs \(needs)"))
  }

  /// The failure of a command line that does not fit the command.
  func usage(_ message: Text) -> Failure { .usage("\(name): \(message); see `apus help \(name)`") }

  private func usage(_ error: ArgumentError) -> Failure {
    if case .unknownOption = error { return usage(Text(error.message)) }
    return .usage(Text(error.message))
  }
}

/// What a command is called with.
struct Invocation {
  let globals: GlobalOptions
  let arguments: ParsedArguments
  /// The program's own argument vector, for going on from a sealed copy.
  let raw: UnsafePointer<UnsafePointer<CChar>?>
}

/// Commands that share their first word.
struct CommandGroup {
  let name: StaticString
  /// What the group is about: a noun.
  let summary: StaticString
}
