/// The limits of the container's cgroup: `linux.resources` (config-linux.md, "Control groups").
///
/// Nil anywhere below means "leave it as it is"; it is never a limit.
public struct Resources: Equatable, Sendable {
  /// Which devices may be used, in the order in which the rules are applied.
  public var devices: [DeviceRule]
  /// Limits of memory.
  public var memory: MemoryResources?
  /// Limits of processor time.
  public var cpu: CPUResources?
  /// Limit of tasks.
  public var pids: PidsResources?
  /// Limits of block input and output.
  public var blockIO: BlockIOResources?
  /// Limits of huge pages by their size.
  public var hugepageLimits: [HugepageLimit]
  /// Marks of network traffic.
  public var network: NetworkResources?
  /// Limits of RDMA devices.
  public var rdma: [RDMALimit]
  /// Files of cgroup v2 and what is written to them.
  public var unified: [UnifiedSetting]

  public init(
    devices: [DeviceRule] = [], memory: MemoryResources? = nil, cpu: CPUResources? = nil, pids: PidsResources? = nil, blockIO: BlockIOResources? = nil,
    hugepageLimits: [HugepageLimit] = [], network: NetworkResources? = nil, rdma: [RDMALimit] = [], unified: [UnifiedSetting] = []
  ) {
    self.devices = devices
    self.memory = memory
    self.cpu = cpu
    self.pids = pids
    self.blockIO = blockIO
    self.hugepageLimits = hugepageLimits
    self.network = network
    self.rdma = rdma
    self.unified = unified
  }
}

/// One rule of the device list (config-linux.md, "Allowed Device list").
public struct DeviceRule: Equatable, Sendable {
  /// Whether the rule allows or denies.
  public var allow: Bool
  /// The devices that the rule is about.
  public var type: DeviceRuleType
  /// Nil is every number; config.json may also write -1 for that, as Docker does.
  public var major: Int64?
  /// Nil is every number; config.json may also write -1 for that, as Docker does.
  public var minor: Int64?
  /// What is allowed or denied; absent in config.json means all three.
  public var access: DeviceAccess

  public init(allow: Bool, type: DeviceRuleType = .all, major: Int64? = nil, minor: Int64? = nil, access: DeviceAccess = .all) {
    self.allow = allow
    self.type = type
    self.major = major
    self.minor = minor
    self.access = access
  }
}

/// Which kind of device a rule is about.
public enum DeviceRuleType: UInt8, NamedValue {
  case all, character, block

  public static var names: Literal { "a c b" }
}

/// What can be done with a device. The values are those of the kernel's device program (`BPF_DEVCG_ACC_*`).
public struct DeviceAccess: OptionSet, Equatable, Sendable {
  /// The bits of `BPF_DEVCG_ACC_*`.
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Make a node, `m`. The C constant is `BPF_DEVCG_ACC_MKNOD`.
  public static let mknod = DeviceAccess(rawValue: 1)
  /// Read, `r`. The C constant is `BPF_DEVCG_ACC_READ`.
  public static let read = DeviceAccess(rawValue: 2)
  /// Write, `w`. The C constant is `BPF_DEVCG_ACC_WRITE`.
  public static let write = DeviceAccess(rawValue: 4)
  /// All three, `rwm`.
  public static let all = DeviceAccess(rawValue: 7)

  /// The letters as cgroup v1's devices.allow takes them: `rwm`, `r`, ...
  public var letters: String {
    var letters = ""
    if contains(.read) { letters += "r" }
    if contains(.write) { letters += "w" }
    if contains(.mknod) { letters += "m" }
    return letters
  }
}

