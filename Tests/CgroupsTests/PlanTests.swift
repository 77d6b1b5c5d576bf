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

  @Test("memory: v1 takes memory before memory and swap, v2 counts swap alone")
  func memory() throws {
    let resources = Resources(memory: MemoryResources(limit: 100, reservation: 60, swap: 150))
    #expect(
      try writes(resources, Fixture.legacy) == ["memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes=150", "memory.soft_limit_in_bytes=60"])
    #expect(try writes(resources, Fixture.unified) == ["memory.max=100", "memory.swap.max=50", "memory.low=60"])
    // A phone has memory on v1, whatever else is on v2.
    #expect(try writes(Resources(memory: MemoryResources(limit: 100)), Fixture.android) == ["memory.limit_in_bytes=100"])
  }

  @Test("memory: -1 is unlimited in the spelling of each generation")
  func unlimitedMemory() throws {
    let resources = Resources(memory: MemoryResources(limit: -1, reservation: -1, swap: -1))
    #expect(
      try writes(resources, Fixture.legacy) == ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1", "memory.soft_limit_in_bytes=-1"])
    #expect(try writes(resources, Fixture.unified) == ["memory.max=max", "memory.swap.max=max", "memory.low=max"])
  }

  @Test("memory: no swap at all is a limit that a kernel without swap keeps by itself, unlimited needs no file")
  func swapFiles() throws {
    let none = try CgroupPlan(Resources(memory: MemoryResources(limit: 100, swap: 100)), layout: Fixture.unified).settings
    #expect(none.last?.value == "0")
    if case .harmlessWithoutSwap = none.last?.ifMissing {} else { Issue.record("a limit of swap may not be dropped") }
    let any = try CgroupPlan(Resources(memory: MemoryResources(limit: 100, swap: -1)), layout: Fixture.unified).settings
    if case .harmless = any.last?.ifMissing {} else { Issue.record("unlimited swap needs no file") }
    if case .refuse = any.first?.ifMissing {} else { Issue.record("a limit of memory may not be dropped") }
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
        "cpu.shares=1024", "cpu.cfs_period_us=200000", "cpu.cfs_quota_us=50000", "cpu.cfs_burst_us=100", "cpu.idle=1",
      ])
    #expect(try writes(resources, Fixture.unified) == ["cpu.weight=100", "cpu.max=50000 200000", "cpu.max.burst=100", "cpu.idle=1"])
    #expect(try writes(Resources(cpu: CPUResources(quota: 50000)), Fixture.unified) == ["cpu.max=50000"])
    #expect(try writes(Resources(cpu: CPUResources(quota: -1)), Fixture.unified) == ["cpu.max=max"])
    #expect(try writes(Resources(cpu: CPUResources(period: 1000)), Fixture.unified) == ["cpu.max=max 1000"])
    #expect(try writes(Resources(cpu: CPUResources(shares: 0, quota: 0, period: 0, cpus: "", mems: "")), Fixture.unified).isEmpty)
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
        == "linux.resources.pids.limit: no mounted control group hierarchy has the pids controller (CONFIG_CGROUP_PIDS)")
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
      (Resources(unified: [UnifiedSetting(file: "memory.high", value: "1")]), "unified.memory.high: needs cgroup v2, which is not mounted here"),
      (
        Resources(devices: [DeviceRule(allow: false)]),
        "devices: this system filters devices neither by eBPF programs (CONFIG_CGROUP_BPF and a cgroup v2 mount) nor by a devices controller (CONFIG_CGROUP_DEVICE)"
      ),
    ]
    for (resources, message) in cases { #expect(refusal(resources, nothing) == "linux.resources.\(message)") }
    #expect(refusal(Resources(), nothing) == nil)
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
    #expect(plan.unifiedControllers(of: Fixture.unified) == ControllerSet(.memory))
    #expect(
      refusal(Resources(unified: [UnifiedSetting(file: "memory.high", value: "1")]), Fixture.hybrid)
        == "linux.resources.unified.memory.high: no mounted control group hierarchy has the memory controller (CONFIG_MEMCG)")
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
