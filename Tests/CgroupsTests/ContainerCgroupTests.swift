import Linux
import OCI
import Testing

@testable import Cgroups

/// Whether control groups can be made here: as root, on a machine that has them mounted.
private let canMakeGroups: Bool = {
  guard effectiveUser() == 0, let layout = try? CgroupLayout.discover() else { return false }
  return layout.kind != .none
}()

@Suite(
  "a container's groups in the kernel's own tree",
  .enabled(if: canMakeGroups, "needs root and a mounted control group hierarchy"), .serialized)
struct ContainerCgroupTests {
  let layout: CgroupLayout
  let path: CgroupPath

  init() throws {
    layout = try CgroupLayout.discover()
    path = try #require(CgroupPath("/apus-test-\(processID())/one"))
  }

  /// Runs `body` in a process of its own that is in the groups.
  private func withMember(of cgroup: borrowing ContainerCgroup, _ body: (Int32) throws -> Void) throws {
    // A child that waits for its own death: a test that fails leaves it to the group's removal, which kills it.
    switch try cloneProcess([]) {
    case .child:
      while true { _ = try? waitForInput([], timeoutMilliseconds: 10000) }
    case .parent(let child):
      try cgroup.add(child, alsoUnified: true)
      try body(child)
    }
  }

  /// Removes what `path` and the group above it have left anywhere.
  private func clean() throws {
    if let left = try ContainerCgroup.existing(path, layout: layout) {
      try left.kill()
      try left.remove()
    }
    if let above = try ContainerCgroup.existing(try #require(CgroupPath("/apus-test-\(processID())")), layout: layout) { try above.remove() }
  }

  @Test("limits are in the kernel, processes are found and killed, nothing stays")
  func life() throws {
    defer { #expect(throws: Never.self) { try clean() } }
    var resources = Resources()
    if layout.hierarchy(of: .memory) != nil { resources.memory = MemoryResources(limit: 64 << 20) }
    if layout.hierarchy(of: .pids) != nil { resources.pids = PidsResources(limit: 20) }
    if layout.hierarchy(of: .cpu) != nil { resources.cpu = CPUResources(quota: 50000, period: 100000) }
    let plan = try CgroupPlan(resources, layout: layout)
    let cgroup = try ContainerCgroup.create(path, for: plan, layout: layout)
    try cgroup.apply(plan.settings)
    try withMember(of: cgroup) { child in
      let statistics = try cgroup.statistics()
      if resources.memory != nil { #expect(statistics.memory?.limit == 64 << 20) }
      if resources.pids != nil { #expect(statistics.tasks?.limit == 20 && statistics.tasks?.current == 1) }
      if resources.cpu != nil { #expect(statistics.processor?.quota == 50000 && statistics.processor?.period == 100000) }
      #expect(throws: CgroupError.self) { _ = try ContainerCgroup.create(path, for: plan, layout: layout) }
      // Found again from the layout and the path alone, as after the death of who made it.
      guard let found = try ContainerCgroup.existing(path, layout: layout) else {
        Issue.record("the groups are not found again")
        return
      }
      try found.kill()
      #expect(try waitForExit(of: child) == .signalled(9))
      try found.remove()
    }
    #expect(try !exists(path))
  }

  /// Whether a group of this path is anywhere.
  private func exists(_ path: CgroupPath) throws -> Bool {
    guard let found = try ContainerCgroup.existing(path, layout: layout) else { return false }
    return !found.groups.isEmpty
  }
}
