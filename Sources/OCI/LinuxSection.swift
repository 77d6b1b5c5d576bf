/// What is particular to Linux: `linux` of config.json (config-linux.md).
///
/// The type is not called `Linux`, because it would hide the module of that name.
public final class LinuxSection {
  /// The namespaces that are made or joined, no type twice; a type that is not named is the runtime's.
  public var namespaces: [Namespace]
  /// User numbers of the user namespace.
  public var uidMappings: [IDMapping]
  /// Group numbers of the user namespace.
  public var gidMappings: [IDMapping]
  /// Offsets of the clocks in the time namespace, no clock twice.
  public var timeOffsets: [TimeOffset]
  /// Device nodes beyond the default ones.
  public var devices: [Device]
  /// Network devices that are moved from the host's network namespace.
  public var netDevices: [NetDevice]
  /// Where the container's cgroup is: absolute means from the mount point of the hierarchy. Nil lets the runtime choose.
  public var cgroupsPath: String?
  /// The limits of the cgroup.
  public var resources: Resources?
  /// The filter of system calls.
  public var seccomp: Seccomp?
  /// Kernel parameters of the container's namespaces.
  public var sysctl: [Sysctl]
  /// Absolute paths in the container that cannot be read.
  public var maskedPaths: [String]
  /// Absolute paths in the container that cannot be written.
  public var readonlyPaths: [String]
  /// How mounts below the root spread; nil is the runtime's default.
  public var rootfsPropagation: RootfsPropagation?
  /// The SELinux context of the container's mounts.
  public var mountLabel: String?
  /// Intel's resource director.
  public var intelRdt: IntelRdt?
  /// What uname(2) and mmap(2) pretend to; nil leaves it as it is.
  public var personality: Personality?
  /// Where memory comes from on a NUMA machine; nil leaves it as it is.
  public var memoryPolicy: MemoryPolicy?

  public init(
    namespaces: [Namespace] = [], uidMappings: [IDMapping] = [], gidMappings: [IDMapping] = [], timeOffsets: [TimeOffset] = [], devices: [Device] = [],
    netDevices: [NetDevice] = [], cgroupsPath: String? = nil, resources: Resources? = nil, seccomp: Seccomp? = nil, sysctl: [Sysctl] = [],
    maskedPaths: [String] = [], readonlyPaths: [String] = [], rootfsPropagation: RootfsPropagation? = nil, mountLabel: String? = nil,
    intelRdt: IntelRdt? = nil, personality: Personality? = nil, memoryPolicy: MemoryPolicy? = nil
  ) {
    self.namespaces = namespaces
    self.uidMappings = uidMappings
    self.gidMappings = gidMappings
    self.timeOffsets = timeOffsets
    self.devices = devices
    self.netDevices = netDevices
    self.cgroupsPath = cgroupsPath
    self.resources = resources
    self.seccomp = seccomp
    self.sysctl = sysctl
    self.maskedPaths = maskedPaths
    self.readonlyPaths = readonlyPaths
    self.rootfsPropagation = rootfsPropagation
    self.mountLabel = mountLabel
    self.intelRdt = intelRdt
    self.personality = personality
    self.memoryPolicy = memoryPolicy
  }

  /// The namespace of a type, when the container has its own or joins one.
  public func namespace(_ type: NamespaceType) -> Namespace? {
    namespaces.first { $0.type == type }
  }

  /// Another one with the same values.
  public func copy() -> LinuxSection {
    LinuxSection(
      namespaces: namespaces, uidMappings: uidMappings, gidMappings: gidMappings, timeOffsets: timeOffsets, devices: devices, netDevices: netDevices,
      cgroupsPath: cgroupsPath, resources: resources, seccomp: seccomp, sysctl: sysctl, maskedPaths: maskedPaths, readonlyPaths: readonlyPaths,
      rootfsPropagation: rootfsPropagation, mountLabel: mountLabel, intelRdt: intelRdt, personality: personality, memoryPolicy: memoryPolicy)
  }
}

