import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("scheduling, priorities and memory policy become what the kernel takes")
struct SchedulingTests {
  private func planned(_ change: (inout Process, inout LinuxSection) -> Void) throws -> SchedulingPlan { try plan(spec(change)).scheduling }

  private func spec(_ change: (inout Process, inout LinuxSection) -> Void) -> Spec {
    var process = Process(args: ["/bin/true"])
    var linux = LinuxSection(namespaces: [Namespace(type: .mount)])
    change(&process, &linux)
    return Spec(process: process, linux: linux)
  }

  private func refused(_ scheduler: Scheduler) -> String? { refusal(spec { process, _ in process.scheduler = scheduler }) }
  private func refused(_ policy: MemoryPolicy) -> String? { refusal(spec { _, linux in linux.memoryPolicy = policy }) }

  @Test("nothing asked, nothing set")
  func nothing() throws {
    let plan = try planned { _, _ in }
    #expect(plan.scheduler == nil && plan.ioPriority == nil && plan.personality == nil && plan.memoryPolicy == nil)
  }

  @Test("the policies and flags have the kernel's numbers")
  func scheduler() throws {
    let all: [SchedulerFlag] = [
      .resetOnFork, .reclaim, .deadlineOverrun, .keepPolicy, .keepParameters, .utilizationClampMinimum, .utilizationClampMaximum,
    ]
    let batch = try planned { process, _ in process.scheduler = Scheduler(policy: .batch, nice: -5, flags: all) }
    #expect(batch.scheduler == SchedulingAttributes(policy: 3, flags: 0x7F, nice: -5, priority: 0, runtime: 0, deadline: 0, period: 0))
    let numbers: [(SchedulerPolicy, UInt32)] = [(.other, 0), (.fifo, 1), (.roundRobin, 2), (.batch, 3), (.idle, 5)]
    for (policy, number) in numbers {
      let priority: Int32 = policy == .fifo || policy == .roundRobin ? 99 : 0
      #expect(try planned { process, _ in process.scheduler = Scheduler(policy: policy, priority: priority) }.scheduler?.policy == number)
    }
    let deadline = try planned { process, _ in process.scheduler = Scheduler(policy: .deadline, runtime: 1024, deadline: 1024, period: 1024) }
    #expect(deadline.scheduler == SchedulingAttributes(policy: 6, flags: 0, nice: 0, priority: 0, runtime: 1024, deadline: 1024, period: 1024))
  }

  @Test("what the kernel would call an invalid argument is told with its path")
  func wrongScheduler() {
    #expect(refused(Scheduler(policy: .iso)) == "process.scheduler.policy: SCHED_ISO is reserved, and no Linux kernel implements it")
    #expect(refused(Scheduler(policy: .fifo)) == "process.scheduler.priority: SCHED_FIFO needs a priority from 1 to 99")
    #expect(refused(Scheduler(policy: .idle, priority: 1)) == "process.scheduler.priority: only for SCHED_FIFO and SCHED_RR")
    #expect(refused(Scheduler(policy: .other, runtime: 1)) == "process.scheduler.runtime: only for SCHED_DEADLINE")
    #expect(refused(Scheduler(policy: .fifo, priority: 1, deadline: 1)) == "process.scheduler.deadline: only for SCHED_DEADLINE")
    #expect(refused(Scheduler(policy: .batch, period: 1)) == "process.scheduler.period: only for SCHED_DEADLINE")
    #expect(refused(Scheduler(policy: .deadline, deadline: 5000)) == "process.scheduler.runtime: SCHED_DEADLINE needs 1024 nanoseconds or more")
    #expect(refused(Scheduler(policy: .deadline, runtime: 2000, deadline: 1999)) == "process.scheduler.deadline: below the runtime")
    #expect(refused(Scheduler(policy: .deadline, runtime: 2000, deadline: 2000, period: 1999)) == "process.scheduler.period: below the deadline")
    #expect(refused(Scheduler(policy: .deadline, runtime: 2000, deadline: 1 << 63))?.hasPrefix("process.scheduler.deadline: above") == true)
    #expect(refused(Scheduler(policy: .deadline, runtime: 2000, deadline: 3000, period: UInt64.max))?.hasPrefix("process.scheduler.period: above") == true)
  }

  @Test("priorities of input and output", arguments: [(IOPriorityClass.realtime, 0, 0x2000), (.bestEffort, 7, 0x4007), (.idle, 3, 0x6003)])
  func ioPriority(_ priorityClass: IOPriorityClass, _ level: Int32, _ number: UInt32) throws {
    #expect(try planned { process, _ in process.ioPriority = IOPriority(priorityClass: priorityClass, priority: level) }.ioPriority == number)
  }

