import Linux
import OCI
import Testing

@testable import Cgroups

@Suite("classes of service of the resctrl file system")
struct IntelRdtTests {
  private func refusal(_ call: () throws -> Void) -> String? {
    do {
      try call()
      return nil
    } catch let error as CgroupError {
      return error.message
    } catch let error as CgroupPlanError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  private func contents(_ file: String) -> String? { (try? readFile(Path(file), limit: 4096)).map { String(decoding: $0, as: UTF8.self) } }

  /// Calls `body` with a directory in place of the file system.
  private func withSubstitute(for test: String = #function, _ body: (Resctrl, String) throws -> Void) throws {
    // The tests of a suite run side by side.
    let name = "apus-test-resctrl-\(processID())-\(test.prefix { $0 != "(" })"
    let temporary = try FileDescriptor.open("/tmp", [.readOnly, .directory])
    try temporary.makeDirectory(Path(name), mode: 0o700)
    defer { try? temporary.removeTree(Path(name)) }
    try body(try Resctrl(substitute: Path("/tmp/\(name)")), "/tmp/\(name)")
  }

  private func write(_ file: String, _ text: String) throws {
    try FileDescriptor.open(Path(file), [.writeOnly, .create, .truncate], mode: 0o600).writeAll(Array(text.utf8))
  }

  @Test("without a name the class is the container's own, with one it has to be there or be described")
  func plans() throws {
    let own = try IntelRdtPlan(IntelRdt(schemata: ["L2:0=f"], l3CacheSchema: "L3:0=f", memBwSchema: "MB:0=20", enableMonitoring: true), container: "redis")
    #expect(own.group == "redis" && own.isOwn && !own.mustExist && own.monitor == "redis")
    #expect(own.lines == ["L3:0=f", "MB:0=20", "L2:0=f"] && own.linesForExisting == own.lines)
    let named = try IntelRdtPlan(IntelRdt(closID: "gold", schemata: ["L2:0=f"], l3CacheSchema: "L3:0=f"), container: "redis")
    #expect(named.group == "gold" && !named.isOwn && !named.mustExist && named.monitor == nil)
    #expect(named.promised == ["L3:0=f"] && named.linesForExisting == ["L2:0=f"])
    let bare = try IntelRdtPlan(IntelRdt(closID: "gold"), container: "redis")
    #expect(bare.mustExist && bare.lines.isEmpty)
    let root = try IntelRdtPlan(IntelRdt(closID: "/", enableMonitoring: true), container: "redis")
    #expect(root.group == "" && root.monitorDirectory == "./mon_groups/redis")
    let empty = try IntelRdtPlan(IntelRdt(closID: "", l3CacheSchema: "", memBwSchema: ""), container: "redis")
    #expect(empty.isOwn && empty.lines.isEmpty)
  }

  @Test("names of the file system's own are refused", arguments: ["info", "mon_groups", "mon_data", "tasks", "schemata"])
  func reserved(name: String) {
    #expect(
      refusal { _ = try IntelRdtPlan(IntelRdt(closID: name), container: "a") }
        == "linux.intelRdt.closID: \(name) is a name of the resctrl file system's own")
    #expect(refusal { _ = try IntelRdtPlan(IntelRdt(), container: name) } != nil)
  }

  @Test("values are compared as numbers, whatever order and blanks the kernel writes")
  func comparison() {
    let file = Array("    MB:0= 20;1= 100\n    L3:0=007F0;1=1f\nL3CODE:0=1\n".utf8)
    for line in ["L3:0=7f0;1=1f", "L3:1=1F", "L3:0=07f0", "MB:1=100;0=20", "MB:0=020"] { #expect(schemata(file, have: line), "\(line)") }
    for line in ["L3:0=7f", "L3:2=1f", "MB:0=2", "L2:0=f", "L3", "L3:x", ""] { #expect(!schemata(file, have: line), "\(line)") }
    // The kernel puts blanks in front of short numbers.
    #expect(schemata(Array("MB:0=  20;1= 100\n".utf8), have: "MB:0=20"))
  }

  @Test("a class of the container's own is made, joined and removed with its monitoring group")
  func own() throws {
    try withSubstitute { resctrl, path in
      let plan = try IntelRdtPlan(IntelRdt(schemata: ["L2:0=f"], l3CacheSchema: "L3:0=f", enableMonitoring: true), container: "redis")
      #expect(try !resctrl.has(plan))
      let group = try resctrl.make(plan, makes: true)
      #expect(contents("\(path)/redis/schemata") == "L3:0=f\nL2:0=f\n")
      try group.add(12)
      try resctrl.group(of: plan)?.add(0)
      #expect(contents("\(path)/redis/tasks") == "12\n0\n" && contents("\(path)/redis/mon_groups/redis/tasks") == "12\n0\n")
      // The kernel removes what is in a class with it; here it has to be done first.
      let directory = try FileDescriptor.open(Path("\(path)/redis"), [.readOnly, .directory])
      for name in ["tasks", "schemata"] { try directory.unlink(Path(name)) }
      try directory.removeTree("mon_groups")
      try resctrl.remove(plan, makes: true)
      #expect(try !resctrl.has(plan))
      try resctrl.remove(plan, makes: true)
      #expect(refusal { _ = try resctrl.make(IntelRdtPlan(IntelRdt(closID: "none"), container: "a"), makes: false) }?.contains("no class none") == true)
    }
  }

  @Test("a class that is there must be as it is described, and stays")
  func existing() throws {
    try withSubstitute { resctrl, path in
      try FileDescriptor.makeDirectory(Path("\(path)/gold"), mode: 0o700)
      try write("\(path)/gold/schemata", "L3:0=0f;1=ff\n")
      func plan(_ cache: String, _ others: [String] = []) throws -> IntelRdtPlan {
        try IntelRdtPlan(IntelRdt(closID: "gold", schemata: others, l3CacheSchema: cache, enableMonitoring: true), container: "redis")
      }
      try resctrl.make(plan("L3:0=f"), makes: false).add(5)
      #expect(contents("\(path)/gold/schemata") == "L3:0=0f;1=ff\n" && contents("\(path)/gold/mon_groups/redis/tasks") == "5\n")
      let message = refusal { _ = try resctrl.make(plan("L3:0=e"), makes: false) }
      #expect(message == "linux.intelRdt: the class gold in \(path) is there with other values than L3:0=e")
      try FileDescriptor.open(Path("\(path)/gold/mon_groups"), [.readOnly, .directory]).removeTree("redis")
      try resctrl.remove(plan("L3:0=f"), makes: false)
      #expect(try resctrl.has(plan("L3:0=f")))
      try resctrl.update(plan("L3:0=f"), lines: ["MB:0=20"])
      #expect(contents("\(path)/gold/schemata")?.hasPrefix("MB:0=20\n") == true)
    }
  }

  @Test("what cannot be made leaves nothing, and the kernel's reason is told")
  func failure() throws {
    try withSubstitute { resctrl, path in
      try FileDescriptor.makeDirectory(Path("\(path)/info"), mode: 0o700)
      try write("\(path)/info/last_cmd_status", "Out of CLOSIDs\n")
      let plan = try IntelRdtPlan(IntelRdt(), container: "redis")
      try FileDescriptor.makeDirectory(Path("\(path)/redis"), mode: 0o700)
      #expect(refusal { _ = try resctrl.make(plan, makes: true) } == "make \(path)/redis: file exists (Out of CLOSIDs)")
    }
  }

  @Test("what the file system tells of a class")
  func statistics() throws {
    try withSubstitute { resctrl, path in
      for folder in ["info", "info/L3", "info/MB", "info/L3_MON", "redis", "redis/mon_data", "redis/mon_data/mon_L3_00", "redis/mon_data/mon_L3_01"] {
        try FileDescriptor.makeDirectory(Path("\(path)/\(folder)"), mode: 0o700)
      }
      let files = [
        ("schemata", "    L3:0=fff\n    MB:0=100\n"), ("redis/schemata", "L3:0=f\nMB:0=20\n"), ("info/L3/cbm_mask", "fff\n"), ("info/L3/min_cbm_bits", "2\n"),
        ("info/L3/num_closids", "16\n"), ("info/MB/bandwidth_gran", "10\n"), ("info/MB/delay_linear", "1\n"), ("info/MB/min_bandwidth", "10\n"),
        ("info/MB/num_closids", "8\n"), ("info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n"),
        ("redis/mon_data/mon_L3_00/llc_occupancy", "1\n"), ("redis/mon_data/mon_L3_00/mbm_total_bytes", "2\n"),
        ("redis/mon_data/mon_L3_00/mbm_local_bytes", "3\n"), ("redis/mon_data/mon_L3_01/llc_occupancy", "Unavailable\n"),
      ]
      for (file, text) in files { try write("\(path)/\(file)", text) }
      let found = try resctrl.statistics(of: IntelRdtPlan(group: "redis", monitor: nil))
      #expect(
        found.spelled == #"{"l3_cache_info":{"cbm_mask":"fff","min_cbm_bits":2,"num_closids":16},"l3_cache_schema_root":"L3:0=fff","#
          + #""l3_cache_schema":"L3:0=f","mem_bw_info":{"bandwidth_gran":10,"delay_linear":1,"min_bandwidth":10,"num_closids":8},"#
          + #""mem_bw_schema_root":"MB:0=100","mem_bw_schema":"MB:0=20","schemata":["L3:0=f","MB:0=20"],"#
          + #""mbm_stats":[{"mbm_total_bytes":2,"mbm_local_bytes":3},{"mbm_total_bytes":0,"mbm_local_bytes":0}],"#
          + #""cmt_stats":[{"llc_occupancy":1},{"llc_occupancy":0}]}"#)
    }
  }

  @Test("the file system is found where it is mounted and not hidden")
  func mountPoint() {
    func point(_ table: String) -> Path? { resctrlMountPoint(Array(table.utf8)) }
    let root = "1 0 254:1 / / rw - ext4 /dev/vda1 rw\n"
    #expect(point(root + "2 1 0:30 / /sys/fs/resctrl rw,relatime - resctrl resctrl rw\n") == "/sys/fs/resctrl")
    #expect(point(root + "2 1 0:30 / /a\\040b rw - resctrl resctrl rw\n3 1 0:31 / /c rw - tmpfs t rw\n") == "/a b")
    #expect(point(root + "2 1 0:30 / /sys/fs/resctrl rw - resctrl resctrl rw\n3 2 0:31 / /sys/fs/resctrl rw - tmpfs t rw\n") == nil)
    #expect(point(root) == nil)
    #expect(Resctrl.missing.message.contains("CONFIG_X86_CPU_RESCTRL"))
  }
}
