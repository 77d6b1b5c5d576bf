import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("config.json becomes a plan")
struct PlanSandboxTests {
  @Test("the smallest configuration: nothing is added but the standard devices")
  func smallestPlan() throws {
    let plan = try plan(smallest())
    #expect(plan.newNamespaces == .mount && plan.joinedNamespaces.isEmpty)
    #expect(plan.rootPropagation.ofHostTree == [.slave, .recursive] && plan.rootPropagation.ofRoot == nil)
    #expect(plan.mounts.isEmpty && plan.maskedPaths.isEmpty && plan.readOnlyPaths.isEmpty && plan.kernelParameters.isEmpty && plan.limits.isEmpty)
    #expect(plan.devices.map { $0.path } == ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"])
    #expect(!plan.rootReadOnly && !plan.terminal && !plan.noNewPrivileges)
    #expect(plan.hostname == nil && plan.domainname == nil && plan.windowSize == nil && plan.oomScoreAdjustment == nil)
    #expect(plan.fileModeMask == 0o022)
    #expect(plan.workingDirectory == "/" && plan.arguments == ["/bin/true"])
  }

  @Test("what process says is taken over")
  func process() throws {
    let spec = smallest {
      $0.root = Root(path: "rootfs", readonly: true)
      $0.process = Process(
        terminal: true, consoleSize: ConsoleSize(height: 24, width: 80), user: User(uid: 1000, gid: 100, umask: 0o077, additionalGids: [5, 6]),
        args: ["sh", "-c", "id"], env: ["A=1"], cwd: "/home", rlimits: [Rlimit(type: .openFiles, soft: 10, hard: UInt64.max)], noNewPrivileges: true,
        oomScoreAdj: -500)
    }
    let plan = try plan(spec)
    #expect(plan.rootReadOnly && plan.terminal && plan.noNewPrivileges)
    #expect(plan.windowSize?.rows == 24 && plan.windowSize?.columns == 80)
    #expect(plan.identity == .numeric(user: 1000, group: 100, supplementaryGroups: [5, 6]))
    #expect(plan.fileModeMask == 0o077 && plan.oomScoreAdjustment == -500)
    #expect(plan.arguments == ["sh", "-c", "id"] && plan.environment == ["A=1"] && plan.workingDirectory == "/home")
    // RLIMIT_NOFILE is 7 in asm-generic/resource.h.
    #expect(plan.limits == [ResourceLimit(resource: 7, soft: 10, hard: UInt64.max, name: "RLIMIT_NOFILE")])
  }

  @Test("an image's user takes the place of the numbers")
  func imageIdentity() throws {
    #expect(try plan(smallest(), identity: .image("redis")).identity == .image("redis"))
  }

  @Test("empty labels and an empty set of hooks, as generators write them, ask for nothing")
  func emptyAsksForNothing() {
    let spec = smallest {
      $0.process?.apparmorProfile = ""
      $0.process?.selinuxLabel = ""
      $0.linux?.mountLabel = ""
      $0.hooks = Hooks()
      $0.hostname = ""
    }
    #expect(refusal(spec) == nil)
  }

  @Test("without a mount namespace the container goes back to that of the runtime; neither that nor one that is joined stands beside a new user namespace")
  func mountNamespace() throws {
    let sharing = try plan(smallest { $0.linux?.namespaces = [Namespace(type: .pid)] })
    #expect(sharing.sharesMounts && sharing.newNamespaces == [.pid, .mount])
    #expect(try plan(smallest { $0.linux = nil }).sharesMounts)
    #expect(try !plan(smallest()).sharesMounts)
    let users = smallest {
      $0.linux?.namespaces = [Namespace(type: .user)]
      $0.linux?.uidMappings = [IDMapping(containerID: 0, hostID: 1, size: 1)]
      $0.linux?.gidMappings = [IDMapping(containerID: 0, hostID: 1, size: 1)]
    }
    #expect(refusal(users)?.hasPrefix("linux.namespaces: a user namespace has no rights over the mount namespace of the runtime") == true)
    let joining = smallest { $0.linux?.namespaces = [Namespace(type: .pid), Namespace(type: .mount, path: "/proc/1/ns/mnt")] }
    #expect(try plan(joining).joinedNamespaces == [JoinedNamespace(kind: .mount, path: "/proc/1/ns/mnt", changedBy: "root")])
    joining.linux?.namespaces.append(Namespace(type: .user))
    joining.linux?.uidMappings = [IDMapping(containerID: 0, hostID: 1, size: 1)]
    joining.linux?.gidMappings = [IDMapping(containerID: 0, hostID: 1, size: 1)]
    #expect(refusal(joining) == "linux.namespaces[1].path: a new user namespace has no rights over a mount namespace that is joined")
  }

