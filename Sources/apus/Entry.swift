internal import Linux
internal import Runtime

/// The program's entry: SwiftPM renames `main` of an executable target to this and links it as `main`.
@c(apus_main)
public func entry(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafePointer<CChar>?>) -> Int32 {
  var words: [String] = []
  for index in 1..<max(1, Int(count)) {
    guard let word = arguments[index] else { break }
    words.append(String(cString: word))
  }
  do throws(Failure) {
    return try dispatch(words, raw: UnsafePointer(arguments))
  } catch {
    report(error.message)
    return error.status
  }
}

/// Finds the verb and runs it.
private func dispatch(_ words: [String], raw: UnsafePointer<UnsafePointer<CChar>?>) throws(Failure) -> Int32 {
  var words = ArgumentList(words)
  let globals = try GlobalOptions(&words)
  if globals.wantsVersion { return try show("apus \(version)\n") }
  guard let verb = globals.wantsHelp ? "help" : words.next() else {
    try show(overview)
    return 2
  }
  if verb.equals("help") { return try help(&words) }
  do throws(Errno) {
    try StandardDescriptor.openMissing()
  } catch {
    throw Failure(SystemError("open", "/dev/null", error))
  }
  if verb.equals("image") { return try imageVerb(&words, globals, raw) }
  if verb.equals("run") { return try RunVerb(&words).perform(globals, raw) }
  throw .usage("unknown command \(verb); `apus help` lists them")
}

/// The version of this program.
var version: String { "0.1.0" }
