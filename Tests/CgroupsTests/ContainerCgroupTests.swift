import Linux
import OCI
import Testing

@testable import Cgroups

@Suite(
  "a container's groups in the kernel's own tree", .enabled(if: canMakeGroups, "needs root and a mounted control group hierarchy"), .serialized)
struct ContainerCgroupTests: LiveGroups {
  let path: CgroupPath
  let above: CgroupPath

  init() throws {
    above = try ContainerCgroupTests.path("one", "")
    path = try ContainerCgroupTests.path("one", "/group")
  }

  @Test("limits are in the kernel as asked, and the groups are found again and ended from layout and path alone", arguments: layouts.indices)
  func life(index: Int) throws {
    let layout = layouts[index]
    var resources = Resources()
    if layout.hierarchy(of: .memory) != nil { resources.memory = MemoryResources(limit: 64 << 20) }
    if layout.hierarchy(of: .pids) != nil { resources.pids = PidsResources(limit: 20) }
    if layout.hierarchy(of: .cpu) != nil { resources.cpu = CPUResources(quota: 50000, period: 100000) }
    if layout.hierarchy(of: .cpuset) != nil { resources.cpu?.cpus = "0" }
    try withGroups(resources, layout) { cgroup, plan in
      let child = try start("sleep 100", in: cgroup)
      try waitForTasks(1, in: cgroup)
      let statistics = try cgroup.statistics()
      if resources.memory != nil { #expect(statistics["memory", "usage", "limit"] == "67108864") }
      if resources.pids != nil { #expect(statistics["pids", "limit"] == "20") }
      if let group = cgroup.groups.first(where: { $0.hierarchy.controllers.contains(.cpu) }), resources.cpu != nil {
        let isUnified = group.hierarchy.generation == .v2
        #expect(try group.read(isUnified ? "cpu.max" : "cpu.cfs_quota_us") == Array((isUnified ? "50000 100000\n" : "50000\n").utf8))
      }
      #expect {
        _ = try ContainerCgroup.create(path, for: plan, layout: layout)
      } throws: { ($0 as? CgroupError)?.message.hasPrefix("container's cgroup is not empty: ") ?? false }
      guard let found = try ContainerCgroup.existing(path, layout: layout) else {
        Issue.record("the groups are not found again")
        return
      }
      try found.kill()
      #expect(try waitForExit(of: child) == .signalled(9))
      try found.remove()
      #expect(try !exists(path, layout))
    }
    #expect(try !exists(above, layout))
  }

  @Test("a process can be moved in from outside, and out of nowhere it cannot", arguments: layouts.indices)
  func add(index: Int) throws {
    try withGroups(Resources(), layouts[index]) { cgroup, _ in
      let arguments = CStringArray(["sleep", "100"])
      let environment = CStringArray([])
      let program: Path = "/bin/sleep"
      switch try cloneProcess([]) {
      case .child:
        _ = execute(program, arguments, environment)
        exitProcess(127)
      case .parent(let child):
        try cgroup.add(child, alsoUnified: true)
        let group = try tracking(cgroup)
        #expect(try group.processes() == [child])
        try cgroup.kill()
        #expect(try waitForExit(of: child) == .signalled(9))
        var refused = false
        do {
          try cgroup.add(child, alsoUnified: true)
        } catch {
          refused = true
        }
        #expect(refused)
      }
    }
  }

  @Test("a limit of tasks holds", .enabled(if: layouts.contains { $0.hierarchy(of: .pids) != nil }, "needs the pids controller"))
  func tasks() throws {
    let layout = try #require(layouts.first)
    try withGroups(Resources(pids: PidsResources(limit: 3)), layout) { cgroup, _ in
      // The shell and two more; the third is refused, and the shell tells so by a status of its own.
      let child = try start("sleep 100 & sleep 100 & sleep 100 & exit 0", in: cgroup)
      #expect(try waitForExit(of: child) == .exited(2))
      try cgroup.kill()
    }
  }

  @Test("everything is killed that forks, stops, or is in a group below", arguments: layouts.indices)
  func killAll(index: Int) throws {
    try withGroups(Resources(), layouts[index]) { cgroup, _ in
      let group = try tracking(cgroup)
      let inner = "\(group.description)/inner/most"
      let child = try start(
        "mkdir -p \(inner) && sh -c 'echo $$ > \(inner)/cgroup.procs && kill -STOP $$' & for i in 1 2 3 4 5; do (while :; do sleep 0.01; done) & done; wait",
        in: cgroup)
      try waitForTasks(7, in: cgroup)
      try cgroup.kill()
      #expect(try waitForExit(of: child) == .signalled(9))
      #expect(try group.isEmpty())
      try cgroup.remove()
      #expect(try !exists(path, layouts[index]))
    }
  }

  @Test("groups that the container has nested however deep are found and removed, and so are many beside each other", arguments: layouts.indices)
  func nested(index: Int) throws {
    try withGroups(Resources(), layouts[index]) { cgroup, _ in
      let group = try tracking(cgroup)
      let child = try start(
        """
        cd \(group.description) && mkdir $(seq 300) && cd 150 && for i in $(seq 500); do mkdir d && cd d || exit 1; done
        echo 0 > cgroup.procs && cd \(group.description) && mkdir ready && sleep 1000
        """, in: cgroup)
      for _ in 0..<500 {
        if (try? group.directory.status(of: "ready")) != nil { break }
        _ = try waitForInput([], timeoutMilliseconds: 10)
      }
      #expect(try group.processes().contains(child))
      // On v2 the kernel would find them by itself.
      while try !group.killAll() { _ = try waitForInput([], timeoutMilliseconds: 1) }
      #expect(try waitForExit(of: child) == .signalled(9))
      try cgroup.remove()
      #expect(try !exists(path, layouts[index]))
    }
  }

  @Test("a group that the container has frozen is thawed to be killed", arguments: layouts.indices.filter { layouts[$0].hasLegacyFreezer }, [false, true])
  func frozenBelow(index: Int, byAll: Bool) throws {
    try withGroups(Resources(), layouts[index], reach: .all) { cgroup, _ in
      let freezer = try #require(cgroup.groups.first { $0.hierarchy.generation == .v1 && $0.hierarchy.controllers.contains(.freezer) }?.description)
      let child = try start(
        """
        cd \(freezer) && mkdir -p a/b/c && (echo 0 > a/b/c/cgroup.procs && exec sleep 1000) &
        sleep 0.2; cd \(freezer) && echo FROZEN > a/b/freezer.state && echo FROZEN > a/b/c/freezer.state && sleep 1000
        """, in: cgroup)
      try waitForTasks(2, in: cgroup)
      for _ in 0..<200 {
        if let state = try? readFile(Path("\(freezer)/a/b/c/freezer.state"), limit: 99), state == Array("FROZEN\n".utf8) { break }
        _ = try waitForInput([], timeoutMilliseconds: 10)
      }
      if byAll { try cgroup.signalAll(.kill) }
      try cgroup.kill(milliseconds: 1000)
      #expect(try waitForExit(of: child) == .signalled(9))
      try cgroup.remove()
      #expect(try !exists(path, layouts[index]))
    }
  }

  @Test("without cgroup.kill, freezing and SIGKILL end a group as well", arguments: layouts.indices)
  func killWithoutKernel(index: Int) throws {
    try withGroups(Resources(), layouts[index]) { cgroup, _ in
      let group = try tracking(cgroup)
      let child = try start("sleep 100 & sleep 100 & wait", in: cgroup)
      try waitForTasks(3, in: cgroup)
      var rounds = 0
      while try !group.killAll(), rounds < 1000 {
        rounds += 1
        _ = try waitForInput([], timeoutMilliseconds: 1)
      }
      #expect(try waitForExit(of: child) == .signalled(9))
      #expect(rounds < 1000)
    }
  }

  @Test("what a killed container left is made anew, without its old limits", arguments: layouts.indices)
  func leftover(index: Int) throws {
    let layout = layouts[index]
    guard layout.hierarchy(of: .pids) != nil else { return }
    try withGroups(Resources(pids: PidsResources(limit: 7)), layout) { cgroup, plan in
      let before = try cgroup.statistics()
      #expect(before["pids", "limit"] == "7")
      let again = try ContainerCgroup.create(path, for: plan, layout: layout)
      let after = try again.statistics()
      #expect(after["pids", "current"] == nil && after["pids", "limit"] == nil)
      try again.remove()
    }
  }

  @Test("the kernel enforces the device filter, by program or by list", arguments: layouts.indices)
  func devices(index: Int) throws {
    let layout = layouts[index]
    let rules = [DeviceRule(allow: false), DeviceRule(allow: true, type: .character, major: 10, minor: 229, access: .read)]
    try withGroups(Resources(devices: rules), layout) { cgroup, plan in
      let filtering = try cgroup.apply(plan.devices, isRequired: true)
      #expect(filtering == (layout.unifiedIndex == nil ? .list : .program))
      if filtering == .program {
        let groups = cgroup.groups
        let group = try #require(groups.first { $0.hierarchy.generation == .v2 })
        #expect(try group.directory.countDevicePrograms() == 1)
      }
      let node = "/tmp/apus-test-node-\(processID())"
      // fuse, which may be read only, and mem.
      let child = try start(
        """
        echo >/dev/null && rm -f \(node) && mknod \(node) c 10 229 && (: <\(node)) && ! (: >\(node)) 2>/dev/null &&
        rm \(node) && mknod \(node) c 1 1 && ! (: <\(node)) 2>/dev/null && rm \(node)
        """, in: cgroup)
      #expect(try waitForExit(of: child) == .exited(0))
    }
  }

  @Test("a limit that the kernel does not take is an error with its JSON path, and a file that it lacks with its option")
  func refusals() throws {
    let layout = try #require(layouts.first)
    try withGroups(Resources(), layout) { cgroup, _ in
      let index = try tracking(cgroup).index
      func message(_ file: String, _ value: String) -> String? {
        let setting = Setting(
          hierarchy: index, controller: nil, file: file, value: value, asked: "linux.resources.x", option: "X")
        do {
          try cgroup.groups[0].apply(setting)
          return nil
        } catch {
          return error.message
        }
      }
      let group = cgroup.groups[0].description
      #expect(message("no.such", "1") == "linux.resources.x: this kernel has no no.such in \(group) (CONFIG_X)")
      #expect(message("cgroup.procs", "word") == "linux.resources.x: write word to cgroup.procs in \(group): invalid argument")
    }
  }

  @Test("a directory that is no control group is refused")
  func notACgroup() {
    let layout = Fixture.layout("1 0 0:5 / /tmp rw - cgroup2 c rw\n")
    #expect {
      _ = try ContainerCgroup.create(path, for: CgroupPlan(Resources(), layout: layout), layout: layout)
    } throws: { ($0 as? CgroupError)?.message == "/tmp is not a control group: another file system is mounted there" }
  }
}
