internal import Images
internal import Linux
internal import OCI
internal import Runtime
internal import Sandbox

/// `apus image run`: a container from an image, in the foreground.
struct ImageRunVerb {
  static var help: String {
    """
    apus image run: runs a container from an image, in the foreground.

    Usage: apus image run [OPTIONS] NAME [--] [COMMAND ...]

    COMMAND takes the place of the image's own command, after its entry point. What the container writes to its root
    is gone when it ends. Signals are passed on to the container. The exit status is the container's, 128+N when
    signal N ended it, 125 when it could not be started, 126 when its program cannot be run, and 127 when that is not
    found.

    Options:
      --memory N         limit of memory in bytes, or with k, m or g; no swap beyond it
      --pids N           limit of processes and threads
      --cpus X           limit of processor time, such as 0.5 or 2
      --env K=V, -e K=V  set a variable; more than once for more
      --read-only        make the root read-only
      --network none     a network of its own with nothing but loopback (default)
      --network host     the host's network
      --tty, -t          give the container a terminal
      --name ID          the container's id (default: NAME and a random number)
      --hostname NAME    the container's host name (default: its id)

    """
  }

  private var memory: Int64?
  private var pids: Int64?
  private var cpuQuota: Int64?
  private var env: [String] = []
  private var readOnly = false
  private var network = RunOptions.Network.none
  private var terminal = false
  private var id: ContainerID?
  private var hostname: String?
  private var image: String
  private var command: [String]

  init(_ words: inout ArgumentList) throws(Failure) {
    var found: String?
    image = ""
    command = []
    while found == nil, let argument = words.nextArgument() {
      switch argument {
      case .operand(let word): found = word
      case .option(let name, let value): try take(name, value, &words)
      }
    }
    guard let found else { throw .usage("image run: needs the name of an image; see `apus help image run`") }
    image = found
    // Everything behind the name is the container's, dashes and all; one `--` may mark it.
    let rest = words.rest()
    command = rest.first.map { $0.equals("--") } ?? false ? Array(rest.dropFirst()) : rest
  }

  private mutating func take(_ name: String, _ attached: String?, _ words: inout ArgumentList) throws(Failure) {
    if name.equals("--read-only") {
      try refuseValue(of: name, attached)
      readOnly = true
    } else if name.equals("--tty") || name.equals("-t") {
      try refuseValue(of: name, attached)
      terminal = true
    } else if name.equals("--memory") || name.equals("-m") {
      memory = try ImageRunVerb.positive(name, words.value(of: name, attached), "a number of bytes such as 64m", byteCount)
    } else if name.equals("--pids") {
      pids = try ImageRunVerb.positive(name, words.value(of: name, attached), "a number above 0", wholeNumber)
    } else if name.equals("--cpus") {
      cpuQuota = try ImageRunVerb.positive(name, words.value(of: name, attached), "a number of processors such as 0.5, at least 0.01", processorQuota)
    } else if name.equals("--env") || name.equals("-e") {
      let variable = try words.value(of: name, attached)
      guard let equals = variable.utf8.firstIndex(of: 0x3D), equals != variable.utf8.startIndex else { throw .usage("option \(name): \(variable) is not K=V") }
      env.append(variable)
    } else if name.equals("--network") {
      network = try ImageRunVerb.network(words.value(of: name, attached))
    } else if name.equals("--name") {
      id = try containerID(words.value(of: name, attached))
    } else if name.equals("--hostname") {
      hostname = try words.value(of: name, attached)
    } else {
      throw .usage("image run: unknown option \(name); see `apus help image run`")
    }
  }

  private static func positive(_ option: String, _ text: String, _ wanted: String, _ parse: (String) -> Int64?) throws(Failure) -> Int64 {
    guard let number = parse(text), number > 0 else { throw .usage("option \(option): \(text) is not \(wanted)") }
    return number
  }

  private static func network(_ name: String) throws(Failure) -> RunOptions.Network {
    if name.equals("none") { return .none }
    if name.equals("host") { return .host }
    throw .usage("option --network: \(name) is neither none nor host")
  }

  /// Runs the container; gives its exit status.
  func perform(_ globals: GlobalOptions, _ raw: UnsafePointer<UnsafePointer<CChar>?>) throws(Failure) -> Int32 {
    do throws(Failure) {
      try requireRoot()
      try failing { () throws(RuntimeError) in try SealedProgram.ensure(arguments: raw) }
      let store = try openStore(globals)
      try failing { () throws(ImageError) in try store.removeAbandonedLayers() }
      return try run(in: store, globals)
    } catch {
      throw error.status == 1 ? error.beforeProgram : error
    }
  }

  private func run(in store: Store, _ globals: GlobalOptions) throws(Failure) -> Int32 {
    let stored = try failing { () throws(ImageError) in try store.image(named: image) }
    let id: ContainerID
    if let given = self.id { id = given } else { id = try containerID(ImageRunVerb.randomID(image)) }
    let state = try failing { () throws(RuntimeError) in try StateDirectory(globals.stateRoot) }
    let layer = try failing { () throws(ImageError) in try store.makeContainerLayer(id: id, for: stored) }
    let status: Int32
    do throws(Failure) {
      status = try run(stored, id, layer, state)
    } catch {
      // The first error is the one to tell; what cannot be removed now, the next run removes.
      try? store.removeContainerLayer(id: id)
      throw error
    }
    try failing { () throws(ImageError) in try store.removeContainerLayer(id: id) }
    return status
  }

  private func run(_ stored: StoredImage, _ id: ContainerID, _ layer: borrowing ContainerLayer, _ state: borrowing StateDirectory) throws(Failure) -> Int32 {
    let options = RunOptions(
      id: id, memory: memory, pids: pids, cpuQuota: cpuQuota, env: env, readOnly: readOnly, network: network, terminal: terminal, arguments: command,
      hostname: hostname)
    var planned = try failing { () throws(ImageError) in try specification(for: stored, root: layer.mountPoint.description, options: options) }
    let profile = defaultSeccomp(capabilities: ImageRunVerb.boundingSet(of: planned.spec))
    planned.spec.linux?.seccomp = profile
    let request = RunRequest(
      id: id, spec: planned.spec, bundle: layer.mountPoint,
      root: .overlay(layers: stored.layers, upper: layer.upper, work: layer.work, mountPoint: layer.mountPoint), identity: .image(planned.user ?? "0"),
      origin: "image \(image)")
    do throws(RuntimeError) {
      return try runContainer(request, state: state, warn: { report("warning: \($0)") }).code
    } catch {
      throw .likeDocker(error)
    }
  }

  /// The capabilities that the default seccomp profile may rely on.
  private static func boundingSet(of spec: Spec) -> CapabilityMask {
    var mask: CapabilityMask = []
    for name in spec.process?.capabilities?.bounding ?? [] {
      if let number = capabilityNumber(name) { mask.insert(CapabilityMask(number: number)) }
    }
    return mask
  }

  /// The image's name with what an id cannot have replaced, and a number that makes it another one each time.
  private static func randomID(_ image: String) -> String {
    var id: [UInt8] = []
    for byte in image.utf8.prefix(200) {
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
    return String(decoding: id, as: UTF8.self)
  }
}
