import Linux
import Testing

@testable import Cgroups

@Suite("control files become statistics")
struct StatisticTests {
  /// The statistics of a container whose groups are plain directories: one for v2, named by the empty text, and one for each v1 hierarchy, named by its controllers.
  private func statistics(_ groups: [(controllers: ControllerSet, files: [(String, String)])], for test: String = #function) throws -> String {
    let name = "apus-test-statistics-\(processID())-\(test.prefix { $0 != "(" })"
    let temporary = try FileDescriptor.open("/tmp", [.readOnly, .directory])
    try temporary.makeDirectory(Path(name), mode: 0o700)
    defer { try? temporary.removeTree(Path(name)) }
    var opened: [GroupDirectory] = []
    for (index, group) in groups.enumerated() {
      let path = Path("/tmp/\(name)/\(index)")
      try FileDescriptor.makeDirectory(path, mode: 0o700)
      for (file, text) in group.files {
        try FileDescriptor.open(path.appending(file), [.writeOnly, .create], mode: 0o600).writeAll(Array(text.utf8))
      }
      let hierarchy = CgroupHierarchy(
        group.controllers.isEmpty ? .v2 : .v1, mountPoint: path, root: "/", controllers: group.controllers, name: [], selectors: [], hasNoPrefix: false,
        isReadOnly: false)
      opened.append(
        GroupDirectory(
          hierarchy: hierarchy, index: index, name: "", parent: try temporary.duplicate(), directory: try FileDescriptor.open(path, [.readOnly, .directory]),
          description: path.description))
    }
    let reader = StatisticReader(opened)
    let found = reader.statistics()
    if let fault = reader.fault { return fault.message.replacing(name, with: "NAME") }
    return found.spelled
  }

  private let noCPUSet =
    #""cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"#
    + #""sched_load_balance":0,"sched_relax_domain_level":0}"#

  private let waits = "some avg10=1.50 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
  private let psi = #""psi":{"some":{"avg10":1.5,"avg60":0,"avg300":0,"total":9},"full":{"avg10":0,"avg60":0,"avg300":0,"total":0}}"#

  @Test("what nothing counts has the members that runc always writes")
  func nothing() throws {
    #expect(try statistics([]) == #"{"cpu":{"usage":{"kernel":0,"user":0}},"# + noCPUSet + #","memory":{},"pids":{},"blkio":{},"hugetlb":{}}"#)
  }

  @Test("cgroup v2: times in nanoseconds, swap with memory, devices in v1's words")
  func unified() throws {
    let found = try statistics([
      (
        controllers: [],
        files: [
          ("cpu.stat", "usage_usec 100\nuser_usec 70\nsystem_usec 18446744073709551615\nnr_periods 5\nnr_throttled 2\nthrottled_usec 9\n"),
          ("cpu.pressure", waits), ("memory.pressure", waits), ("io.pressure", waits), ("memory.current", "10\n"), ("memory.peak", "20\n"),
          ("memory.max", "max\n"), ("memory.events", "low 0\nmax 3\noom_kill 1\n"), ("memory.swap.current", "5\n"), ("memory.swap.max", "7\n"),
          ("memory.swap.peak", "8\n"), ("memory.stat", "file 4\nanon 1\n"), ("pids.current", "2\n"), ("pids.max", "9\n"),
          ("io.stat", "8:0 rbytes=512 wbytes=0 rios=1 wios=2\n"), ("hugetlb.2MB.max", "max\n"), ("hugetlb.2MB.current", "6\n"),
          ("hugetlb.2MB.events", "max 2\n"), ("hugetlb.1GB.max", "max\n"), ("hugetlb.1GB.current", "6\n"), ("hugetlb.1GB.rsvd.current", "1\n"),
        ]
      )
    ])
    for part in [
      #"{"cpu":{"usage":{"total":100000,"kernel":18446744073709551615,"user":70000},"throttling":{"periods":5,"throttledPeriods":2,"throttledTime":9000},"#
        + psi
        + "}," + noCPUSet,
      #""memory":{"cache":4,"usage":{"limit":18446744073709551615,"usage":10,"max":20,"failcnt":3},"#
        + #""swap":{"limit":18446744073709551615,"usage":15,"failcnt":0},"raw":{"anon":1,"file":4},"# + psi + #"},"pids":{"current":2,"limit":9},"#,
      #""blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":512},{"major":8,"op":"Write"}],"#
        + #""ioServicedRecursive":[{"major":8,"op":"Read","value":1},{"major":8,"op":"Write","value":2}],"# + psi + "}",
      #""2MB":{"usage":6,"failcnt":2}"#, #""1GB":{"usage":1,"failcnt":0}"#,
    ] { #expect(found.contains(part), "\(part) in \(found)") }
  }

  @Test("cgroup v2: the limit of swap is that of both together")
  func swap() throws {
    let files = [("memory.current", "1\n"), ("memory.max", "100\n"), ("memory.swap.current", "0\n"), ("memory.swap.max", "50\n")]
    #expect(
      try statistics([(controllers: [], files: files)]).contains(#""memory":{"usage":{"limit":100,"usage":1,"failcnt":0},"swap":{"limit":150,"usage":1,"#))
  }

  @Test("cgroup v1 comes before v2, which adds the pressure that it knows of")
  func legacy() throws {
    let found = try statistics([
      (controllers: [], files: [("cpu.stat", "usage_usec 1\n"), ("cpu.pressure", waits), ("memory.pressure", waits), ("io.pressure", waits)]),
      (
        controllers: [ControllerSet(.cpu), ControllerSet(.cpuAccounting)],
        files: [
          ("cpu.stat", "nr_periods 5\nnr_throttled 0\nthrottled_time 9\n"), ("cpuacct.usage", "100\n"), ("cpuacct.stat", "user 7\nsystem 3\n"),
          ("cpuacct.usage_percpu", "60 40 \n"), ("cpuacct.usage_all", "cpu user system\n0 50 10\n1 20 20\n"), ("pids.current", "3\n"),
        ]
      ),
      (
        controllers: ControllerSet(.cpuset),
        files: [("cpuset.cpus", "0-1,3\n"), ("cpuset.mems", "0\n"), ("cpuset.sched_load_balance", "1\n"), ("cpuset.sched_relax_domain_level", "-1\n")]
      ),
      (
        controllers: ControllerSet(.memory),
        files: [
          ("memory.usage_in_bytes", "10\n"), ("memory.max_usage_in_bytes", "20\n"), ("memory.limit_in_bytes", "30\n"), ("memory.failcnt", "3\n"),
          ("memory.kmem.usage_in_bytes", "0\n"), ("memory.stat", "cache 4\n"),
        ]
      ),
      (
        controllers: ControllerSet(.blockIO),
        files: [
          ("blkio.bfq.io_serviced", "Total 0\n"), ("blkio.throttle.io_serviced", "8:0 Read 1\nTotal 1\n"), ("blkio.throttle.io_service_bytes", "8:0 Read 2\n"),
          ("blkio.time", "8:0 3\n"),
        ]
      ),
      (
        controllers: ControllerSet(.hugePages),
        files: [
          ("hugetlb.2MB.limit_in_bytes", "9\n"), ("hugetlb.2MB.usage_in_bytes", "6\n"), ("hugetlb.2MB.max_usage_in_bytes", "7\n"),
          ("hugetlb.2MB.failcnt", "8\n"),
        ]
      ),
    ])
    for part in [
      #"{"cpu":{"usage":{"total":100,"percpu":[60,40],"percpu_kernel":[10,20],"percpu_user":[50,20],"kernel":30000000,"user":70000000},"#
        + #""throttling":{"periods":5,"throttledTime":9},"# + psi + "}",
      #""cpuset":{"cpus":[0,1,3],"cpu_exclusive":0,"mems":[0],"#, #""sched_load_balance":1,"sched_relax_domain_level":-1}"#,
      #""memory":{"cache":4,"usage":{"limit":30,"usage":10,"max":20,"failcnt":3},"kernel":{"limit":0,"failcnt":0},"raw":{"cache":4}},"pids":{},"#,
      #""blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":2}],"ioServicedRecursive":[{"major":8,"op":"Read","value":1}],"# + psi + "}",
      #""hugetlb":{"2MB":{"usage":6,"max":7,"failcnt":8}}"#,
    ] { #expect(found.contains(part), "\(part) in \(found)") }
  }

  @Test("a file that cannot be read is an error that names it")
  func fault() throws {
    let tooLarge = String(repeating: "x", count: (1 << 20) + 1)
    #expect(try statistics([(controllers: [], files: [("cpu.stat", tooLarge)])]) == "read cpu.stat in /tmp/NAME/0: file too large")
  }
}

extension Statistic {
  /// As JSON has it.
  var spelled: String {
    switch kind {
    case .null: "null"
    case .number: text
    case .text: "\"\(text)\""
    case .list: "[" + parts.map(\.spelled).joined(separator: ",") + "]"
    case .members: "{" + parts.map { "\"\($0.name)\":\($0.spelled)" }.joined(separator: ",") + "}"
    }
  }

  /// The number or text below these members; empty for a list.
  subscript(_ path: String...) -> String? { find(path)?.text }

  /// The number below these members; 0 when there is none.
  func number(_ path: String...) -> UInt64 { find(path).flatMap { UInt64($0.text) } ?? 0 }

  func find(_ path: [String]) -> Statistic? { path.reduce(self as Statistic?) { found, name in found?.parts.first { $0.name == name } } }
}