/// Limits of memory: bytes; -1 is unlimited (config-linux.md, "Memory").
public struct MemoryResources: Equatable, Sendable {
  /// What the container may use.
  public var limit: Int64?
  /// What is left to the container when memory is short.
  public var reservation: Int64?
  /// Memory and swap together, as in cgroup v1.
  public var swap: Int64?
  /// Kernel memory; obsolete since Linux 5.4.
  public var kernel: Int64?
  /// Buffers of TCP; cgroup v1 only.
  public var kernelTCP: Int64?
  /// 0 to 100; cgroup v1 only. Docker's 2⁶⁴ - 1, which stands for -1, is read as nil.
  public var swappiness: UInt64?
  /// Whether tasks wait for memory instead of being killed; cgroup v1 only.
  public var disableOOMKiller: Bool?
  /// Whether cgroups below share the limits; cgroup v2 always does.
  public var useHierarchy: Bool?
  /// Whether an update below the present use is refused, as cgroup v1's kernel does.
  public var checkBeforeUpdate: Bool?

  public init(
    limit: Int64? = nil, reservation: Int64? = nil, swap: Int64? = nil, kernel: Int64? = nil, kernelTCP: Int64? = nil, swappiness: UInt64? = nil,
    disableOOMKiller: Bool? = nil, useHierarchy: Bool? = nil, checkBeforeUpdate: Bool? = nil
  ) {
    self.limit = limit
    self.reservation = reservation
    self.swap = swap
    self.kernel = kernel
    self.kernelTCP = kernelTCP
    self.swappiness = swappiness
    self.disableOOMKiller = disableOOMKiller
    self.useHierarchy = useHierarchy
    self.checkBeforeUpdate = checkBeforeUpdate
  }
}

/// Limits of processor time; times are microseconds (config-linux.md, "CPU").
public struct CPUResources: Equatable, Sendable {
  /// Share relative to other cgroups, 2 to 262144; 1024 is normal. cgroup v2 has a weight of another scale.
  public var shares: UInt64?
  /// Time in each period; -1 is unlimited.
  public var quota: Int64?
  /// Unused time that may be saved up; not above a positive `quota`.
  public var burst: UInt64?
  /// The period of `quota`.
  public var period: UInt64?
  /// Time for real-time tasks in each `realtimePeriod`; cgroup v1 only.
  public var realtimeRuntime: Int64?
  /// cgroup v1 only.
  public var realtimePeriod: UInt64?
  /// Processors, such as `0-3,7`.
  public var cpus: String?
  /// Memory nodes, such as `0-3,7`.
  public var mems: String?
  /// 1 lets the cgroup run only when nothing else wants to (`SCHED_IDLE`), 0 does not.
  public var idle: Int64?
  /// The part of the processors' speed that is asked for at most, in percent. Not of config.json: it takes the place of a quota where the kernel has none.
  public var speed: String?

  public init(
    shares: UInt64? = nil, quota: Int64? = nil, burst: UInt64? = nil, period: UInt64? = nil, realtimeRuntime: Int64? = nil, realtimePeriod: UInt64? = nil,
    cpus: String? = nil, mems: String? = nil, idle: Int64? = nil
  ) {
    self.shares = shares
    self.quota = quota
    self.burst = burst
    self.period = period
    self.realtimeRuntime = realtimeRuntime
    self.realtimePeriod = realtimePeriod
    self.cpus = cpus
    self.mems = mems
    self.idle = idle
  }
}

/// Limit of tasks (config-linux.md, "PIDs").
public struct PidsResources: Equatable, Sendable {
  /// Tasks; -1 is unlimited, and 0 is a limit: no further task.
  public var limit: Int64?

  public init(limit: Int64? = nil) { self.limit = limit }
}

/// Limits of block input and output (config-linux.md, "Block IO").
public struct BlockIOResources: Equatable, Sendable {
  /// 10 to 1000.
  public var weight: UInt16?
  /// Against the cgroup's children; cgroup v1 with CFQ only.
  public var leafWeight: UInt16?
  /// Weights on single devices, which go before `weight`.
  public var weightDevice: [WeightDevice]
  /// Bytes per second.
  public var throttleReadBpsDevice: [ThrottleDevice]
  /// Bytes per second.
  public var throttleWriteBpsDevice: [ThrottleDevice]
  /// Operations per second.
  public var throttleReadIOPSDevice: [ThrottleDevice]
  /// Operations per second.
  public var throttleWriteIOPSDevice: [ThrottleDevice]

