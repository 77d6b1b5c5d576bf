import Linux
import OCI
import Testing

@testable import Cgroups

@Suite("the layout of control groups is read from the mount table")
struct LayoutTests {
  @Test("Debian: everything is on v2, where the process is in its session's group")
  func unified() throws {
    let layout = Fixture.unified
    #expect(layout.kind == .v2)
    let memory = try #require(layout.hierarchy(of: .memory))
    #expect(memory.generation == .v2 && memory.mountPoint == "/sys/fs/cgroup" && memory.own == "/user.slice/user-0.slice/session-1.scope")
    #expect(layout.hierarchy(of: .blockIO)?.generation == .v2)
    #expect(layout.hierarchy(of: .networkClass) == nil)
    // What v2 does without a controller.
    #expect(layout.hierarchy(of: .freezer)?.generation == .v2 && layout.hierarchy(of: .devices)?.generation == .v2)
  }

  @Test("hybrid: a controller is where it is bound, and the process is found per hierarchy")
  func hybrid() throws {
    let layout = Fixture.hybrid
    #expect(layout.kind == .hybrid)
    #expect(layout.hierarchies.count == 9)
    #expect(layout.hierarchy(of: .memory)?.mountPoint == "/sys/fs/cgroup/memory")
    #expect(layout.hierarchy(of: .memory)?.own == "/apps/one")
    #expect(layout.hierarchy(of: .cpuAccounting)?.mountPoint == "/sys/fs/cgroup/cpu,cpuacct")
    #expect(layout.hierarchy(of: .devices)?.generation == .v1)
    #expect(layout.hierarchy(of: .hugePages)?.generation == .v2)
    let named = try #require(layout.hierarchies.first { $0.controllers.isEmpty })
    #expect(String(decoding: named.name, as: UTF8.self) == "systemd" && named.own == "/init.scope")
    #expect(layout.trackingIndex == layout.unifiedIndex)
  }

  @Test("v1 alone: the freezer finds the processes")
  func legacy() {
    #expect(Fixture.legacy.kind == .v1)
    #expect(Fixture.legacy.unifiedIndex == nil)
    #expect(Fixture.legacy.trackingIndex == Fixture.legacy.index(of: .freezer))
  }

  @Test("Android: cpuset has bare file names, the others have not, pids and devices are in no v1 hierarchy")
  func android() throws {
    let layout = Fixture.android
    #expect(layout.kind == .hybrid)
    let cpuset = try #require(layout.hierarchy(of: .cpuset))
    #expect(cpuset.mountPoint == "/dev/cpuset" && cpuset.fileName("cpuset.cpus") == "cpus" && cpuset.fileName("cgroup.procs") == "cgroup.procs")
    let memory = try #require(layout.hierarchy(of: .memory))
    #expect(memory.mountPoint == "/dev/memcg" && memory.fileName("memory.limit_in_bytes") == "memory.limit_in_bytes")
    #expect(layout.hierarchy(of: .pids) == nil)
    #expect(layout.hierarchy(of: .devices)?.generation == .v2)
  }

  @Test("a newer kernel calls the mount of cpuset cgroup, with the option noprefix")
  func noPrefixOption() {
    let layout = Fixture.layout("1 0 0:1 / /dev/cpuset rw - cgroup none rw,cpuset,noprefix\n")
    #expect(layout.hierarchy(of: .cpuset)?.fileName("cpuset.mems") == "mems")
  }

  @Test("nothing is mounted")
  func none() {
    #expect(Fixture.layout("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n").kind == .none)
    #expect(Fixture.layout("").kind == .none)
  }

  @Test("in a container only a part is mounted: the group of the process is counted from the mount point")
  func partial() {
    let table = "1 0 0:5 / / rw - overlay overlay rw\n9 1 0:28 /docker/abc /sys/fs/cgroup rw master:4 propagate_from:2 - cgroup2 cgroup rw\n"
    #expect(Fixture.layout(table, own: "0::/docker/abc/inner\n").hierarchies.first?.own == "/inner")
    #expect(Fixture.layout(table, own: "0::/docker/abc\n").hierarchies.first?.own == "/")
    #expect(Fixture.layout(table, own: "0::/docker/abcdef\n").hierarchies.first?.own == nil)
    #expect(Fixture.layout(table, own: "0::/../outside\n").hierarchies.first?.own == nil)
  }

