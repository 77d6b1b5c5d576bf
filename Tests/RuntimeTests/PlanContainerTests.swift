import Linux
import OCI
import Sandbox
import Testing

@testable import Cgroups
@testable import Runtime

@Suite("what is planned before a container is made")
struct PlanContainerTests {
  private func request(usesGroups: Bool = true, _ change: (inout Spec) -> Void = { _ in }) throws -> ContainerRequest {
    var spec = Spec(process: Process(args: ["/bin/true"]), linux: LinuxSection(namespaces: [Namespace(type: .mount)]))
    change(&spec)
    return ContainerRequest(
      id: try ContainerID("redis"), spec: spec, bundle: "/b", root: .directory("/b/rootfs"), origin: "/b/config.json", usesGroups: usesGroups)
  }

  @Test("the group is named after the container unless config.json names one")
  func groupPaths() throws {
    #expect(try groupPath(request()).path == "/apus/redis")
    #expect(try groupPath(request { $0.linux?.cgroupsPath = "" }).path == "/apus/redis")
    #expect(try groupPath(request { $0.linux?.cgroupsPath = "pods//one/" }).path == "/pods/one")
  }

  @Test("a group that is not the container's own is refused", arguments: ["/", "/../a", "a/../b", "."])
  func foreignGroups(_ path: String) throws {
    let request = try request { $0.linux?.cgroupsPath = path }
    #expect(
      refusal { () throws(RuntimeError) in _ = try groupPath(request) }
        == "/b/config.json: linux.cgroupsPath: does not name a group below the root of the hierarchy")
  }

  @Test("an error of the configuration names the file and the place in it")
  func errors() throws {
    let request = try request { $0.hostname = "name" }
    let message = refusal { () throws(RuntimeError) in _ = try planSandbox(request, diesWithParent: true, { _ in }) }
    #expect(message?.hasPrefix("/b/config.json: hostname: needs a UTS namespace") == true)
  }

  @Test("capabilities that are not to be had are told in one warning, in the words of runc")
  func unavailable() throws {
    let request = try request { $0.process?.capabilities = Capabilities(bounding: ["CAP_SUDO", "CAP_KILL"], permitted: ["CAP_CHOWN"]) }
    var warnings: [String] = []
    let plan = try planSandbox(request, diesWithParent: true, available: CapabilityMask(number: 0), { warnings.append($0) })
    #expect(warnings == ["/b/config.json: process.capabilities: ignoring unknown or unavailable capabilities: [CAP_SUDO CAP_KILL]"])
    #expect(plan.capabilities.bounding.isEmpty && plan.capabilities.permitted.numbers == [0])
  }

  @Test("options of a file system on a bind mount are told")
  func bindOptions() throws {
    let request = try request { $0.mounts = [Mount(destination: "/a", source: "/b", options: ["bind", "size=1m"])] }
    var warnings: [String] = []
    _ = try planSandbox(request, diesWithParent: true, { warnings.append($0) })
    #expect(warnings == ["/b/config.json: mounts[0].options: without effect for a bind mount: size=1m"])
  }

  @Test("a container that is started at once needs a process")
  func noProcess() throws {
    let request = try request { $0.process = nil }
    let message = refusal { () throws(RuntimeError) in _ = try ContainerPlan(request, LaunchOptions(), gated: false, diesWithParent: true, warn: { _ in }) }
    #expect(message == "/b/config.json: process: missing; a container that is started needs it")
  }

  @Test("ambient capabilities that cannot be had are told in one warning, and the rest is planned")
  func warnings() throws {
    let both = ["CAP_CHOWN", "CAP_KILL"]
    func request(user: UInt32) throws -> ContainerRequest {
      try self.request {
        $0.process?.capabilities = Capabilities(bounding: both, permitted: both, ambient: both)
        $0.process?.user.uid = user
      }
    }
    var warnings: [String] = []
    _ = try planSandbox(request(user: 0), diesWithParent: true, { warnings.append($0) })
    #expect(warnings.isEmpty, "root's programs get them by exec")
    let plan = try planSandbox(request(user: 7), diesWithParent: true, { warnings.append($0) })
    #expect(
      warnings == ["/b/config.json: process.capabilities.ambient: without effect, because not both permitted and inheritable: CAP_CHOWN, CAP_KILL"])
    #expect(plan.capabilities.ambient.isEmpty && plan.capabilities.permitted.numbers == [0, 5])
    #expect(plan.diesWithParent)
  }

  @Test("a limit that the machine cannot enforce is refused with the file's name")
  func limits() throws {
    let nothing = CgroupLayout(mountInfo: [], selfCgroup: []) { _ in [] }
    let limited = try request { $0.linux?.resources = Resources(pids: PidsResources(limit: 5)) }
    let message = refusal { () throws(RuntimeError) in _ = try planGroups(limited, nothing) }
    #expect(message?.hasPrefix("/b/config.json: linux.resources.pids.limit: ") == true)
  }

  @Test("a group that config.json names reaches everywhere, another one as far as something is counted")
  func reach() throws {
    let layout = CgroupLayout(mountInfo: Array("1 0 0:5 / /cg rw - cgroup2 c rw\n".utf8), selfCgroup: []) { _ in [] }
    #expect(try planGroups(request { $0.linux?.cgroupsPath = "/pods/one" }, layout).reach == .all)
    #expect(try planGroups(request { $0.linux?.cgroupsPath = "" }, layout).reach == .statistics)
    let disabled = try request(usesGroups: false) { $0.linux?.cgroupsPath = "/pods/one" }
    #expect(try planGroups(disabled, layout).reach == .nothing && !disabled.namesGroup)
  }
}

