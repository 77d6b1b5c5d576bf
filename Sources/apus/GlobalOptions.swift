internal import Linux

/// Options that stand before the command.
struct GlobalOptions {
  /// Where the state of containers is kept: on a tmpfs.
  var stateRoot: Path = "/run/apus"
  /// Where images and writable layers are kept: on a file system that lasts.
  var dataRoot: Path = "/var/lib/apus"
  var wantsHelp = false
  var wantsVersion = false

  /// Takes the options up to the first word that is none.
  init(_ words: inout ArgumentList) throws(Failure) {
    while true {
      var ahead = words
      guard let argument = ahead.nextArgument(), case .option(let name, let value) = argument else { return }
      words = ahead
      if name.equals("--root") {
        stateRoot = try GlobalOptions.directory(name, try words.value(of: name, value))
      } else if name.equals("--data-root") {
        dataRoot = try GlobalOptions.directory(name, try words.value(of: name, value))
      } else if name.equals("--help") || name.equals("-h") {
        wantsHelp = true
      } else if name.equals("--version") || name.equals("-v") {
        wantsVersion = true
      } else {
        throw .usage("unknown option \(name); `apus help` lists the options")
      }
    }
  }

  private static func directory(_ option: String, _ value: String) throws(Failure) -> Path {
    let path = Path(value)
    guard path.isAbsolute else { throw .usage("option \(option): must be an absolute path, not \(value)") }
    return path
  }
}