  @Test("namespaces are made or joined")
  func namespaces() throws {
    let spec = smallest { $0.linux?.namespaces += [Namespace(type: .pid), Namespace(type: .network, path: "/run/netns/a"), Namespace(type: .ipc, path: "")] }
    let plan = try plan(spec)
    #expect(plan.newNamespaces == [.mount, .pid, .ipc])
    #expect(plan.joinedNamespaces.count == 1 && plan.joinedNamespaces.first?.kind == .network && plan.joinedNamespaces.first?.path == "/run/netns/a")
  }

  @Test("the host cannot be renamed")
  func names() throws {
    #expect(refusal(smallest { $0.hostname = "a" }) == "hostname: needs a UTS namespace of the container's own (linux.namespaces)")
    #expect(refusal(smallest { $0.domainname = "a" }) == "domainname: needs a UTS namespace of the container's own (linux.namespaces)")
    let own = smallest {
      $0.hostname = String(repeating: "h", count: 64)
      $0.linux?.namespaces.append(Namespace(type: .uts))
    }
    #expect(try plan(own).hostname?.bytes.count == 64)
    let long = own
    long.hostname = String(repeating: "h", count: 65)
    #expect(refusal(long) == "hostname: longer than 64 bytes")
    #expect(
      refusal(
        smallest {
          $0.hostname = "a"
          $0.linux?.namespaces.append(Namespace(type: .uts, path: "/proc/1/ns/uts"))
        }) == nil)
  }

  @Test("a namespace that is joined knows what is set in it, so that the host's own can be refused when it is opened")
  func changesOfJoined() throws {
    func changes(_ type: NamespaceType, _ change: (inout Spec) -> Void) throws -> String? {
      let plan = try plan(
        smallest {
          change(&$0)
          $0.linux?.namespaces += ([.network, .ipc, .uts] as [NamespaceType]).map { Namespace(type: $0, path: $0 == type ? "/run/ns" : nil) }
        })
      #expect(plan.joinedNamespaces.count == 1)
      return plan.joinedNamespaces.first?.changedBy
    }
    let all = { (spec: inout Spec) in
      spec.hostname = "a"
      spec.linux?.sysctl = [Sysctl(key: "net.a", value: "1"), Sysctl(key: "kernel.sem", value: "1"), Sysctl(key: "net.b", value: "1")]
    }
    #expect(try changes(.network, all) == "linux.sysctl.net.a")
    #expect(try changes(.ipc, all) == "linux.sysctl.kernel.sem")
    #expect(try changes(.uts, all) == "hostname")
    #expect(try changes(.uts) { $0.domainname = "a" } == "domainname")
    #expect(try changes(.uts) { $0.linux?.sysctl = [Sysctl(key: "kernel.domainname", value: "a")] } == "linux.sysctl.kernel.domainname")
    #expect(try changes(.network) { $0.hostname = "" } == nil)
  }

  @Test(
    "propagation of the host's tree, and of the root in the end",
    arguments: [
      (RootfsPropagation.slave, [.slave, .recursive], nil), (.recursiveSlave, [.slave, .recursive], nil), (.private, [.slave, .recursive], .private),
      (.recursivePrivate, [.private, .recursive], nil), (.unbindable, [.slave, .recursive], .unbindable),
      (.recursiveUnbindable, [.slave, .recursive], [.unbindable, .recursive]), (.shared, nil, .shared), (.recursiveShared, nil, [.shared, .recursive]),
    ] as [(RootfsPropagation, MountFlags?, MountFlags?)])
  func propagation(_ asked: RootfsPropagation, _ ofHostTree: MountFlags?, _ ofRoot: MountFlags?) throws {
    let planned = try plan(smallest { $0.linux?.rootfsPropagation = asked }).rootPropagation
    #expect(planned.ofHostTree == ofHostTree && planned.ofRoot == ofRoot)
  }

  @Test("protected paths are absolute")
  func protectedPaths() throws {
    let spec = smallest {
      $0.linux?.maskedPaths = ["/proc/kcore"]
      $0.linux?.readonlyPaths = ["/proc/sys", "/sys"]
    }
    #expect(try plan(spec).maskedPaths == ["/proc/kcore"])
    #expect(try plan(spec).readOnlyPaths == ["/proc/sys", "/sys"])
    #expect(refusal(smallest { $0.linux?.maskedPaths = ["/a", "proc"] }) == "linux.maskedPaths[1]: must be an absolute path, not proc")
    #expect(refusal(smallest { $0.linux?.readonlyPaths = [""] }) == "linux.readonlyPaths[0]: must be an absolute path, not ")
  }

  @Test("a soft limit above the hard one is refused")
  func limits() {
    #expect(
      refusal(smallest { $0.process?.rlimits = [Rlimit(type: .core, soft: 2, hard: 1)] })
        == "process.rlimits[0]: the soft limit 2 is above the hard limit 1")
  }
}

