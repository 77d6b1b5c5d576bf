import Linux
import OCI
import Testing

@testable import Cgroups

@Suite("limits become writes to control files")
struct PlanTests {
  /// "file=value" for each write, in order.
  private func writes(_ resources: Resources, _ layout: CgroupLayout) throws -> [String] {
    try CgroupPlan(resources, layout: layout).settings.map { "\($0.file)=\($0.value)" }
  }

  /// The sentence with which the plan is refused.
  private func refusal(_ resources: Resources, _ layout: CgroupLayout) -> String? {
    do {
      _ = try CgroupPlan(resources, layout: layout)
      return nil
    } catch {
      return error.message
    }
  }

  /// "file=value" for each write of an update.
  private func update(_ current: CurrentLimits, _ resources: Resources, _ layout: CgroupLayout) throws -> [String] {
    try CgroupPlan(updating: current, to: resources, layout: layout).settings.map { "\($0.file)=\($0.value)" }
  }

  @Test("the table has a row of five words for each limit, with a controller that there is")
  func table() {
    var number: UInt8 = 0
    while let limit = Limit(rawValue: number) {
      let row = limit.row()
      let words = [row.path, row.v1, row.v2, row.option].map { String(decoding: $0, as: UTF8.self) }
      #expect(words.allSatisfy { !$0.isEmpty }, "\(limit)")
      // The first part of a file's name is the controller's, but for the memory nodes of cpuset and for io.
      #expect(words[1].hasPrefix("\(row.controller.name)."), "\(limit)")
      #expect(words[2] == "-" || words[2].hasPrefix("\(row.controller.unifiedName)."), "\(limit)")
      number += 1
    }
    #expect(number == 32)
  }

