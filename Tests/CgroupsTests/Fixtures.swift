@testable import Cgroups

/// Mount tables and cgroup memberships as systems of each kind have them.
enum Fixture {
  /// A layout from the text of the three files; every v2 mount point has the same `cgroup.controllers`.
  static func layout(_ mountInfo: String, own: String = "", controllers: String = "") -> CgroupLayout {
    CgroupLayout(mountInfo: Array(mountInfo.utf8), selfCgroup: Array(own.utf8)) { _ in Array(controllers.utf8) }
  }

  /// Debian 12: systemd, v2 alone.
  static var unified: CgroupLayout {
    layout(
      """
      22 27 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
      27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
      28 22 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
      29 22 0:26 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:10 - pstore pstore rw

      """, own: "0::/user.slice/user-0.slice/session-1.scope\n", controllers: "cpuset cpu io memory hugetlb pids rdma misc\n")
  }

  /// v1 hierarchies, each with a controller or two, a named one, and v2 with what is left.
  static var hybrid: CgroupLayout {
    layout(hybridTable, own: "9:name=systemd:/init.scope\n4:memory:/apps/one\n1:cpu,cpuacct:/\n0::/\n", controllers: "hugetlb\n")
  }

  /// The mounts of `hybrid`.
  static var hybridTable: String {
    """
    23 0 254:0 / / rw,relatime - ext4 /dev/root rw
    31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
    32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
    34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
    35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
    36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
    37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
    38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
    39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
    40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd
    41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

    """
  }

  /// The same machine without v2.
  static var legacy: CgroupLayout {
    layout(
      """
      23 0 254:0 / / rw,relatime - ext4 /dev/root rw
      31 23 0:28 / /cg rw,relatime - tmpfs tmpfs rw,mode=755
      32 31 0:29 / /cg/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
      34 31 0:31 / /cg/cpuset rw,relatime - cgroup cgroup rw,cpuset
      35 31 0:32 / /cg/memory rw,relatime - cgroup cgroup rw,memory
      36 31 0:33 / /cg/devices rw,relatime - cgroup cgroup rw,devices
      37 31 0:34 / /cg/freezer rw,relatime - cgroup cgroup rw,freezer
      38 31 0:35 / /cg/blkio rw,relatime - cgroup cgroup rw,blkio
      39 31 0:36 / /cg/pids rw,relatime - cgroup cgroup rw,pids
      42 31 0:40 / /cg/hugetlb rw,relatime - cgroup cgroup rw,hugetlb
      43 31 0:41 / /cg/net rw,relatime - cgroup cgroup rw,net_cls,net_prio
      44 31 0:42 / /cg/rdma rw,relatime - cgroup cgroup rw,rdma

      """, own: "1:cpu,cpuacct:/\n")
  }

  /// A phone as Android's init leaves it: no pids, no devices, and cpuset with bare file names.
  static var android: CgroupLayout {
    layout(
      """
      1 0 253:5 / / ro,seclabel,relatime - ext4 /dev/block/dm-5 ro
      20 1 0:18 / /dev rw,seclabel,nosuid,relatime - tmpfs tmpfs rw,size=3829512k,mode=755
      24 1 0:22 / /sys rw,seclabel,nosuid,nodev,noexec,relatime - sysfs sysfs rw
      30 20 0:27 / /dev/blkio rw,nosuid,nodev,noexec,relatime - cgroup none rw,blkio
      31 24 0:28 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - cgroup2 none rw,memory_recursiveprot
      32 20 0:29 / /dev/cpuctl rw,nosuid,nodev,noexec,relatime - cgroup none rw,cpu
      33 20 0:30 / /dev/cpuset rw,nosuid,nodev,noexec,relatime - cpuset none rw,cpuset,noprefix,release_agent=/sbin/cpuset_release_agent
      34 20 0:31 / /dev/memcg rw,nosuid,nodev,noexec,relatime - cgroup none rw,memory

      """, own: "4:memory:/\n3:cpuset:/\n2:cpu:/\n1:blkio:/\n0::/\n", controllers: "\n")
  }
}
