internal import Linux
internal import OCI
internal import Runtime

/// The program's entry: SwiftPM renames `main` of an executable target to this and links it as `main`.
@c(apus_main)
public func entry(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafePointer<CChar>?>) -> Int32 {
  let raw = UnsafePointer(arguments)
  let start = Timestamp.now()
  ThisProcess.takeTrappedCallsForMissing()
  do throws(Failure) {
    return try dispatch(words(Int(count), raw), raw: raw)
  } catch {
    fail(error.explained(since: start))
    return error.status
  }
}

/// The words behind the program's name. What is not UTF-8 is refused: `String` would repair it, and a repaired path is another file.
private func words(_ count: Int, _ raw: UnsafePointer<UnsafePointer<CChar>?>) throws(Failure) -> [String] {
  var words: [String] = []
  for index in 1..<max(1, count) {
    guard let bytes = raw[index] else { break }
    let word = String(cString: bytes)
    for (offset, byte) in Array(word.utf8).enumerated() where byte != UInt8(bitPattern: bytes[offset]) {
      throw .usage("word \(index) of the command line is not UTF-8: \(word)")
    }
    words.append(word)
  }
  return words
}

/// Takes the program's own options, finds the command and does it.
private func dispatch(_ words: [String], raw: UnsafePointer<UnsafePointer<CChar>?>) throws(Failure) -> Int32 {
  let own = try ownArguments(words)
  // In runc's form, which Docker and Podman show their users.
  if own.flag(.version) { return try show(Text("apus version \(version)\nspec: \(Spec.version)\n").string) }
  if own.flag(.help) { return try show(HelpText.overview) }
  guard let first = own.operands.first else {
    try show(HelpText.overview)
    return 2
  }
  try openLog(own)
  let globals = try GlobalOptions(own)
  switch FoundCommand(([first] + own.rest)[...]) {
  case .command(let command, let words):
    guard let arguments = try command.parse(words) else { return try show(HelpText.of(command)) }
    do throws(Errno) {
      try StandardDescriptor.openMissing()
    } catch {
      throw Failure(SystemError("open", "/dev/null", error))
    }
    debug("apus \(version), process \(UInt64(processID())): \(command.name) \(joined(arguments.operands, with: " "))")
    return try command.perform(Invocation(globals: globals, arguments: arguments, raw: raw))
  case .group(let group, let word):
    guard let word else { throw .usage("\(group.name): needs a command; `apus help \(group.name)` lists them") }
    if word.equals("--help") || word.equals("-h") { return try show(HelpText.of(group)) }
    throw .usage("\(group.name): unknown command \(word); `apus help \(group.name)` lists them")
  case .none:
    throw .usage("unknown command \(first); `apus help` lists them")
  }
}

/// The options up to the command; the command and what follows are its operand and rest.
func ownArguments(_ words: [String]) throws(Failure) -> ParsedArguments {
  do throws(ArgumentError) {
    return try ParsedArguments(words[...], options: globalOptions, stopsAtOperand: true)
  } catch {
    switch error {
    case .unknownOption(let option): throw .usage("unknown option \(option); `apus help` lists the options")
    case .needsValue, .takesNoValue: throw .usage(Text(error.message))
    }
  }
}

/// The version of this program.
var version: String { "0.1.0" }
