internal import Linux
internal import OCI
internal import Runtime
internal import Sandbox

extension CommandSpec {
  /// `apus run`: a container from an OCI bundle, in the foreground.
  static var run: CommandSpec {
    CommandSpec(
      name: "run", summary: "run a container from an OCI bundle, in the foreground", operands: "ID", needs: "exactly one container id", operandCount: 1...1,
      options: [.bundle],
      description: """
        Signals are passed on to the container. The exit status is the container's, 128+N when signal N ended it, and 1 when it could not be started.
        """,
      perform: { (call) throws(Failure) in try Run(call.arguments).perform(call) })
  }
}

/// What `apus run` was asked to do.
struct Run {
  private let bundle: Path
  private let id: ContainerID

  init(_ arguments: ParsedArguments) throws(Failure) {
    bundle = Path(arguments.value(.bundle) ?? ".")
    id = try containerID(arguments.operands[0])
  }

  /// Runs the container; gives its exit status.
  func perform(_ call: Invocation) throws(Failure) -> Int32 {
    try requireRoot()
    try failing { () throws(RuntimeError) in try SealedProgram.ensure(arguments: call.raw) }
    let directory = try failing { () throws(SystemError) in try bundleDirectory() }
    let origin = directory.appending("config.json")
    let text = try failing { () throws(SystemError) in try readFile(origin, limit: 16 << 20) }
    let spec = try parse(text, origin)
    guard let root = spec.root else { throw Failure("\(origin.description): root: missing") }
    let rootPath = Path(root.path)
    let request = RunRequest(
      id: id, spec: spec, bundle: directory, root: .directory(rootPath.isAbsolute ? rootPath : directory.appending(rootPath.bytes)), origin: origin.description)
    return try failing { () throws(RuntimeError) in
      try runContainer(request, state: StateDirectory(call.globals.stateRoot), warn: { report("warning: \($0)") })
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
    throw .usage(Text(error.message))
  }
}

/// Containers without a user namespace need the rights of root; this is said before anything is tried.
func requireRoot() throws(Failure) {
  if effectiveUser() != 0 { throw Failure("must be run as root: namespaces, mounts and cgroups need it") }
}
