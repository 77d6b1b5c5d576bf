/// What a container uses and may use, as the kernel has it now. Nil in general: no group of the container counts it, or this kernel does not.
public struct CgroupStatistics: Sendable {
  public var processor: Processor?
  public var cpuset: CPUSet?
  public var memory: Memory?
  public var tasks: Tasks?
  public var blockIO: BlockIO?
  public var hugePages: [HugePages] = []

  /// Times are nanoseconds since the group was made.
  public struct Processor: Sendable {
    public var used: UInt64?
    public var kernel: UInt64?
    public var user: UInt64?
    /// By processor; v1 only.
    public var perProcessor: [UInt64] = []
    /// By processor; v1 only.
    public var perProcessorKernel: [UInt64] = []
    /// By processor; v1 only.
    public var perProcessorUser: [UInt64] = []
    /// Periods in which the group ran, with a quota.
    public var periods: UInt64 = 0
    /// Periods in which the quota was used up.
    public var throttledPeriods: UInt64 = 0
    public var throttledTime: UInt64 = 0
    /// Microseconds in each `period`; nil is unlimited.
    public var quota: UInt64?
    /// Microseconds.
    public var period: UInt64?
    public var pressure: Pressure?

    /// Nothing is known.
    public static var none: Processor { Processor() }
  }

  /// v1 only, as runc has it. The flags are 0 or 1.
  public struct CPUSet: Sendable {
    public var processors: [UInt16] = []
    public var nodes: [UInt16] = []
    public var cpuExclusive: UInt64 = 0
    public var memHardwall: UInt64 = 0
    public var memExclusive: UInt64 = 0
    public var memoryMigrate: UInt64 = 0
    public var memorySpreadPage: UInt64 = 0
    public var memorySpreadSlab: UInt64 = 0
    public var memoryPressure: UInt64 = 0
    public var schedLoadBalance: UInt64 = 0
    public var schedRelaxDomainLevel: Int64 = 0

    /// Nothing is known.
    public static var none: CPUSet { CPUSet() }
  }

  public struct Memory: Sendable {
    public var usage: MemoryUse
    /// Memory and swap together, as v1 counts; nil when the kernel does not count swap.
    public var swap: MemoryUse?
    /// v1 only.
    public var kernel: MemoryUse?
    /// v1 only.
    public var kernelTCP: MemoryUse?
    /// Bytes of files.
    public var cache: UInt64 = 0
    /// `memory.stat` as it is.
    public var raw: [(key: String, value: UInt64)] = []
    /// How many processes the kernel has killed for want of memory; v1 since Linux 4.13.
    public var outOfMemoryKills: UInt64?
    public var pressure: Pressure?
  }

  /// Bytes.
  public struct MemoryUse: Sendable, Equatable {
    public var current: UInt64
    /// The most there has been; v2 since Linux 5.19, of swap alone never.
    public var peak: UInt64 = 0
    /// As the kernel has it: unlimited is `UInt64.max` on v2, and the greatest multiple of the page size below 2⁶³ on v1.
    public var limit: UInt64 = .max
    /// How often the limit was in the way.
    public var failures: UInt64 = 0
  }

  /// Processes and threads.
  public struct Tasks: Sendable {
    public var current: UInt64
    /// Nil is unlimited.
    public var limit: UInt64?
  }

  /// By device and operation, groups below included. What v2 and its kernel do not count is empty.
  public struct BlockIO: Sendable {
    public var bytes: [BlockIOEntry] = []
    public var operations: [BlockIOEntry] = []
    public var queued: [BlockIOEntry] = []
    public var serviceTime: [BlockIOEntry] = []
    public var waitTime: [BlockIOEntry] = []
    public var merged: [BlockIOEntry] = []
    public var time: [BlockIOEntry] = []
    public var sectors: [BlockIOEntry] = []
    public var pressure: Pressure?

    /// Nothing is known.
    public static var none: BlockIO { BlockIO() }
  }

  public struct BlockIOEntry: Sendable, Equatable {
    public var major: UInt64
    public var minor: UInt64
    /// Such as `Read`; empty when the kernel does not tell operations apart.
    public var operation: String
    public var value: UInt64
  }

  /// Huge pages of one size.
  public struct HugePages: Sendable, Equatable {
    /// Such as `2MB`.
    public var size: String
    /// Bytes.
    public var current: UInt64
    /// Bytes, the most there have been; v1 only.
    public var peak: UInt64
    /// How often the limit was in the way.
    public var failures: UInt64
  }

  /// How long tasks waited for something (Documentation/accounting/psi.rst); v2, Linux 4.20.
  public struct Pressure: Sendable, Equatable {
    /// While others ran.
    public var some = PressureLine()
    /// While none ran.
    public var full = PressureLine()
  }

  /// Shares are hundredths of a percent of the last ten, sixty, and three hundred seconds; the total is microseconds.
  public struct PressureLine: Sendable, Equatable {
    public var average10: UInt64 = 0
    public var average60: UInt64 = 0
    public var average300: UInt64 = 0
    public var total: UInt64 = 0
  }
}
