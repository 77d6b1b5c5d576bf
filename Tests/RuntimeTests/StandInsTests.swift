import OCI
import Testing

@testable import Runtime

@Suite("What takes the place of what the kernel lacks")
struct StandInsTests {
  private var spec: Spec {
    let capabilities = ["CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SYS_PTRACE", "CAP_MKNOD"]
    return Spec(
      process: Process(
        args: ["/bin/true"],
        capabilities: Capabilities(
          bounding: capabilities, effective: capabilities, inheritable: capabilities, permitted: capabilities, ambient: capabilities)),
      mounts: [
        Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid"]), Mount(destination: "/dev", type: "tmpfs", source: "tmpfs"),
        Mount(destination: "/dev/pts", type: "devpts", source: "devpts"), Mount(destination: "/tmp", type: "tmpfs", source: "tmpfs"),
      ],
      linux: LinuxSection(
        namespaces: [Namespace(type: .pid), Namespace(type: .ipc), Namespace(type: .mount), Namespace(type: .user)],
        uidMappings: [IDMapping(containerID: 0, hostID: 1000, size: 10)], gidMappings: [IDMapping(containerID: 0, hostID: 1000, size: 10)],
        resources: Resources(
          devices: [DeviceRule(allow: false)], memory: MemoryResources(limit: 1 << 20), cpu: CPUResources(quota: 50_000, period: 100_000),
          pids: PidsResources(limit: 20))))
  }

  private func applied(_ without: BestEffort, user: UInt32? = 7) -> Spec { StandIns(without: without, user: user, tasks: 20).applied(to: spec) }

  @Test func withoutAnythingTheConfigurationStaysAsItIs() {
    let spec = spec
    #expect(StandIns(without: [], user: 7, tasks: 20).applied(to: spec) === spec)
  }

  @Test func aNamespaceIsLeftOutAndNoOther() {
    #expect(applied(.pidNamespace).linux?.namespaces.map(\.type) == [.ipc, .mount, .user])
    #expect(applied(.ipcNamespace).linux?.namespaces.map(\.type) == [.pid, .mount, .user])
    let withoutUser = applied(.userNamespace).linux
    #expect(withoutUser?.namespaces.map(\.type) == [.pid, .ipc, .mount])
    #expect(withoutUser?.uidMappings.isEmpty == true && withoutUser?.gidMappings.isEmpty == true)
  }

  @Test func withoutAPIDNamespaceProcHidesOthers() {
    #expect(applied(.pidNamespace).mounts[0].options == ["nosuid", "hidepid=2"])
    #expect(applied(.ipcNamespace).mounts[0].options == ["nosuid"])
  }

  @Test(arguments: [BestEffort.pidNamespace, .userNamespace, .pidsLimit])
  func aUserOfItsOwnKeepsNoCapabilityOverOthers(_ feature: BestEffort) {
    let process = applied(feature).process
    #expect(process?.capabilities?.bounding == ["CAP_NET_BIND_SERVICE"])
    #expect(process?.capabilities?.ambient == ["CAP_NET_BIND_SERVICE"])
    #expect(process?.noNewPrivileges == true)
  }

  @Test(arguments: [BestEffort.ipcNamespace, .cpuQuota, .deviceFilter])
  func whatNeedsNoUserLeavesThePrivilegesAsTheyAre(_ feature: BestEffort) {
    #expect(!StandIns(without: feature).needsUser)
    #expect(applied(feature).process?.noNewPrivileges == false)
    #expect(applied(feature).process?.capabilities?.bounding.contains("CAP_KILL") == true)
  }

  @Test func aLimitOfTasksBecomesOneOfTheUsersProcesses() {
    let limited = applied(.pidsLimit)
    #expect(limited.linux?.resources?.pids == nil)
    #expect(limited.process?.rlimits == [Rlimit(type: .processes, soft: 20, hard: 20)])
    #expect(limited.linux?.resources?.memory?.limit == 1 << 20)
  }

  @Test func aStricterLimitOfProcessesStays() {
    let spec = spec
    spec.process?.rlimits = [Rlimit(type: .processes, soft: 5, hard: 5)]
    #expect(StandIns(without: .pidsLimit, user: 7, tasks: 20).applied(to: spec).process?.rlimits == [Rlimit(type: .processes, soft: 5, hard: 5)])
    spec.process?.rlimits = [Rlimit(type: .processes, soft: 5, hard: 500)]
    #expect(StandIns(without: .pidsLimit, user: 7, tasks: 20).applied(to: spec).process?.rlimits == [Rlimit(type: .processes, soft: 5, hard: 20)])
  }

