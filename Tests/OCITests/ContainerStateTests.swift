import OCI
import Testing

@Suite("names of containers")
struct ContainerIDTests {
  @Test("what runc and crun take is taken", arguments: ["a", "0", "redis_1", "_x", "-x", "+x", "A.b-c_d+e", String(repeating: "x", count: 255)])
  func taken(_ text: String) throws {
    #expect(try ContainerID(text).text == text)
  }

  @Test(
    "what could leave a directory or end a line is refused",
    arguments: [
      ("", .empty), (String(repeating: "x", count: 256), .tooLong), (".", .leadingDot), ("..", .leadingDot), (".a", .leadingDot), ("a/b", .character),
      ("/", .character), ("a b", .character), ("a\n", .character), ("a\u{0}", .character), ("é", .character), ("a:b", .character), ("a\\b", .character),
    ] as [(String, ContainerIDError)])
  func refused(_ text: String, _ error: ContainerIDError) {
    #expect(throws: error) { try ContainerID(text) }
  }
}

@Suite("the state of a container")
struct ContainerStateTests {
  private func state(_ annotations: [Annotation] = []) throws -> ContainerState {
    ContainerState(ociVersion: "1.2.0", id: try ContainerID("web-1"), status: .running, pid: 4422, bundle: "/b/\"x\"", annotations: annotations)
  }

  @Test("the document is the specification's")
  func document() throws {
    let expected = """
      {
        "ociVersion": "1.2.0",
        "id": "web-1",
        "status": "running",
        "pid": 4422,
        "bundle": "/b/\\"x\\"",
        "annotations": {
          "k": "v"
        }
      }

      """
    #expect(String(decoding: try state([Annotation(key: "k", value: "v")]).document(), as: UTF8.self) == expected)
    let compact = #"{"ociVersion":"1.2.0","id":"web-1","status":"running","pid":4422,"bundle":"/b/\"x\""}"#
    #expect(String(decoding: try state().compactDocument(), as: UTF8.self) == compact)
  }

  @Test("what isolates and limits it comes last")
  func enforcement() throws {
    var state = try state()
    state.enforcement = [EnforcementRow(what: "linux.resources.pids.limit", asked: "64", applied: "64", by: "pids.max \"v2\"")]
    #expect(
      String(decoding: state.compactDocument(), as: UTF8.self)
        == #"{"ociVersion":"1.2.0","id":"web-1","status":"running","pid":4422,"bundle":"/b/\"x\"","enforcement":[{"what":"linux.resources.pids.limit","#
        + #""asked":"64","applied":"64","by":"pids.max \"v2\""}]}"#)
  }

  @Test("what is written is read back", arguments: ContainerStatus.allCases)
  func roundTrip(_ status: ContainerStatus) throws {
    var state = try state([Annotation(key: "a.b", value: ""), Annotation(key: "ü", value: "x\ny")])
    state.status = status
    #expect(try ContainerState(parsing: state.document()) == state)
    #expect(try ContainerState(parsing: state.compactDocument()) == state)
    state.pid = nil
    if status == .creating || status == .stopped {
      #expect(try ContainerState(parsing: state.document()) == state)
    } else {
      #expect(refusal { () throws(SpecError) in try ContainerState(parsing: state.document()) } == "pid: missing")
    }
  }

  @Test("a pid of 0 is none, as runc writes it")
  func pidZero() throws {
    let text = #"{"ociVersion": "1.0.0", "id": "a", "status": "stopped", "pid": 0, "bundle": "/b"}"#
    #expect(try ContainerState(parsing: Array(text.utf8)).pid == nil)
  }

  @Test(
    "a state is refused with its path",
    arguments: [
      (#"{}"#, "ociVersion: missing"), (#"{"ociVersion": "1.0.0"}"#, "id: missing"),
      (#"{"ociVersion": "1.0.0", "id": "../a"}"#, "id: not the id of a container"),
      (#"{"ociVersion": "1.0.0", "id": "a", "status": "gone"}"#, "status: unknown value 'gone'"),
      (#"{"ociVersion": "1.0.0", "id": "a", "status": "running", "pid": -1}"#, "pid: out of range: -1 is not between 0 and 2147483647"),
      (#"{"ociVersion": "1.0.0", "id": "a", "status": "stopped", "bundle": "b"}"#, "bundle: must be an absolute path"),
    ])
  func refused(_ text: String, _ message: String) {
    #expect(refusal { () throws(SpecError) in try ContainerState(parsing: Array(text.utf8)) } == message)
  }
}
