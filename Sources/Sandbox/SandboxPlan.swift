public import Linux
public import OCI

/// Everything that happens between clone and exec, decided beforehand: making it touches nothing, carrying it out decides nothing.
///
/// One pointer, because it is passed around and holds a great deal; every property has a value from the beginning, so that a plan that is refused half-way is
/// taken down as one (docs/decisions/code-size.md).
public final class SandboxPlan {
  /// Where the container's root comes from.
  public var root: RootSource = .joined
  /// The root is made read-only once everything is mounted in it.
  public var rootReadOnly = false
  public var rootPropagation = RootPropagation(nil)
  /// The root is entered by pivot_root(2); otherwise it is moved over the host's, for a root on the first RAM disk, which cannot be pivoted.
  public var pivots = true
  /// The container has no mount namespace of its own, and is in that of the runtime in the end.
  public var sharesMounts = false
  /// The root directory of a container that is joined and has no mount namespace that would lead into it, open in the launching process; closed with the plan.
  public var joinedRoot: Int32?
  /// Namespaces that are made new.
  public var newNamespaces: NamespaceFlags = []
  /// Namespaces that exist and are joined.
  public var joinedNamespaces: [JoinedNamespace] = []
  /// The user namespace, when it is not the host's.
  public var userNamespace: UserNamespacePlan?
  /// Offsets of the clocks in the new time namespace.
  public var timeOffsets: [TimeOffset] = []
  /// Network devices that are moved from the host.
  public var networkDevices: [PlannedNetworkDevice] = []
  /// Mounts, in the order of config.json.
  public var mounts: [PlannedMount] = []
  /// Nodes in /dev: the default ones, then those of `linux.devices`.
  public var devices: [PlannedDevice] = []
  /// Links in /dev.
  public var deviceLinks: [DeviceLink] = []
  /// Paths that are hidden: files behind /dev/null, directories behind an empty one.
  public var maskedPaths: [Path] = []
  /// Paths that are made read-only with all mounts below them.
  public var readOnlyPaths: [Path] = []
  /// Host name of the new UTS namespace.
  public var hostname: Path?
  /// NIS domain name of the new UTS namespace.
  public var domainname: Path?
  /// Kernel parameters, by their file below /proc/sys.
  public var kernelParameters: [KernelParameter] = []
  /// A pseudo-terminal of the container's own becomes its standard input, output and error.
  public var terminal = false
  /// The terminal makes a carriage return and a line feed of a line feed, as terminals do. Not when what the container says goes to no terminal in the end.
  public var mapsNewlines = true
  /// The terminal's size at the start.
  public var windowSize: WindowSize?
  /// Resource limits (`process.rlimits`).
  public var limits: [ResourceLimit] = []
  /// From -1000 (never killed for memory) to 1000.
  public var oomScoreAdjustment: Int32?
  /// The security modules' labels of the processes.
  public var labels = SecurityLabels()
  /// The SELinux context of the container's mounts (`linux.mountLabel`).
  public var mountLabel: String?
  /// The session key ring that the processes have: `_ses.ID`. Nil leaves them the one of the caller.
  public var sessionKeyring: Path?
  /// Scheduler, priorities, execution domain, memory policy.
  public var scheduling = SchedulingPlan()
  /// Whom the program runs as.
  public var identity: Identity = .numeric(user: 65534, group: 65534, supplementaryGroups: [])
  /// The user of the host, and the group of the same number, that the container's processes run as, whoever they are by `identity`: where the kernel lacks the
  /// namespaces that would keep them apart from others. Files of the image that belong to anybody but root become this user's.
  public var ownUser: UInt32?
  /// A supplementary group that the system wants of those who use its network; not in a user namespace, where it is nobody.
  public var addedGroup: UInt32?
  /// There is no PID namespace, so /proc must not show others' processes.
  public var hidesProcesses = false
  /// Device nodes have no effect in the root.
  public var rootWithoutDevices = false
  /// The file mode creation mask of the program.
  public var fileModeMask: UInt32 = 0o022
  public var capabilities = CapabilitySets()
  /// Neither set-user-ID bits nor file capabilities give anything to the program and its children.
  public var noNewPrivileges = true
  /// The compiled filter; nil is none.
  public var seccomp: SeccompFilter?
  /// Who decides the calls that the filter leaves to somebody else.
  public var seccompListener: SeccompListener?
  /// Made when it is missing, as runc and crun do.
  public var workingDirectory: Path = "/"
  public var arguments: [String] = []
  public var environment: [String] = []
  /// The container is killed when the process that started it ends, however it ends. Otherwise only until it is made.
  public var diesWithParent = true
  /// The processors of a process that joins a container; nil for a container's first process.
  public var affinity: ProcessorAffinity?
  /// Hooks that run in the container's namespaces; nil when there are none.
  public var hooks: ContainerHooks?
  /// Before it enters its root the container waits for the launching process, which runs hooks then.
  public var pausesBeforePivot = false
  /// A process that joins a container has its filter before it is born there, because others there may look into it and take it over.
  public var loadsFilterBeforeBirth = false
  /// The descriptors 3 and up, so many of them, are the program's.
  public var preservedDescriptors: Int32 = 0

  init() {}

  deinit { if let joinedRoot { closeDescriptor(joinedRoot) } }
}

/// Where a container's root directory comes from.
public enum RootSource: Sendable {
  /// A directory of the host, bind-mounted onto itself.
  case directory(Path)
  /// Layers, the uppermost first, under a writable directory; `work` is what overlayfs needs beside it, `mountPoint` an empty directory to mount on.
  case overlay(layers: [Path], upper: Path, work: Path, mountPoint: Path)
  /// The root of an image that is mounted there already.
  case image(Path)
  /// That of the container whose namespaces are joined: nothing is mounted.
  case joined

