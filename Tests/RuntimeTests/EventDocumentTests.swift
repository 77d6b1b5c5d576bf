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

  @Test("statistics have what is counted, and then the members of the rest, which runc always writes")
  func nothing() {
    let data = Statistic(.members)
    data.add(Statistic(.members), "cpu")
    #expect(
      text(EventDocument.statistics("a", data))
        == #"{"type":"stats","id":"a","data":{"cpu":{},"intel_rdt":{},"network_interfaces":null}}"# + "\n")
  }

  @Test("everything is under the name that runc has for it")
  func everything() {
    let data = Statistic(.members)
    let memory = data.add(.members, "memory")
    memory.add("cache", 4)
    memory.add(.number, "share", "0.5")
    let rdt = Statistic(.members)
    rdt.add(Statistic(.list, parts: [Statistic(.text, "", "L3:0=f"), Statistic(.text)]), "schemata")
    let interface = NetworkInterface(name: "eth\"0", counts: [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(
      text(EventDocument.statistics("a", data, rdt, [interface]))
        == #"{"type":"stats","id":"a","data":{"memory":{"cache":4,"share":0.5},"intel_rdt":{"schemata":["L3:0=f",""]},"network_interfaces":[{"Name":"eth\"0","#
        + #""RxBytes":1,"RxPackets":2,"RxErrors":3,"RxDropped":4,"TxBytes":5,"TxPackets":6,"TxErrors":7,"TxDropped":8}]}}"# + "\n")
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
    #expect(found.first == NetworkInterface(name: "eth0", counts: [12345, 20, 1, 2, 6789, 30, 3, 4]))
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
