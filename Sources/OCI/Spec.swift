/// A container's configuration, `config.json` of a bundle (runtime-spec 1.3, config.md), as far as Linux is concerned.
///
/// Everywhere in these values an absent optional string is nil, and an absent list or map is empty. Maps keep the order of the document.
public final class Spec {
  /// The version of the specification that the document complies with, such as `1.2.0` (config.md, "Specification version").
  public var ociVersion: String
  /// What runs in the container; may be absent until the container is started (config.md, "Process").
  public var process: Process?
  /// The root file system; a decoded document always has one (config.md, "Root").
  public var root: Root?
  /// The name in the UTS namespace (config.md, "Hostname").
  public var hostname: String?
  /// The NIS domain name in the UTS namespace (config.md, "Domainname").
  public var domainname: String?
  /// Mounts beyond the root, in the order in which they are made (config.md, "Mounts").
  public var mounts: [Mount]
  /// Programs that run at points of the lifecycle (config.md, "POSIX-platform Hooks").
  public var hooks: Hooks?
  /// What is particular to Linux (config-linux.md).
  public var linux: LinuxSection?
  /// Metadata that the runtime hands on (config.md, "Annotations").
  public var annotations: [Annotation]

  public init(
    ociVersion: String = Spec.version, process: Process? = nil, root: Root? = nil, hostname: String? = nil, domainname: String? = nil, mounts: [Mount] = [],
    hooks: Hooks? = nil, linux: LinuxSection? = nil, annotations: [Annotation] = []
  ) {
    self.ociVersion = ociVersion
    self.process = process
    self.root = root
    self.hostname = hostname
    self.domainname = domainname
    self.mounts = mounts
    self.hooks = hooks
    self.linux = linux
    self.annotations = annotations
  }

  /// The version of the specification that these values follow.
  public static var version: String { "1.3.0" }

  /// Another one with the same values.
  public func copy() -> Spec {
    Spec(
      ociVersion: ociVersion, process: process, root: root, hostname: hostname, domainname: domainname, mounts: mounts, hooks: hooks, linux: linux,
      annotations: annotations)
  }
}

/// One entry of a map of free metadata: `annotations` of a config.json, of a state, of an image.
public struct Annotation: Equatable, Sendable {
  /// Not empty.
  public var key: String
  /// May be empty.
  public var value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// The root file system (config.md, "Root").
public struct Root: Equatable, Sendable {
  /// A directory: an absolute path, or one relative to the bundle.
  public var path: String
  /// Whether the root is read-only inside the container.
  public var readonly: Bool

  public init(path: String, readonly: Bool = false) {
    self.path = path
    self.readonly = readonly
  }
}

/// A mount beyond the root (config.md, "Mounts").
public struct Mount: Equatable, Sendable {
  /// Where in the container. A relative path is deprecated and counts from `/`.
  public var destination: String
  /// The file system type; for a bind mount (`bind` or `rbind` among the options) it has no meaning.
  public var type: String?
  /// A device, a path of a bind mount (absolute or relative to the bundle), or a word for /proc/self/mountinfo.
  public var source: String?
  /// Flags and file-system data as mount(8) spells them (config.md, "Linux mount options").
  public var options: [String]
  /// Owners of an idmapped mount; set together with `gidMappings`.
  public var uidMappings: [IDMapping]
  /// Groups of an idmapped mount; set together with `uidMappings`.
  public var gidMappings: [IDMapping]

  public init(
    destination: String, type: String? = nil, source: String? = nil, options: [String] = [], uidMappings: [IDMapping] = [], gidMappings: [IDMapping] = []
  ) {
    self.destination = destination
    self.type = type
    self.source = source
    self.options = options
    self.uidMappings = uidMappings
    self.gidMappings = gidMappings
  }
}

/// A range of user or group numbers and what it is outside (config-linux.md, "User namespace mappings").
public struct IDMapping: Equatable, Sendable {
  /// The first number inside the container.
  public var containerID: UInt32
  /// The first number on the host.
  public var hostID: UInt32
  /// How many numbers follow one another.
  public var size: UInt32

  public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
    self.containerID = containerID
    self.hostID = hostID
    self.size = size
  }
}

/// A program that runs at a point of the lifecycle (config.md, "POSIX-platform Hooks").
public struct Hook: Equatable, Sendable {
  /// Absolute path of the program.
  public var path: String
  /// All arguments, the program's name first; empty means that the path alone is the name.
  public var args: [String]
  /// The whole environment, `NAME=value` each; nil is that of whoever runs the hook.
  public var env: [String]?
  /// Seconds after which the hook has failed, more than 0; nil is no limit.
  public var timeout: Int64?

  public init(path: String, args: [String] = [], env: [String]? = nil, timeout: Int64? = nil) {
    self.path = path
    self.args = args
    self.env = env
    self.timeout = timeout
  }
}

/// The hooks by their point of the lifecycle, each list in the order of its calls (config.md, "POSIX-platform Hooks").
public struct Hooks: Equatable, Sendable {
  /// During create, before pivot_root, in the runtime's namespaces. Deprecated by the specification in favour of `createRuntime`.
  public var prestart: [Hook]
  /// During create, after `prestart`, before pivot_root, in the runtime's namespaces.
  public var createRuntime: [Hook]
  /// During create, before pivot_root, in the container's namespaces; the program is looked up on the host.
  public var createContainer: [Hook]
  /// During start, before the program of the container is executed, in the container.
  public var startContainer: [Hook]
  /// After the program of the container has been executed, in the runtime's namespaces.
  public var poststart: [Hook]
  /// After the container has been deleted, in the runtime's namespaces.
  public var poststop: [Hook]

  public init(
    prestart: [Hook] = [], createRuntime: [Hook] = [], createContainer: [Hook] = [], startContainer: [Hook] = [], poststart: [Hook] = [], poststop: [Hook] = []
  ) {
    self.prestart = prestart
    self.createRuntime = createRuntime
    self.createContainer = createContainer
    self.startContainer = startContainer
    self.poststart = poststart
    self.poststop = poststop
  }

  /// Whether there is no hook at all. (`==` would compare strings by canonical equivalence, which links the Unicode tables into the binary.)
  public var isEmpty: Bool {
    prestart.isEmpty && createRuntime.isEmpty && createContainer.isEmpty && startContainer.isEmpty && poststart.isEmpty && poststop.isEmpty
  }
}
