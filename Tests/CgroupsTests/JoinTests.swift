import Linux
import OCI
import Testing

@testable import Cgroups

@Suite("further processes, and who owns the group")
struct JoinTests {
  private func parsed(_ arguments: [String]) -> String {
    do {
      return try Subgroup.parse(arguments).map { "\($0.controller ?? "*")=\($0.path.description)" }.joined(separator: " ")
    } catch {
      return error.message
    }
  }

  @Test("--cgroup of exec: one path, or paths by controller")
  func subgroups() {
    #expect(parsed([]) == "")
    #expect(parsed(["/"]) == "*=" && parsed(["a//./b/"]) == "*=a/b")
    #expect(parsed(["cpu,memory:/x", "pids:y"]) == "cpu=x memory=x pids=y")
    #expect(parsed(["a", "b"]) == "invalid --cgroup argument: a (missing <controller>: prefix)")
    #expect(parsed([":a"]) == "invalid --cgroup argument: :a (empty <controller> prefix)")
    #expect(parsed(["cpu,:a"]) == "invalid --cgroup argument: cpu,:a (empty <controller> prefix)")
    #expect(parsed(["cpu:a", "cpu:b"]) == "invalid --cgroup argument(s): controller cpu specified multiple times")
    #expect(parsed(["../a"]) == "bad sub cgroup path: ../a")
  }

  @Test("the group belongs to the program's user, if that sees it in a namespace of its own and may write to it")
  func owner() {
    func owner(
      _ namespaces: [Namespace], _ options: [String], user: UInt32 = 5, mappings: [IDMapping] = [], destination: String = "/sys/fs/cgroup"
    ) -> UInt32? {
      let mount = Mount(destination: destination, type: "cgroup", source: "cgroup", options: options)
      let process = Process(user: User(uid: user), args: ["a"])
      let linux = LinuxSection(namespaces: namespaces, uidMappings: mappings)
      return delegatedOwner(of: Spec(ociVersion: "1.3.0", process: process, mounts: [mount], linux: linux))
    }
    let own = Namespace(type: .cgroup)
    #expect(owner([own], ["rw"]) == 5)
    #expect(owner([own], ["rw"], user: 0) == nil)
    #expect(owner([own], ["nosuid", "ro"]) == nil)
    #expect(owner([own], [], destination: "/cgroup") == nil)
    #expect(owner([], ["rw"]) == nil && owner([Namespace(type: .cgroup, path: "/proc/1/ns/cgroup")], ["rw"]) == nil)
    let users = [own, Namespace(type: .user)]
    #expect(owner(users, ["rw"], user: 0, mappings: [IDMapping(containerID: 0, hostID: 100_000, size: 10)]) == 100_000)
    #expect(owner(users, ["rw"], mappings: [IDMapping(containerID: 0, hostID: 9, size: 5), IDMapping(containerID: 5, hostID: 70, size: 1)]) == 70)
    #expect(owner(users, ["rw"], mappings: []) == nil)
  }
}
