import Linux
import OCI
import Runtime

@testable import apus

/// A command line, a word in each line: what is taken is read as the command does it, as far as that touches nothing.
func fuzzArguments(_ input: [UInt8]) {
  let words = input.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
  attempt { () throws(Failure) in
    let own = try ownArguments(words)
    _ = try GlobalOptions(own)
    guard let first = own.operands.first else { return }
    switch FoundCommand(([first] + own.rest)[...]) {
    case .command(let command, let words): try read(command, words)
    case .group(let group, _): require(!HelpText.of(group).utf8.isEmpty, "help says something")
    case .none: break
    }
  }
}

private func read(_ command: CommandSpec, _ words: ArraySlice<String>) throws(Failure) {
  guard let arguments = try command.parse(words) else {
    return require(!HelpText.of(command).utf8.isEmpty, "help says something")
  }
  require(command.operandCount.contains(arguments.operands.count), "a command gets as many operands as it takes")
  require(command.stopsAtOperand || arguments.rest.isEmpty, "nothing is left over")
  for option in command.options {
    require(arguments.flag(option) == !arguments.values(option).isEmpty, "an option that was given has a value")
    require(option.spec.placeholder != nil || arguments.values(option).allSatisfy { $0.utf8.isEmpty }, "a flag has no value")
  }
  // What the commands make of them before they look at anything.
  attempt { () throws(Failure) in _ = try ExecArguments(arguments) }
  if !arguments.operands.isEmpty {
    attempt { () throws(Failure) in _ = try ImageRun(arguments) }
    attempt { () throws(Failure) in _ = try containerID(arguments.operands[0]) }
  }
  if arguments.value(.resources) == nil { attempt { () throws(Failure) in _ = try arguments.limits() } }
  attempt { () throws(Failure) in _ = try arguments.schema(.l3CacheSchema) }
  do throws(RuntimeError) { _ = try ProcessTable(options: arguments.rest) } catch { requireMessage(error.message) }
}

private func attempt(_ body: () throws(Failure) -> Void) {
  do throws(Failure) { try body() } catch {
    requireMessage(error.message)
    require(error.status > 0, "a failure has a status")
    for format in [Log.Format.text, .json] {
      let line = Log.line(.error, error.message, at: Timestamp(seconds: 0), format)
      require(line.last == 0x0A && !line.dropLast().contains(0x0A), "an error is one line of the log")
    }
  }
}