  @Test("of two mounts of one hierarchy the one that shows more is taken")
  func twice() {
    let layout = Fixture.layout(
      """
      1 0 0:5 / / rw - ext4 /dev/sda1 rw
      2 1 0:28 /lxc/a /a rw - cgroup2 cgroup rw
      3 1 0:28 / /b rw - cgroup2 cgroup rw
      4 1 0:28 /lxc/c /c rw - cgroup2 cgroup rw

      """)
    #expect(layout.hierarchies.count == 1)
    #expect(layout.hierarchies.first?.mountPoint == "/b")
  }

  @Test("a mount that can be written through is taken before one that shows more, and the options of the file system count as well")
  func readOnlyTwice() {
    let layout = Fixture.layout(
      """
      1 0 0:5 / / rw - ext4 /dev/sda1 rw
      2 1 0:28 / /a ro,nosuid - cgroup2 cgroup rw
      3 1 0:28 /part /b rw - cgroup2 cgroup rw
      4 1 0:28 / /c rw - cgroup2 cgroup ro,nsdelegate
      5 1 0:30 / /r rootfs - cgroup none rw,memory

      """)
    #expect(layout.hierarchies.count == 2)
    #expect(layout.hierarchies.first?.mountPoint == "/b" && layout.hierarchies.allSatisfy { !$0.isReadOnly })
  }

  @Test("what is mounted read-only holds no new group: another hierarchy finds the processes, and a limit there is refused with the place")
  func readOnly() throws {
    let layout = Fixture.layout(
      Fixture.hybridTable.replacing("/unified rw,relatime", with: "/unified ro,relatime").replacing("/memory rw,relatime", with: "/memory ro,relatime"),
      controllers: "hugetlb\n")
    #expect(layout.hierarchies.count == 9)
    #expect(layout.unifiedIndex == nil && layout.index(of: .memory) == nil && layout.trackingIndex == layout.index(of: .freezer))
    let plan = try CgroupPlan(Resources(), layout: layout, reach: .all)
    #expect(plan.hierarchies(of: layout).count == 7)
    #expect(try #require(plan.devices).program == nil)
    let error = #expect(throws: CgroupPlanError.self) { try CgroupPlan(Resources(memory: MemoryResources(limit: 1 << 20)), layout: layout) }
    #expect(
      error?.message == "linux.resources.memory.limit: the memory controller is at /sys/fs/cgroup/memory, which is mounted read-only")
  }

  @Test("a mount that another one hides is none")
  func hidden() {
    // Over the mount itself, over a directory above it, and both in the other order.
    let over = "1 0 0:5 / / rw - ext4 d rw\n2 1 0:6 / /cg rw - cgroup2 c rw\n3 2 0:7 / /cg rw - tmpfs t rw\n"
    #expect(Fixture.layout(over).kind == .none)
    let above = "1 0 0:5 / / rw - ext4 d rw\n2 1 0:6 / /x/cg rw - cgroup2 c rw\n3 1 0:7 / /x rw - tmpfs t rw\n"
    #expect(Fixture.layout(above).kind == .none)
    let below = "1 0 0:5 / / rw - ext4 d rw\n3 1 0:7 / /x rw - tmpfs t rw\n2 3 0:6 / /x/cg rw - cgroup2 c rw\n"
    #expect(Fixture.layout(below).kind == .v2)
    let beside = "1 0 0:5 / / rw - ext4 d rw\n3 1 0:7 / /x/c rw - tmpfs t rw\n2 1 0:6 / /x/cg rw - cgroup2 c rw\n"
    #expect(Fixture.layout(beside).kind == .v2)
  }

  @Test("names with spaces, newlines and backslashes are decoded")
  func escapes() {
    let layout = Fixture.layout("1 0 0:5 / /my\\040cg\\012x\\134y rw - cgroup2 c rw\n")
    #expect(layout.hierarchies.first?.mountPoint == "/my cg\nx\\y")
    #expect(unescaped(Array("a\\04".utf8)[...]) == nil)
    #expect(unescaped(Array("a\\08z".utf8)[...]) == nil)
    #expect(unescaped(Array("a\\777".utf8)[...]) == nil)
    #expect(unescaped(Array("a\\000".utf8)[...]) == nil)
  }

  @Test(
    "lines that are not of the documented form are left out",
    arguments: [
      "1 0 0:5 / /cg rw cgroup2 c rw", "1 0 0:5 / /cg rw - cgroup2", "x 0 0:5 / /cg rw - cgroup2 c rw", "1 99999999999 0:5 / /cg rw - cgroup2 c rw",
      "1 0 0:5 / cg rw - cgroup2 c rw", "1 0 0:5 relative /cg rw - cgroup2 c rw", "- - - - - - - cgroup2 - -", "1 0 0:5 / /c\\9g rw - cgroup2 c rw",
      "1 0 0:5 / /cg rw - cgroup c rw,unknown", "1 0 0:5 / /cg rw - cgroup c rw,name=", "1 0 0:5 / /cg rw - cgroup2x c rw", "   ", "",
    ])
  func malformed(line: String) {
    #expect(Fixture.layout(line + "\n").kind == .none)
    #expect(Fixture.layout("1 0 0:4 / / rw - ext4 d rw\n" + line + "\n8 1 0:6 / /good rw - cgroup2 c rw\n").kind == .v2)
  }

  @Test("no mutation of a mount table makes the reader stop or invent a mount point")
  func mutations() {
    var random = SplitMix(seed: 0x6170_7573)
    let table = Array(
      """
      1 0 253:5 / / ro - ext4 /dev/block/dm-5 ro
      31 1 0:28 / /sys/fs/cgroup rw shared:3 - cgroup2 none rw
      32 1 0:29 / /dev/cpu\\040ctl rw - cgroup none rw,cpu,name=x
      33 1 0:30 / /dev/cpuset rw - cpuset none rw,cpuset,noprefix

      """.utf8)
    let own = Array("3:cpuset:/a\n2:cpu:/\n0::/b/c\n".utf8)
    for _ in 0..<3000 {
      let layout = CgroupLayout(mountInfo: random.mutated(table), selfCgroup: random.mutated(own)) { _ in random.mutated(Array("cpu memory\n".utf8)) }
      for hierarchy in layout.hierarchies {
        if !hierarchy.mountPoint.isAbsolute || hierarchy.own?.hasParentReference == true { Issue.record("\(hierarchy)") }
      }
    }
  }
}

