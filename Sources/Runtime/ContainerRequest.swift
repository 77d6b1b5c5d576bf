public import Linux
public import OCI
public import Sandbox

/// A container that is to be made.
public struct ContainerRequest: Sendable {
  public var id: ContainerID
  public var spec: Spec
  /// The text that `spec` was read from: kept for the commands that come later; nil when there is none.
  public var configuration: [UInt8]?
  /// The directory that relative paths of `spec` are relative to.
  public var bundle: Path
  /// Where the root directory comes from.
  public var root: RootSource
  /// Whom the program runs as, when that is not what `spec` says: an image's user.
  public var identity: Identity?
  /// The file that `spec` came from, for messages.
  public var origin: String

  public init(
    id: ContainerID, spec: Spec, configuration: [UInt8]? = nil, bundle: Path, root: RootSource, identity: Identity? = nil, origin: String
  ) {
    self.id = id
    self.spec = spec
    self.configuration = configuration
    self.bundle = bundle
    self.root = root
    self.identity = identity
    self.origin = origin
  }
}

/// How the first process of a container, or one that joins it, is started: what the command line says beside the configuration.
public struct LaunchOptions: Sendable {
  /// Gets the process's id as text.
  public var pidFile: Path?
  /// The stream socket of an engine that gets the terminal.
  public var consoleSocket: Path?
  /// The stream socket of an engine that gets a pidfd.
  public var pidfdSocket: Path?
  /// The descriptors 3 and up that the program inherits.
  public var preservedDescriptors: Int32

  public init(pidFile: Path? = nil, consoleSocket: Path? = nil, pidfdSocket: Path? = nil, preservedDescriptors: Int32 = 0) {
    self.pidFile = pidFile
    self.consoleSocket = consoleSocket
    self.pidfdSocket = pidfdSocket
    self.preservedDescriptors = preservedDescriptors
  }
}
