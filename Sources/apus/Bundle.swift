internal import Linux
internal import OCI
internal import Runtime
internal import Sandbox

/// The container that the options of `create` and `run` describe: config.json of a bundle, read once.
@inline(never)
func bundledContainer(_ call: Invocation, in state: StateDirectory) throws(Failure) -> ContainerRequest {
  let id = try containerID(call.arguments.operands[0])
  return try bundledContainer(call, id, Path(call.arguments.value(.bundle) ?? "."), state.filters())
}

/// The container `id` of the bundle in the directory `bundle`.
@inline(never)
func bundledContainer(_ call: Invocation, _ id: ContainerID, _ bundle: Path, _ filters: FilterCache = FilterCache()) throws(Failure) -> ContainerRequest {
  // Absolute and without links: the container's directories are found from it later.
  let directory = try failing { () throws(SystemError) in
    try during("open bundle", bundle) { () throws(Errno) in try FileDescriptor.open(bundle, .path | .directory).currentPath() }
  }
  var bestEffort: BestEffort = []
  for list in call.arguments.values(.bestEffort) { bestEffort.formUnion(try features(list, .bestEffort)) }
  let origin = call.arguments.value(.config).map { Path($0) } ?? directory.appending("config.json")
  let text = try failing { () throws(SystemError) in try readFile(origin, limit: 16 << 20) }
  let spec = try parsed(origin) { () throws(SpecError) in try filters.decode(text) }
  guard let root = spec.root else { throw Failure("\(origin.description): root: missing") }
  debug("container \(id.text): \(text.count) bytes of configuration from \(origin), for version \(spec.ociVersion)")
  let rootPath = Path(root.path)
  return ContainerRequest(
    id: id, spec: spec, configuration: text, filters: filters, bundle: directory,
    root: .directory(rootPath.isAbsolute ? rootPath : directory.appending(rootPath.bytes)),
    origin: origin.description, usesGroups: call.globals.cgroupManager == .cgroupfs, bestEffort: bestEffort, dataRoot: call.globals.dataRoot)
}

/// The features that the value of an option names.
func features(_ list: String, _ option: OptionID) throws(Failure) -> BestEffort {
  do throws(RuntimeError) {
    return try BestEffort(parsing: list, origin: "option --\(option.spec.name)")
  } catch {
    throw .usage(Text(error.message))
  }
}

/// Decodes a document; its fault names the file.
func parsed<Value>(_ origin: Path, _ decode: () throws(SpecError) -> Value) throws(Failure) -> Value {
  do throws(SpecError) {
    return try decode()
  } catch {
    throw Failure("\(origin.description): \(error.message)")
  }
}

/// What `create`, `run` and `exec` are told about how to start a process.
///
/// - activates: the sockets of LISTEN_FDS, from descriptor 3 on, go to the process as sd_listen_fds(3) has it; those of --preserve-fds come behind them.
@inline(never)
func launchOptions(_ arguments: ParsedArguments, activates: Bool) throws(Failure) -> LaunchOptions {
  var environment: [String] = []
  var preserved: Int32 = 0
  if activates, let text = Environment.value(of: "LISTEN_FDS"), let count = wholeNumber(text), count > 0, count <= descriptorLimit {
    // The process is the first of its pid namespace.
    environment = ["LISTEN_PID=1", Text("LISTEN_FDS=\(count)").string]
    if let names = Environment.value(of: "LISTEN_FDNAMES") { environment.append(Text("LISTEN_FDNAMES=\(names)").string) }
    preserved = Int32(count)
  }
  if let text = arguments.value(.preserveFDs) {
    guard let count = wholeNumber(text), count <= descriptorLimit else { throw .usage("option --preserve-fds: \(text) is not a number of descriptors") }
    preserved += Int32(count)
  }
  return LaunchOptions(
    pidFile: arguments.value(.pidFile).map { Path($0) }, consoleSocket: arguments.value(.consoleSocket).map { Path($0) },
    pidfdSocket: arguments.value(.pidfdSocket).map { Path($0) }, preservedDescriptors: preserved, environment: environment,
    pivots: !arguments.flag(.noPivot), newKeyring: !arguments.flag(.noNewKeyring))
}

/// More descriptors than any process has.
private var descriptorLimit: Int64 { 1 << 20 }

/// A container's id, as the command line gives it.
@inline(never)
func containerID(_ text: String) throws(Failure) -> ContainerID {
  do throws(ContainerIDError) {
    return try ContainerID(text)
  } catch {
    throw .usage("\(error.message)")
  }
}

/// Opens the container that the command line names.
@inline(never)
func openContainer(_ call: Invocation, locked: Bool) throws(Failure) -> Container {
  try requireRoot()
  let id = try containerID(call.arguments.operands[0])
  let state = try stateDirectory(call)
  return try failing { () throws(RuntimeError) in try Container(id, in: state, locked: locked) }
}

/// Opens the directory that the state of containers is in.
@inline(never)
func stateDirectory(_ call: Invocation) throws(Failure) -> StateDirectory {
  try failing { () throws(RuntimeError) in try StateDirectory(call.globals.stateRoot) }
}

/// What comes before a process is started: the caller is root, and the program runs from a copy that nobody can write to.
@inline(never)
func prepareToStart(_ call: Invocation) throws(Failure) {
  try requireRoot()
  try failing { () throws(RuntimeError) in try SealedProgram.ensure(arguments: call.raw) }
}

/// Containers without a user namespace need the rights of root; this is said before anything is tried.
@inline(never)
func requireRoot() throws(Failure) {
  if effectiveUser() != 0 { throw Failure("must be run as root: namespaces, mounts and cgroups need it") }
}
