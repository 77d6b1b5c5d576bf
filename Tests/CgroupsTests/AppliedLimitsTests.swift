import OCI
import Testing

@testable import Cgroups

@Suite("what the kernel has of limits")
struct AppliedLimitsTests {
  @Test(
    "of a control file that part is told which the limit is about",
    arguments: [
      ("67108864\n", "67108864", "memory.limit", "67108864"), ("max\n", "max", "pids.limit", "max"),
      ("50000 100000\n", "50000 100000", "cpu.quota", "50000"), ("max 100000\n", "max 200000", "cpu.period", "100000"),
      ("50000 100000\n", "50000 100000", "unified[\"cpu.max\"]", "50000 100000"),
      ("default 200\n8:0 300\n", "200", "blockIO.weight", "200"), ("default 200\n8:0 300\n", "8:0 300", "blockIO.weightDevice[0].weight", "300"),
      ("8:0 rbps=4096 wbps=max riops=max wiops=7\n", "8:0 wiops=7", "blockIO.throttleWriteIOPSDevice[0]", "wiops=7"),
      ("8:16 rbps=1\n", "8:0 rbps=5", "blockIO.throttleReadBpsDevice[0]", "none"),
      ("8:0 4096\n8:16 8192\n", "8:16 9000", "blockIO.throttleReadBpsDevice[1]", "8192"),
      ("mlx5_0 hca_handle=2 hca_object=max\nmlx5_1 hca_handle=3 hca_object=4\n", "mlx5_1 hca_handle=3", "rdma.mlx5_1", "hca_handle=3"),
      ("lo 0\neth0 5\n", "eth0 5", "network.priorities[0]", "5"),
      ("oom_kill_disable 1\nunder_oom 0\n", "1", "memory.disableOOMKiller", "1"), ("\n", "0-1", "cpu.cpus", ""), ("", "5", "pids.limit", ""),
    ])
  func parts(_ contents: String, _ value: String, _ path: String, _ part: String) {
    #expect(AppliedLimits.part(of: Array(contents.utf8), for: value, "linux.resources.\(path)") == part)
  }

  @Test("limits of groups that are gone are those that were written")
  func gone() {
    let resources = Resources(memory: MemoryResources(limit: 4096, swap: 8192), cpu: CPUResources(shares: 1024, idle: 0))
    func limit(_ path: String, _ layout: CgroupLayout) -> String {
      let found = AppliedLimits(resources, layout: layout, groups: nil).limit("linux.resources.\(path)", asked: "?")
      return "\(found.value) by \(found.by)"
    }
    #expect(limit("memory.swap", Fixture.unified) == "4096 by memory.swap.max (cgroup v2, /sys/fs/cgroup)")
    #expect(limit("memory.swap", Fixture.legacy) == "8192 by memory.memsw.limit_in_bytes (cgroup v1, /cg/memory)")
    #expect(limit("cpu.shares", Fixture.unified) == "100 by cpu.weight (cgroup v2, /sys/fs/cgroup)")
    #expect(limit("memory.limit", Fixture.android) == "4096 by memory.limit_in_bytes (cgroup v1, /dev/memcg)")
  }

  @Test("files are told as they are called where they have no prefix")
  func withoutPrefix() {
    let limits = AppliedLimits(Resources(cpu: CPUResources(cpus: "0")), layout: Fixture.android, groups: nil)
    #expect(limits.limit("linux.resources.cpu.cpus", asked: "0").by == "cpus (cgroup v1, /dev/cpuset)")
    #expect(limits.hasSetting(for: "linux.resources.cpu.cpus") && !limits.hasSetting(for: "linux.resources.cpu"))
  }

  @Test("a line of a schemata file is found by its resource")
  func schemata() {
    let contents = Array("    MB:0=100\n    L3:0=7f0;1=7f0\n".utf8)
    #expect(schemaLine(like: "L3:0=1f", in: contents) == "L3:0=7f0;1=7f0" && schemaLine(like: "L2:0=1", in: contents) == "")
  }
}
