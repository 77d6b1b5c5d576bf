import OCI
import Testing

@Suite("the state that a seccomp agent gets")
struct ContainerProcessStateTests {
  @Test("the example of the specification")
  func example() throws {
    let state = ContainerState(
      ociVersion: "1.0.2", id: try ContainerID("oci-container1"), status: .creating, pid: 4422, bundle: "/containers/redis",
      annotations: [Annotation(key: "myKey", value: "myValue")])
    let process = ContainerProcessState(ociVersion: "1.0.2", pid: 4422, metadata: "MKNOD=/dev/null,/dev/net/tun", state: state)
    #expect(
      String(decoding: process.compactDocument(), as: UTF8.self)
        == #"{"ociVersion":"1.0.2","fds":["seccompFd"],"pid":4422,"metadata":"MKNOD=/dev/null,/dev/net/tun","state":{"ociVersion":"1.0.2","#
        + #""id":"oci-container1","status":"creating","pid":4422,"bundle":"/containers/redis","annotations":{"myKey":"myValue"}}}"#)
  }

  @Test("without metadata there is none")
  func noMetadata() throws {
    let state = ContainerState(id: try ContainerID("a"), status: .running, pid: 1, bundle: "/b")
    let text = String(decoding: ContainerProcessState(pid: 2, metadata: nil, state: state).compactDocument(), as: UTF8.self)
    #expect(!text.contains("metadata") && text.contains(#""pid":2,"state""#))
  }
}
