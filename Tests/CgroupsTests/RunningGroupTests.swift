import Linux
import OCI
import Testing

@testable import Cgroups

@Suite(
  "a running container's groups in the kernel's own tree", .enabled(if: canMakeGroups, "needs root and a mounted control group hierarchy"), .serialized)
struct RunningGroupTests: LiveGroups {
  let path: CgroupPath
  let above: CgroupPath

  init() throws {
    above = try RunningGroupTests.path("two", "")
    path = try RunningGroupTests.path("two", "/group")
  }

  /// The state letter of a process, the third word of /proc/PID/stat.
  private func state(_ process: Int32) throws -> String {
    let bytes = try readFile(Path("/proc/\(process)/stat"), limit: 4096)
    let end = try #require(bytes.lastIndex(of: 0x29))
    return String(decoding: bytes[(end + 2)...(end + 2)], as: UTF8.self)
  }

  private func wait(_ milliseconds: Int32) { pause(milliseconds: milliseconds) }

  /// What the file of the container's group in the controller's hierarchy says, without the newline.
  private func contents(_ file: String, _ controller: Controller, _ cgroup: ContainerCgroup) throws -> String {
    for group in cgroup.groups where group.hierarchy.controllers.contains(controller) && group.hierarchy.generation == .v1 {
      return String(decoding: (try group.read(file) ?? []).dropLast(), as: UTF8.self)
    }
    return "no group"
  }

  /// Kills all and takes the ends of the children.
  private func end(_ children: [Int32], _ cgroup: ContainerCgroup) throws {
    try cgroup.kill()
    for child in children { _ = try waitForExit(of: child) }
  }

  @Test("frozen processes stand still until they are thawed, and only those", arguments: layouts.indices)
  func freezing(index: Int) throws {
    try withGroups(Resources(), layouts[index]) { cgroup, _ in
      let file = "/tmp/apus-test-ticks-\(processID())"
      let child = try start("while :; do echo >> \(file); sleep 0.01; done", in: cgroup)
      defer { _ = try? FileDescriptor.open("/tmp", [.readOnly, .directory]).removeTree(Path("apus-test-ticks-\(processID())")) }
      func ticks() -> Int { (try? readFile(Path(file), limit: 1 << 20).count) ?? 0 }
      for _ in 0..<200 where ticks() == 0 { wait(10) }
      #expect(try !cgroup.isFrozen())
      try cgroup.freeze()
      #expect(try cgroup.isFrozen())
      let before = ticks()
      wait(60)
      #expect(ticks() == before)
      try cgroup.freeze()
      try cgroup.thaw()
      #expect(try !cgroup.isFrozen())
      for _ in 0..<200 where ticks() == before { wait(10) }
      #expect(ticks() > before)
      // Killing does not wait for a thaw.
      try cgroup.freeze()
      try end([child], cgroup)
    }
  }

  @Test("a bomb of forks is frozen as well", arguments: layouts.indices)
  func freezingBomb(index: Int) throws {
    try withGroups(Resources(), layouts[index]) { cgroup, _ in
      let child = try start("for i in 1 2 3 4; do (while :; do /bin/true; done) & done; wait", in: cgroup)
      try waitForTasks(5, in: cgroup)
      for _ in 0..<5 {
        try cgroup.freeze()
        let before = try cgroup.processIDs()
        wait(5)
        #expect(try cgroup.processIDs() == before)
        try cgroup.thaw()
      }
      try end([child], cgroup)
    }
  }