@Suite("how a container sees the control groups")
struct CgroupViewTests {
  private func layout(_ mounts: String...) -> CgroupLayout {
    var table = "1 0 254:0 / / rw - ext4 /dev/root rw\n"
    for (number, mount) in mounts.enumerated() { table += "\(number + 2) 1 0:\(number + 20) / \(mount)\n" }
    return CgroupLayout(mountInfo: Array(table.utf8), selfCgroup: []) { _ in [] }
  }

  @Test("nothing, where the host mounts none")
  func none() {
    #expect(layout().view(ofGroupsIn: []) == .none)
    // A named hierarchy limits nothing, and is no layout by itself.
    #expect(layout("/sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd").view(ofGroupsIn: []) == .none)
  }

  @Test("v2 alone is one hierarchy, which is the container's own if it has a group there")
  func unified() {
    let layout = layout("/sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate")
    #expect(layout.view(ofGroupsIn: [0]) == .unified(isOwn: true))
    #expect(layout.view(ofGroupsIn: []) == .unified(isOwn: false))
  }

  @Test("v1 hierarchies have the last name of their mount point, and what selects them; only those with a group of the container are its own")
  func legacy() {
    let layout = layout(
      "/sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
      "/sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd",
      "/cg/with\\040space rw - cgroup cgroup rw,memory")
    #expect(
      layout.view(ofGroupsIn: [2])
        == .legacy([
          LegacyHierarchy(name: "cpu,cpuacct", options: "cpu,cpuacct", isOwn: false), LegacyHierarchy(name: "systemd", options: "name=systemd", isOwn: false),
          LegacyHierarchy(name: "with space", options: "memory", isOwn: true),
        ]))
  }

  @Test("v2 beside v1 has no options; Android's cpuset keeps its bare file names")
  func hybrid() {
    let layout = layout(
      "/dev/memcg rw - cgroup none rw,memory", "/sys/fs/cgroup rw - cgroup2 none rw",
      "/dev/cpuset rw - cpuset none rw,cpuset,noprefix,release_agent=/sbin/agent")
    #expect(
      layout.view(ofGroupsIn: [0, 1])
        == .legacy([
          LegacyHierarchy(name: "memcg", options: "memory", isOwn: true), LegacyHierarchy(name: "cgroup", options: nil, isOwn: true),
          LegacyHierarchy(name: "cpuset", options: "cpuset,noprefix", isOwn: false),
        ]))
  }
}
