import OCI
import Testing

@testable import Control

private func policy(_ text: String) throws -> ControlPolicy { try ControlPolicy(parsing: Array(text.utf8)) }

/// The names of the rights that a caller has for an application; nil: for any.
private func rights(_ policy: ControlPolicy, _ caller: Caller, _ application: String?) -> [String] {
  [(Right.read, "read"), (.logs, "logs"), (.control, "control"), (.install, "install")].filter { policy.permits(caller, $0.0, application: application) }.map(
    \.1)
}

private let alice = Caller(uid: 1000, gid: 1000, pid: 5, groups: [27, 50])
private let bob = Caller(uid: 1001, gid: 1001, pid: 6)

@Suite("who may do what")
struct PolicyTests {
  @Test("without a policy, root may do everything and nobody else anything")
  func none() throws {
    for policy in [ControlPolicy(), try policy(#"{"grants": []}"#)] {
      #expect(rights(policy, root, "a").count == 4 && rights(policy, root, nil).count == 4)
      #expect(rights(policy, Caller(uid: 1, gid: 0, pid: 1, groups: [0]), nil).isEmpty)
      #expect(rights(policy, Caller(uid: .max, gid: .max, pid: 0, groups: [.max]), nil).isEmpty)
    }
  }

  @Test("a grant is for a user or a group, for some applications or for all")
  func grants() throws {
    let policy = try policy(
      #"""
        {"grants": [
          {"uid": 1000, "rights": ["read"]}, {"uid": 1000, "applications": ["shop", "cache"], "rights": ["control", "logs"]},
          {"gid": 50, "applications": ["shop"], "rights": ["install"]}, {"gid": 1001, "applications": ["cache"], "rights": ["read"]}
        ]}
      """#)
    #expect(rights(policy, alice, "shop") == ["read", "logs", "control", "install"])
    #expect(rights(policy, alice, "cache") == ["read", "logs", "control"])
    #expect(rights(policy, alice, "other") == ["read"] && rights(policy, alice, nil) == ["read", "logs", "control", "install"])
    #expect(
      rights(policy, bob, "cache") == ["read"] && rights(policy, bob, "shop").isEmpty && rights(policy, bob, "cach").isEmpty
        && rights(policy, bob, nil) == ["read"])
    // A number of a user is none of a group.
    #expect(rights(policy, Caller(uid: 50, gid: 1000, pid: 1), nil).isEmpty)
    #expect(rights(policy, Caller(uid: 7, gid: 50, pid: 1), "shop") == ["install"])
  }

  @Test("rights that no list of applications names are not there for all of them")
  func separate() throws {
    let policy = try policy(
      #"{"grants": [{"uid": 1000, "applications": ["a"], "rights": ["read"]}, {"uid": 1000, "applications": ["b"], "rights": ["logs"]}]}"#)
    #expect(rights(policy, alice, "a") == ["read"] && rights(policy, alice, "b") == ["logs"] && rights(policy, alice, "c").isEmpty)
  }

  @Test(
    "what is not understood refuses all of it, with its place",
    arguments: [
      ("", "line 1, column 1: expected a value, but the document ends"), ("[]", "expected an object, found an array"), ("{}", "grants: missing"),
      (#"{"grants": {}}"#, "grants: expected an array, found an object"),
      (#"{"grants": [], "x-y": 1}"#, "x-y: unknown key"), (#"{"grants": [{"uid": 1, "rights": ["read"], "name": "a"}]}"#, "grants[0].name: unknown key"),
      (#"{"grants": [1]}"#, "grants[0]: expected an object, found a number"),
      (#"{"grants": [{"rights": ["read"]}]}"#, "grants[0]: expected exactly one of uid and gid"),
      (#"{"grants": [{"uid": 1, "gid": 1, "rights": ["read"]}]}"#, "grants[0]: expected exactly one of uid and gid"),
      (#"{"grants": [{"uid": -1, "rights": ["read"]}]}"#, "grants[0].uid: out of range: -1 is not between 0 and 4294967294"),
      (#"{"grants": [{"gid": 4294967295, "rights": ["read"]}]}"#, "grants[0].gid: out of range: 4294967295 is not between 0 and 4294967294"),
      (#"{"grants": [{"uid": "1", "rights": ["read"]}]}"#, "grants[0].uid: expected an integer, found a string"),
      (#"{"grants": [{"uid": 1}]}"#, "grants[0].rights: missing"),
      (#"{"grants": [{"uid": 1, "rights": "read"}]}"#, "grants[0].rights: expected an array, found a string"),
      (#"{"grants": [{"uid": 1, "applications": null, "rights": ["read"]}]}"#, "grants[0].applications: must not be null"),
      (#"{"grants": [{"uid": 1, "gid": null, "rights": ["read"]}]}"#, "grants[0].gid: must not be null"),
      (#"{"grants": [{"uid": 1, "rights": []}]}"#, "grants[0].rights: expected at least one right"),
      (#"{"grants": [{"uid": 1, "rights": ["read", "write"]}]}"#, "grants[0].rights[1]: unknown value 'write'"),
      (#"{"grants": [{"uid": 1, "rights": ["read", "read"]}]}"#, "grants[0].rights[1]: is there twice"),
      (#"{"grants": [{"uid": 1, "rights": [""]}]}"#, "grants[0].rights[0]: unknown value ''"),
      (#"{"grants": [{"uid": 1, "applications": [], "rights": ["read"]}]}"#, "grants[0].applications: expected at least one application"),
      (#"{"grants": [{"uid": 1, "applications": ["A"], "rights": ["read"]}]}"#, "grants[0].applications[0]: is not the name of an application"),
      (#"{"grants": [{"uid": 1, "applications": ["a", "a"], "rights": ["read"]}]}"#, "grants[0].applications[1]: is there twice"),
      (#"{"grants": [{"uid": 1, "applications": "*", "rights": ["read"]}]}"#, "grants[0].applications: expected an array, found a string"),
    ])
  func refused(text: String, sentence: String) {
    let error = #expect(throws: SpecError.self) { try policy(text) }
    #expect(error?.message == sentence)
  }

  @Test("a request takes its right, and what is about all applications the right for one of them")
  func requests() throws {
    let policy = try policy(#"{"grants": [{"uid": 1000, "applications": ["a"], "rights": ["read"]}, {"uid": 1001, "rights": ["logs"]}]}"#)
    func refusal(_ line: String, _ caller: Caller) throws -> String? {
      let request = try request(line).get()
      do throws(Problem) {
        try policy.check(request, by: caller)
        return nil
      } catch { return error.status == .forbidden ? error.detail : "another status" }
    }
    for line in ["GET /v1/version", "GET /metrics", "GET /v1/applications", "GET /v1/applications/a", "GET /v1/events", "GET /v1/events?application=a"] {
      #expect(try refusal(line, alice) == nil)
    }
    for line in ["GET /v1/applications/b", "GET /v1/events?application=b", "GET /v1/applications/b/history"] {
      #expect(try refusal(line, alice) == "user 1000 does not have the right here that this takes: read")
    }
    #expect(try refusal("GET /v1/applications/a/logs", alice) == "user 1000 does not have the right here that this takes: logs")
    #expect(try refusal("POST /v1/applications/a/stop", alice) == "user 1000 does not have the right here that this takes: control")
    #expect(try refusal("PUT /v1/applications/a", alice) == "user 1000 does not have the right here that this takes: install")
    #expect(try refusal("DELETE /v1/applications/a", alice) == "user 1000 does not have the right here that this takes: install")
    #expect(try refusal("GET /v1/version", bob) == nil && refusal("GET /v1/applications/x/logs", bob) == nil)
    #expect(try refusal("GET /v1/version", Caller(uid: 7, gid: 7, pid: 1)) == "user 7 does not have the right here that this takes: any")
    for operation in Operation.allCases { try policy.check(ControlRequest(operation, application: "a"), by: root) }
  }
}
