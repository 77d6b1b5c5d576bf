import Cgroups

/// Mount tables as systems of each kind have them.
enum Machine {
  nonisolated(unsafe) static let layouts = [unified, hybrid, legacy, CgroupLayout()]

  private static func layout(_ mountInfo: String, own: String, controllers: String = "") -> CgroupLayout {
    CgroupLayout(mountInfo: Array(mountInfo.utf8), selfCgroup: Array(own.utf8)) { _ in Array(controllers.utf8) }
  }

  nonisolated(unsafe) private static let unified = layout(
    "28 22 0:25 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n", own: "0::/user.slice\n",
    controllers: "cpuset cpu io memory hugetlb pids rdma misc\n")

  nonisolated(unsafe) private static let hybrid = layout(
    """
    31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
    32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
    35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
    41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

    """, own: "4:memory:/apps/one\n0::/\n", controllers: "hugetlb cpuset io pids\n")

  nonisolated(unsafe) private static let legacy = layout(
    """
    31 23 0:28 / /cg rw,relatime - tmpfs tmpfs rw,mode=755
    32 31 0:29 / /cg/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
    34 31 0:31 / /cg/cpuset rw,relatime - cgroup cgroup rw,cpuset
    35 31 0:32 / /cg/memory rw,relatime - cgroup cgroup rw,memory
    36 31 0:33 / /cg/devices rw,relatime - cgroup cgroup rw,devices
    38 31 0:35 / /cg/blkio rw,relatime - cgroup cgroup rw,blkio
    39 31 0:36 / /cg/pids rw,relatime - cgroup cgroup rw,pids
    42 31 0:40 / /cg/hugetlb rw,relatime - cgroup cgroup rw,hugetlb
    43 31 0:41 / /cg/net rw,relatime - cgroup cgroup rw,net_cls,net_prio
    44 31 0:42 / /cg/rdma rw,relatime - cgroup cgroup rw,rdma

    """, own: "1:cpu,cpuacct:/\n")
}