@Suite("kernel parameters belong to a namespace of the container's own")
struct KernelParameterTests {
  private func spec(_ key: String, _ types: [NamespaceType]) -> Spec {
    smallest {
      $0.linux?.namespaces += types.map { Namespace(type: $0) }
      $0.linux?.sysctl = [Sysctl(key: key, value: "1")]
    }
  }

  @Test(
    "with their namespace they become files",
    arguments: [
      ("net.ipv4.ip_forward", NamespaceType.network, "net/ipv4/ip_forward"), ("net.ipv4.conf.eth0/1.forwarding", .network, "net/ipv4/conf/eth0.1/forwarding"),
      ("kernel.shmmax", .ipc, "kernel/shmmax"), ("fs.mqueue.msg_max", .ipc, "fs/mqueue/msg_max"), ("kernel.domainname", .uts, "kernel/domainname"),
    ])
  func files(_ key: String, _ type: NamespaceType, _ file: String) throws {
    #expect(try plan(spec(key, [type])).kernelParameters == [KernelParameter(file: Path("sys/\(file)"), value: "1")])
  }

  @Test("without it they would be the host's", arguments: ["net.ipv4.ip_forward", "kernel.sem", "fs.mqueue.msg_max", "kernel.domainname"])
  func hosts(_ key: String) {
    #expect(refusal(spec(key, [])) == "linux.sysctl.\(key): needs a namespace of the container's own, which linux.namespaces does not have")
  }

  @Test(
    "those of no namespace are refused",
    arguments: ["kernel.core_pattern", "vm.overcommit_memory", "kernel.shmmaxx", "kernel.hostname", "network.x", "net", ""])
  func nobodys(_ key: String) {
    #expect(refusal(spec(key, [.network, .ipc, .uts])) == "linux.sysctl.\(key): belongs to no namespace, so setting it would change the host")
  }

  @Test("the domain name cannot be two things")
  func domainname() {
    let asked = spec("kernel.domainname", [.uts])
    asked.domainname = "example"
    #expect(refusal(asked) == "linux.sysctl.kernel.domainname: domainname is another one, example")
    asked.domainname = "1"
    #expect(refusal(asked) == nil)
  }

  @Test("a key cannot lead to a file of another kind")
  func ways() {
    // Dots and slashes change places, so this is net/../kernel/core_pattern.
    #expect(refusal(spec("net.//.kernel.core_pattern", [.network])) == "linux.sysctl.net.//.kernel.core_pattern: not the name of a kernel parameter")
  }
}