  /// Its files are the container's alone.
  var isImage: Bool {
    switch self {
    case .overlay, .image: true
    case .directory, .joined: false
    }
  }

  /// Where it is on the host.
  public var path: Path {
    switch self {
    case .directory(let path), .image(let path): path
    case .overlay(_, _, _, let mountPoint): mountPoint
    case .joined: "/"
    }
  }

  /// The directory that the root is mounted on.
  var place: Path {
    switch self {
    case .directory(let path), .image(let path): path
    case .overlay(_, _, _, let mountPoint): mountPoint
    case .joined: "/"
    }
  }
}

/// A namespace that the container shares with somebody.
public final class JoinedNamespace {
  public let kind: NamespaceFlags
  /// Such as /proc/PID/ns/net; for messages alone when there is a descriptor.
  public let path: Path
  /// The namespace, open in the launching process; closed when this is done with.
  public let descriptor: Int32?
  /// The JSON path of the first thing that is set in it, which would change the host if it is the runtime's own; nil when nothing is.
  public var changedBy: String?

  public init(kind: NamespaceFlags, path: Path, descriptor: Int32? = nil, changedBy: String? = nil) {
    self.kind = kind
    self.path = path
    self.descriptor = descriptor
    self.changedBy = changedBy
  }

  deinit { if let descriptor { closeDescriptor(descriptor) } }
}

/// How the container's own view of the cgroups is mounted.
public enum CgroupView: Sendable, Equatable {
  /// The host mounts no cgroups.
  case none
  /// One hierarchy of version 2; read-only when the container has no group of its own there, because what it sees belongs to the one who started it.
  case unified(isOwn: Bool)
  /// A directory for each hierarchy of version 1: its name, the options that select it, and links for controllers that share it.
  case legacy([LegacyHierarchy])
}

/// One hierarchy of cgroups, beside others, as a container sees it.
public struct LegacyHierarchy: Sendable, Equatable {
  /// Name of the directory: `cpu,cpuacct`.
  public var name: Path
  /// Mount options that select it: `cpu,cpuacct` or `name=systemd`; for version 2 beside it, nil.
  public var options: Path?
  /// Links to it, for the controllers that share it; programs look for one under its own name.
  let links: [Path]
  /// The container has a group of its own there. Otherwise it would see the group of the one who started it, often the root with its `release_agent`, a program
  /// that the kernel runs on the host (CVE-2022-0492): such a hierarchy is read-only.
  public var isOwn: Bool
  public init(name: Path, options: Path?, isOwn: Bool) {
    self.name = name
    self.options = options
    self.isOwn = isOwn
    let controllers = name.bytes.split(separator: 0x2C)
    var links: [Path] = []
    for controller in controllers where controllers.count > 1 { links.append(Path(bytes: controller)) }
    self.links = links
  }
}

/// A device node.
public final class PlannedDevice {
  /// Absolute, inside the root.
  public let path: Path
  /// The directory that it stands in, and its name there: taken apart when it is planned, so that the new process has nothing to make of them.
  let directory: Path
  let name: Path
  public let type: FileType
  public let major: UInt32
  public let minor: UInt32
  /// Permission bits.
  public let mode: UInt32
  public let user: UInt32
  public let group: UInt32

  public init(path: Path, type: FileType, major: UInt32, minor: UInt32, mode: UInt32, user: UInt32, group: UInt32) {
    self.path = path
    directory = path.parent ?? "/"
    name = Path(bytes: path.components.last ?? [])
    self.type = type
    self.major = major
    self.minor = minor
    self.mode = mode
    self.user = user
    self.group = group
  }
}

/// A symbolic link in the container's /dev.
public struct DeviceLink: Sendable, Equatable {
  public var name: Path
  public var target: Path

  /// Those that every container has (runtime-spec runtime-linux.md, "Dev symbolic links").
  static var standard: [DeviceLink] {
    [
      DeviceLink(name: "fd", target: "/proc/self/fd"), DeviceLink(name: "stdin", target: "/proc/self/fd/0"),
      DeviceLink(name: "stdout", target: "/proc/self/fd/1"), DeviceLink(name: "stderr", target: "/proc/self/fd/2"),
      DeviceLink(name: "ptmx", target: "pts/ptmx"),
    ]
  }
}

/// A kernel parameter of a namespace.
public final class KernelParameter {
  /// Below /proc, with slashes: `sys/net/ipv4/ip_forward`.
  public let file: Path
  public let value: String

  public init(file: Path, value: String) {
    self.file = file
    self.value = value
  }
}

/// A resource limit.
public final class ResourceLimit {
  /// The number of the C constant `RLIMIT_…`.
  public let resource: Int32
  public let soft: UInt64
  public let hard: UInt64
  /// For messages: `RLIMIT_NOFILE`.
  public let name: String

  public init(resource: Int32, soft: UInt64, hard: UInt64, name: String) {
    self.resource = resource
    self.soft = soft
    self.hard = hard
    self.name = name
  }
}

/// Whom a program runs as.
public enum Identity: Sendable, Equatable {
  /// By numbers, as config.json gives them.
  case numeric(user: UInt32, group: UInt32, supplementaryGroups: [UInt32])
  /// As an image gives it (`redis`, `1000`, `user:group`): looked up in the files of the container's own root; HOME is set when the environment lacks it.
  case image(String)
}