/// Vigna's SplitMix64: the same numbers in every run.
struct SplitMix {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number below `limit`.
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  /// The bytes with a few of them changed, removed, doubled, or swapped for a separator.
  mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(4) where !bytes.isEmpty {
      let at = below(bytes.count)
      switch below(5) {
      case 0: bytes[at] = UInt8(truncatingIfNeeded: next())
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(bytes[at], at: at)
      case 3: bytes[at] = Array(" \n-\\/:,0".utf8)[below(8)]
      default: bytes.removeLast(below(bytes.count))
      }
    }
    return bytes
  }
}

@Suite("the first RAM disk is known by the mount table")
struct FirstRootTests {
  private func isOnFirstRoot(_ table: String) -> Bool { CgroupLayout(mountInfo: Array(table.utf8), selfCgroup: []) { _ in [] }.isOnFirstRoot }

  @Test("its mount is on no other, also when something was mounted over it")
  func first() {
    #expect(isOnFirstRoot("1 1 0:2 / / rw - rootfs rootfs rw\n15 1 0:21 / /proc rw - proc proc rw\n"))
    #expect(isOnFirstRoot("1 1 0:2 / / rw - rootfs rootfs rw\n15 1 0:21 / / rw - tmpfs tmpfs rw\n"))
  }

  @Test("a root on it, as switch_root(8) leaves it, a changed root and an empty table are not")
  func others() {
    #expect(!isOnFirstRoot("23 1 254:0 / / rw - ext4 /dev/root rw\n24 23 0:21 / /proc rw - proc proc rw\n"))
    #expect(!isOnFirstRoot("24 24 0:21 / /proc rw - proc proc rw\n"))
    #expect(!isOnFirstRoot(""))
  }
}
