import Linux
import OCI
import Runtime
import Sandbox
import Testing

@testable import apus

@Suite("command lines are understood or refused before anything is done")
struct VerbTests {
  /// The failure with which `make` or the parser refuses the words; nil when they do not.
  private func failure(_ command: CommandSpec, _ words: [String], _ make: (ParsedArguments) throws(Failure) -> Void) -> Failure? {
    do throws(Failure) {
      if let arguments = try command.parse(words[...]) { try make(arguments) }
      return nil
    } catch { return error }
  }

  private func imageRun(_ words: [String]) -> Failure? { failure(.imageRun, words) { (arguments) throws(Failure) in _ = try ImageRun(arguments) } }
  private func run(_ words: String...) -> Failure? { failure(.run, words) { (arguments) throws(Failure) in _ = try containerID(arguments.operands[0]) } }
  private func imageImport(_ words: String...) -> Failure? { failure(.imageImport, words) { (_) throws(Failure) in } }

  @Test("image run takes its options, and leaves those behind the name to the container")
  func imageRunTaken() {
    #expect(
      imageRun([
        "--memory", "64m", "--pids=50", "--cpus", "0.5", "-e", "A=", "--env=B=c=d", "--read-only", "--network", "host", "-t", "--name", "cache", "--hostname=h",
        "redis", "--", "redis-server", "--port", "1",
      ]) == nil)
    #expect(imageRun(["busybox", "--no-such-option"]) == nil)
  }

  @Test(
    "image run refuses what it does not understand, with a sentence that names it",
    arguments: [
      ([], "image run: needs the name of an image; see `apus help image run`"),
      (["--colour", "x"], "image run: unknown option --colour; see `apus help image run`"),
      (["--read-only=yes", "x"], "option --read-only takes no value"),
      (["--memory", "many", "x"], "option --memory: many is not a number of bytes such as 64m"),
      (["--memory", "0", "x"], "option --memory: 0 is not a number of bytes such as 64m"),
      (["--pids", "-1", "x"], "option --pids: -1 is not a number above 0"),
      (["--cpus", "0.001", "x"], "option --cpus: 0.001 is not a number of processors such as 0.5, at least 0.01"),
      (["--env", "=v", "x"], "option --env: =v is not K=V"),
      (["--env", "K", "x"], "option --env: K is not K=V"),
      (["--network", "bridge", "x"], "option --network: bridge is neither none nor host"),
      (["--memory"], "option --memory needs a value"),
    ])
  func imageRunRefused(_ words: [String], _ message: String) {
    let failure = imageRun(words)
    #expect(failure?.message == message)
    #expect(failure?.status == 2)
  }

  @Test("a container's id is checked where it is given")
  func ids() {
    #expect(run("../x")?.status == 2)
    #expect(imageRun(["--name", "a/b", "x"])?.status == 2)
    #expect(run("--bundle", "/b", "a") == nil)
    #expect(run()?.message == "run: needs exactly one container id; see `apus help run`")
    #expect(run("a", "b")?.message == "run: needs exactly one container id; see `apus help run`")
    #expect(run("--colour", "a")?.message == "run: unknown option --colour; see `apus help run`")
  }

  @Test("a schema is one line, and an empty one is not given")
  func updateSchema() {
    func update(_ words: String...) -> Failure? {
      failure(.update, words) { (arguments) throws(Failure) in
        _ = try arguments.limits()
        _ = try arguments.schema(.memBandwidthSchema)
      }
    }
    #expect(update("--mem-bw-schema=MB:0=20", "x") == nil)
    #expect(update("--mem-bw-schema", "MB:0=20\nL3:0=f", "x")?.message == "invalid value for mem-bw-schema: more than one line")
    #expect(update("--mem-bw-schema", "", "--memory", "64m", "x") == nil)
  }

  @Test("image import has one layout or archive")
  func importing() {
    #expect(imageImport("--name", "n", "/l") == nil)
    #expect(imageImport("/l", "/m")?.message == "image import: needs exactly one layout or archive; see `apus help image import`")
    #expect(imageImport("--tag", "/l")?.message == "image import: unknown option --tag; see `apus help image import`")
  }

  private func globals(_ words: String...) -> Result<GlobalOptions, Failure> {
    Result { () throws(Failure) in try GlobalOptions(ownArguments(words)) }
  }

  private func message(_ result: Result<GlobalOptions, Failure>) -> String? {
    if case .failure(let failure) = result { failure.message } else { nil }
  }

  @Test("options of the program itself end at the command")
  func ownOptions() throws {
    let own = try ownArguments(["--root", "/s", "--data-root=/d", "image", "--root", "x"])
    #expect(own.operands == ["image"] && own.rest == ["--root", "x"] && !own.flag(.help) && !own.flag(.version))
    let options = try GlobalOptions(own)
    #expect(options.stateRoot == "/s" && options.dataRoot == "/d")
    #expect(try globals().get().dataRoot == "/var/lib/apus")
  }

  @Test("directories of the program are absolute, and other options are unknown")
  func ownOptionsRefused() {
    #expect(message(globals("--root", "x")) == "option --root: must be an absolute path, not x")
    #expect(message(globals("--colour")) == "unknown option --colour; `apus help` lists the options")
    #expect(message(globals("--root")) == "option --root needs a value")
  }

  @Test("a command is found by its words, a group by its first")
  func found() {
    func name(_ words: String...) -> String {
      switch FoundCommand(words[...]) {
      case .command(let command, let rest): "\(command.name)|\(rest.joined(separator: ","))"
      case .group(let group, let word): "\(group.name)?\(word ?? "")"
      case .none: "none"
      }
    }
    #expect(name("run", "a", "b") == "run|a,b" && name("image", "run", "x") == "image run|x" && name("image", "list") == "image list|")
    #expect(name("image") == "image?" && name("image", "eat") == "image?eat" && name("eat") == "none" && name("image run") == "none" && name() == "none")
  }

  @Test("statuses are those of docker run")
  func statuses() {
    #expect(Failure.likeDocker(RuntimeError("x", kind: .programNotFound)).status == 127)
    #expect(Failure.likeDocker(RuntimeError("x", kind: .programNotExecutable)).status == 126)
    #expect(Failure.likeDocker(RuntimeError("x")).status == 125)
    #expect(Failure("x").beforeProgram.status == 125 && Failure.usage("x").beforeProgram.status == 2)
  }

  @Test("hexadecimal digits")
  func digits() { #expect((0...15).map { String(UnicodeScalar(hexDigit($0))) }.joined() == "0123456789abcdef") }
}
