public import Linux
public import OCI
public import Sandbox

/// A container that is to be made: one pointer, because it is passed around and holds a whole configuration.
public final class ContainerRequest {
  public let id: ContainerID
  public let spec: Spec
  /// The text that `spec` was read from: kept for the commands that come later; nil when there is none.
  public let configuration: [UInt8]?
  /// Where compiled filters are kept; `spec` was decoded by it, and may have no profile where its filter is kept.
  public let filters: FilterCache
  /// The directory that relative paths of `spec` are relative to.
  public let bundle: Path
  /// Where the root directory comes from.
  public let root: RootSource
  /// The container is made from an image, and this is the user that the image names (`redis`, `1000:1000`): the program runs as that one, under the default
  /// seccomp filter. Nil: user and filter are those of `spec`.
  public let imageUser: String?
  /// The file that `spec` came from, for messages.
  public let origin: String
  /// The container gets control groups; otherwise it stays in those of the caller, and has no limits.
  public let usesGroups: Bool
  /// What it may do without where the kernel lacks it, beside what an annotation of `spec` says.
  public let bestEffort: BestEffort
  /// The directory that lasts: where the numbers of users are on record that containers have got.
  public let dataRoot: Path

  public init(
    id: ContainerID, spec: Spec, configuration: [UInt8]? = nil, filters: FilterCache = FilterCache(), bundle: Path, root: RootSource, imageUser: String? = nil,
    origin: String, usesGroups: Bool,
    bestEffort: BestEffort = [], dataRoot: Path = "/var/lib/apus"
  ) {
    self.id = id
    self.spec = spec
    self.configuration = configuration
    self.filters = filters
    self.bundle = bundle
    self.root = root
    self.imageUser = imageUser
    self.origin = origin
    self.usesGroups = usesGroups
    self.bestEffort = bestEffort
    self.dataRoot = dataRoot
  }

  /// The same with one mount more, the last.
  func adding(_ mount: Mount) -> ContainerRequest {
    let spec = spec.copy()
    spec.mounts.append(mount)
    return with(spec)
  }

  /// The same with another configuration.
  func with(_ spec: Spec) -> ContainerRequest {
    ContainerRequest(
      id: id, spec: spec, configuration: configuration, filters: filters, bundle: bundle, root: root, imageUser: imageUser, origin: origin,
      usesGroups: usesGroups,
      bestEffort: bestEffort, dataRoot: dataRoot)
  }

  /// What the container may do without where the kernel lacks it.
  func permittedStandIns() throws(RuntimeError) -> BestEffort {
    var permitted = bestEffort
    for annotation in spec.annotations where annotation.key.equals(BestEffort.annotation) {
      permitted.formUnion(try BestEffort(parsing: annotation.value, origin: "\(origin): annotations.\(BestEffort.annotation)"))
    }
    return permitted
  }
}

/// How the first process of a container, or one that joins it, is started: what the command line says beside the configuration.
public final class LaunchOptions: Sendable {
  /// Gets the process's id as text.
  public let pidFile: Path?
  /// The stream socket of an engine that gets the terminal.
  public let consoleSocket: Path?
  /// The stream socket of an engine that gets a pidfd.
  public let pidfdSocket: Path?
  /// The descriptors 3 and up that the program inherits.
  public let preservedDescriptors: Int32
  /// Variables that the program gets beside those of the configuration.
  public let environment: [String]
  /// The container's root is entered by pivot_root(2), not moved over the host's.
  public let pivots: Bool
  /// The container gets a session key ring of its own.
  public let newKeyring: Bool

  public init(
    pidFile: Path? = nil, consoleSocket: Path? = nil, pidfdSocket: Path? = nil, preservedDescriptors: Int32 = 0, environment: [String] = [],
    pivots: Bool = true, newKeyring: Bool = true
  ) {
    self.pidFile = pidFile
    self.consoleSocket = consoleSocket
    self.pidfdSocket = pidfdSocket
    self.preservedDescriptors = preservedDescriptors
    self.environment = environment
    self.pivots = pivots
    self.newKeyring = newKeyring
  }
}
