import OCI
import Testing

@Suite("config.json: what is particular to Linux")
struct LinuxSectionTests {
  @Test("a whole section is taken")
  func whole() throws {
    let members = """
      "namespaces": [{"type": "pid", "path": "/proc/1/ns/pid"}, {"type": "network", "path": ""}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"},
        {"type": "user"}, {"type": "cgroup"}, {"type": "time"}],
      "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 65536}], "gidMappings": [{"containerID": 1, "hostID": 2, "size": 3}],
      "timeOffsets": {"monotonic": {"secs": -172800, "nanosecs": 999999999}, "boottime": {}},
      "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 1, "gid": 2}, {"path": "/x", "type": "p"},
        {"path": "/b", "type": "b", "major": 8, "minor": 0, "fileMode": 25008}],
      "netDevices": {"eth0": {"name": "c_eth0"}, "eth1": {}}, "cgroupsPath": "/a/b",
      "sysctl": {"net.ipv4.ip_forward": "1", "kernel.shmmax": ""}, "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
      "rootfsPropagation": "rslave", "mountLabel": "l", "personality": {"domain": "LINUX32", "flags": []},
      "memoryPolicy": {"mode": "MPOL_INTERLEAVE", "nodes": "2-3", "flags": ["MPOL_F_STATIC_NODES"]},
      "intelRdt": {"closID": "/", "schemata": ["L3:0=7f0"], "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20", "enableMonitoring": true}
      """
    let linux = try #require(try specification(configuration(linux: members)).linux)
    #expect(
      linux
        == LinuxSection(
          namespaces: [
            Namespace(type: .pid, path: "/proc/1/ns/pid"), Namespace(type: .network), Namespace(type: .mount), Namespace(type: .ipc), Namespace(type: .uts),
            Namespace(type: .user), Namespace(type: .cgroup), Namespace(type: .time),
          ],
          uidMappings: [IDMapping(containerID: 0, hostID: 1000, size: 65536)],
          gidMappings: [IDMapping(containerID: 1, hostID: 2, size: 3)],
          timeOffsets: [TimeOffset(clock: .monotonic, secs: -172800, nanosecs: 999_999_999), TimeOffset(clock: .boottime)],
          devices: [
            Device(type: .character, path: "/dev/fuse", major: 10, minor: 229, fileMode: 0o666, uid: 1, gid: 2), Device(type: .fifo, path: "/x"),
            Device(type: .block, path: "/b", major: 8, minor: 0, fileMode: 0o660),
          ],
          netDevices: [NetDevice(hostName: "eth0", name: "c_eth0"), NetDevice(hostName: "eth1")], cgroupsPath: "/a/b",
          sysctl: [Sysctl(key: "net.ipv4.ip_forward", value: "1"), Sysctl(key: "kernel.shmmax", value: "")], maskedPaths: ["/proc/kcore"],
          readonlyPaths: ["/proc/sys"], rootfsPropagation: .recursiveSlave, mountLabel: "l",
          intelRdt: IntelRdt(closID: "/", schemata: ["L3:0=7f0"], l3CacheSchema: "L3:0=f", memBwSchema: "MB:0=20", enableMonitoring: true),
          personality: Personality(domain: .linux32), memoryPolicy: MemoryPolicy(mode: .interleave, nodes: "2-3", flags: [.staticNodes])))
    #expect(linux.namespace(.pid)?.path == "/proc/1/ns/pid")
    #expect(try specification(configuration(linux: "")).linux?.namespace(.pid) == nil)
  }

  @Test(
    "a member is refused with its path",
    arguments: [
      (#""namespaces": [{"type": "pid"}, {"type": "net"}]"#, "linux.namespaces[1].type: unknown value 'net'"),
      (#""namespaces": [{"path": "/x"}]"#, "linux.namespaces[0].type: missing"),
      (#""namespaces": [{"type": "pid"}, {"type": "pid", "path": "/x"}]"#, "linux.namespaces[1]: the namespace 'pid' is given twice"),
      (#""namespaces": [{"type": "pid", "path": "proc/1/ns/pid"}]"#, "linux.namespaces[0].path: must be an absolute path"),
      (#""uidMappings": [{"containerID": 0, "hostID": 1}]"#, "linux.uidMappings[0].size: missing"),
      (#""uidMappings": [{"containerID": 1, "hostID": 0, "size": 4294967295}, 1]"#, "linux.uidMappings[1]: expected an object, found a number"),
      (#""gidMappings": [{"containerID": 2, "hostID": 0, "size": 4294967295}]"#, "linux.gidMappings[0]: the range goes beyond 4294967295"),
      (#""timeOffsets": {"realtime": {"secs": 1}}"#, "linux.timeOffsets.realtime: a time namespace has no such clock, only monotonic and boottime"),
      (
        #""timeOffsets": {"boottime": {"nanosecs": 1000000000}}"#,
        "linux.timeOffsets.boottime.nanosecs: out of range: 1000000000 is not between 0 and 999999999"
      ),
      (#""devices": [{"path": "/d", "type": "s", "major": 1, "minor": 1}]"#, "linux.devices[0].type: unknown value 's'"),
      (#""devices": [{"path": "/d", "type": "c", "major": 1}]"#, "linux.devices[0].minor: missing"),
      (#""devices": [{"path": "dev/x", "type": "p"}]"#, "linux.devices[0].path: must be an absolute path"),
      (
        #""devices": [{"path": "/d", "type": "b", "major": -1, "minor": 0}]"#,
        "linux.devices[0].major: out of range: -1 is not between 0 and 9223372036854775807"
      ),
      (#""netDevices": {"eth0": "x"}"#, "linux.netDevices.eth0: expected an object, found a string"),
      (#""cgroupsPath": 1"#, "linux.cgroupsPath: expected a string, found a number"),
      (#""sysctl": {"net.core.somaxconn": 256}"#, #"linux.sysctl["net.core.somaxconn"]: expected a string, found a number"#),
      (#""maskedPaths": ["/a", "proc/kcore"]"#, "linux.maskedPaths[1]: must be an absolute path"),
      (#""readonlyPaths": [""]"#, "linux.readonlyPaths[0]: must be an absolute path"),
      (#""rootfsPropagation": "public""#, "linux.rootfsPropagation: unknown value 'public'"),
      (#""personality": {"domain": "BSD"}"#, "linux.personality.domain: unknown value 'BSD'"),
      (#""personality": {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}"#, "linux.personality.flags[0]: unknown value 'ADDR_NO_RANDOMIZE'"),
      (#""memoryPolicy": {"mode": "MPOL_X"}"#, "linux.memoryPolicy.mode: unknown value 'MPOL_X'"),
      (#""memoryPolicy": {"mode": "MPOL_BIND", "flags": ["X"]}"#, "linux.memoryPolicy.flags[0]: unknown value 'X'"),
      (#""intelRdt": {"closID": "../a"}"#, "linux.intelRdt.closID: must be '/' or the name of one directory"),
      (#""intelRdt": {"closID": ".."}"#, "linux.intelRdt.closID: must be '/' or the name of one directory"),
      (#""intelRdt": {"memBwSchema": "L3:0=1"}"#, "linux.intelRdt.memBwSchema: must begin with 'MB:'"),
      (#""intelRdt": {"schemata": ["a\nb"]}"#, "linux.intelRdt.schemata[0]: must not contain a newline"),
    ])
  func members(_ members: String, _ message: String) {
    #expect(refusal(configuration(linux: members)) == message)
  }

  @Test("every name of an enumeration leads back to its value, and no name is used twice")
  func names() {
    func check<Value: NamedValue>(_ type: Value.Type) {
      #expect(Set(Value.allCases.map(\.name)).count == Value.allCases.count)
      for value in Value.allCases { #expect(Value(named: value.name)?.rawValue == value.rawValue) }
      #expect(Value(named: "")?.rawValue == nil)
    }
    check(NamespaceType.self)
    check(OffsetClock.self)
    check(DeviceType.self)
    check(RootfsPropagation.self)
    check(RlimitType.self)
    check(SchedulerPolicy.self)
    check(SchedulerFlag.self)
    check(IOPriorityClass.self)
    check(PersonalityDomain.self)
    check(MemoryPolicyMode.self)
    check(MemoryPolicyFlag.self)
    check(DeviceRuleType.self)
    check(SeccompAction.self)
    check(SeccompOperator.self)
    check(SeccompFlag.self)
    check(SeccompArchitecture.self)
    check(ContainerStatus.self)
    check(DigestAlgorithm.self)
    check(MediaType.self)
  }
}
