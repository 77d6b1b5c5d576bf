import JSON
import Testing

@testable import Runtime

@Suite("the configuration that is kept follows updates")
struct KeptConfigurationTests {
  private func changed(_ text: String, _ change: String) throws -> String {
    String(decoding: changedConfiguration(try JSONValue(parsing: Array(text.utf8)), by: try JSONValue(parsing: Array(change.utf8))), as: UTF8.self)
  }

  @Test("members are replaced where they stand, others are added, and what is not named stays")
  func members() throws {
    #expect(
      try changed(
        #"{"a":"\u0000\"","linux":{"resources":{"pids":{"limit":5},"x":null},"seccomp":[1.5]}}"#, #"{"linux":{"resources":{"pids":{"limit":7},"cpu":{}}}}"#)
        == #"{"a":"\u0000\"","linux":{"resources":{"pids":{"limit":7},"x":null,"cpu":{}},"seccomp":[1.5]}}"#)
    #expect(try changed("{}", #"{"linux":{"b":[1]}}"#) == #"{"linux":{"b":[1]}}"#)
  }

  @Test("of a list of devices, the limits of others stay")
  func lists() throws {
    #expect(
      try changed(#"{"l":[{"major":8,"minor":0,"rate":5},{"major":8,"minor":16,"rate":6}]}"#, #"{"l":[{"minor":16,"major":8,"rate":0}]}"#)
        == #"{"l":[{"major":8,"minor":0,"rate":5},{"minor":16,"major":8,"rate":0}]}"#)
  }

  @Test("what stands for \"leave it\" leaves it")
  func left() throws {
    let text = #"{"linux":{"resources":{"memory":{"limit":5},"cpu":{"cpus":"0","shares":7},"pids":{"limit":9},"devices":[{"allow":true}]}}}"#
    let change = """
      {"linux":{"resources":{"memory":{"limit":0,"kernel":0,"swappiness":18446744073709551615},"cpu":{"cpus":"","shares":0,"quota":null},"devices":[],
      "pids":{"limit":0}}}}
      """
    #expect(
      try changed(text, change)
        == #"{"linux":{"resources":{"memory":{"limit":5},"cpu":{"cpus":"0","shares":7},"pids":{"limit":0},"devices":[{"allow":true}]}}}"#)
  }

  @Test("values are as they were written, under keys however they are spelled")
  func spelling() throws {
    #expect(
      try changed(#"{ "a\u0062" : 1e2 , "c" : [ ], "d" : { } }"#, #"{"ab":-0.5,"c":{"x":[true,"\n"]},"d":"ü"}"#)
        == #"{"a\u0062":-0.5,"c":{"x":[true,"\n"]},"d":"ü"}"#)
    #expect(try changed(#"{"l":["a"]}"#, #"{"l":["a",{"major":1}]}"#) == #"{"l":["a","a",{"major":1}]}"#)
  }
}