  @Test(
    arguments: [
      (CPUResources(quota: 50_000, period: 100_000), 512), (CPUResources(quota: 200_000), 2048), (CPUResources(quota: 1, period: 1_000_000), 2),
      (CPUResources(quota: .max, period: 1), 262_144), (CPUResources(shares: 100, quota: 50_000, period: 100_000), 100),
    ] as [(CPUResources, UInt64)])
  func aQuotaBecomesAsManySharesAsAProcessorsPart(_ cpu: CPUResources, _ shares: UInt64) {
    let spec = spec
    spec.linux?.resources?.cpu = cpu
    #expect(StandIns(without: .cpuQuota).applied(to: spec).linux?.resources?.cpu == CPUResources(shares: shares))
  }

  @Test func theCeilingIsANumberOfProcessorsUnlessSomeAreNamed() {
    let standIns = StandIns(without: .cpuQuota, processors: "1")
    #expect(standIns.applied(to: spec).linux?.resources?.cpu == CPUResources(shares: 512, cpus: "1"))
    let named = spec
    named.linux?.resources?.cpu?.cpus = "0-1"
    #expect(standIns.applied(to: named).linux?.resources?.cpu?.cpus == "0-1")
  }

  @Test(
    arguments: [
      (25_000, 100_000, 4, [2]), (100_000, 100_000, 4, [2]), (100_001, 100_000, 4, [2, 3]), (250_000, 100_000, 4, [2, 3, 0]), (300_001, 100_000, 4, []),
      (.max, 1, 4, []), (1, 0, 4, [2]), (1, 1, 1, []), (1, 1, 0, []),
    ] as [(Int64, UInt64, UInt32, [UInt32])])
  func asManyProcessorsAreChosenAsTheQuotaFills(_ quota: Int64, _ period: UInt64, _ count: UInt32, _ chosen: [UInt32]) {
    #expect(ProcessorCeiling.choose(quota: quota, period: period, of: Array(0..<count), seed: 2) == chosen)
  }

  @Test(
    arguments: [
      (50_000, 100_000, 1, "50.00"), (150_000, 100_000, 2, "75.00"), (33_333, 100_000, 1, "33.34"), (1, 1_000_000, 4, "0.01"), (100_000, 100_000, 1, nil),
      (199_999, 100_000, 2, nil), (400_000, 100_000, 8, "50.00"), (.max, 1, 4, nil), (1, 0, 1, nil), (50_000, 100_000, 0, nil),
    ] as [(Int64, UInt64, Int, String?)])
  func whatTheLastProcessorIsTooMuchOfIsTakenOffTheirSpeed(_ quota: Int64, _ period: UInt64, _ processors: Int, _ speed: String?) {
    #expect(ProcessorCeiling.speed(quota: quota, period: period, processors: processors) == speed)
  }

  @Test func theSpeedIsClampedWhereItCanBe() {
    var cpu = CPUResources(shares: 512, cpus: "1")
    cpu.speed = "50.00"
    let standIns = StandIns(without: .cpuQuota, processors: "1", speed: "50.00")
    #expect(standIns.applied(to: spec).linux?.resources?.cpu == cpu)
    #expect(standIns.instead(4).string == "a share of the time, on processor 1 alone, at 50.00% of the speed at most where schedutil governs it")
    #expect(StandIns(without: .cpuQuota).instead(4).string == "a share of the processors' time, which is no ceiling")
  }

  @Test func withoutADeviceFilterNodesHaveNoEffectButInDev() {
    let filtered = applied(.deviceFilter)
    #expect(filtered.linux?.resources?.devices.isEmpty == true)
    #expect(filtered.mounts.map { $0.options.contains("nodev") } == [true, false, false, true])
    #expect(filtered.process?.capabilities?.bounding.contains("CAP_MKNOD") == false)
  }

  @Test func theListIsReadAsItIsWritten() throws {
    for number in 0..<64 as Range<UInt8> {
      let set = BestEffort(rawValue: number)
      if set.isEmpty { continue }
      #expect(try BestEffort(parsing: set.list.joined(separator: ","), origin: "test") == set)
    }
    #expect(try BestEffort(parsing: "all", origin: "test") == .all)
  }

  @Test(arguments: ["", "pid", "pid-namespace,", "pid-namespace, ipc-namespace", "ALL"])
  func anUnknownNameIsRefusedWithWhereItStands(_ list: String) {
    #expect { try BestEffort(parsing: list, origin: "here") } throws: { ($0 as? RuntimeError)?.message.hasPrefix("here: ") ?? false }
  }
}
