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
  chosen.body(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

/// What takes an input.
private struct Target: Sendable {
  let name: String
  /// Bytes of an input. A little more than the seeds have: time goes with the length, and hardly a fault needs more.
  let longest: Int
  let body: @Sendable ([UInt8]) -> Void

  init(_ name: String, longest: Int, _ body: @escaping @Sendable ([UInt8]) -> Void) {
    self.name = name
    self.longest = longest
    self.body = body
  }
}

/// Every target. Tests/Fuzz/run has the names from the folders of the corpus.
private let targets = [
  Target("application", longest: 4096, fuzzApplication),
  Target("archive", longest: 5120, fuzzSavedArchive),
  Target("arguments", longest: 512, fuzzArguments),
  Target("cgroups", longest: 1024, fuzzCgroups),
  Target("config", longest: 4096, fuzzConfiguration),
  Target("gzip", longest: 1024, fuzzGzip),
  Target("http", longest: 1024, fuzzHTTP),
  Target("http-response", longest: 1024, fuzzHTTPResponse),
  Target("image", longest: 1024, fuzzImage),
  Target("json", longest: 512, fuzzJSON),
  Target("layer", longest: 5120, fuzzLayer),
  Target("logs", longest: 512, fuzzLogs),
  Target("process", longest: 1536, fuzzProcess),
  Target("processes", longest: 1024, fuzzProcesses),
  Target("record", longest: 512, fuzzRecord),
  Target("records", longest: 1024, fuzzReaderRecords),
  Target("releases", longest: 2048, fuzzReleases),
  Target("resources", longest: 1536, fuzzResources),
  Target("seccomp", longest: 2560, fuzzSeccomp),
  Target("state", longest: 384, fuzzState),
  Target("statistics", longest: 384, fuzzStatistics),
  Target("tar", longest: 5120, fuzzArchive),
  Target("trust", longest: 1024, fuzzTrust),
  Target("users", longest: 384, fuzzUsers),
  Target("words", longest: 128, fuzzWords),
  Target("zstd", longest: 1024, fuzzZstd),
]

/// The one that the environment names.
private let chosen: Target = {
  let name = getenv("APUS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = targets.first(where: { $0.name == name }) else { fatalError("APUS_FUZZ_TARGET: no target '\(name)'") }
  return target
}()

@main
enum Fuzz {
  static func main() {
    // What stands later counts, so that the command line may say otherwise.
    let words = [CommandLine.arguments[0], "-max_len=\(chosen.longest)"] + CommandLine.arguments.dropFirst()
    // libFuzzer keeps the pointers for ever.
    var pointers = words.map { strdup($0) } + [nil]
    var count = Int32(words.count)
    pointers.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      withUnsafeMutablePointer(to: &start) { exit(runDriver(&count, $0, testOneInput)) }
    }
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
