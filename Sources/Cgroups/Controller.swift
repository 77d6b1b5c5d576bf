public import Probe
public import Wording

/// What a control group can limit or watch. The numbers are positions in `ControllerSet`, nothing of the kernel's.
public enum Controller: UInt32, Sendable, CaseIterable {
  case cpu, cpuAccounting, cpuset, memory, blockIO, pids, devices, freezer, hugePages, networkClass, networkPriority, rdma, misc, deviceMemory

  /// The name in the options of a v1 mount and in /proc/cgroups.
  public var name: Literal {
    switch self {
    case .cpu: "cpu"
    case .cpuAccounting: "cpuacct"
    case .cpuset: "cpuset"
    case .memory: "memory"
    case .blockIO: "blkio"
    case .pids: "pids"
    case .devices: "devices"
    case .freezer: "freezer"
    case .hugePages: "hugetlb"
    case .networkClass: "net_cls"
    case .networkPriority: "net_prio"
    case .rdma: "rdma"
    case .misc: "misc"
    case .deviceMemory: "dmem"
    }
  }

  /// The name in `cgroup.controllers` and `cgroup.subtree_control`.
  public var unifiedName: Literal {
    switch self {
    case .blockIO: "io"
    default: name
    }
  }

  /// What a v2 hierarchy does by itself, without a name in `cgroup.controllers`: CPU times in `cpu.stat`, `cgroup.freeze` (Linux 5.2), and device programs
  /// (eBPF, Linux 4.15).
  var isBuiltIntoUnified: Bool {
    switch self {
    case .cpuAccounting, .freezer, .devices: true
    default: false
    }
  }

  /// Its row of the kernel's features, which has them in the same order.
  public var feature: Feature { Feature(rawValue: Feature.cpuController.rawValue + UInt8(rawValue)) ?? .cgroups }

  /// The controller that a v1 mount option names.
  init?(name: ArraySlice<UInt8>) {
    for controller in Controller.allCases where name.matches(controller.name) {
      self = controller
      return
    }
    return nil
  }

  /// The controller that a word of `cgroup.controllers` names.
  init?(unifiedName: ArraySlice<UInt8>) {
    for controller in Controller.allCases where unifiedName.matches(controller.unifiedName) {
      self = controller
      return
    }
    return nil
  }
}

/// Some controllers.
public struct ControllerSet: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ controller: Controller) { self.init(rawValue: 1 << controller.rawValue) }

  /// Those that count what a container uses, of memory, processor time, block devices and processes.
  static var counting: ControllerSet {
    [ControllerSet(.memory), ControllerSet(.cpu), ControllerSet(.cpuAccounting), ControllerSet(.blockIO), ControllerSet(.pids)]
  }

  public func contains(_ controller: Controller) -> Bool { contains(ControllerSet(controller)) }
  public mutating func insert(_ controller: Controller) { formUnion(ControllerSet(controller)) }

  /// The controllers, in the order of their declaration.
  public var members: [Controller] { Controller.allCases.filter { contains($0) } }

  /// The words of `cgroup.controllers` or `cgroup.subtree_control`; words of controllers that Apus does not know are left out.
  init(unified bytes: [UInt8]) {
    self.init()
    for word in bytes.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }) {
      if let controller = Controller(unifiedName: word) { insert(controller) }
    }
  }
}
