import Testing

@testable import OCI

@Suite("what a later process needs of a container is written and read again")
struct SpecEncodingTests {
  @Test("process and namespaces come back as they were")
  func roundTrip() throws {
    let process = Process(
      user: User(uid: 5, gid: .max - 1, umask: 0o77, additionalGids: [1, 2]), args: ["a \"b\"", ""], env: ["A=\n", "B="], cwd: "/ü",
      capabilities: Capabilities(bounding: ["CAP_CHOWN"], permitted: ["CAP_KILL"]), noNewPrivileges: true, oomScoreAdj: -5)
    let namespaces = [Namespace(type: .pid), Namespace(type: .network, path: "/proc/1/ns/net")]
    let spec = Spec(process: process, root: Root(path: "/r"), hostname: "h", linux: LinuxSection(namespaces: namespaces))
    let read = try Spec(parsing: spec.documentForExec())
    #expect(read.process == process)
    #expect(read.linux?.namespaces == namespaces)
    #expect(read.root == Root(path: "/r"))
  }
}