  @Test("a signal reaches every process, also of groups below; a frozen container stays frozen", arguments: layouts.indices)
  func signals(index: Int) throws {
    try withGroups(Resources(), layouts[index]) { cgroup, _ in
      let inner = "\(try tracking(cgroup).description)/inner"
      let child = try start("mkdir \(inner); sh -c 'echo $$ > \(inner)/cgroup.procs && exec sleep 100' & sleep 100 & exec sleep 100", in: cgroup)
      try waitForTasks(3, in: cgroup)
      wait(50)
      #expect(try cgroup.processIDs().count == 3 && cgroup.processIDs().first == child)
      try cgroup.signalAll(Signal(rawValue: 19))
      wait(20)
      for process in try cgroup.processIDs() { #expect(try state(process) == "T") }
      try cgroup.signalAll(.continue)
      try cgroup.freeze()
      try cgroup.signalAll(.terminate)
      // A frozen process of v2 can be ended, one of v1 cannot.
      #expect(try cgroup.isFrozen())
      if layouts[index].unifiedIndex == nil { #expect(try cgroup.processIDs().count == 3) }
      try cgroup.thaw()
      #expect(try waitForExit(of: child) == .signalled(15))
      let again = try start("exec sleep 100", in: cgroup)
      for _ in 0..<200 where try !cgroup.processIDs().contains(again) { wait(10) }
      try cgroup.freeze()
      try cgroup.signalAll(.kill)
      #expect(try waitForExit(of: again) == .signalled(9))
    }
  }

  @Test("limits go up and down, memory with and without swap, in whatever order the kernel asks for", .enabled(if: hasLegacyMemory, "needs memory on v1"))
  func updates() throws {
    let layout = try #require(layouts.first)
    let mebibyte: Int64 = 1 << 20
    try withGroups(Resources(memory: MemoryResources(limit: 32 * mebibyte, swap: 48 * mebibyte)), layout) { cgroup, _ in
      let child = try start("x=$(head -c 3000000 /dev/zero | tr '\\0' x); sleep 100 & wait", in: cgroup)
      for _ in 0..<200 where try cgroup.statistics().number("memory", "usage", "usage") < 3_000_000 { wait(10) }
      func update(_ memory: MemoryResources) throws {
        try cgroup.update(CgroupPlan(updating: cgroup.currentLimits(), to: Resources(memory: memory), layout: layout))
      }
      func limits() throws -> [String] {
        [try contents("memory.limit_in_bytes", .memory, cgroup), try contents("memory.memsw.limit_in_bytes", .memory, cgroup)]
      }
      let unlimited = "9223372036854771712"
      try update(MemoryResources(limit: 64 * mebibyte, swap: 80 * mebibyte))
      #expect(try limits() == ["\(64 * mebibyte)", "\(80 * mebibyte)"])
      try update(MemoryResources(limit: 16 * mebibyte, swap: 16 * mebibyte))
      #expect(try limits() == ["\(16 * mebibyte)", "\(16 * mebibyte)"])
      try update(MemoryResources(limit: -1))
      #expect(try limits() == [unlimited, unlimited])
      try update(MemoryResources(limit: 16 * mebibyte))
      #expect(try limits() == ["\(16 * mebibyte)", unlimited])
      #expect {
        try update(MemoryResources(limit: 4096))
      } throws: { ($0 as? CgroupError)?.message.hasPrefix("linux.resources.memory.limit: unable to set memory limit to 4096 (current usage: ") ?? false }
      #expect {
        try update(MemoryResources(kernel: 8 * mebibyte))
      } throws: { ($0 as? CgroupError)?.message.contains("memory.kernel") ?? false }
      try end([child], cgroup)
    }
  }

