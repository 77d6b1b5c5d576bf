import OCI
import Testing

@testable import Cgroups
@testable import Runtime

@Suite("lines of events")
struct EventDocumentTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test("want of memory has a type and an id")
  func outOfMemory() {
    #expect(text(EventDocument.outOfMemory("a")) == "{\"type\":\"oom\",\"id\":\"a\"}\n")
  }

  @Test("what nothing counts has the members that runc always writes")
  func nothing() {
    let cpuset =
      #"{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"#
      + #""sched_load_balance":0,"sched_relax_domain_level":0}"#
    #expect(
      text(EventDocument.statistics("a", CgroupStatistics()))
        == #"{"type":"stats","id":"a","data":{"cpu":{"usage":{"kernel":0,"user":0}},"cpuset":"# + cpuset
        + #","memory":{},"pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},"network_interfaces":null}}"# + "\n")
  }

  @Test("everything is under the name that runc has for it")
  func everything() {
    var statistics = CgroupStatistics()
    var processor = CgroupStatistics.Processor(used: 100, kernel: 30, user: 70)
    processor.perProcessor = [60, 40]
    processor.perProcessorKernel = [10, 20]
    processor.perProcessorUser = [50, 20]
    processor.periods = 5
    processor.throttledPeriods = 2
    processor.throttledTime = 9
    processor.pressure = .init(some: .init(average10: 1234, average60: 5, average300: 10000, total: 8), full: .init(average10: 50))
    statistics.processor = processor
    statistics.cpuset = .init(processors: [0, 3], nodes: [0], schedLoadBalance: 1, schedRelaxDomainLevel: -1)
    let use = CgroupStatistics.MemoryUse(current: 10, peak: 20, limit: .max, failures: 3)
    statistics.memory = .init(usage: use, swap: use, kernel: .init(current: 0, limit: 7), cache: 4, raw: [("anon", 1), ("file", 2)])
    statistics.tasks = .init(current: 2, limit: 9)
    statistics.blockIO = .init(
      bytes: [.init(major: 8, minor: 0, operation: "Read", value: 512)], sectors: [.init(major: 8, minor: 16, operation: "", value: 1)])
    statistics.hugePages = [.init(size: "2MB", current: 1, peak: 0, failures: 2)]
    let interface = NetworkInterface(
      name: "eth0", received: .init(bytes: 1, packets: 2, errors: 3, dropped: 4), sent: .init(bytes: 5, packets: 6, errors: 7, dropped: 8))
    var rdt = IntelRdtStatistics(cache: .init(mask: "fff", minimumBits: 2, classes: 16, rootSchema: "L3:0=fff", schema: "L3:0=f"), schemata: ["L3:0=f"])
    rdt.bandwidth = .init(granularity: 10, isLinear: 0, minimum: 10, classes: 8, rootSchema: "MB:0=100", schema: "MB:0=20")
    rdt.traffic = [.init(total: 2, local: 3)]
    rdt.occupancy = [1]
    let line = text(EventDocument.statistics("a", statistics, rdt, [interface]))
    let parts = [
      #""cpu":{"usage":{"total":100,"percpu":[60,40],"percpu_kernel":[10,20],"percpu_user":[50,20],"kernel":30,"user":70},"#,
      #""throttling":{"periods":5,"throttledPeriods":2,"throttledTime":9},"#,
      #""psi":{"some":{"avg10":12.34,"avg60":0.05,"avg300":100,"total":8},"full":{"avg10":0.5,"avg60":0,"avg300":0,"total":0}}}"#,
      #""cpuset":{"cpus":[0,3],"cpu_exclusive":0,"mems":[0],"#, #""sched_load_balance":1,"sched_relax_domain_level":-1}"#,
      #""memory":{"cache":4,"usage":{"limit":18446744073709551615,"usage":10,"max":20,"failcnt":3},"swap":{"limit":18446744073709551615,"usage":10,"#,
      #""kernel":{"limit":7,"failcnt":0},"raw":{"anon":1,"file":2}}"#,
      #""pids":{"current":2,"limit":9},"#,
      #""blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":512}],"sectorsRecursive":[{"major":8,"minor":16,"value":1}]},"#,
      #""hugetlb":{"2MB":{"usage":1,"failcnt":2}},"#,
      #""intel_rdt":{"l3_cache_info":{"cbm_mask":"fff","min_cbm_bits":2,"num_closids":16},"l3_cache_schema_root":"L3:0=fff","l3_cache_schema":"L3:0=f","#,
      #""mem_bw_info":{"bandwidth_gran":10,"min_bandwidth":10,"num_closids":8},"mem_bw_schema_root":"MB:0=100","mem_bw_schema":"MB:0=20","#,
      #""schemata":["L3:0=f"],"mbm_stats":[{"mbm_total_bytes":2,"mbm_local_bytes":3}],"cmt_stats":[{"llc_occupancy":1}]}"#,
      #""network_interfaces":[{"Name":"eth0","RxBytes":1,"RxPackets":2,"RxErrors":3,"RxDropped":4,"TxBytes":5,"TxPackets":6,"TxErrors":7,"TxDropped":8}]"#,
    ]
    for part in parts { #expect(line.contains(part), "\(part) in \(line)") }
  }

  @Test("the interfaces of /proc/PID/net/dev, without the loopback")
  func interfaces() {
    let contents = """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
          lo: 1200      10    0    0    0     0          0         0     1200      10    0    0    0     0       0          0
        eth0:12345      20    1    2    0     0          0         0     6789      30    3    4    0     0       0          0
      eth0:1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
      short: 1 2 3
      """
    let found = NetworkInterface.all(in: Array(contents.utf8))
    #expect(found.map(\.name) == ["eth0", "eth0:1"])
    #expect(
      found.first
        == NetworkInterface(
          name: "eth0", received: .init(bytes: 12345, packets: 20, errors: 1, dropped: 2), sent: .init(bytes: 6789, packets: 30, errors: 3, dropped: 4)))
    #expect(NetworkInterface.all(in: []).isEmpty)
  }

  @Test("zeros of memory leave a limit as it is in an update")
  func zeros() throws {
    let text = #"{"memory": {"limit": 0, "swap": 0, "reservation": 0, "kernel": 0, "kernelTCP": 0, "swappiness": 0}, "pids": {"limit": 0}}"#
    let resources = try Resources(parsing: Array(text.utf8)).withoutZeros
    #expect(resources.memory == MemoryResources(swappiness: 0) && resources.pids?.limit == 0)
    let limited = try Resources(parsing: Array(#"{"memory": {"limit": 5, "swap": -1}}"#.utf8))
    #expect(limited.withoutZeros == limited)
  }
}
