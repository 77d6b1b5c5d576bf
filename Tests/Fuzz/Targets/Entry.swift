import Glibc

// The program that libFuzzer drives: all targets are in it, and the environment names the one that is fuzzed, because libFuzzer owns the command line.

/// Starts libFuzzer. The function is C's; Swift's calling convention is the same for pointers and integers on x86-64 and aarch64.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// The function that libFuzzer's own `main` would call; the library is linked whole, so the symbol must be there.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  target(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

/// What takes an input.
private let target: @Sendable ([UInt8]) -> Void = {
  let name = getenv("APUS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = targets.first(where: { $0.name == name }) else { fatalError("APUS_FUZZ_TARGET: no target '\(name)'") }
  return target.body
}()

/// Every target. Tests/Fuzz/run has the names from the folders of the corpus.
private let targets: [(name: String, body: @Sendable ([UInt8]) -> Void)] = [
  ("cgroups", fuzzCgroups), ("config", fuzzConfiguration), ("process", fuzzProcess), ("record", fuzzRecord), ("resources", fuzzResources),
  ("seccomp", fuzzSeccomp), ("state", fuzzState), ("statistics", fuzzStatistics), ("users", fuzzUsers), ("words", fuzzWords),
]

@main
enum Fuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(runDriver(&count, &arguments, testOneInput))
  }
}

/// A property that every input must have.
func require(_ holds: Bool, _ what: StaticString) {
  if !holds { fatalError("does not hold: \(what)") }
}

/// The message of a reader: one line. Those of a planner may quote the document; what prints them escapes.
func requireLine(_ message: String) { require(!message.utf8.isEmpty && !message.utf8.contains(0x0A), "an error's message is one line with something in it") }

/// A message says something.
func requireMessage(_ message: String) { require(!message.utf8.isEmpty, "an error's message says something") }

/// The parts of an input for a function that takes several texts: what lies between NULs, and empty texts for those that are not there.
func parts(_ input: [UInt8], _ count: Int) -> [[UInt8]] {
  var parts = input.split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false).map { Array($0) }
  while parts.count < count { parts.append([]) }
  return parts
}
