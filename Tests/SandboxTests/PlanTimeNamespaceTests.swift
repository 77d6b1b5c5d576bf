import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("time namespaces are planned")
struct PlanTimeNamespaceTests {
  private func spec(_ namespace: Namespace?, _ offsets: [TimeOffset]) -> Spec {
    smallest {
      if let namespace { $0.linux?.namespaces.append(namespace) }
      $0.linux?.timeOffsets = offsets
    }
  }

  private func planned(_ offsets: [TimeOffset]) throws -> SandboxPlan { try plan(spec(Namespace(type: .time), offsets)) }

  private let offsets = [TimeOffset(clock: .monotonic, secs: -5, nanosecs: 7), TimeOffset(clock: .boottime, secs: 100)]

  @Test("a new one has the offsets of config.json, or none; children are born in it, not cloned into it")
  func new() throws {
    let plan = try planned(offsets)
    #expect(plan.newNamespaces == [.mount, .time] && plan.clonedNamespaces == .mount && plan.timeOffsets == offsets)
    #expect(try planned([]).timeOffsets.isEmpty)
  }

  @Test("offsets need a namespace to be set in, and one that has none yet")
  func refusals() {
    #expect(refusal(spec(nil, offsets)) == "linux.timeOffsets: needs a time namespace (linux.namespaces)")
    #expect(
      refusal(spec(Namespace(type: .time, path: "/run/time"), offsets)) == "linux.timeOffsets: the time namespace is joined, and its offsets are set already")
    #expect(refusal(spec(Namespace(type: .time, path: "/run/time"), [])) == nil)
  }
}
