internal import Images
internal import Linux
internal import OCI
internal import Runtime
internal import Sandbox

extension CommandSpec {
  /// `apus image run`: a container from an image, in the foreground.
  static var imageRun: CommandSpec {
    CommandSpec(
      name: "image run", summary: "run a container from an image, in the foreground", operands: "NAME [--] [COMMAND ...]", completion: .image,
      needs: "the name of an image",
      operandCount: 1...1, stopsAtOperand: true,
      options: [.memory, .pids, .cpus, .env, .readOnly, .network, .tty, .containerName, .hostname, .dns, .require],
      description: """
        COMMAND takes the place of the image's own command, after its entry point. What the container writes to its root is gone when it ends. Signals are \
        passed on to the container. The exit status is the container's, 128+N when signal N ended it, 125 when it could not be started, 126 when its program \
        cannot be run, and 127 when that is not found.
        """,
      perform: { (call) throws(Failure) in try ImageRun(call.arguments).perform(call) })
  }
}

/// What `apus image run` was asked to do.
final class ImageRun {
  private let arguments: ParsedArguments
  private let image: String
  private var memory: Int64?
  private var pids: Int64?
  private var cpuQuota: Int64?
  private var network = RunOptions.Network.none
  private var id: ContainerID?
  /// All that can be done without may be: an application is to run on the kernel that the device has.
  private var bestEffort = BestEffort.all

  init(_ arguments: ParsedArguments) throws(Failure) {
    self.arguments = arguments
    image = arguments.operands[0]
    memory = try arguments.positive(.memory, "a number of bytes such as 64m", byteCount)
    pids = try arguments.positive(.pids, "a number above 0", wholeNumber)
    cpuQuota = try arguments.positive(.cpus, "a number of processors such as 0.5, at least 0.01", processorQuota)
    for variable in arguments.values(.env) {
      let (name, value) = cut(variable, at: "=")
      if name.utf8.isEmpty || value == nil { throw .usage("option --env: \(variable) is not K=V") }
    }
    if let name = arguments.value(.network) { network = try ImageRun.network(name) }
    if network == .none, !arguments.values(.dns).isEmpty { throw .usage("option --dns: there is nothing to ask without --network host") }
    for list in arguments.values(.require) { bestEffort.subtract(try features(list, .require)) }
    if let name = arguments.value(.containerName) { id = try containerID(name) }
  }

  private static func network(_ name: String) throws(Failure) -> RunOptions.Network {
    if name.equals("none") { return .none }
    if name.equals("host") { return .host }
    throw .usage("option --network: \(name) is neither none nor host")
  }

  /// Runs the container; gives its exit status.
  func perform(_ call: Invocation) throws(Failure) -> Int32 {
    do throws(Failure) {
      try prepareToStart(call)
      let store = try openStore(call.globals)
      let state = try stateDirectory(call)
      try failing { () throws(ImageError) in try store.removeAbandonedLayers { state.endLeftover($0) } }
      return try run(in: store, state, call.globals)
    } catch {
      throw error.status == 1 ? error.beforeProgram : error
    }
  }

  private func run(in store: Store, _ state: borrowing StateDirectory, _ globals: GlobalOptions) throws(Failure) -> Int32 {
    let stored = try trustedImage(image, in: store, globals)
    let id: ContainerID
    if let given = self.id { id = given } else { id = try containerID(ImageRun.randomID(image)) }
    let layer = try failing { () throws(ImageError) in try store.makeContainerLayer(id: id, for: stored) }
    let status: Int32
    do throws(Failure) {
      if stored.record.erofs != nil {
        var root = try failing { () throws(ImageError) in try MountedErofs(stored, layer, readOnly: arguments.flag(.readOnly), warn: warn) }
        // Before the layer is removed, whatever happens.
        do throws(Failure) {
          status = try run(stored, .image(root.mountPoint), id, layer, state, globals)
        } catch {
          root.end()
          throw error
        }
        root.end()
      } else {
        let root = RootSource.overlay(layers: stored.layers, upper: layer.upper, work: layer.work, mountPoint: layer.mountPoint)
        status = try run(stored, root, id, layer, state, globals)
      }
    } catch {
      // The first error is the one to tell; what cannot be removed now, the next run removes.
      try? store.removeContainerLayer(id: id)
      throw error
    }
    do throws(ImageError) {
      try store.removeContainerLayer(id: id)
    } catch {
      // The container has ended as it has; the next run tries again.
      warn("the writable layer of \(id.text) is still there: \(error.message)")
    }
    return status
  }

  @inline(never)
  private func run(
    _ stored: StoredImage, _ root: RootSource, _ id: ContainerID, _ layer: borrowing ContainerLayer, _ state: borrowing StateDirectory,
    _ globals: GlobalOptions
  ) throws(Failure) -> Int32 {
    var options = RunOptions(
      id: id, memory: memory, pids: pids, cpuQuota: cpuQuota, env: arguments.values(.env), readOnly: arguments.flag(.readOnly), network: network,
      terminal: arguments.flag(.tty), arguments: arguments.command, hostname: arguments.value(.hostname),
      controlGroups: globals.cgroupManager == .cgroupfs)
    if network == .host, let text = try Resolver.text(arguments.values(.dns)) {
      options.resolver = try failing { () throws(ImageError) in try layer.writeResolver(text) }
    }
    options.oomScoreAdjustment = try failing { () throws(SystemError) in try ImageRun.ordinaryScore() }
    let request = try imageContainer(stored, root, options, globals, bestEffort, state.filters())
    debug("container \(id.text): image \(stored.record.manifest.text), \(stored.record.layers.count) layers")
    do throws(RuntimeError) {
      let status = try runContainer(request, state: state, warn: warn).code
      debug("container \(id.text): ended with status \(UInt64(status))")
      return status
    } catch {
      throw .likeDocker(error)
    }
  }

  /// What the container's oom_score_adj is to be: that of an ordinary process where this one is protected, as what Android's init or adbd starts is; an application
  /// that uses up memory is to be killed before others are. Nil leaves it as it is.
  private static func ordinaryScore() throws(SystemError) -> Int32? {
    try readFile("/proc/self/oom_score_adj", limit: 64).first == 0x2D ? 0 : nil
  }

  /// The image's name with what an id cannot have replaced, and a number that makes it another one each time.
  private static func randomID(_ image: String) -> String {
    var id: [UInt8] = []
    for byte in Array(image.utf8).prefix(200) {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: id.append(byte)
      case 0x2E where !id.isEmpty: id.append(byte)
      default: id.append(0x2D)
      }
    }
    id.append(0x2D)
    var random = UInt32.random(in: 0...UInt32.max)
    for _ in 0..<8 {
      id.append(hexDigit(UInt8(random & 0xF)))
      random >>= 4
    }
    return string(id[...])
  }
}

/// The container of an image, which may do without what `bestEffort` has.
@inline(never)
func imageContainer(
  _ stored: StoredImage, _ root: RootSource, _ options: RunOptions, _ globals: GlobalOptions, _ bestEffort: BestEffort, _ filters: FilterCache = FilterCache()
) throws(Failure) -> ContainerRequest {
  let planned = try failing { () throws(ImageError) in try specification(for: stored, root: root.path.description, options: options) }
  return ContainerRequest(
    id: options.id, spec: planned.spec, configuration: planned.spec.keptDocument(), filters: filters, bundle: root.path, root: root,
    imageUser: planned.user ?? "0",
    origin: Text("image \(stored.record.name)").string, usesGroups: globals.cgroupManager == .cgroupfs, bestEffort: bestEffort,
    dataRoot: globals.dataRoot)
}
