public import Linux
public import OCI

/// What the one who runs a container says about it; nil and empty leave it to the image.
public struct RunOptions: Equatable, Sendable {
  public enum Network: Equatable, Sendable {
    /// A network of its own, with nothing in it but loopback.
    case none
    /// The host's.
    case host
  }

  /// The container's id, which also becomes its host name unless `hostname` is set.
  public var id: ContainerID
  /// Bytes of memory.
  public var memory: Int64?
  /// Tasks.
  public var pids: Int64?
  /// Processor time: microseconds in each 100 milliseconds, so that 100,000 is one processor.
  public var cpuQuota: Int64?
  /// `NAME=value` each; they beat the image's.
  public var env: [String]
  /// The root cannot be written, the image's volumes included.
  public var readOnly: Bool
  public var network: Network
  /// The container's streams are a terminal.
  public var terminal: Bool
  /// Instead of the image's command, after its entry point.
  public var arguments: [String]
  public var hostname: String?
  /// Control groups are used; else the container is shown none.
  public var controlGroups: Bool
  /// The file of the host that is the container's /etc/resolv.conf.
  public var resolver: Path?
  /// What is written to oom_score_adj; nil leaves it as it is.
  public var oomScoreAdjustment: Int32?

  public init(
    id: ContainerID, memory: Int64? = nil, pids: Int64? = nil, cpuQuota: Int64? = nil, env: [String] = [], readOnly: Bool = false, network: Network = .none,
    terminal: Bool = false, arguments: [String] = [], hostname: String? = nil, controlGroups: Bool = true, resolver: Path? = nil,
    oomScoreAdjustment: Int32? = nil
  ) {
    self.id = id
    self.memory = memory
    self.pids = pids
    self.cpuQuota = cpuQuota
    self.env = env
    self.readOnly = readOnly
    self.network = network
    self.terminal = terminal
    self.arguments = arguments
    self.hostname = hostname
    self.controlGroups = controlGroups
    self.resolver = resolver
    self.oomScoreAdjustment = oomScoreAdjustment
  }

  public static func == (left: RunOptions, right: RunOptions) -> Bool {
    left.id == right.id && left.memory == right.memory && left.pids == right.pids && left.cpuQuota == right.cpuQuota && left.readOnly == right.readOnly
      && left.resolver == right.resolver && left.oomScoreAdjustment == right.oomScoreAdjustment && left.network == right.network
      && left.terminal == right.terminal && left.controlGroups == right.controlGroups && same(left.env, right.env) && same(left.arguments, right.arguments)
      && left.hostname.map { Array($0.utf8) } == right.hostname.map { Array($0.utf8) }
  }

  private static func same(_ left: [String], _ right: [String]) -> Bool { left.elementsEqual(right) { $0.utf8.elementsEqual($1.utf8) } }
}

/// How an image is run: a configuration for the runtime, and what only the running container can make numbers of.
public struct RunSpecification {
  /// Without the user's numbers and without a seccomp profile.
  public var spec: Spec
  /// As the image says it: `user`, `uid`, `user:group`, ... The names are those of the image's own /etc/passwd and /etc/group, so they are looked up inside the
  /// root. Nil is root.
  public var user: String?
  /// `SIGTERM` if nil.
  public var stopSignal: String?
  /// What the image says about itself, as annotations (image-spec, conversion.md). They come from outside, so they are kept apart from `spec.annotations`:
  /// nothing may obey them (CVE-2026-53488).
  public var imageAnnotations: [Annotation]
}

