import JSON
import Linux
import OCI
import Sandbox
import Testing

@testable import Cgroups
@testable import Runtime

/// Every isolation and every limit that config.json can ask for, with a value.
private let samples: [(path: String, value: String)] = [
  ("root.readonly", "true"), ("process.user", #"{"uid":5,"gid":6,"additionalGids":[7,8]}"#),
  ("process.capabilities.bounding", #"["CAP_CHOWN","CAP_SUDO"]"#), ("process.capabilities.effective", "[]"),
  ("process.capabilities.inheritable", #"["CAP_SUDO"]"#), ("process.capabilities.permitted", #"["CAP_CHOWN"]"#),
  ("process.capabilities.ambient", #"["CAP_CHOWN"]"#), ("process.rlimits", #"[{"type":"RLIMIT_NOFILE","hard":9,"soft":8}]"#),
  ("process.noNewPrivileges", "true"), ("process.apparmorProfile", #""profile""#), ("process.oomScoreAdj", "0"), ("process.selinuxLabel", #""a:b:c""#),
  ("process.scheduler", #"{"policy":"SCHED_FIFO","priority":5}"#), ("process.ioPriority", #"{"class":"IOPRIO_CLASS_IDLE","priority":0}"#),
  ("process.execCPUAffinity", #"{"final":"0"}"#),
  ("linux.namespaces", #"[{"type":"pid"},{"type":"network","path":"/proc/1/ns/net"}]"#),
  ("linux.uidMappings", #"[{"containerID":0,"hostID":100000,"size":65536}]"#), ("linux.gidMappings", #"[{"containerID":0,"hostID":100000,"size":65536}]"#),
  ("linux.timeOffsets", #"{"monotonic":{"secs":5}}"#), ("linux.netDevices", #"{"eth0":{"name":"net0"}}"#),
  ("linux.seccomp", #"{"defaultAction":"SCMP_ACT_ALLOW"}"#), ("linux.sysctl", #"{"net.ipv4.ip_forward":"1"}"#),
  ("linux.maskedPaths", #"["/proc/kcore"]"#), ("linux.readonlyPaths", #"["/proc/sys"]"#), ("linux.rootfsPropagation", #""slave""#),
  ("linux.mountLabel", #""a:b:c""#), ("linux.personality", #"{"domain":"LINUX32"}"#), ("linux.memoryPolicy", #"{"mode":"MPOL_BIND","nodes":"0"}"#),
  ("linux.intelRdt.closID", #""a""#), ("linux.intelRdt.schemata", #"["L3:0=f"]"#), ("linux.intelRdt.l3CacheSchema", #""L3:0=f""#),
  ("linux.intelRdt.memBwSchema", #""MB:0=5""#), ("linux.intelRdt.enableMonitoring", "true"),
  ("linux.resources.devices", #"[{"allow":false},{"allow":true,"type":"c","major":1,"minor":3}]"#),
  ("linux.resources.memory.limit", "4096"), ("linux.resources.memory.swap", "-1"), ("linux.resources.memory.reservation", "4096"),
  ("linux.resources.memory.kernel", "-1"), ("linux.resources.memory.kernelTCP", "-1"), ("linux.resources.memory.swappiness", "0"),
  ("linux.resources.memory.disableOOMKiller", "false"), ("linux.resources.memory.useHierarchy", "true"),
  ("linux.resources.memory.checkBeforeUpdate", "true"),
  ("linux.resources.cpu.shares", "1024"), ("linux.resources.cpu.quota", "50000"), ("linux.resources.cpu.burst", "0"), ("linux.resources.cpu.period", "50000"),
  ("linux.resources.cpu.realtimeRuntime", "1"), ("linux.resources.cpu.realtimePeriod", "5"), ("linux.resources.cpu.cpus", #""0-1""#),
  ("linux.resources.cpu.mems", #""0""#), ("linux.resources.cpu.idle", "0"), ("linux.resources.pids.limit", "0"),
  ("linux.resources.blockIO.weight", "500"), ("linux.resources.blockIO.leafWeight", "500"),
  ("linux.resources.blockIO.weightDevice", #"[{"major":8,"minor":0,"weight":500,"leafWeight":300}]"#),
  ("linux.resources.blockIO.throttleReadBpsDevice", #"[{"major":8,"minor":0,"rate":1}]"#),
  ("linux.resources.blockIO.throttleWriteBpsDevice", #"[{"major":8,"minor":0,"rate":1}]"#),
  ("linux.resources.blockIO.throttleReadIOPSDevice", #"[{"major":8,"minor":0,"rate":1}]"#),
  ("linux.resources.blockIO.throttleWriteIOPSDevice", #"[{"major":8,"minor":0,"rate":1}]"#),
  ("linux.resources.hugepageLimits", #"[{"pageSize":"2MB","limit":0}]"#),
  ("linux.resources.network.classID", "0"), ("linux.resources.network.priorities", #"[{"name":"eth0","priority":5}]"#),
  ("linux.resources.rdma", #"{"mlx5_1":{"hcaHandles":2}}"#), ("linux.resources.unified", #"{"memory.high":"4096"}"#),
]

/// What else there is in config.json: names, what runs and where, and what the container is given.
private let others: Set<String> = [
  "ociVersion", "root.path", "hostname", "domainname", "mounts", "hooks", "annotations", "linux.devices", "linux.cgroupsPath", "process.terminal",
  "process.consoleSize", "process.args", "process.env", "process.cwd",
  // Not of config.json: what stands in for a quota.
  "linux.resources.cpu.speed",
]

/// The whole configuration that asks for one thing.
private func document(_ path: String, _ value: String) -> String {
  var parts = path.split(separator: ".").map(String.init)
  let top = parts.removeFirst()
  var inner = value
  for part in parts.reversed() { inner = "{\"\(part)\":\(inner)}" }
  let needed = top == "root" ? #"{"path":"r","# : top == "process" ? #"{"args":["a"],"cwd":"/","# : "{"
  let root = top == "root" ? "" : #""root":{"path":"r"},"#
  return "{\"ociVersion\":\"1.0.0\",\(root)\"\(top)\":\(needed)\(inner.dropFirst())}"
}

/// The report of a container that does not run.
private func report(
  _ json: String, _ layout: CgroupLayout = CgroupLayout(), filter: ContainerCgroup.DeviceFiltering? = .program, imageUser: String? = nil,
  standIns: StandIns = StandIns()
) throws -> [String] {
  let bytes = Array(json.utf8)
  let spec = try Spec(parsing: bytes)
  let record = ContainerRecord(id: "a", cgroupsPath: "/apus/a", bundle: "/", imageUser: imageUser, standIns: standIns)
  record.deviceFilter = filter
  return EnforcementReport(try JSONValue(parsing: bytes), standIns.applied(to: spec), record, layout, nil, nil).rows.map { String($0.line.dropLast()) }
}

private func report(_ path: String, _ value: String, _ layout: CgroupLayout = CgroupLayout()) throws -> [String] {
  try report(document(path, value), layout)
}

/// v2 alone with every controller that limits need.
private var unified: CgroupLayout {
  let table = "1 0 254:0 / / rw - ext4 /dev/root rw\n2 1 0:20 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
  return CgroupLayout(mountInfo: Array(table.utf8), selfCgroup: []) { _ in Array("cpuset cpu io memory hugetlb pids rdma misc".utf8) }
}

/// v1 hierarchies alone.
private var legacy: CgroupLayout {
  var table = "1 0 254:0 / / rw - ext4 /dev/root rw\n"
  for (number, name) in ["cpu", "cpuset", "memory", "blkio", "pids", "devices", "hugetlb", "net_cls", "net_prio", "rdma"].enumerated() {
    table += "\(number + 2) 1 0:\(number + 20) / /cg/\(name) rw - cgroup cgroup rw,\(name)\n"
  }
  return CgroupLayout(mountInfo: Array(table.utf8), selfCgroup: []) { _ in [] }
}

@Suite("what isolates and limits a container")
struct EnforcementReportTests {
  @Test("whatever is asked for alone has a row for its place, on every layout", arguments: samples.indices, ["none", "v1", "v2"])
  func alone(_ number: Int, _ kind: String) throws {
    let (path, value) = samples[number]
    let lines = try report(path, value, kind == "none" ? CgroupLayout() : kind == "v1" ? legacy : unified)
    // At its place or below: an element, or a member.
    let found = lines.filter { line in [":", ".", "["].contains { line.hasPrefix(path + $0) } }
    #expect(!found.isEmpty && found.count == lines.count, "\(lines)")
    #expect(lines.allSatisfy { !$0.contains(": ->") && !$0.contains("->  by") && !$0.hasSuffix(" by ") }, "\(lines)")
  }

  @Test("there is a sample of everything in config.json that is no other thing")
  func everything() {
    let sections: [(path: String, value: Any)] = [
      ("", Spec()), ("root.", Root(path: "")), ("process.", Process(args: [])), ("process.capabilities.", Capabilities()), ("linux.", LinuxSection()),
      ("linux.intelRdt.", IntelRdt()), ("linux.resources.", Resources()), ("linux.resources.memory.", MemoryResources()),
      ("linux.resources.cpu.", CPUResources()), ("linux.resources.pids.", PidsResources()), ("linux.resources.blockIO.", BlockIOResources()),
      ("linux.resources.network.", NetworkResources()),
    ]
    for (section, value) in sections {
      let members = Mirror(reflecting: value).children.compactMap(\.label)
      #expect(!members.isEmpty)
      for member in members {
        let path = section + member
        let isKnown = others.contains(path) || samples.contains { $0.path == path } || sections.contains { $0.path == path + "." }
        #expect(isKnown, "\(path): a limit or an isolation needs a row in EnforcementReport and a sample here")
      }
    }
  }

  @Test("there is a sample of every limit that has a control file")
  func everyLimit() {
    var number: UInt8 = 0
    while let limit = Limit(rawValue: number) {
      let path = "linux.resources." + String(decoding: limit.row().path, as: UTF8.self)
      #expect(samples.contains { $0.path == path }, "\(path)")
      number += 1
    }
    #expect(number > 0)
  }

  @Test("a limit is told with the control file that enforces it")
  func limits() throws {
    #expect(
      try report("linux.resources", #"{"memory":{"limit":8192,"swap":8192},"cpu":{"shares":1024,"quota":5,"period":1000},"pids":{"limit":0}}"#, unified) == [
        "linux.resources.memory.limit: 8192 -> 8192 by memory.max (cgroup v2, /sys/fs/cgroup)",
        "linux.resources.memory.swap: 8192 -> 0 by memory.swap.max (cgroup v2, /sys/fs/cgroup)",
        "linux.resources.cpu.shares: 1024 -> 100 by cpu.weight (cgroup v2, /sys/fs/cgroup)",
        "linux.resources.cpu.quota: 5 -> 5 by cpu.max (cgroup v2, /sys/fs/cgroup)",
        "linux.resources.cpu.period: 1000 -> 1000 by cpu.max (cgroup v2, /sys/fs/cgroup)",
        "linux.resources.pids.limit: 0 -> 1 by pids.max (cgroup v2, /sys/fs/cgroup)",
      ])
    #expect(
      try report("linux.resources", #"{"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":7}]},"rdma":{"m":{"hcaHandles":2}}}"#, unified) == [
        "linux.resources.blockIO.throttleReadBpsDevice[0]: major 8, minor 0, rate 7 -> rbps=7 by io.max (cgroup v2, /sys/fs/cgroup)",
        "linux.resources.rdma.m: hcaHandles 2 -> hca_handle=2 by rdma.max (cgroup v2, /sys/fs/cgroup)",
      ])
    #expect(
      try report("linux.resources.hugepageLimits", #"[{"pageSize":"2MB","limit":0}]"#, legacy) == [
        "linux.resources.hugepageLimits[0]: pageSize 2MB, limit 0 -> 0 by hugetlb.2MB.limit_in_bytes (cgroup v1, /cg/hugetlb), "
          + "hugetlb.2MB.rsvd.limit_in_bytes (cgroup v1, /cg/hugetlb)"
      ])
  }

  @Test("a limit that needs no file says so, and one that nothing can hold any more as well")
  func withoutFile() throws {
    #expect(try report("linux.resources.memory.useHierarchy", "true", unified) == ["linux.resources.memory.useHierarchy: true -> true by the kernel as it is"])
    #expect(
      try report("linux.resources.pids.limit", "5") == ["linux.resources.pids.limit: 5 -> unknown by nothing that is mounted now"])
  }

  @Test("zeros that ask for nothing have no row", arguments: ["cpu.shares", "cpu.quota", "cpu.period", "blockIO.weight"])
  func zeros(_ path: String) throws {
    #expect(try report("linux.resources.\(path)", "0", unified).isEmpty)
  }

  @Test("what is off is not asked for", arguments: [("root.readonly", "false"), ("process.noNewPrivileges", "false"), ("linux.maskedPaths", "[]")])
  func off(_ path: String, _ value: String) throws {
    #expect(try report(path, value).isEmpty)
  }

  @Test("capabilities that cannot be given are missing from what is applied")
  func capabilities() throws {
    #expect(
      try report("process.capabilities", #"{"bounding":["CAP_SUDO","CAP_KILL","CAP_CHOWN"],"permitted":[],"ambient":["CAP_KILL"]}"#).map { $0.dropLast(0) } == [
        "process.capabilities.bounding: CAP_SUDO CAP_KILL CAP_CHOWN -> CAP_KILL CAP_CHOWN by prctl(2), PR_CAPBSET_DROP",
        "process.capabilities.permitted: none -> none by capset(2)", "process.capabilities.ambient: CAP_KILL -> none by prctl(2), PR_CAP_AMBIENT",
      ])
  }

  @Test("namespaces are made or joined")
  func namespaces() throws {
    #expect(
      try report("linux.namespaces", #"[{"type":"mount"},{"type":"network","path":"/proc/1/ns/net"}]"#) == [
        "linux.namespaces[0]: mount -> mount by CLONE_NEWNS", "linux.namespaces[1]: network /proc/1/ns/net -> network by setns(2)",
      ])
  }

  @Test("devices are filtered by a program, a list or nothing")
  func devices() throws {
    let json = document("linux.resources.devices", #"[{"allow":false}]"#)
    let what = "linux.resources.devices: rules: 1 -> "
    #expect(try report(json, unified) == [what + "rules: 1 by an eBPF program (cgroup v2, /sys/fs/cgroup)"])
    #expect(try report(json, legacy, filter: .list) == [what + "rules: 1 by devices.list (cgroup v1, /cg/devices)"])
    #expect(try report(json, filter: .nothing) == [what + "none by nothing: control groups are disabled"])
    #expect(try report(json, filter: nil) == [what + "unknown by what an earlier version did not put on record"])
  }

  @Test("a filter is told by the number of its instructions; that of images is the default one")
  func filters() throws {
    let seccomp = Seccomp(defaultAction: .errno, syscalls: [SeccompRule(names: ["read"], action: .allow)])
    let count = try SeccompFilter(compiling: seccomp).program.count
    #expect(
      try report("linux.seccomp", #"{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}"#)
        == ["linux.seccomp: SCMP_ACT_ERRNO, rules: 1 -> \(count) instructions by seccomp(2)"])
    let image = try report(document("process.user", #"{"uid":0,"gid":0}"#), imageUser: "redis")
    #expect(image.count == 2 && image[0].hasPrefix("linux.seccomp: the default filter -> ") && image[0].hasSuffix(" instructions by seccomp(2)"))
    #expect(image[1].hasPrefix("process.user: redis -> "))
  }

  @Test("control characters of a configuration do nothing to a terminal")
  func controlCharacters() throws {
    #expect(
      EnforcementRow(what: "a", asked: "1\n2", applied: "\u{1B}[31m", by: "c").line == "a: 1 2 ->  [31m by c\n")
  }

  @Test("files of /proc are understood")
  func files() {
    let limits = """
      Limit                     Soft Limit           Hard Limit           Units
      Max cpu time              unlimited            unlimited            seconds
      Max file size             4096                 8192                 bytes
      """
    #expect(RunningProcess.limit(1, in: Array(limits.utf8)) == "hard 8192, soft 4096")
    #expect(RunningProcess.limit(0, in: Array(limits.utf8)) == "hard unlimited, soft unlimited")
    #expect(RunningProcess.limit(2, in: Array(limits.utf8)) == nil)
    let status = Array("Name:\ta:b\nUid:\t1\t2\t3\t4\nCapBnd:\t000001ffffffffff\n".utf8)
    #expect(RunningProcess.field("Uid", in: status) == "1 2 3 4" && RunningProcess.field("Cap", in: status) == nil)
    #expect(CapabilityMask(hexadecimal: "00000000a80425fb").rawValue == 0xa804_25fb)
  }
}

@Suite("what stands in for something, in the report")
struct StandInReportTests {
  /// What asks for each feature, and the line of the report.
  private static var lines: [(feature: BestEffort, path: String, value: String, line: String)] {
    [
      (.pidNamespace, "linux.namespaces", #"[{"type":"pid"}]"#, "linux.namespaces[0]: pid -> none by its processes run as user 7"),
      (.ipcNamespace, "linux.namespaces", #"[{"type":"ipc"}]"#, "linux.namespaces[0]: ipc -> none by nothing, because"),
      (.userNamespace, "linux.namespaces", #"[{"type":"user"}]"#, "linux.namespaces[0]: user -> none by its processes run as user 7"),
      (.pidsLimit, "linux.resources.pids.limit", "64", "linux.resources.pids.limit: 64 -> 64 by RLIMIT_NPROC on user 7"),
      (.cpuQuota, "linux.resources.cpu.quota", "50000", "linux.resources.cpu.quota: 50000 -> shares "),
      (.deviceFilter, "linux.resources.devices", #"[{"allow":false}]"#, "linux.resources.devices: rules: 1 -> none by no CAP_MKNOD"),
    ]
  }

  @Test func eachHasALineThatSaysSo() throws {
    for row in StandInReportTests.lines {
      let standIns = StandIns(without: row.feature, user: 7, tasks: row.feature == .pidsLimit ? 64 : nil)
      let lines = try report(document(row.path, row.value), standIns: standIns)
      #expect(lines.contains { $0.hasPrefix(row.line) }, "\(lines)")
      #expect(lines.filter { $0.hasPrefix(row.path) }.count == 1, "\(lines)")
    }
    #expect(StandInReportTests.lines.reduce(BestEffort()) { $0.union($1.feature) } == .all)
  }

  @Test(arguments: [false, true])
  func aQuotaHasARowWithSharesProcessorsAndSpeed(_ isUnified: Bool) throws {
    let standIns = StandIns(without: .cpuQuota, processors: "1", speed: "50.00")
    let lines = try report(document("linux.resources.cpu.quota", "50000"), isUnified ? unified : legacy, standIns: standIns)
    let weight = isUnified ? "cpu.weight (cgroup v2, /sys/fs/cgroup)" : "cpu.shares (cgroup v1, /cg/cpu)"
    let clamp = isUnified ? "cpu.uclamp.max (cgroup v2, /sys/fs/cgroup)" : "cpu.uclamp.max (cgroup v1, /cg/cpu)"
    let held = "linux.resources.cpu.quota: 50000 -> shares \(isUnified ? 59 : 512), speed 50.00% by \(weight), \(clamp): "
    #expect(lines == ["\(held)a share of the time, on processor 1 alone, at 50.00% of the speed at most where schedutil governs it"])
  }

  @Test func whatIsAskedForAndIsThereIsToldAsUsual() throws {
    let lines = try report(document("linux.namespaces", #"[{"type":"pid"},{"type":"ipc"}]"#), standIns: StandIns(without: .ipcNamespace))
    #expect(lines.contains("linux.namespaces[0]: pid -> pid by CLONE_NEWPID"))
  }
}
