import Linux
import OCI
import Testing

@testable import Cgroups

/// Whether control groups can be made here: as root, on a machine that has them mounted.
let canMakeGroups: Bool = {
  guard effectiveUser() == 0, let layout = try? CgroupLayout.discover() else { return false }
  return layout.kind != .none
}()

/// The layouts of this machine that groups can be tried in: as it is, and as if it had no v2.
nonisolated(unsafe) let layouts: [CgroupLayout] = {
  guard canMakeGroups, let found = try? CgroupLayout.discover() else { return [] }
  var legacy = found
  legacy.hierarchies.removeAll { $0.generation == .v2 }
  return found.kind == .hybrid ? [found, legacy] : [found]
}()

/// Tests that make groups in the kernel's own tree, each suite below a group of its own.
protocol LiveGroups {
  var path: CgroupPath { get }
  var above: CgroupPath { get }
}

extension LiveGroups {
  /// A path that no other suite and no other run of the tests has.
  static func path(_ suite: String, _ rest: String) throws -> CgroupPath { try #require(CgroupPath("/apus-test-\(processID())-\(suite)\(rest)")) }

  /// Makes groups for `resources`, runs `body` with them, and removes everything whatever happens.
  func withGroups(
    _ resources: Resources, _ layout: CgroupLayout, reach: CgroupPlan.Reach = .limits, _ body: (ContainerCgroup, CgroupPlan) throws -> Void
  ) throws {
    let plan = try CgroupPlan(resources, layout: layout, reach: reach)
    defer {
      for path in [path, above] {
        do {
          if let left = try ContainerCgroup.existing(path, layout: layout) {
            try left.kill()
            try left.remove()
          }
        } catch {
          Issue.record("\(error)")
        }
      }
    }
    let cgroup = try ContainerCgroup.create(path, for: plan, layout: layout)
    try cgroup.apply(plan.settings)
    try body(cgroup, plan)
  }

  /// Starts a shell that enters the groups by itself and then runs `script`.
  func start(_ script: String, in cgroup: ContainerCgroup) throws -> Int32 {
    let joins = cgroup.groups.map { "echo $$ > \($0.description)/cgroup.procs || exit 99\n" }.joined()
    let arguments = CStringArray(["sh", "-c", joins + script])
    let environment = CStringArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
    let shell: Path = "/bin/sh"
    switch try cloneProcess([]) {
    case .child:
      _ = execute(shell, arguments, environment)
      exitProcess(127)
    case .parent(let child): return child
    }
  }

  /// The group that finds the processes.
  func tracking(_ cgroup: ContainerCgroup) throws -> GroupDirectory {
    let found = cgroup.tracking
    return try #require(found)
  }

  /// Waits up to two seconds for `count` tasks in the group that finds them.
  func waitForTasks(_ count: Int, in cgroup: ContainerCgroup) throws {
    for _ in 0..<200 {
      if let group = cgroup.tracking, try group.processes().count >= count { return }
      _ = try waitForInput([], timeoutMilliseconds: 10)
    }
    Issue.record("the processes did not come up")
  }

  /// Whether a group of this path is anywhere.
  func exists(_ path: CgroupPath, _ layout: CgroupLayout) throws -> Bool {
    guard let found = try ContainerCgroup.existing(path, layout: layout) else { return false }
    return !found.groups.isEmpty
  }
}

extension CgroupLayout {
  /// Whether the v1 freezer is there.
  var hasLegacyFreezer: Bool { hierarchy(of: .freezer).map { $0.generation == .v1 } ?? false }
}
