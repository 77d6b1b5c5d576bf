import Linux
import OCI
import Testing

@testable import Sandbox

private func range(_ inside: UInt32, _ outside: UInt32, _ size: UInt32) -> IDMapping { IDMapping(containerID: inside, hostID: outside, size: size) }

@Suite("numbers of a user namespace")
struct IDMapTests {
  @Test("a number outside is found through the range that it lies in")
  func outside() throws {
    let map = IDMap(ranges: [range(0, 100_000, 10), range(20, 5, 1), range(UInt32.max - 1, 7, 1)])
    #expect([0, 9, 20, UInt32.max - 1].map { map.outside($0) } == [100_000, 100_009, 5, 7])
    #expect([10, 19, 21, UInt32.max].allSatisfy { map.outside($0) == nil })
    // The host's own: every number but the last, which stands for none.
    #expect(IDMap(ranges: [range(0, 0, UInt32.max)]).outside(UInt32.max - 1) == UInt32.max - 1)
  }

  @Test("what is written is a line for each range, and what the kernel shows is read again")
  func text() throws {
    let map = IDMap(ranges: [range(0, 100_000, 65536), range(70000, 1, 2)])
    #expect(map.text == "0 100000 65536\n70000 1 2\n")
    let shown = "         0     100000      65536\n     70000          1          2\n"
    #expect(IDMap(parsing: Array(shown.utf8)) == map)
    #expect(IDMap(parsing: []) == IDMap(ranges: []))
    for text in ["0 1\n", "0 1 2 3\n", "0 1 -2\n", "0 1 4294967296\n", "a b c\n"] { #expect(IDMap(parsing: Array(text.utf8)) == nil) }
  }

  @Test("the order of ranges says nothing")
  func order() {
    let (one, other) = (range(0, 100, 10), range(10, 500, 10))
    #expect(IDMap(ranges: [one, other]).hasSameRanges(as: IDMap(ranges: [other, one])))
    #expect(!IDMap(ranges: [one]).hasSameRanges(as: IDMap(ranges: [other])))
    #expect(!IDMap(ranges: [one, other]).hasSameRanges(as: IDMap(ranges: [one])))
  }
}

@Suite("user namespaces are planned")
struct PlanUserNamespaceTests {
  /// A container with a user namespace of its own and these numbers for users and groups.
  private func spec(_ users: [IDMapping], _ groups: [IDMapping]? = nil, path: String? = nil, _ change: (inout Spec) -> Void = { _ in }) -> Spec {
    smallest {
      $0.linux?.namespaces.append(Namespace(type: .user, path: path))
      $0.linux?.uidMappings = users
      $0.linux?.gidMappings = groups ?? users
      change(&$0)
    }
  }

  private let all = [range(0, 100_000, 65536)]

  @Test("a new one has the numbers of config.json, of one range or several")
  func new() throws {
    let several = [range(0, 1000, 1), range(1, 100_000, 65535)]
    let plan = try plan(spec(several, all))
    #expect(plan.newNamespaces == [.mount, .user] && plan.joinedNamespaces.isEmpty)
    #expect(plan.userNamespace == UserNamespacePlan(isNew: true, users: IDMap(ranges: several), groups: IDMap(ranges: all)))
    #expect(!plan.needsStage)
  }

  @Test("without one there is none to plan, and nothing can be mapped")
  func none() throws {
    #expect(try plan(smallest()).userNamespace == nil)
    #expect(refusal(smallest { $0.linux?.uidMappings = all }) == "linux.uidMappings: needs a user namespace (linux.namespaces)")
    #expect(refusal(smallest { $0.linux?.gidMappings = all }) == "linux.gidMappings: needs a user namespace (linux.namespaces)")
  }

  @Test("a new one needs numbers, those of root among them")
  func missing() {
    #expect(refusal(spec([], all)) == "linux.uidMappings: missing; a new user namespace needs it")
    #expect(refusal(spec(all, [])) == "linux.gidMappings: missing; a new user namespace needs it")
    #expect(refusal(spec([range(1, 100_000, 5)], all)) == "linux.uidMappings: must map 0, as whom the container is made")
  }

  @Test("no number stands for two, inside or outside")
  func overlaps() {
    let path = "linux.gidMappings[1]: overlaps linux.gidMappings[0]"
    #expect(refusal(spec(all, [range(0, 1000, 10), range(9, 2000, 1)])) == path)
    #expect(refusal(spec(all, [range(0, 1000, 10), range(10, 1009, 1)])) == path)
    #expect(refusal(spec(all, [range(0, UInt32.max - 1, 1), range(10, 0, 1)])) == nil)
    #expect(
      refusal(spec([range(0, 0, 10), range(10, 10, 10), range(5, 100, 1)], all)) == "linux.uidMappings[2]: overlaps linux.uidMappings[0]")
  }

