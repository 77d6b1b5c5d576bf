import JSON
import OCI
import Testing

@Suite("config.json: resources")
struct ResourcesTests {
  @Test("a whole section is taken")
  func whole() throws {
    let text = """
      {
        "devices": [{"allow": false}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"},
          {"allow": true, "type": "b", "major": -1, "minor": -1, "access": "m"}, {"allow": false, "type": "", "access": "mwr"}],
        "memory": {"limit": 536870912, "reservation": 0, "swap": -1, "kernel": -1, "kernelTCP": 9223372036854775807, "swappiness": 100,
          "disableOOMKiller": false, "useHierarchy": true, "checkBeforeUpdate": true},
        "cpu": {"shares": 1024, "quota": -1, "burst": 5, "period": 500000, "realtimeRuntime": 950000, "realtimePeriod": 1000000, "cpus": "2-3", "mems": "0-7",
          "idle": 1},
        "pids": {"limit": 0},
        "blockIO": {"weight": 10, "leafWeight": 11, "weightDevice": [{"major": 8, "minor": 0, "weight": 500}, {"major": 8, "minor": 16, "leafWeight": 300}],
          "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}], "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 2}],
          "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 3}], "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 18446744073709551615}]},
        "hugepageLimits": [{"pageSize": "2MB", "limit": 209715200}, {"pageSize": "64KB", "limit": 0}],
        "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
        "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}, "rxe3": {"hcaObjects": 1}},
        "unified": {"memory.high": "1", "io.max": "259:0 rbps=1\\n"}
      }
      """
    let one = { (rate: UInt64) in [ThrottleDevice(major: 8, minor: 0, rate: rate)] }
    let expected = Resources(
      devices: [
        DeviceRule(allow: false), DeviceRule(allow: true, type: .character, major: 10, minor: 229, access: [.read, .write]),
        DeviceRule(allow: true, type: .block, access: .mknod), DeviceRule(allow: false, access: .all),
      ],
      memory: MemoryResources(
        limit: 536_870_912, reservation: 0, swap: -1, kernel: -1, kernelTCP: Int64.max, swappiness: 100, disableOOMKiller: false, useHierarchy: true,
        checkBeforeUpdate: true),
      cpu: CPUResources(
        shares: 1024, quota: -1, burst: 5, period: 500_000, realtimeRuntime: 950_000, realtimePeriod: 1_000_000, cpus: "2-3", mems: "0-7", idle: 1),
      pids: PidsResources(limit: 0),
      blockIO: BlockIOResources(
        weight: 10, leafWeight: 11, weightDevice: [WeightDevice(major: 8, minor: 0, weight: 500), WeightDevice(major: 8, minor: 16, leafWeight: 300)],
        throttleReadBpsDevice: one(1), throttleWriteBpsDevice: one(2), throttleReadIOPSDevice: one(3), throttleWriteIOPSDevice: one(UInt64.max)),
      hugepageLimits: [HugepageLimit(pageSize: "2MB", limit: 209_715_200), HugepageLimit(pageSize: "64KB", limit: 0)],
      network: NetworkResources(classID: 1_048_577, priorities: [InterfacePriority(name: "eth0", priority: 500)]),
      rdma: [RDMALimit(device: "mlx5_1", hcaHandles: 3, hcaObjects: 10000), RDMALimit(device: "rxe3", hcaObjects: 1)],
      unified: [UnifiedSetting(file: "memory.high", value: "1"), UnifiedSetting(file: "io.max", value: "259:0 rbps=1\n")])
    #expect(try Resources(parsing: Array(text.utf8)) == expected)
    #expect(try specification(configuration(linux: "\"resources\": \(text)")).linux?.resources == expected)
  }

  @Test("what images and options ask for is written and read again")
  func written() throws {
    func again(_ resources: Resources) throws -> Resources {
      var writer = JSONWriter()
      resources.write(to: &writer)
      return try Resources(parsing: writer.bytes())
    }
    let resources = Resources(
      devices: [DeviceRule(allow: false), DeviceRule(allow: true, type: .character, major: 10, minor: 229, access: [.read, .write])],
      memory: MemoryResources(limit: 5, reservation: 0, swap: -1),
      cpu: CPUResources(
        shares: .max, quota: -1, burst: 5, period: 6, realtimeRuntime: -1, realtimePeriod: 8, cpus: "2-3", mems: "0", idle: 1),
      pids: PidsResources(limit: 0), blockIO: BlockIOResources(weight: 10))
    #expect(try again(resources) == resources)
    let nothing = Resources(memory: MemoryResources(), cpu: CPUResources(), pids: PidsResources(), blockIO: BlockIOResources())
    #expect(try again(Resources()) == nothing && again(nothing) == nothing)
  }