  @Test("execution domains", arguments: [(PersonalityDomain.linux, UInt32(0)), (.linux32, 8)])
  func personality(_ domain: PersonalityDomain, _ number: UInt32) throws {
    #expect(try planned { _, linux in linux.personality = Personality(domain: domain) }.personality == number)
  }

  @Test(
    "memory policies have the kernel's numbers",
    arguments: [
      (MemoryPolicyMode.default, "", 0), (.preferred, "1", 1), (.bind, "0", 2), (.interleave, "0", 3), (.local, "", 4), (.preferredMany, "0-1", 5),
      (.weightedInterleave, "0", 6), (.preferred, "", 1),
    ] as [(MemoryPolicyMode, String, UInt32)])
  func memoryPolicy(_ mode: MemoryPolicyMode, _ nodes: String, _ number: UInt32) throws {
    #expect(try planned { _, linux in linux.memoryPolicy = MemoryPolicy(mode: mode, nodes: nodes) }.memoryPolicy?.mode == number)
  }

  @Test("flags are part of the mode, and nodes a mask")
  func memoryPolicyFlags() throws {
    let policy = try planned { _, linux in linux.memoryPolicy = MemoryPolicy(mode: .bind, nodes: "0-2,65", flags: [.numaBalancing, .staticNodes]) }
    #expect(policy.memoryPolicy?.mode == 0xA002)
    #expect(policy.memoryPolicy?.nodes.words == [7, 2])
    #expect(try planned { _, linux in linux.memoryPolicy = MemoryPolicy(mode: .bind, nodes: "0", flags: [.relativeNodes]) }.memoryPolicy?.mode == 0x4002)
  }

  @Test("memory policies that have no meaning")
  func wrongMemoryPolicy() {
    #expect(refused(MemoryPolicy(mode: .local, nodes: "0")) == "linux.memoryPolicy.nodes: MPOL_LOCAL takes none")
    #expect(refused(MemoryPolicy(mode: .default, nodes: "0")) == "linux.memoryPolicy.nodes: MPOL_DEFAULT takes none")
    #expect(refused(MemoryPolicy(mode: .bind)) == "linux.memoryPolicy.nodes: MPOL_BIND needs at least one")
    #expect(refused(MemoryPolicy(mode: .weightedInterleave)) == "linux.memoryPolicy.nodes: MPOL_WEIGHTED_INTERLEAVE needs at least one")
    #expect(refused(MemoryPolicy(mode: .bind, nodes: "1024")) == "linux.memoryPolicy.nodes: 1024 is above 1023")
    #expect(
      refused(MemoryPolicy(mode: .bind, nodes: "0", flags: [.staticNodes, .relativeNodes]))
        == "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other")
  }

  @Test(
    "lists of numbers",
    arguments: [
      ("0", [1]), ("0-3,7", [0x8F]), ("63,64", [1 << 63, 1]), ("5-5", [32]), (" 1 - 2", nil), (" 1 , 2,", [6]), ("", []), (",", []), ("3-1", nil), ("-1", nil),
      ("1-", nil), ("a", nil), ("0-3-5", nil), ("0x1", nil), ("99999999999999999999", nil), ("100", nil),
    ] as [(String, [UInt64]?)])
  func lists(_ text: String, _ words: [UInt64]?) {
    #expect((try? NumberSet(list: text, below: 100, "x"))?.words == words)
  }

  @Test("the processors of additional processes are checked with the container")
  func affinity() throws {
    #expect(refusal(spec { process, _ in process.execCPUAffinity = CPUAffinity(initial: "0-3,7", final: "0") }) == nil)
    #expect(
      refusal(spec { process, _ in process.execCPUAffinity = CPUAffinity(initial: "0-") }) == "process.execCPUAffinity.initial: not a list such as 0-3,7")
    #expect(refusal(spec { process, _ in process.execCPUAffinity = CPUAffinity(final: "65536") }) == "process.execCPUAffinity.final: 65536 is above 65535")
    #expect(refusal(spec { process, _ in process.execCPUAffinity = CPUAffinity(final: ",") }) == "process.execCPUAffinity.final: names no processor")
    let planned = try ProcessorAffinity(CPUAffinity(initial: "1", final: ""))
    #expect(planned.initial?.words == [2] && planned.final == nil)
  }
}