  public init(
    weight: UInt16? = nil, leafWeight: UInt16? = nil, weightDevice: [WeightDevice] = [], throttleReadBpsDevice: [ThrottleDevice] = [],
    throttleWriteBpsDevice: [ThrottleDevice] = [], throttleReadIOPSDevice: [ThrottleDevice] = [], throttleWriteIOPSDevice: [ThrottleDevice] = []
  ) {
    self.weight = weight
    self.leafWeight = leafWeight
    self.weightDevice = weightDevice
    self.throttleReadBpsDevice = throttleReadBpsDevice
    self.throttleWriteBpsDevice = throttleWriteBpsDevice
    self.throttleReadIOPSDevice = throttleReadIOPSDevice
    self.throttleWriteIOPSDevice = throttleWriteIOPSDevice
  }
}

/// The weight on one device; at least one of the two is set.
public struct WeightDevice: Equatable, Sendable {
  /// The major number of the device.
  public var major: Int64
  /// The minor number of the device.
  public var minor: Int64
  /// Against other cgroups.
  public var weight: UInt16?
  /// Against the cgroup's children; cgroup v1 with CFQ only.
  public var leafWeight: UInt16?

  public init(major: Int64, minor: Int64, weight: UInt16? = nil, leafWeight: UInt16? = nil) {
    self.major = major
    self.minor = minor
    self.weight = weight
    self.leafWeight = leafWeight
  }
}

/// The rate of one device.
public struct ThrottleDevice: Equatable, Sendable {
  /// The major number of the device.
  public var major: Int64
  /// The minor number of the device.
  public var minor: Int64
  /// Bytes or operations per second, as the list says in which it stands.
  public var rate: UInt64

  public init(major: Int64, minor: Int64, rate: UInt64) {
    self.major = major
    self.minor = minor
    self.rate = rate
  }
}

/// The limit of huge pages of one size (config-linux.md, "Huge page limits").
public struct HugepageLimit: Equatable, Sendable {
  /// As the kernel's control files spell it: `64KB`, `2MB`, `1GB`.
  public var pageSize: String
  /// Bytes.
  public var limit: UInt64

  public init(pageSize: String, limit: UInt64) {
    self.pageSize = pageSize
    self.limit = limit
  }
}

/// Marks of network traffic; cgroup v1 only (config-linux.md, "Network").
public struct NetworkResources: Equatable, Sendable {
  /// The class that packets are tagged with (net_cls).
  public var classID: UInt32?
  /// Priorities by interface (net_prio).
  public var priorities: [InterfacePriority]

  public init(classID: UInt32? = nil, priorities: [InterfacePriority] = []) {
    self.classID = classID
    self.priorities = priorities
  }
}

/// The priority of traffic that leaves by one interface.
public struct InterfacePriority: Equatable, Sendable {
  /// The interface's name in the runtime's network namespace.
  public var name: String
  /// The priority, higher first.
  public var priority: UInt32

  public init(name: String, priority: UInt32) {
    self.name = name
    self.priority = priority
  }
}

/// The limits of one RDMA device; at least one of the two is set (config-linux.md, "RDMA").
public struct RDMALimit: Equatable, Sendable {
  /// The name of the device, such as `mlx5_1`.
  public var device: String
  /// Handles that may be open.
  public var hcaHandles: UInt32?
  /// Objects that may exist.
  public var hcaObjects: UInt32?

  public init(device: String, hcaHandles: UInt32? = nil, hcaObjects: UInt32? = nil) {
    self.device = device
    self.hcaHandles = hcaHandles
    self.hcaObjects = hcaObjects
  }
}

/// A file of cgroup v2 and what is written to it (config-linux.md, "Unified").
public struct UnifiedSetting: Equatable, Sendable {
  /// One file name, such as `memory.high`; never a path.
  public var file: String
  /// What is written to it, as it is.
  public var value: String

  public init(file: String, value: String) {
    self.file = file
    self.value = value
  }
}
