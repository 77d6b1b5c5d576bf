import Cgroups
import Linux
import OCI
import Testing

@testable import Runtime

@Suite("the record of a container")
struct ContainerRecordTests {
  @Test("what was written is read again, with the first process or before it runs", arguments: [nil, Int32(4711)])
  func roundTrip(_ process: Int32?) throws {
    let record = ContainerRecord(
      id: "a", ociVersion: "1.0.2-dev", cgroupsPath: "/apus/\"a\"\n", process: process, startTime: process.map { _ in .max }, bundle: "/b/ü",
      isBeingMade: process != nil, isKept: process != nil, resourceClass: process.map { _ in RecordedClass(group: "a", isRemoved: true, monitor: "b") },
      root: "/r", created: "2026-11-23T00:00:00.000000001Z", annotations: [Annotation(key: "k", value: ""), Annotation(key: "ü", value: "\n")],
      standIns: process == nil ? StandIns() : StandIns(without: .pidNamespace | .pidsLimit, user: 1 << 30, tasks: 20, processors: "0,2", speed: "50.00"))
    record.deviceFilter = process.map { _ in .list }
    let text = String(decoding: record.json, as: UTF8.self)
    #expect(try String(decoding: ContainerRecord(parsing: record.json).json, as: UTF8.self) == text)
    for part in [#""annotations":{"k":"","ü":"\n"}"#, #""bundle":"/b/ü""#, #""created":"2026-11-23T00:00:00.000000001Z""#] { #expect(text.contains(part)) }
    #expect(text.contains(#""without":"pid-namespace,pids-limit","user":1073741824,"tasks":20,"processors":"0,2","speed":"50.00""#) == (process != nil))
    if process != nil { #expect(text.contains(#""process":4711,"startTime":18446744073709551615"#) && text.contains(#""isBeingMade":true"#)) }
    #expect(text.contains(#""deviceFilter":2"#) == (process != nil))
  }

  @Test(
    "a record that is not whole is refused, and the message says what it was",
    arguments: ["", "{\"id\": \"a\"", "{}", "[]", "{\"id\": 1, \"cgroupsPath\": \"/a\", \"bundle\": \"/\"}", "{\"id\": \"a\", \"cgroupsPath\": \"/a\"}"])
  func broken(_ text: String) {
    do throws(RuntimeError) {
      _ = try ContainerRecord(parsing: Array(text.utf8))
      Issue.record("taken: \(text)")
    } catch { #expect(error.message.hasPrefix("record of a container: ")) }
  }
}