/// A namespace that is made or joined (config-linux.md, "Namespaces").
public struct Namespace: Equatable, Sendable {
  /// What the namespace isolates.
  public var type: NamespaceType
  /// Absolute path of a namespace file on the host, which is joined; nil makes a new namespace.
  public var path: String?

  public init(type: NamespaceType, path: String? = nil) {
    self.type = type
    self.path = path
  }
}

/// The types of namespaces(7).
public enum NamespaceType: UInt8, NamedValue {
  case pid, network, mount, ipc, uts, user, cgroup, time

  public static var names: Literal { "pid network mount ipc uts user cgroup time" }
}

/// How much a clock of the time namespace differs from the host's (config-linux.md, "Offset for Time Namespace").
public struct TimeOffset: Equatable, Sendable {
  /// The clock that is moved.
  public var clock: OffsetClock
  /// Seconds; may be negative.
  public var secs: Int64
  /// Nanoseconds on top, below 10⁹.
  public var nanosecs: UInt32

  public init(clock: OffsetClock, secs: Int64 = 0, nanosecs: UInt32 = 0) {
    self.clock = clock
    self.secs = secs
    self.nanosecs = nanosecs
  }
}

/// The clocks that a time namespace has (time_namespaces(7)).
public enum OffsetClock: UInt8, NamedValue {
  case monotonic, boottime

  /// The name, which is also the word that /proc/PID/timens_offsets takes.
  public static var names: Literal { "monotonic boottime" }
}

/// A device node in the container (config-linux.md, "Devices").
public struct Device: Equatable, Sendable {
  /// The kind of the node.
  public var type: DeviceType
  /// Absolute path in the container; not necessarily below /dev.
  public var path: String
  /// Has no meaning for a FIFO. Not negative.
  public var major: Int64
  /// Has no meaning for a FIFO. Not negative.
  public var minor: Int64
  /// Permission bits; nil is the runtime's default.
  public var fileMode: UInt32?
  /// Owner inside the container; nil is the runtime's default.
  public var uid: UInt32?
  /// Group inside the container; nil is the runtime's default.
  public var gid: UInt32?

  public init(
    type: DeviceType, path: String, major: Int64 = 0, minor: Int64 = 0, fileMode: UInt32? = nil, uid: UInt32? = nil, gid: UInt32? = nil
  ) {
    self.type = type
    self.path = path
    self.major = major
    self.minor = minor
    self.fileMode = fileMode
    self.uid = uid
    self.gid = gid
  }
}

/// The types of mknod(1).
public enum DeviceType: UInt8, NamedValue {
  case character, block, unbufferedCharacter, fifo

  public static var names: Literal { "c b u p" }
}

/// A network device that is moved into the container (config-linux.md, "Network Devices").
public struct NetDevice: Equatable, Sendable {
  /// Its name on the host.
  public var hostName: String
  /// Its name in the container; nil keeps the host's. `%d` at the end lets the kernel number it.
  public var name: String?

  public init(hostName: String, name: String? = nil) {
    self.hostName = hostName
    self.name = name
  }
}

/// One kernel parameter (config-linux.md, "Sysctl").
public struct Sysctl: Equatable, Sendable {
  /// As sysctl(8) spells it: `net.ipv4.ip_forward`.
  public var key: String
  /// What is written to its file below /proc/sys.
  public var value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// How mounts below the root spread (config-linux.md, "Rootfs Mount Propagation"; mount_namespaces(7)).
///
/// The specification names the first four; Docker and containerd write the recursive ones, and runc and crun take them.
public enum RootfsPropagation: UInt8, NamedValue {
  case shared, slave, `private`, unbindable, recursiveShared, recursiveSlave, recursivePrivate, recursiveUnbindable

  public static var names: Literal { "shared slave private unbindable rshared rslave rprivate runbindable" }
}