  @Test("a new limit of an unlimited container gets a group, and the processes move there", .enabled(if: hasLegacyMemory, "needs memory on v1"))
  func newLimit() throws {
    let layout = try #require(layouts.first)
    try withGroups(Resources(), layout) { cgroup, _ in
      let child = try start("sleep 100 & (while :; do /bin/true; done) & exec sleep 100", in: cgroup)
      try waitForTasks(3, in: cgroup)
      let resources = Resources(memory: MemoryResources(limit: 64 << 20), cpu: CPUResources(quota: 50000, burst: 20000, period: 100_000, cpus: "0"))
      try cgroup.update(CgroupPlan(updating: cgroup.currentLimits(), to: resources, layout: layout))
      #expect(try contents("memory.limit_in_bytes", .memory, cgroup) == "\(64 << 20)")
      #expect(try contents("cpu.cfs_quota_us", .cpu, cgroup) == "50000" && contents("cpu.cfs_burst_us", .cpu, cgroup) == "20000")
      #expect(try contents("cpuset.cpus", .cpuset, cgroup) == "0")
      try cgroup.freeze()
      let all = try cgroup.processIDs()
      for group in cgroup.groups { #expect(try group.processes().sorted() == all) }
      try cgroup.thaw()
      // The burst is above what the quota is going to be, and the other way round.
      try cgroup.update(CgroupPlan(updating: cgroup.currentLimits(), to: Resources(cpu: CPUResources(quota: 10000, burst: 5000)), layout: layout))
      try cgroup.update(CgroupPlan(updating: cgroup.currentLimits(), to: Resources(cpu: CPUResources(quota: 80000, burst: 70000)), layout: layout))
      #expect(try contents("cpu.cfs_quota_us", .cpu, cgroup) == "80000" && contents("cpu.cfs_burst_us", .cpu, cgroup) == "70000")
      guard let found = try ContainerCgroup.existing(path, layout: layout) else {
        Issue.record("the groups are not found again")
        return
      }
      try end([child], found)
      try found.remove()
    }
  }

  @Test("an update that fails half way changes nothing and leaves no group", .enabled(if: hasLegacyMemory, "needs memory on v1"))
  func failedUpdate() throws {
    let layout = try #require(layouts.first)
    let before = Resources(memory: MemoryResources(limit: 64 << 20), pids: PidsResources(limit: 20))
    try withGroups(before, layout) { cgroup, _ in
      let child = try start("exec sleep 100", in: cgroup)
      try waitForTasks(1, in: cgroup)
      let resources = Resources(memory: MemoryResources(limit: 32 << 20), cpu: CPUResources(shares: 5, cpus: "1000-1001"), pids: PidsResources(limit: 10))
      #expect {
        try cgroup.update(CgroupPlan(updating: cgroup.currentLimits(), to: resources, layout: layout))
      } throws: { ($0 as? CgroupError)?.message.hasPrefix("linux.resources.cpu.cpus: ") ?? false }
      #expect(try contents("memory.limit_in_bytes", .memory, cgroup) == "\(64 << 20)" && contents("pids.max", .pids, cgroup) == "20")
      #expect(try contents("cpu.shares", .cpu, cgroup) == "no group" && contents("cpuset.cpus", .cpuset, cgroup) == "no group")
      guard let found = try ContainerCgroup.existing(path, layout: layout) else {
        Issue.record("the groups are not found again")
        return
      }
      #expect(found.groups.count == cgroup.groups.count)
      try end([child], cgroup)
    }
  }

  @Test("everything that the kernel counts is told", arguments: layouts.indices)
  func statistics(index: Int) throws {
    let layout = layouts[index]
    try withGroups(Resources(), layout, reach: .all) { cgroup, _ in
      let child = try start("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exec sleep 100", in: cgroup)
      try waitForTasks(1, in: cgroup)
      wait(300)
      // Found again, the groups are in another order.
      guard let again = try ContainerCgroup.existing(path, layout: layout) else {
        Issue.record("the groups are not found again")
        return
      }
      let found = try again.statistics()
      #expect(found["pids", "current"] == "1" && found["pids", "limit"] == nil)
      #expect(found.number("cpu", "usage", "total") > 1_000_000)
      if layout.hierarchy(of: .memory)?.generation == .v1 {
        let current = found.number("memory", "usage", "usage")
        #expect(current > 0 && found.number("memory", "usage", "max") >= current && found.number("memory", "usage", "limit") > 1 << 62)
        #expect(found["memory", "raw", "rss"] != nil && found["cpuset", "cpus"] != nil && found["cpu", "usage", "percpu"] != nil)
        #expect(found.find(["cpu", "usage", "percpu_user"])?.parts.count == found.find(["cpu", "usage", "percpu"])?.parts.count)
      }
      #expect((found["cpu", "psi"] != nil) == (layout.unifiedIndex != nil))
      try end([child], cgroup)
    }
  }