/// The runtime configuration of a container of the image, with Docker's defaults where the image and the options say nothing. It touches nothing.
///
/// Where it differs from Docker: no /dev/mqueue, because phone kernels are built without POSIX message queues; fewer capabilities (`DefaultCapabilities`); no
/// swap beyond the memory limit, because swap on a device is zram or flash, where Docker allows as much swap as memory; no_new_privs is on; an image's volumes
/// are directories of the writable layer.
///
/// - `root`: where the root file system will be; as in config.json.
@inline(never)
public func specification(for image: StoredImage, root: String, options: RunOptions) throws(ImageError) -> RunSpecification {
  let execution = image.config.execution
  let args = execution.entrypoint + (options.arguments.isEmpty ? execution.cmd : options.arguments)
  guard let program = args.first, !program.utf8.isEmpty else {
    throw ImageError(.invalid, "image \(image.record.name): says no command to run; give one after --")
  }
  let hostname = options.hostname ?? String(decoding: options.id.text.utf8.prefix(63), as: UTF8.self)
  let process = Process(
    terminal: options.terminal, args: args, env: environment(execution.env, options, hostname: hostname), cwd: workingDirectory(execution.workingDir),
    capabilities: DefaultCapabilities.sets, noNewPrivileges: true, oomScoreAdj: options.oomScoreAdjustment)
  var namespaces = [Namespace(type: .pid), Namespace(type: .mount), Namespace(type: .ipc), Namespace(type: .uts), Namespace(type: .cgroup)]
  if options.network == .none { namespaces.append(Namespace(type: .network)) }
  let linux = LinuxSection(
    namespaces: namespaces, resources: resources(options), maskedPaths: DefaultPaths.masked, readonlyPaths: DefaultPaths.readonly)
  var mounts = DefaultMounts.all.filter { options.controlGroups || !($0.type?.equals("cgroup") ?? false) }
  if let resolver = options.resolver {
    let flags = parts(of: "bind,nosuid,noexec,nodev,ro", at: 0x2C)
    mounts.append(Mount(destination: "/etc/resolv.conf", type: "bind", source: resolver.description, options: flags))
  }
  let spec = Spec(process: process, root: Root(path: root, readonly: options.readOnly), hostname: hostname, mounts: mounts, linux: linux)
  return RunSpecification(
    spec: spec, user: execution.user, stopSignal: execution.stopSignal, imageAnnotations: annotations(of: image.config))
}

/// The image's variables, then the defaults for what it has not set, then the options', each replacing a variable of its name where that stands.
private func environment(_ image: [String], _ options: RunOptions, hostname: String) -> [String] {
  var variables: [String] = []
  for variable in image where cut(variable, at: "=").behind != nil { variables.append(variable) }
  setIfMissing("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", in: &variables)
  setIfMissing(Text("HOSTNAME=\(hostname)").string, in: &variables)
  if options.terminal { setIfMissing("TERM=xterm", in: &variables) }
  variables += options.env
  let places = occurrences(variables.map { name(of: $0) })
  var distinct: [String] = []
  for index in variables.indices where places[index].first == index { distinct.append(variables[places[index].last]) }
  return distinct
}

private func name(of variable: String) -> String { cut(variable, at: "=").before }

private func setIfMissing(_ variable: String, in variables: inout [String]) {
  let wanted = name(of: variable)
  if !variables.contains(where: { name(of: $0).equals(wanted) }) { variables.append(variable) }
}

/// Where each key is found for the first and for the last time. An image may have a great many, so they are sorted and not compared one by one.
private func occurrences(_ names: [String]) -> [(first: Int, last: Int)] {
  let keys = names.map { Array($0.utf8)[...] }
  let sorted = order(of: keys)
  var places = keys.indices.map { (first: $0, last: $0) }
  for (index, before) in zip(sorted.dropFirst(), sorted) where keys[index] == keys[before] { places[index].first = places[before].first }
  for (index, after) in zip(sorted.reversed().dropFirst(), sorted.reversed()) where keys[index] == keys[after] { places[index].last = places[after].last }
  return places
}

private func workingDirectory(_ directory: String?) -> String {
  guard let directory else { return "/" }
  return Path(directory).isAbsolute ? directory : Text("/\(directory)").string
}

private func resources(_ options: RunOptions) -> Resources {
  Resources(
    devices: DefaultDevices.rules,
    // `swap` is memory and swap together: the same number leaves none.
    memory: options.memory.map { MemoryResources(limit: $0, swap: $0) },
    cpu: options.cpuQuota.map { CPUResources(quota: $0, period: 100_000) },
    pids: options.pids.map { PidsResources(limit: $0) })
}

/// The annotations of conversion.md. The image's labels come last, since they win where both have a key (umoci had it reversed until 0.6.0).
private func annotations(of config: ImageConfig) -> [Annotation] {
  var annotations: [Annotation] = []
  func add(_ key: String, _ value: String?) {
    guard let value, !value.utf8.isEmpty, !key.utf8.isEmpty else { return }
    annotations.append(Annotation(key: key, value: value))
  }
  let platform = config.platform
  let known = [
    platform.os, platform.architecture, platform.variant, config.author, config.created, config.execution.stopSignal,
    joined(config.execution.exposedPorts, with: ","),
  ]
  let keys = words(of: "os architecture variant author created stopSignal exposedPorts")
  for (number, value) in known.enumerated() { add(Text("org.opencontainers.image.\(keys[number])").string, value) }
  for label in config.execution.labels { add(label.key, label.value) }
  let places = occurrences(annotations.map { $0.key })
  var last: [Annotation] = []
  for (index, annotation) in annotations.enumerated() where places[index].last == index { last.append(annotation) }
  return last
}
