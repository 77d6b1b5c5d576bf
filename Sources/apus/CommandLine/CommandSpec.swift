internal import Linux

/// One command: what it is called, what it takes, what help says of it, and what does it.
///
/// Each command has a file of its own, with its spec as a `static var` and the function that does it.
final class CommandSpec {
  /// The words that call it, with one space between: `run`, `image run`.
  let name: Literal
  /// What it does, in a line that begins with a verb and has no full stop.
  let summary: Literal
  /// The operands as usage shows them: `ID`.
  let operands: Literal
  /// What completions offer for the first operand.
  let completion: ValueCompletion
  /// What must stand there, for the message when it does not: `exactly one container id`. Empty where there are no operands.
  let needs: Literal
  /// How many operands there may be. Where the rest belongs to the container, this is about those in front of it.
  let operandCount: ClosedRange<Int>
  /// Whether everything behind the first operand belongs to the container (or to ps), dashes and all.
  let stopsAtOperand: Bool
  let options: [OptionID]
  /// What else there is to know, in lines of any length; empty lines part paragraphs.
  let description: Literal
  /// Does it; gives the exit status.
  let perform: (Invocation) throws(Failure) -> Int32

  @inline(never)
  init(
    name: Literal, summary: Literal, operands: Literal = "", completion: ValueCompletion = .nothing, needs: Literal = "",
    operandCount: ClosedRange<Int> = 0...0, stopsAtOperand: Bool = false, options: [OptionID] = [], description: Literal = "",
    perform: @escaping (Invocation) throws(Failure) -> Int32
  ) {
    self.name = name
    self.summary = summary
    self.operands = operands
    self.completion = completion
    self.needs = needs
    self.operandCount = operandCount
    self.stopsAtOperand = stopsAtOperand
    self.options = options
    self.description = description
    self.perform = perform
  }

  /// Its options, and the one that every command has.
  @inline(never)
  var allOptions: [OptionID] { options + [.help] }

  /// Takes the words behind the command's name apart; nil when help was asked for.
  func parse(_ words: ArraySlice<String>) throws(Failure) -> ParsedArguments? {
    let arguments: ParsedArguments
    do throws(ArgumentError) {
      arguments = try ParsedArguments(words, options: allOptions, stopsAtOperand: stopsAtOperand)
    } catch {
      throw usage(error)
    }
    if arguments.flag(.help) { return nil }
    if operandCount.contains(arguments.operands.count) { return arguments }
    if operandCount.lowerBound == 0 { throw usage(operandCount.upperBound == 0 ? "takes no operands" : "has too many operands") }
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
final class Invocation {
  let globals: GlobalOptions
  let arguments: ParsedArguments
  /// The program's own argument vector, for going on from a sealed copy.
  let raw: UnsafePointer<UnsafePointer<CChar>?>

  init(globals: GlobalOptions, arguments: ParsedArguments, raw: UnsafePointer<UnsafePointer<CChar>?>) {
    self.globals = globals
    self.arguments = arguments
    self.raw = raw
  }
}

/// Commands that share their first word.
struct CommandGroup {
  let name: Literal
  /// What the group is about: a noun.
  let summary: Literal
}