  @Test("want of memory is told, and nothing else", .enabled(if: hasLegacyMemory, "needs memory on v1"))
  func outOfMemory() throws {
    let layout = try #require(layouts.first)
    try withGroups(Resources(memory: MemoryResources(limit: 8 << 20, swap: 8 << 20)), layout) { cgroup, _ in
      let watched = try cgroup.watchOutOfMemory()
      let watch = try #require(watched)
      let child = try start("tail /dev/zero; exec sleep 100", in: cgroup)
      #expect(try waitForInput([watch.rawValue], timeoutMilliseconds: 10000) == [true])
      #expect(try watch.next() > 0)
      #expect(try cgroup.hasProcesses())
      try end([child], cgroup)
      #expect(try watch.next() == 0 && !cgroup.hasProcesses())
      try cgroup.remove()
      // The end of the group wakes, and is no want of memory.
      #expect(try waitForInput([watch.rawValue], timeoutMilliseconds: 10000) == [true])
      #expect(try watch.next() == 0)
    }
    try withGroups(Resources(), layout) { cgroup, _ in
      let watched = try cgroup.watchOutOfMemory()
      #expect(watched == nil)
    }
  }

  @Test("a further process joins the container's groups or those below that it asks for", arguments: layouts.indices)
  func joining(index: Int) throws {
    try withGroups(Resources(), layouts[index]) { cgroup, _ in
      let group = try tracking(cgroup)
      let first = try start("mkdir \(group.description)/inner; exec sleep 100", in: cgroup)
      let second = try start("exec sleep 100", in: cgroup)
      try waitForTasks(2, in: cgroup)
      wait(50)
      let own = try cgroup.target(of: first)
      #expect((own.cloneTarget != nil) == (layouts[index].unifiedIndex != nil))
      let inner = try cgroup.target(of: first, below: Subgroup.parse(["/inner"]))
      try inner.add(second, alsoUnified: true)
      let line = String(decoding: try readFile(Path("/proc/\(second)/cgroup"), limit: 1 << 16), as: UTF8.self)
      #expect(line.contains("\(path.path.description)/inner"))
      try own.add(second, alsoUnified: true)
      #expect {
        _ = try cgroup.target(of: first, below: Subgroup.parse(["none"]))
      } throws: { ($0 as? CgroupError)?.message == "open \(group.description)/none: no such file or directory" }
      #expect {
        _ = try cgroup.target(of: first, below: Subgroup.parse(["rdma:none"]))
      } throws: { ($0 as? CgroupError)?.message == "the container has no control group of the controller rdma" }
      try end([first, second], cgroup)
    }
  }

  @Test("the v2 group is given away, its limits are not", .enabled(if: layouts.contains { $0.unifiedIndex != nil }, "needs cgroup v2"))
  func delegation() throws {
    let layout = try #require(layouts.first { $0.unifiedIndex != nil })
    try withGroups(Resources(), layout) { cgroup, _ in
      try cgroup.delegate(to: 12345)
      let group = try tracking(cgroup)
      #expect(try group.directory.status().user == 12345)
      #expect(try group.directory.status(of: "cgroup.procs").user == 12345)
      #expect(try group.directory.status(of: "cgroup.freeze").user == 0)
    }
  }

  @Test("without control groups nothing is made, and what is not known is not told")
  func disabled() throws {
    let plan = try CgroupPlan(withoutGroups: Resources(devices: [DeviceRule(allow: false)]))
    let cgroup = try ContainerCgroup.create(path, for: plan, layout: try #require(layouts.first))
    #expect(cgroup.isDisabled && cgroup.cloneTarget == nil)
    try cgroup.apply(plan.settings)
    #expect(try cgroup.apply(plan.devices, isRequired: true) == .nothing)
    try cgroup.add(0, alsoUnified: true)
    try cgroup.kill()
    try cgroup.signalAll(.kill)
    #expect(try !cgroup.isFrozen() && cgroup.statistics()["memory", "usage", "limit"] == nil)
    let watch = try cgroup.watchOutOfMemory()
    #expect(watch == nil)
    for (call, reason) in [("freeze", "no control group of the container can be frozen"), ("processes", "it has no control groups")] {
      var message = ""
      do {
        if call == "freeze" { try cgroup.freeze() } else { _ = try cgroup.processIDs() }
      } catch {
        message = error.message
      }
      #expect(message.hasSuffix(reason))
    }
    try cgroup.remove()
    #expect(try !exists(path, layouts[0]))
  }
}

/// Whether memory is limited by v1 here, where the tests of updates can be made.
private let hasLegacyMemory = layouts.first?.hierarchy(of: .memory)?.generation == .v1
