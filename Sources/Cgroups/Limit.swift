internal import Linux
internal import OCI

/// The limits of `linux.resources` that are numbers or lists in control files, in the order of their table.
enum Limit: UInt8 {
  case memoryLimit, memorySwap, memoryReservation, memoryKernel, memoryKernelTCP, memorySwappiness, memoryDisableOOMKiller, memoryUseHierarchy
  case cpuIdle, cpuShares, cpuBurst, cpuQuota, cpuPeriod, cpuRealtimePeriod, cpuRealtimeRuntime, cpuCPUs, cpuMems, cpuSpeed
  case pidsLimit
  case weight, weightDevice, leafWeight, leafWeightDevice, readBytes, writeBytes, readOperations, writeOperations
  case hugePages, hugePagesReserved
  case networkClass, networkPriorities, rdma

  /// The path below `linux.resources`, the controller, the file on v1 and the one on v2, and the kernel's build option for them. `-`: there is no such file; the
  /// option is the controller's own. A list's path ends before the index of the entry; `%` in a file is a part of its name that the entry has.
  private static var table: Literal {
    """
    memory.limit                     memory   memory.limit_in_bytes            memory.max            -
    memory.swap                      memory   memory.memsw.limit_in_bytes      memory.swap.max       MEMCG_SWAP
    memory.reservation               memory   memory.soft_limit_in_bytes       memory.low            -
    memory.kernel                    memory   memory.kmem.limit_in_bytes       -                     MEMCG_KMEM
    memory.kernelTCP                 memory   memory.kmem.tcp.limit_in_bytes   -                     MEMCG_KMEM
    memory.swappiness                memory   memory.swappiness                -                     -
    memory.disableOOMKiller          memory   memory.oom_control               -                     -
    memory.useHierarchy              memory   memory.use_hierarchy             -                     -
    cpu.idle                         cpu      cpu.idle                         cpu.idle              FAIR_GROUP_SCHED
    cpu.shares                       cpu      cpu.shares                       cpu.weight            FAIR_GROUP_SCHED
    cpu.burst                        cpu      cpu.cfs_burst_us                 cpu.max.burst         CFS_BANDWIDTH
    cpu.quota                        cpu      cpu.cfs_quota_us                 cpu.max               CFS_BANDWIDTH
    cpu.period                       cpu      cpu.cfs_period_us                cpu.max               CFS_BANDWIDTH
    cpu.realtimePeriod               cpu      cpu.rt_period_us                 -                     RT_GROUP_SCHED
    cpu.realtimeRuntime              cpu      cpu.rt_runtime_us                -                     RT_GROUP_SCHED
    cpu.cpus                         cpuset   cpuset.cpus                      cpuset.cpus           -
    cpu.mems                         cpuset   cpuset.mems                      cpuset.mems           -
    cpu.quota                        cpu      cpu.uclamp.max                   cpu.uclamp.max        UCLAMP_TASK_GROUP
    pids.limit                       pids     pids.max                         pids.max              -
    blockIO.weight                   blkio    blkio.weight                     io.bfq.weight         BFQ_GROUP_IOSCHED
    blockIO.weightDevice             blkio    blkio.weight_device              io.bfq.weight         BFQ_GROUP_IOSCHED
    blockIO.leafWeight               blkio    blkio.leaf_weight                -                     CFQ_GROUP_IOSCHED
    blockIO.weightDevice             blkio    blkio.leaf_weight_device         -                     CFQ_GROUP_IOSCHED
    blockIO.throttleReadBpsDevice    blkio    blkio.throttle.read_bps_device   io.max                BLK_DEV_THROTTLING
    blockIO.throttleWriteBpsDevice   blkio    blkio.throttle.write_bps_device  io.max                BLK_DEV_THROTTLING
    blockIO.throttleReadIOPSDevice   blkio    blkio.throttle.read_iops_device  io.max                BLK_DEV_THROTTLING
    blockIO.throttleWriteIOPSDevice  blkio    blkio.throttle.write_iops_device io.max                BLK_DEV_THROTTLING
    hugepageLimits                   hugetlb  hugetlb.%.limit_in_bytes         hugetlb.%.max         -
    hugepageLimits                   hugetlb  hugetlb.%.rsvd.limit_in_bytes    hugetlb.%.rsvd.max    -
    network.classID                  net_cls  net_cls.classid                  -                     -
    network.priorities               net_prio net_prio.ifpriomap               -                     -
    rdma                             rdma     rdma.max                         rdma.max              -
    """
  }

  /// The row of the table.
  @inline(never)
  func row() -> Row {
    let words = Array(Limit.table.bytes).split(separator: 0x0A)[Int(rawValue)].split(separator: 0x20)
    return Row(path: words[0], controller: Controller(name: words[1]) ?? .cpu, v1: words[2], v2: words[3], option: words[4])
  }

  struct Row {
    var path: ArraySlice<UInt8>
    var controller: Controller
    var v1: ArraySlice<UInt8>
    var v2: ArraySlice<UInt8>
    var option: ArraySlice<UInt8>
  }
}

extension ArraySlice<UInt8> {
  /// Whether a word of the table says that there is nothing.
  var isNone: Bool { count == 1 && self[startIndex] == 0x2D }

  /// The name with `part` in place of its `%`.
  func filled(with part: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let gap = firstIndex(of: 0x25) else { return self }
    return self[..<gap] + part + self[(gap + 1)...]
  }
}