  @Test("memory: v1 takes memory before memory and swap, v2 counts swap alone")
  func memory() throws {
    let resources = Resources(memory: MemoryResources(limit: 100, reservation: 60, swap: 150))
    #expect(
      try writes(resources, Fixture.legacy) == ["memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes=150", "memory.soft_limit_in_bytes=60"])
    #expect(try writes(resources, Fixture.unified) == ["memory.swap.max=50", "memory.max=100", "memory.low=60"])
    // A phone has memory on v1, whatever else is on v2.
    #expect(try writes(Resources(memory: MemoryResources(limit: 100)), Fixture.android) == ["memory.limit_in_bytes=100"])
  }

  @Test("memory: -1 is unlimited in the spelling of each generation")
  func unlimitedMemory() throws {
    let resources = Resources(memory: MemoryResources(limit: -1, reservation: -1, swap: -1))
    #expect(
      try writes(resources, Fixture.legacy) == ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1", "memory.soft_limit_in_bytes=-1"])
    #expect(try writes(resources, Fixture.unified) == ["memory.swap.max=max", "memory.max=max", "memory.low=max"])
  }

  @Test("memory: no swap at all is a limit that a kernel without swap keeps by itself, unlimited needs no file")
  func swapFiles() throws {
    let none = try CgroupPlan(Resources(memory: MemoryResources(limit: 100, swap: 100)), layout: Fixture.unified).settings
    #expect(none.first?.value == "0")
    if case .harmlessWithoutSwap = none.first?.ifMissing {} else { Issue.record("a limit of swap may not be dropped") }
    let any = try CgroupPlan(Resources(memory: MemoryResources(limit: 100, swap: -1)), layout: Fixture.unified).settings
    if case .harmless = any.first?.ifMissing {} else { Issue.record("unlimited swap needs no file") }
    if case .refuse = any.last?.ifMissing {} else { Issue.record("a limit of memory may not be dropped") }
  }

  @Test("memory: unlimited memory lifts the limit of memory and swap together")
  func liftedMemory() throws {
    let resources = Resources(memory: MemoryResources(limit: -1))
    #expect(try writes(resources, Fixture.legacy) == ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"])
    #expect(try writes(resources, Fixture.unified) == ["memory.swap.max=max", "memory.max=max"])
    let settings = try CgroupPlan(resources, layout: Fixture.legacy).settings
    #expect(settings.map(\.isTriedAgain) == [true, false])
    if case .harmless = settings.last?.ifMissing {} else { Issue.record("a kernel without swap has no such limit") }
  }

  @Test("memory: an update of swap alone is taken against the limit in force")
  func updatedSwap() throws {
    let swap = Resources(memory: MemoryResources(swap: 150))
    #expect(try update(CurrentLimits(memoryLimit: 100), swap, Fixture.unified) == ["memory.swap.max=50"])
    #expect(try update(CurrentLimits(), swap, Fixture.unified) == ["memory.swap.max=150"])
    #expect(try update(CurrentLimits(), swap, Fixture.legacy) == ["memory.memsw.limit_in_bytes=150"])
    #expect {
      try CgroupPlan(updating: CurrentLimits(memoryLimit: 200), to: swap, layout: Fixture.unified)
    } throws: {
      ($0 as? CgroupPlanError)?.message == "linux.resources.memory.swap: 150 is below the limit of memory, 200, which it includes"
    }
  }

  @Test("cpuset: a list of more than one line is refused, of which the kernel would take the first")
  func linesOfProcessors() throws {
    for layout in [Fixture.unified, Fixture.legacy] {
      #expect(refusal(Resources(cpu: CPUResources(cpus: "0\n1")), layout) == "linux.resources.cpu.cpus: must be one line")
      #expect(refusal(Resources(cpu: CPUResources(mems: "0\n")), layout) == "linux.resources.cpu.mems: must be one line")
      #expect(try writes(Resources(cpu: CPUResources(cpus: "0-1,3", mems: "0")), layout) == ["cpuset.cpus=0-1,3", "cpuset.mems=0"])
    }
  }

  @Test("memory: checkBeforeUpdate refuses a limit below what is in use")
  func checkBeforeUpdate() throws {
    let current = CurrentLimits(memoryUsage: 1000)
    func refused(_ memory: MemoryResources) -> String? {
      do {
        _ = try CgroupPlan(updating: current, to: Resources(memory: memory), layout: Fixture.unified)
        return nil
      } catch {
        return error.message
      }
    }
    #expect(refused(MemoryResources(limit: 999, checkBeforeUpdate: true)) == "linux.resources.memory.limit: rejecting memory limit 999 <= usage 1000")
    #expect(
      refused(MemoryResources(limit: 999, swap: 1000, checkBeforeUpdate: true))
        == "linux.resources.memory.swap: rejecting memory+swap limit 1000 <= usage 1000")
    #expect(refused(MemoryResources(limit: 1001, checkBeforeUpdate: true)) == nil)
    #expect(refused(MemoryResources(limit: -1, checkBeforeUpdate: true)) == nil)
    #expect(refused(MemoryResources(limit: 999, checkBeforeUpdate: false)) == nil)
    #expect(refused(MemoryResources(limit: 999)) == nil)
  }

  @Test("memory: a limit of kernel memory is read again, and none is asked of v2 when it is unlimited")
  func kernelMemory() throws {
    let limited = try CgroupPlan(Resources(memory: MemoryResources(kernel: 4096, kernelTCP: 4096)), layout: Fixture.legacy).settings
    #expect(limited.map(\.isReadBack) == [true, true])
    let unlimited = Resources(memory: MemoryResources(kernel: -1, kernelTCP: -1))
    for layout in [Fixture.legacy, Fixture.unified, Fixture.android] { #expect(try writes(unlimited, layout).isEmpty) }
    #expect(try update(CurrentLimits(), unlimited, Fixture.legacy) == ["memory.kmem.limit_in_bytes=-1", "memory.kmem.tcp.limit_in_bytes=-1"])
  }

  @Test("memory: the OOM killer can be given back to a v1 group that runs")
  func oomKiller() throws {
    let resources = Resources(memory: MemoryResources(disableOOMKiller: false))
    #expect(try update(CurrentLimits(), resources, Fixture.legacy) == ["memory.oom_control=0"])
    #expect(try update(CurrentLimits(), resources, Fixture.unified).isEmpty)
    #expect(try writes(resources, Fixture.legacy).isEmpty)
  }

  @Test("memory: what has no meaning is refused with its JSON path")
  func senselessMemory() {
    #expect(
      refusal(Resources(memory: MemoryResources(limit: 200, swap: 100)), Fixture.unified)
        == "linux.resources.memory.swap: 100 is below memory.limit, which it includes")
    #expect(
      refusal(Resources(memory: MemoryResources(swap: 100)), Fixture.unified)
        == "linux.resources.memory.swap: needs memory.limit, because cgroup v2 counts swap without memory")
    #expect(refusal(Resources(memory: MemoryResources(limit: 0)), Fixture.unified) == "linux.resources.memory.limit: 0 bytes leave no room for a process")
    #expect(refusal(Resources(memory: MemoryResources(swappiness: 101)), Fixture.legacy) == "linux.resources.memory.swappiness: 101 is not within 0 to 100")
  }

  @Test("memory: what only v1 has is written there and refused on v2")
  func legacyMemory() throws {
    let resources = Resources(
      memory: MemoryResources(kernel: 7, kernelTCP: 8, swappiness: 0, disableOOMKiller: true, useHierarchy: true, checkBeforeUpdate: true))
    #expect(
      try writes(resources, Fixture.legacy) == [
        "memory.kmem.limit_in_bytes=7", "memory.kmem.tcp.limit_in_bytes=8", "memory.swappiness=0", "memory.oom_control=1", "memory.use_hierarchy=1",
      ])
    let refused: [(MemoryResources, String)] = [
      (MemoryResources(kernel: 1), "kernel"), (MemoryResources(kernelTCP: 1), "kernelTCP"), (MemoryResources(swappiness: 1), "swappiness"),
      (MemoryResources(disableOOMKiller: true), "disableOOMKiller"), (MemoryResources(useHierarchy: false), "useHierarchy"),
    ]
    for (memory, name) in refused {
      #expect(
        refusal(Resources(memory: memory), Fixture.unified)
          == "linux.resources.memory.\(name): cgroup v2 has no such limit, and the memory controller is on v2 here")
    }
    // What v2 does anyway is no limit to refuse.
    #expect(try writes(Resources(memory: MemoryResources(disableOOMKiller: false, useHierarchy: true)), Fixture.unified).isEmpty)
  }

  @Test("CPU: shares, quota, period, burst and idle")
  func cpu() throws {
    let resources = Resources(cpu: CPUResources(shares: 1024, quota: 50000, burst: 100, period: 200_000, idle: 1))
    #expect(
      try writes(resources, Fixture.legacy) == [
        "cpu.shares=1024", "cpu.idle=1", "cpu.cfs_burst_us=100", "cpu.cfs_period_us=200000", "cpu.cfs_quota_us=50000",
      ])
    #expect(try writes(resources, Fixture.unified) == ["cpu.weight=100", "cpu.idle=1", "cpu.max.burst=100", "cpu.max=50000 200000"])
    #expect(try writes(Resources(cpu: CPUResources(quota: 50000)), Fixture.unified) == ["cpu.max=50000"])
    #expect(try writes(Resources(cpu: CPUResources(quota: -1)), Fixture.unified) == ["cpu.max=max"])
    #expect(try writes(Resources(cpu: CPUResources(period: 1000)), Fixture.unified) == ["cpu.max=max 1000"])
    #expect(try writes(Resources(cpu: CPUResources(shares: 0, quota: 0, period: 0, cpus: "", mems: "")), Fixture.unified).isEmpty)
  }

  @Test("CPU: what takes the place of a quota clamps the speed, with the name that both versions have for it")
  func speed() throws {
    var cpu = CPUResources(shares: 512)
    cpu.speed = "50.00"
    #expect(try writes(Resources(cpu: cpu), Fixture.legacy) == ["cpu.shares=512", "cpu.uclamp.max=50.00"])
    #expect(try writes(Resources(cpu: cpu), Fixture.unified) == ["cpu.weight=59", "cpu.uclamp.max=50.00"])
  }

  @Test("CPU: an update of the period keeps the quota in force")
  func updatedPeriod() throws {
    let period = Resources(cpu: CPUResources(period: 1000))
    #expect(try update(CurrentLimits(quota: 500), period, Fixture.unified) == ["cpu.max=500 1000"])
    #expect(try update(CurrentLimits(), period, Fixture.unified) == ["cpu.max=max 1000"])
    #expect(try update(CurrentLimits(quota: 500), period, Fixture.legacy) == ["cpu.cfs_period_us=1000"])
  }

  @Test("CPU: burst and v1's period are written again after the quota, which may have been in their way")
  func bandwidthOrder() throws {
    func again(_ cpu: CPUResources, _ layout: CgroupLayout) throws -> [String] {
      try CgroupPlan(Resources(cpu: cpu), layout: layout).settings.filter(\.isTriedAgain).map(\.file)
    }
    let all = CPUResources(quota: 5, burst: 4, period: 6, realtimeRuntime: 1, realtimePeriod: 2)
    #expect(try again(all, Fixture.legacy) == ["cpu.cfs_burst_us", "cpu.cfs_period_us", "cpu.rt_period_us"])
    #expect(try again(CPUResources(quota: 5, burst: 4, period: 6), Fixture.unified) == ["cpu.max.burst"])
    #expect(try again(CPUResources(burst: 4, period: 6, realtimePeriod: 2), Fixture.legacy).isEmpty)
  }

  @Test("CPU: a group that is idle takes no weight, so it is made idle after it and not idle before")
  func idle() throws {
    #expect(try writes(Resources(cpu: CPUResources(shares: 1024, idle: 0)), Fixture.unified) == ["cpu.idle=0", "cpu.weight=100"])
    let both = Resources(cpu: CPUResources(shares: 1024, idle: 1))
    #expect(try update(CurrentLimits(), both, Fixture.legacy) == ["cpu.idle=0", "cpu.shares=1024", "cpu.idle=1"])
    #expect(try update(CurrentLimits(), Resources(cpu: CPUResources(idle: 1)), Fixture.unified) == ["cpu.idle=1"])
  }

  @Test("CPU: shares that v1 does not have are refused, where its kernel would take others", arguments: [1, 262145] as [UInt64])
  func shares(shares: UInt64) throws {
    let resources = Resources(cpu: CPUResources(shares: shares))
    #expect(refusal(resources, Fixture.legacy) == "linux.resources.cpu.shares: \(shares) is not within 2 to 262144")
    #expect(try writes(resources, Fixture.unified) == ["cpu.weight=\(shares == 1 ? 1 : 10000)"])
  }

  @Test("CPU: sets of processors go to cpuset, wherever it is; real time is v1's")
  func cpuset() throws {
    let resources = Resources(cpu: CPUResources(cpus: "0-1", mems: "0"))
    #expect(try writes(resources, Fixture.unified) == ["cpuset.cpus=0-1", "cpuset.mems=0"])
    let android = Fixture.android
    let setting = try #require(try CgroupPlan(resources, layout: android).settings.first)
    #expect(android.hierarchies[setting.hierarchy].fileName(setting.file) == "cpus")
    let realtime = Resources(cpu: CPUResources(realtimeRuntime: 5, realtimePeriod: 10))
    #expect(try writes(realtime, Fixture.legacy) == ["cpu.rt_period_us=10", "cpu.rt_runtime_us=5"])
    #expect(refusal(realtime, Fixture.unified) == "linux.resources.cpu.realtimePeriod: cgroup v2 has no such limit, and the cpu controller is on v2 here")
  }

  @Test("pids: a limit of 0 lets the container's first process start", arguments: [(5, "5"), (-1, "max"), (0, "1")] as [(Int64, String)])
  func pids(limit: Int64, value: String) throws {
    #expect(try writes(Resources(pids: PidsResources(limit: limit)), Fixture.unified) == ["pids.max=\(value)"])
    #expect(try writes(Resources(pids: PidsResources(limit: limit)), Fixture.legacy) == ["pids.max=\(value)"])
  }

  @Test("a limit whose controller is nowhere is refused with the controller's build option, and nothing is dropped")
  func missingControllers() {
    #expect(
      refusal(Resources(pids: PidsResources(limit: 5)), Fixture.android)
        == "linux.resources.pids.limit: no mounted control group hierarchy has the pids controller (CONFIG_CGROUP_PIDS, or it is not handed down to /sys/fs/cgroup)"
    )
    let nothing = Fixture.layout("")
    let cases: [(Resources, String)] = [
      (Resources(memory: MemoryResources(limit: 1)), "memory.limit: no mounted control group hierarchy has the memory controller (CONFIG_MEMCG)"),
      (Resources(cpu: CPUResources(shares: 3)), "cpu.shares: no mounted control group hierarchy has the cpu controller (CONFIG_CGROUP_SCHED)"),
      (Resources(cpu: CPUResources(cpus: "0")), "cpu.cpus: no mounted control group hierarchy has the cpuset controller (CONFIG_CPUSETS)"),
      (Resources(blockIO: BlockIOResources(weight: 10)), "blockIO.weight: no mounted control group hierarchy has the io controller (CONFIG_BLK_CGROUP)"),
      (
        Resources(hugepageLimits: [HugepageLimit(pageSize: "2MB", limit: 1)]),
        "hugepageLimits[0]: no mounted control group hierarchy has the hugetlb controller (CONFIG_CGROUP_HUGETLB)"
      ),
      (
        Resources(network: NetworkResources(classID: 1)),
        "network.classID: no mounted control group hierarchy has the net_cls controller (CONFIG_CGROUP_NET_CLASSID)"
      ),
      (
        Resources(rdma: [RDMALimit(device: "mlx5_0", hcaHandles: 1)]),
        "rdma.mlx5_0: no mounted control group hierarchy has the rdma controller (CONFIG_CGROUP_RDMA)"
      ),
      (Resources(unified: [UnifiedSetting(file: "memory.high", value: "1")]), "unified[\"memory.high\"]: needs cgroup v2, which is not mounted here"),
    ]
    for (resources, message) in cases { #expect(refusal(resources, nothing) == "linux.resources.\(message)") }
    #expect(
      refusal(Resources(devices: [DeviceRule(allow: false)]), Fixture.layout("1 0 0:5 / /cg rw - cgroup c rw,memory\n"))
        == "linux.resources.devices: this system filters devices neither by eBPF programs (CONFIG_CGROUP_BPF and a cgroup v2 mount) nor by a devices controller (CONFIG_CGROUP_DEVICE)"
    )
  }

  @Test("where no group can be made at all, that is said, and what can be done")
  func noGroups() {
    let way = ", or do without, and without limits: --cgroup-manager disabled"
    #expect(
      refusal(Resources(devices: [DeviceRule(allow: false)]), Fixture.layout(""))
        == "no control group hierarchy is mounted: mount one (cgroup2, CONFIG_CGROUPS) on /sys/fs/cgroup\(way)")
    #expect(
      refusal(Resources(), Fixture.layout("1 0 0:5 / /cg ro - cgroup2 c rw\n"))
        == "no control group can be made: /cg is mounted read-only; mount it so that it can be written to\(way)")
  }

  @Test("block devices: weights by scheduler, rates by device")
  func blockIO() throws {
    let rate = ThrottleDevice(major: 8, minor: 0, rate: 1000)
    let resources = Resources(
      blockIO: BlockIOResources(
        weight: 500, weightDevice: [WeightDevice(major: 8, minor: 16, weight: 1000)], throttleReadBpsDevice: [rate],
        throttleWriteBpsDevice: [ThrottleDevice(major: 8, minor: 0, rate: 0)], throttleReadIOPSDevice: [rate], throttleWriteIOPSDevice: [rate]))
    #expect(
      try writes(resources, Fixture.unified) == [
        "io.bfq.weight=500", "io.bfq.weight=8:16 1000", "io.max=8:0 rbps=1000", "io.max=8:0 wbps=max", "io.max=8:0 riops=1000", "io.max=8:0 wiops=1000",
      ])
    let alternatives = try CgroupPlan(resources, layout: Fixture.unified).settings.compactMap { $0.alternative }.map { "\($0.file)=\($0.value)" }
    #expect(alternatives == ["io.weight=4950", "io.weight=8:16 10000"])
    #expect(
      try writes(resources, Fixture.legacy) == [
        "blkio.weight=500", "blkio.weight_device=8:16 1000", "blkio.throttle.read_bps_device=8:0 1000", "blkio.throttle.write_bps_device=8:0 0",
        "blkio.throttle.read_iops_device=8:0 1000", "blkio.throttle.write_iops_device=8:0 1000",
      ])
    #expect(try writes(Resources(blockIO: BlockIOResources(weight: 0)), Fixture.unified).isEmpty)
    #expect(refusal(Resources(blockIO: BlockIOResources(weight: 9)), Fixture.unified) == "linux.resources.blockIO.weight: 9 is not within 10 to 1000")
    #expect(
      refusal(Resources(blockIO: BlockIOResources(leafWeight: 10)), Fixture.unified)
        == "linux.resources.blockIO.leafWeight: cgroup v2 has no such limit, and the io controller is on v2 here")
  }

  @Test("huge pages, network marks and RDMA")
  func others() throws {
    let pages = Resources(hugepageLimits: [HugepageLimit(pageSize: "2MB", limit: 4096)])
    #expect(try writes(pages, Fixture.unified) == ["hugetlb.2MB.max=4096", "hugetlb.2MB.rsvd.max=4096"])
    #expect(try writes(pages, Fixture.legacy) == ["hugetlb.2MB.limit_in_bytes=4096", "hugetlb.2MB.rsvd.limit_in_bytes=4096"])
    #expect(
      refusal(Resources(hugepageLimits: [HugepageLimit(pageSize: "../2MB", limit: 1)]), Fixture.unified)
        == "linux.resources.hugepageLimits[0].pageSize: a page size is a number and a unit, such as 2MB")
    let network = Resources(network: NetworkResources(classID: 0x10001, priorities: [InterfacePriority(name: "eth0", priority: 5)]))
    #expect(try writes(network, Fixture.legacy) == ["net_cls.classid=65537", "net_prio.ifpriomap=eth0 5"])
    #expect(
      refusal(Resources(network: NetworkResources(priorities: [InterfacePriority(name: "a b", priority: 5)])), Fixture.legacy)
        == "linux.resources.network.priorities[0].name: a name is one word")
    let rdma = Resources(rdma: [RDMALimit(device: "mlx5_1", hcaHandles: 3, hcaObjects: 4)])
    #expect(try writes(rdma, Fixture.unified) == ["rdma.max=mlx5_1 hca_handle=3 hca_object=4"])
  }

  @Test("unified settings come last and name a file of a controller that is there")
  func unified() throws {
    let resources = Resources(
      memory: MemoryResources(limit: 5),
      unified: [UnifiedSetting(file: "memory.high", value: "4"), UnifiedSetting(file: "cgroup.max.depth", value: "2")])
    let plan = try CgroupPlan(resources, layout: Fixture.unified)
    #expect(plan.settings.map { "\($0.file)=\($0.value)" } == ["memory.max=5", "memory.high=4", "cgroup.max.depth=2"])
    #expect(plan.unifiedControllers(of: Fixture.unified).required == ["memory"])
    #expect(
      refusal(Resources(unified: [UnifiedSetting(file: "memory.high", value: "1")]), Fixture.hybrid)
        == "linux.resources.unified[\"memory.high\"]: no mounted control group hierarchy has the memory controller (CONFIG_MEMCG)")
  }

  @Test("unified settings are written line by line, and nothing is written of an empty one")
  func unifiedLines() throws {
    let resources = Resources(
      unified: [
        UnifiedSetting(file: "io.max", value: "259:0 rbps=2097152 wiops=120\n253:0 rbps=2097152\n"), UnifiedSetting(file: "memory.max", value: ""),
        UnifiedSetting(file: "memory.low", value: "\n"),
      ])
    #expect(try writes(resources, Fixture.unified) == ["io.max=259:0 rbps=2097152 wiops=120", "io.max=253:0 rbps=2097152"])
  }

  @Test("unified settings of a controller that Apus does not know are written, when the kernel has it")
  func unknownController() throws {
    let layout = Fixture.unified
    let resources = Resources(unified: [UnifiedSetting(file: "novel.max", value: "1")])
    #expect(refusal(resources, layout) == "linux.resources.unified[\"novel.max\"]: no such controller in cgroup.controllers of /sys/fs/cgroup")
    layout.hierarchies[0].words = Array("memory novel pids\n".utf8)
    let plan = try CgroupPlan(resources, layout: layout)
    #expect(plan.settings.map { "\($0.file)=\($0.value)" } == ["novel.max=1"])
    #expect(plan.unifiedControllers(of: layout).required == ["novel"])
  }

  @Test("network: no class is no limit")
  func noClass() throws {
    let resources = Resources(network: NetworkResources(classID: 0))
    #expect(try writes(resources, Fixture.unified).isEmpty && writes(resources, Fixture.legacy).isEmpty)
    #expect(try update(CurrentLimits(), resources, Fixture.legacy) == ["net_cls.classid=0"])
    #expect(try update(CurrentLimits(), resources, Fixture.unified).isEmpty)
    #expect(
      refusal(Resources(network: NetworkResources(classID: 1)), Fixture.hybrid)
        == "linux.resources.network.classID: no mounted control group hierarchy has the net_cls controller (CONFIG_CGROUP_NET_CLASSID)")
  }

  @Test("block devices: a weight of 0 for a device is not set, as Docker writes it")
  func noWeight() throws {
    let resources = Resources(blockIO: BlockIOResources(weightDevice: [WeightDevice(major: 8, minor: 0, weight: 0, leafWeight: 0)]))
    #expect(try writes(resources, Fixture.unified).isEmpty && writes(resources, Fixture.legacy).isEmpty)
  }

  @Test("without control groups a limit is refused with its path, device rules are not")
  func withoutGroups() throws {
    func refused(_ resources: Resources) -> String? {
      do {
        let plan = try CgroupPlan(withoutGroups: resources)
        #expect(plan.settings.isEmpty && plan.devices == nil && plan.hierarchies(of: Fixture.legacy).isEmpty)
        return nil
      } catch {
        return error.message
      }
    }
    let reason = "control groups are disabled, and nothing else can do it"
    #expect(refused(Resources(memory: MemoryResources(limit: 5))) == "linux.resources.memory.limit: \(reason)")
    #expect(refused(Resources(unified: [UnifiedSetting(file: "pids.max", value: "5")])) == "linux.resources.unified[\"pids.max\"]: \(reason)")
    #expect(refused(Resources(devices: [DeviceRule(allow: false)], memory: MemoryResources(), cpu: CPUResources(shares: 0))) == nil)
  }

  @Test(
    "unified settings that are no limits are refused",
    arguments: ["../memory.max", "memory/max", "", "memory", ".max", "cgroup.procs", "cgroup.kill", "cgroup.subtree_control", "nothing.max", "memory.max\n"])
  func hostileUnified(file: String) {
    #expect(refusal(Resources(unified: [UnifiedSetting(file: file, value: "1")]), Fixture.unified)?.isEmpty == false)
  }

  @Test("a container joins the hierarchy that finds its processes and those that limit it, no others")
  func joined() throws {
    let limits = Resources(memory: MemoryResources(limit: 5), pids: PidsResources(limit: 5))
    func joined(_ resources: Resources, _ layout: CgroupLayout) throws -> [String] {
      try CgroupPlan(resources, layout: layout).hierarchies(of: layout).map { layout.hierarchies[$0].mountPoint.description }
    }
    #expect(try joined(limits, Fixture.unified) == ["/sys/fs/cgroup"])
    #expect(try joined(Resources(), Fixture.legacy) == ["/cg/freezer"])
    #expect(try joined(limits, Fixture.legacy) == ["/cg/freezer", "/cg/memory", "/cg/pids"])
    #expect(try joined(limits, Fixture.hybrid) == ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids"])
  }

  @Test("a container whose use is asked for joins what counts it; one whose group is named joins all")
  func reach() throws {
    func joined(_ reach: CgroupPlan.Reach, _ layout: CgroupLayout) throws -> [String] {
      try CgroupPlan(Resources(), layout: layout, reach: reach).hierarchies(of: layout).map { layout.hierarchies[$0].mountPoint.description }
    }
    #expect(try joined(.statistics, Fixture.legacy) == ["/cg/freezer", "/cg/cpu", "/cg/memory", "/cg/blkio", "/cg/pids"])
    #expect(try joined(.all, Fixture.hybrid).count == Fixture.hybrid.hierarchies.count)
    #expect(try joined(.statistics, Fixture.android) == ["/sys/fs/cgroup", "/dev/blkio", "/dev/cpuctl", "/dev/memcg"])
    #expect(try joined(.all, Fixture.unified) == ["/sys/fs/cgroup"])
    func enabled(_ reach: CgroupPlan.Reach, _ layout: CgroupLayout) throws -> UnifiedControllers {
      try CgroupPlan(Resources(pids: PidsResources(limit: 5)), layout: layout, reach: reach).unifiedControllers(of: layout)
    }
    #expect(try enabled(.limits, Fixture.unified).required == ["pids"] && enabled(.limits, Fixture.unified).wanted.isEmpty)
    #expect(try enabled(.statistics, Fixture.unified).wanted == ["cpu", "io", "memory"])
    #expect(try enabled(.all, Fixture.unified).wanted == ["cpuset", "cpu", "io", "memory", "hugetlb", "rdma", "misc"])
    #expect(try enabled(.all, Fixture.hybrid).wanted == ["hugetlb"])
  }

  @Test("the path of a group is made of names", arguments: ["", "/", "//", "/.", "/a/../b", "..", "/a\nb", "/a/" + String(repeating: "x", count: 256)])
  func refusedPaths(path: String) {
    #expect(CgroupPath(path) == nil)
  }

  @Test("a relative path is taken from the mount point")
  func paths() {
    #expect(CgroupPath("a//b/./c/")?.path == "/a/b/c")
    #expect(CgroupPath("/..a/b..")?.path == "/..a/b..")
    #expect(CgroupPath(container: "redis")?.path == "/apus/redis")
  }
}
