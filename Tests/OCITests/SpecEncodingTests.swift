import Testing

@testable import OCI

@Suite("what a later process needs of a container is written and read again")
struct SpecEncodingTests {
  @Test("the process, and what isolates and limits it, come back as they were")
  func roundTrip() throws {
    let process = Process(
      user: User(uid: 5, gid: .max - 1, umask: 0o77, additionalGids: [1, 2]), args: ["a \"b\"", ""], env: ["A=\n", "B="], cwd: "/ü",
      capabilities: Capabilities(bounding: ["CAP_CHOWN"], permitted: ["CAP_KILL"]), noNewPrivileges: true, oomScoreAdj: -5)
    let namespaces = [Namespace(type: .pid), Namespace(type: .network, path: "/proc/1/ns/net")]
    let linux = LinuxSection(
      namespaces: namespaces,
      resources: Resources(memory: MemoryResources(), cpu: CPUResources(quota: 5), pids: PidsResources(limit: 5), blockIO: BlockIOResources()),
      maskedPaths: ["/proc/keys"], readonlyPaths: ["/proc/bus", "/ü"])
    let spec = Spec(process: process, root: Root(path: "/r", readonly: true), hostname: "h", linux: linux)
    let read = try Spec(parsing: spec.keptDocument())
    #expect(read.process == process)
    #expect(read.linux == linux)
    #expect(read.root == Root(path: "/r", readonly: true))
  }
}