  @Test("no more ranges than the kernel takes")
  func count() {
    func ranges(_ count: UInt32) -> [IDMapping] { (0..<count).map { range($0, $0, 1) } }
    #expect(refusal(spec(ranges(340), all)) == nil)
    #expect(refusal(spec(ranges(341), all)) == "linux.uidMappings: 341 ranges; the kernel takes 340")
    let long = (0..<UInt32(200)).map { range($0, 4_000_000_000 + $0 * 1000, 1000) }.map { range($0.containerID * 1000, $0.hostID, 1000) }
    #expect(refusal(spec(long, all)) == "linux.uidMappings: too many ranges: the kernel takes 4095 bytes of text")
  }

  @Test("the program's numbers must be somebody's")
  func identity() {
    func with(_ user: User) -> String? { refusal(spec([range(0, 1000, 10)], [range(0, 1000, 20)]) { $0.process?.user = user }) }
    #expect(with(User(uid: 9, gid: 19, additionalGids: [1, 2])) == nil)
    #expect(with(User(uid: 10, gid: 0)) == "process.user.uid: 10 is nobody in the container's user namespace")
    #expect(with(User(uid: 0, gid: 20)) == "process.user.gid: 20 is nobody in the container's user namespace")
    #expect(with(User(uid: 0, gid: 0, additionalGids: [1, 20])) == "process.user.additionalGids[1]: 20 is nobody in the container's user namespace")
  }

  @Test("one that is joined may say its numbers, which are compared then, and needs a process that joins it first")
  func joined() throws {
    let plain = try plan(spec([], path: "/run/user"))
    #expect(plain.userNamespace == UserNamespacePlan(isNew: false))
    #expect(plain.joinedNamespaces.map { $0.kind } == [.user] && plain.newNamespaces == .mount && plain.needsStage)
    #expect(try plan(spec(all, path: "/run/user")).userNamespace == UserNamespacePlan(isNew: false, users: IDMap(ranges: all), groups: IDMap(ranges: all)))
    // What Podman writes because old versions of runc want something.
    #expect(try plan(spec([range(0, 0, 1)], path: "/run/user")).userNamespace == UserNamespacePlan(isNew: false))
  }

  @Test("namespaces of the host are joined before a new user namespace is made")
  func stage() throws {
    func needsStage(_ namespaces: Namespace...) throws -> Bool { try plan(spec(all) { $0.linux?.namespaces += namespaces }).needsStage }
    #expect(try !needsStage(Namespace(type: .network), Namespace(type: .pid)))
    #expect(try needsStage(Namespace(type: .network, path: "/run/netns/a")))
    #expect(try !plan(smallest { $0.linux?.namespaces.append(Namespace(type: .network, path: "/run/netns/a")) }).needsStage)
  }

  @Test(
    "what shows another namespace is mounted only with a new one of that kind",
    arguments: [("proc", NamespaceType.pid, "PID"), ("sysfs", .network, "network"), ("mqueue", .ipc, "IPC")])
  func mounts(_ type: String, _ namespace: NamespaceType, _ name: String) {
    func refused(_ namespaces: [Namespace], users: [IDMapping]? = nil, path: String? = nil) -> String? {
      refusal(
        spec(users ?? all, path: path) {
          $0.linux?.namespaces += namespaces
          $0.mounts = [Mount(destination: type == "proc" ? "/proc" : "/x", type: type)]
        })
    }
    #expect(refused([Namespace(type: namespace)]) == nil)
    #expect(refused([Namespace(type: namespace, path: "/run/ns")], users: [], path: "/run/user") == nil)
    let reason = "mounts[0].type: \(type) in a new user namespace needs a new \(name) namespace; a bind mount does not"
    #expect(refused([]) == reason)
    #expect(refused([Namespace(type: namespace, path: "/run/ns")]) == reason)
  }

  @Test("parameters of a user namespace are its own, or refused")
  func parameters() throws {
    let parameter = [Sysctl(key: "user.max_user_namespaces", value: "3")]
    #expect(try plan(spec(all) { $0.linux?.sysctl = parameter }).kernelParameters.map { $0.file } == ["sys/user/max_user_namespaces"])
    #expect(
      refusal(smallest { $0.linux?.sysctl = parameter })
        == "linux.sysctl.user.max_user_namespaces: needs a namespace of the container's own, which linux.namespaces does not have")
  }

  @Test("a process that joins a container joins its user namespace, whatever numbers that has")
  func exec() throws {
    func plan(_ kinds: NamespaceFlags...) throws(SpecError) -> SandboxPlan {
      try SandboxPlan(
        joining: smallest(), Process(args: ["x"]), namespaces: kinds.map { JoinedNamespace(kind: $0, path: "/x") }, seccomp: nil,
        capabilities: CapabilitySets())
    }
    #expect(try plan(.mount).userNamespace == nil)
    #expect(try plan(.mount, .user).userNamespace == UserNamespacePlan(isNew: false))
  }
}
