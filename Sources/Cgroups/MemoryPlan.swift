internal import OCI

extension SettingList {
  /// The settings for `linux.resources.memory`, in the order in which the kernel accepts them in a new group.
  mutating func add(_ memory: MemoryResources) throws(CgroupPlanError) {
    if let limit = memory.limit {
      if limit == 0 { throw .refused(asked: SettingList.path("memory.limit"), reason: "0 bytes leave no room for a process") }
      if try generation(of: .memory, for: "memory.limit") == .v1 {
        try add(.memory, "memory.limit_in_bytes", minusOneAsUnlimited(limit), for: "memory.limit")
      } else {
        try add(.memory, "memory.max", negativeAsMax(limit), for: "memory.limit")
      }
    }
    if let swap = memory.swap { try addSwap(swap, limit: memory.limit) }
    if let reservation = memory.reservation {
      if try generation(of: .memory, for: "memory.reservation") == .v1 {
        try add(.memory, "memory.soft_limit_in_bytes", minusOneAsUnlimited(reservation), for: "memory.reservation")
      } else {
        // Reclaim spares a v2 group that uses less than `memory.low`, which is what a reservation asks for.
        try add(.memory, "memory.low", negativeAsMax(reservation), for: "memory.reservation")
      }
    }
    try addV1Only(memory)
  }

  /// `memory.swap` is memory and swap together, as v1 counts. v1 refuses a value below the memory limit at every moment, so memory comes first in a new group;
  /// v2 counts swap alone, so the memory part is subtracted (cgroup-v2.rst, "memory.swap.max").
  private mutating func addSwap(_ swap: Int64, limit: Int64?) throws(CgroupPlanError) {
    let asked = "memory.swap"
    if swap >= 0, let limit, limit >= 0, swap < limit {
      throw .refused(asked: SettingList.path(asked), reason: "\(swap) is below memory.limit, which it includes")
    }
    // The files are there if the kernel counts swap; without them and without swap, the limit of memory is that of both.
    let ifMissing: Setting.IfMissing = swap < 0 ? .harmless : .harmlessWithoutSwap
    if try generation(of: .memory, for: asked) == .v1 {
      try add(.memory, "memory.memsw.limit_in_bytes", minusOneAsUnlimited(swap), for: asked, option: "MEMCG_SWAP", ifMissing: ifMissing)
      return
    }
    var alone = swap
    if swap >= 0 {
      guard let limit else { throw .refused(asked: SettingList.path(asked), reason: "needs memory.limit, because cgroup v2 counts swap without memory") }
      if limit >= 0 { alone = swap - limit }
    }
    try add(.memory, "memory.swap.max", negativeAsMax(alone), for: asked, option: "MEMCG_SWAP", ifMissing: ifMissing)
  }

  /// What cgroup v2 has no file for. `checkBeforeUpdate` has nothing to check in a new group.
  private mutating func addV1Only(_ memory: MemoryResources) throws(CgroupPlanError) {
    if let kernel = memory.kernel {
      try requireV1(.memory, for: "memory.kernel")
      try add(.memory, "memory.kmem.limit_in_bytes", minusOneAsUnlimited(kernel), for: "memory.kernel", option: "MEMCG_KMEM")
    }
    if let kernelTCP = memory.kernelTCP {
      try requireV1(.memory, for: "memory.kernelTCP")
      try add(.memory, "memory.kmem.tcp.limit_in_bytes", minusOneAsUnlimited(kernelTCP), for: "memory.kernelTCP", option: "MEMCG_KMEM")
    }
    if let swappiness = memory.swappiness {
      try requireV1(.memory, for: "memory.swappiness")
      if swappiness > 100 { throw .refused(asked: SettingList.path("memory.swappiness"), reason: "\(swappiness) is not within 0 to 100") }
      try add(.memory, "memory.swappiness", "\(swappiness)", for: "memory.swappiness")
    }
    if memory.disableOOMKiller ?? false {
      try requireV1(.memory, for: "memory.disableOOMKiller")
      try add(.memory, "memory.oom_control", "1", for: "memory.disableOOMKiller")
    }
    if let useHierarchy = memory.useHierarchy {
      // v2 is always so.
      if !useHierarchy { try requireV1(.memory, for: "memory.useHierarchy") }
      if try generation(of: .memory, for: "memory.useHierarchy") == .v1 {
        try add(.memory, "memory.use_hierarchy", useHierarchy ? "1" : "0", for: "memory.useHierarchy")
      }
    }
  }
}

/// v1's spelling of a number of bytes: every negative one is unlimited.
private func minusOneAsUnlimited(_ value: Int64) -> String { value < 0 ? "-1" : "\(value)" }

/// v2's spelling: every negative number is unlimited.
func negativeAsMax(_ value: Int64) -> String { value < 0 ? "max" : "\(value)" }
