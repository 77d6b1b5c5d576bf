import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("a process that joins a container is planned")
struct PlanJoiningTests {
  private let tracing = Capabilities(bounding: ["CAP_KILL", "CAP_SYS_PTRACE"])
  private let own = [Namespace(type: .mount), Namespace(type: .pid)]

  private func container(_ namespaces: [Namespace], _ capabilities: Capabilities? = nil, _ seccomp: Seccomp? = nil) -> Spec {
    smallest {
      $0.linux?.namespaces = namespaces
      $0.linux?.seccomp = seccomp
      $0.process?.capabilities = capabilities
    }
  }

  private func plan(_ container: Spec) throws(SpecError) -> SandboxPlan {
    let filter = try container.linux?.seccomp.map { (profile) throws(SpecError) in try SeccompFilter(compiling: profile) }
    return try SandboxPlan(joining: container, Process(args: ["x"]), namespaces: [], seccomp: filter, capabilities: CapabilitySets())
  }

  @Test("others can trace it where a capability says so, or where its PID namespace is not the container's alone")
  func exposed() {
    #expect(!SandboxPlan.isExposed(in: container(own)))
    #expect(!SandboxPlan.isExposed(in: container(own, Capabilities(bounding: ["CAP_SYS_ADMIN"]))))
    #expect(SandboxPlan.isExposed(in: container(own, tracing)))
    #expect(SandboxPlan.isExposed(in: container([Namespace(type: .mount), Namespace(type: .pid, path: "/proc/1/ns/pid")])))
    #expect(SandboxPlan.isExposed(in: container([Namespace(type: .mount)])))
    // The right is one over the user namespace that the program of the process comes from.
    #expect(!SandboxPlan.isExposed(in: container(own + [Namespace(type: .user)], tracing)))
  }

  @Test("then it has its filter before it is born in the container")
  func filterBeforeBirth() throws {
    let profile = Seccomp(defaultAction: .allow)
    #expect(try plan(container(own, tracing, profile)).loadsFilterBeforeBirth)
    #expect(try !plan(container(own, tracing)).loadsFilterBeforeBirth)
    #expect(try !plan(container(own, nil, profile)).loadsFilterBeforeBirth)
  }

  @Test("and its birth cannot be left to an agent, who does not know of the filter yet")
  func agent() throws {
    let profile = Seccomp(
      defaultAction: .allow, listenerPath: "/run/agent", syscalls: [SeccompRule(names: ["mkdir", "clone"], action: .notify)])
    #expect {
      _ = try plan(container(own, tracing, profile))
    } throws: {
      ($0 as? SpecError)?.path == "linux.seccomp.syscalls[0]"
    }
    #expect(try !plan(container(own, nil, profile)).loadsFilterBeforeBirth)
  }

  @Test("a scheduler that a child does not inherit is set once the child is there")
  func scheduler() throws {
    func isLost(_ scheduler: Scheduler?) throws -> Bool {
      let process = Process(args: ["x"])
      process.scheduler = scheduler
      return try SchedulingPlan(process, LinuxSection()).isLostByClone
    }
    #expect(try !isLost(nil))
    #expect(try !isLost(Scheduler(policy: .fifo, priority: 7)))
    #expect(try isLost(Scheduler(policy: .fifo, priority: 7, flags: [.resetOnFork])))
    #expect(try isLost(Scheduler(policy: .deadline, runtime: 10000, deadline: 20000, period: 20000)))
  }
}
