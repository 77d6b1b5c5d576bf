/// What `state` tells about a container, and what hooks get on their standard input (runtime-spec, runtime.md, "State").
public struct ContainerState: Equatable, Sendable {
  /// The version of the specification that the document complies with.
  public var ociVersion: String
  /// The name of the container.
  public var id: ContainerID
  /// Where in its lifecycle it is.
  public var status: ContainerStatus
  /// The first process as the reader sees it; set when `status` is `created`, `running` or `paused`.
  public var pid: Int32?
  /// Absolute path of the bundle.
  public var bundle: String
  /// Those of config.json.
  public var annotations: [Annotation]
  /// The root directory on the host, and when the container was made (RFC 3339): runc's additions, which engines read; hooks do not get them.
  public var rootfs: String?
  public var created: String?
  /// What isolates and limits the container: our addition to what `state` prints; neither hooks nor `list` get it.
  public var enforcement: [EnforcementRow] = []

  public init(
    ociVersion: String = Spec.version, id: ContainerID, status: ContainerStatus, pid: Int32? = nil, bundle: String, annotations: [Annotation] = [],
    rootfs: String? = nil, created: String? = nil
  ) {
    self.ociVersion = ociVersion
    self.id = id
    self.status = status
    self.pid = pid
    self.bundle = bundle
    self.annotations = annotations
    self.rootfs = rootfs
    self.created = created
  }
}

/// Where in its lifecycle a container is (runtime-spec, runtime.md, "State").
public enum ContainerStatus: UInt8, NamedValue {
  /// `create` is at work.
  case creating
  /// `create` is done, `start` has not been called.
  case created
  /// The container's program has been executed.
  case running
  /// Running, but frozen. Not in the specification; runc and crun have it.
  case paused
  /// The first process has ended.
  case stopped

  public static var names: Literal { "creating created running paused stopped" }
}
