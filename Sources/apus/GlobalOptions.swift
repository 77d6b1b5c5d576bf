internal import Linux

/// Options that stand before the command.
struct GlobalOptions {
  /// Where the state of containers is kept: on a tmpfs.
  var stateRoot: Path = "/run/apus"
  /// Where images and writable layers are kept: on a file system that lasts.
  var dataRoot: Path = "/var/lib/apus"

  init(_ arguments: ParsedArguments) throws(Failure) {
    if let root = try GlobalOptions.directory(arguments, .root) { stateRoot = root }
    if let root = try GlobalOptions.directory(arguments, .dataRoot) { dataRoot = root }
  }

  private static func directory(_ arguments: ParsedArguments, _ option: OptionID) throws(Failure) -> Path? {
    guard let value = arguments.value(option) else { return nil }
    let path = Path(value)
    guard path.isAbsolute else { throw .usage("option --\(option.spec.name): must be an absolute path, not \(value)") }
    return path
  }
}