  @Test("what is absent stays as it is: nothing becomes a limit")
  func absent() throws {
    #expect(try Resources(parsing: Array("{}".utf8)) == Resources())
    #expect(try Resources(parsing: Array(#"{"memory": {}, "cpu": {}, "pids": {}}"#.utf8)).pids == PidsResources(limit: nil))
  }

  @Test("a swappiness of -1, which Docker writes as an unsigned number, is not set")
  func unsetSwappiness() throws {
    #expect(try Resources(parsing: Array(#"{"memory": {"swappiness": 18446744073709551615}}"#.utf8)).memory == MemoryResources())
  }

  @Test(
    "a member is refused with its path",
    arguments: [
      (#""memory": {"limit": "64m"}"#, "linux.resources.memory.limit: expected an integer, found a string"),
      (#""memory": {"limit": 1.5}"#, "linux.resources.memory.limit: expected an integer, found 1.5"),
      (#""memory": {"limit": -2}"#, "linux.resources.memory.limit: out of range: -2 is not between -1 and 9223372036854775807"),
      (
        #""memory": {"limit": 9223372036854775808}"#,
        "linux.resources.memory.limit: out of range: 9223372036854775808 is not between -1 and 9223372036854775807"
      ),
      (#""memory": {"swappiness": 101}"#, "linux.resources.memory.swappiness: out of range: 101 is not between 0 and 100"),
      (#""memory": []"#, "linux.resources.memory: expected an object, found an array"),
      (#""cpu": {"shares": -1}"#, "linux.resources.cpu.shares: out of range: -1 is not between 0 and 18446744073709551615"),
      (#""cpu": {"quota": 10, "burst": 11}"#, "linux.resources.cpu.burst: 11 is above the quota 10"),
      (#""cpu": {"idle": 2}"#, "linux.resources.cpu.idle: out of range: 2 is not between 0 and 1"),
      (#""cpu": {"cpus": 1}"#, "linux.resources.cpu.cpus: expected a string, found a number"),
      (#""pids": {"limit": -2}"#, "linux.resources.pids.limit: out of range: -2 is not between -1 and 9223372036854775807"),
      (#""devices": [{"access": "r"}]"#, "linux.resources.devices[0].allow: missing"),
      (#""devices": [{"allow": true, "type": "p"}]"#, "linux.resources.devices[0].type: unknown value 'p'"),
      (#""devices": [{"allow": true, "access": "rx"}]"#, "linux.resources.devices[0].access: expected a composition of r, w and m"),
      (#""devices": [{"allow": true, "access": ""}]"#, "linux.resources.devices[0].access: must not be empty"),
      (#""devices": [{"allow": true, "major": -2}]"#, "linux.resources.devices[0].major: out of range: -2 is not between -1 and 9223372036854775807"),
      (#""blockIO": {"weight": 65536}"#, "linux.resources.blockIO.weight: out of range: 65536 is not between 0 and 65535"),
      (#""blockIO": {"weightDevice": [{"major": 1, "minor": 1}]}"#, "linux.resources.blockIO.weightDevice[0]: weight or leafWeight is missing"),
      (#""blockIO": {"throttleReadBpsDevice": [{"major": 1, "minor": 1}]}"#, "linux.resources.blockIO.throttleReadBpsDevice[0].rate: missing"),
      (#""hugepageLimits": [{"pageSize": "2M", "limit": 0}]"#, "linux.resources.hugepageLimits[0].pageSize: expected a size such as 64KB, 2MB or 1GB"),
      (#""hugepageLimits": [{"pageSize": "../2MB", "limit": 0}]"#, "linux.resources.hugepageLimits[0].pageSize: expected a size such as 64KB, 2MB or 1GB"),
      (#""hugepageLimits": [{"pageSize": "02MB", "limit": 0}]"#, "linux.resources.hugepageLimits[0].pageSize: expected a size such as 64KB, 2MB or 1GB"),
      (#""hugepageLimits": [{"pageSize": "MB", "limit": 0}]"#, "linux.resources.hugepageLimits[0].pageSize: expected a size such as 64KB, 2MB or 1GB"),
      (#""network": {"priorities": [{"name": "", "priority": 1}]}"#, "linux.resources.network.priorities[0].name: must not be empty"),
      (#""rdma": {"a": {}}"#, "linux.resources.rdma.a: hcaHandles or hcaObjects is missing"),
      (#""unified": {"../x": "1"}"#, #"linux.resources.unified["../x"]: must be the name of one file"#),
      (#""unified": {"..": "1"}"#, #"linux.resources.unified[".."]: must be the name of one file"#),
      (#""unified": {"memory.max": 1}"#, #"linux.resources.unified["memory.max"]: expected a string, found a number"#),
    ])
  func members(_ members: String, _ message: String) {
    #expect(refusal(configuration(resources: members)) == message)
  }

  @Test("the letters of an access are those of cgroup v1")
  func letters() {
    #expect(DeviceAccess.all.letters == "rwm")
    #expect(DeviceAccess([.mknod, .read]).letters == "rm")
    #expect(DeviceAccess([]).letters == "")
  }
}

@Suite("config.json: seccomp")
struct SeccompTests {
  @Test("a whole profile is taken")
  func whole() throws {
    let text = """
      {
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
        "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/s", "listenerMetadata": "m",
        "syscalls": [
          {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
          {"names": ["clone"], "action": "SCMP_ACT_TRACE", "errnoRet": 65535,
           "args": [{"index": 5, "value": 18446744073709551615, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}, {"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}]}
        ]
      }
      """
    #expect(
      try Seccomp(parsing: Array(text.utf8))
        == Seccomp(
          defaultAction: .errno, defaultErrnoRet: 38, architectures: [.amd64, .aarch64], flags: [.log], listenerPath: "/run/s", listenerMetadata: "m",
          syscalls: [
            SeccompRule(names: ["read", "write"], action: .allow),
            SeccompRule(
              names: ["clone"], action: .trace, errnoRet: 65535,
              args: [
                SeccompArgument(index: 5, value: UInt64.max, valueTwo: 1, op: .maskedEqual), SeccompArgument(index: 0, value: 0, op: .equal),
              ]),
          ]))
  }

  @Test(
    "a member is refused with its path",
    arguments: [
      ("", "linux.seccomp.defaultAction: missing"),
      (#""defaultAction": "ALLOW""#, "linux.seccomp.defaultAction: unknown value 'ALLOW'"),
      (#""defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1"#, "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW takes no errno"),
      (#""defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096"#, "linux.seccomp.defaultErrnoRet: out of range: 4096 is not between 0 and 4095"),
      (#""defaultAction": "SCMP_ACT_LOG", "architectures": ["x86"]"#, "linux.seccomp.architectures[0]: unknown value 'x86'"),
      (#""defaultAction": "SCMP_ACT_LOG", "flags": ["SECCOMP_FILTER_FLAG_NEW"]"#, "linux.seccomp.flags[0]: unknown value 'SECCOMP_FILTER_FLAG_NEW'"),
      (#""defaultAction": "SCMP_ACT_LOG", "listenerMetadata": "x""#, "linux.seccomp.listenerMetadata: must not be given without listenerPath"),
      (#""defaultAction": "SCMP_ACT_LOG", "syscalls": [{"action": "SCMP_ACT_LOG"}]"#, "linux.seccomp.syscalls[0].names: missing"),
      (
        #""defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}]"#,
        "linux.seccomp.syscalls[0].names: must have at least one entry"
      ),
      (#""defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": [""], "action": "SCMP_ACT_LOG"}]"#, "linux.seccomp.syscalls[0].names[0]: must not be empty"),
      (
        #""defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_KILL", "errnoRet": 1}]"#,
        "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL takes no errno"
      ),
      (
        #""defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]"#,
        "linux.seccomp.syscalls[0].args[0].index: out of range: 6 is not between 0 and 5"
      ),
      (
        #""defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG", "args": [{"index": 0, "value": 0, "op": "EQ"}]}]"#,
        "linux.seccomp.syscalls[0].args[0].op: unknown value 'EQ'"
      ),
    ])
  func members(_ members: String, _ message: String) {
    #expect(refusal(configuration(seccomp: members)) == message)
  }

  @Test("a profile whose filter is known already is left out, and what else is wrong is found")
  func skipped() throws {
    let text = configuration(linux: #""seccomp": {"defaultAction": "?"}, "mountLabel": "l""#)
    #expect(refusal(text) == "linux.seccomp.defaultAction: unknown value '?'")
    var asked = ""
    let spec = try Spec(parsing: text) { profile in
      asked = String(decoding: profile, as: UTF8.self)
      return true
    }
    #expect(asked == #"{"defaultAction": "?"}, ""#)
    #expect(spec.linux?.seccomp == nil)
    #expect(spec.linux?.mountLabel == "l")
    #expect(
      refusal { () throws(SpecError) in try Spec(parsing: configuration(linux: #""seccomp": 5, "mountLabel": 6"#), skipsSeccomp: { _ in true }) }
        == "linux.mountLabel: expected a string, found a number")
  }
}
