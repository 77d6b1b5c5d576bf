internal import Linux
internal import OCI
internal import Runtime
internal import Sandbox

/// `apus run`: a container from an OCI bundle, in the foreground.
struct RunVerb {
  static var help: String {
    """
    apus run: runs the container that config.json of an OCI bundle describes, in the foreground.

    Usage: apus run [--bundle DIR] ID

    Signals are passed on to the container. The exit status is the container's, 128+N when signal N ended it, and 1 when it could not be started.

    Options:
      -b, --bundle DIR  the bundle: a directory with config.json (default: the working directory)

    """
  }

  private var bundle: Path = "."
  private let id: ContainerID

  init(_ words: inout ArgumentList) throws(Failure) {
    var operands: [String] = []
    while let argument = words.nextArgument() {
      switch argument {
      case .operand(let word): operands.append(word)
      case .option(let name, let value):
        if name.equals("--bundle") || name.equals("-b") {
          bundle = Path(try words.value(of: name, value))
        } else {
          throw .usage("run: unknown option \(name); see `apus help run`")
        }
      }
    }
    guard let first = operands.first, operands.count == 1 else { throw .usage("run: needs exactly one container id; see `apus help run`") }
    id = try containerID(first)
  }

  /// Runs the container; gives its exit status.
  func perform(_ globals: GlobalOptions, _ raw: UnsafePointer<UnsafePointer<CChar>?>) throws(Failure) -> Int32 {
    try requireRoot()
    try failing { () throws(RuntimeError) in try SealedProgram.ensure(arguments: raw) }
    let directory = try failing { () throws(SystemError) in try bundleDirectory() }
    let origin = directory.appending("config.json")
    let text = try failing { () throws(SystemError) in try readFile(origin, limit: 16 << 20) }
    let spec = try parse(text, origin)
    guard let root = spec.root else { throw Failure("\(origin.description): root: missing") }
    let rootPath = Path(root.path)
    let request = RunRequest(
      id: id, spec: spec, bundle: directory, root: .directory(rootPath.isAbsolute ? rootPath : directory.appending(rootPath.bytes)), origin: origin.description)
    return try failing { () throws(RuntimeError) in
      try runContainer(request, state: StateDirectory(globals.stateRoot), warn: { report("warning: \($0)") })
    }.code
  }

  /// The bundle as an absolute path, without links: the container's directories are found from it later.
  private func bundleDirectory() throws(SystemError) -> Path {
    try during("open bundle", bundle.description) { () throws(Errno) in
      try FileDescriptor.open(bundle, [.path, .directory]).currentPath()
    }
  }

  private func parse(_ text: [UInt8], _ origin: Path) throws(Failure) -> Spec {
    do throws(SpecError) {
      return try Spec(parsing: text)
    } catch {
      throw Failure("\(origin.description): \(error.message)")
    }
  }
}

/// A container's id, as the command line gives it.
func containerID(_ text: String) throws(Failure) -> ContainerID {
  do throws(ContainerIDError) {
    return try ContainerID(text)
  } catch {
    throw .usage(error.message)
  }
}

/// Containers without a user namespace need the rights of root; this is said before anything is tried.
func requireRoot() throws(Failure) {
  if effectiveUser() != 0 { throw Failure("must be run as root: namespaces, mounts and cgroups need it") }
}
