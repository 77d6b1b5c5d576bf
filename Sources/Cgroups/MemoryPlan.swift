internal import OCI

extension SettingList {
  /// The settings for `linux.resources.memory`, in the order in which the kernel accepts them.
  mutating func add(_ memory: MemoryResources) throws(CgroupPlanError) {
    if let limit = memory.limit, limit == 0 { throw .refused(asked: SettingList.path("memory.limit"), reason: "0 bytes leave no room for a process") }
    if let swap = memory.swap, let limit = memory.limit, swap >= 0, limit >= 0, swap < limit {
      throw .refused(asked: SettingList.path("memory.swap"), reason: "\(swap) is below memory.limit, which it includes")
    }
    if memory.checkBeforeUpdate ?? false { try refuseBelowUsage(memory) }
    try addLimits(memory)
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

  /// `memory.limit`, and `memory.swap`, which is memory and swap together, as v1 counts.
  private mutating func addLimits(_ memory: MemoryResources) throws(CgroupPlanError) {
    // Unlimited memory under a limit of both together would not be unlimited: runc lifts that limit, too, and the kernel of v1 asks for it.
    let isLifted = memory.swap == nil && (memory.limit ?? 0) < 0
    guard memory.limit != nil || memory.swap != nil else { return }
    let swap = isLifted ? -1 : memory.swap
    let first = memory.limit == nil ? "memory.swap" : "memory.limit"
    // The files are there if the kernel counts swap; without them and without swap, the limit of memory is that of both.
    let ifMissing: Setting.IfMissing = (swap ?? -1) < 0 ? .harmless : .harmlessWithoutSwap
    let swapName = isLifted ? "memory.limit" : "memory.swap"
    if try generation(of: .memory, for: first) == .v1 {
      // The kernel refuses a limit of both together below that of memory at every moment. Memory comes first, which is right for a new group and for lower
      // limits; for higher ones it is refused, and written again after the other.
      if let limit = memory.limit {
        try add(.memory, "memory.limit_in_bytes", minusOneAsUnlimited(limit), for: "memory.limit", isTriedAgain: swap != nil)
      }
      if let swap {
        try add(.memory, "memory.memsw.limit_in_bytes", minusOneAsUnlimited(swap), for: swapName, option: "MEMCG_SWAP", ifMissing: ifMissing)
      }
      return
    }
    // Swap first: more of it is of use before memory gets less.
    if let swap {
      try add(
        .memory, "memory.swap.max", negativeAsMax(try swapAlone(swap, limit: memory.limit)), for: swapName, option: "MEMCG_SWAP", ifMissing: ifMissing)
    }
    if let limit = memory.limit { try add(.memory, "memory.max", negativeAsMax(limit), for: "memory.limit") }
  }

  /// v2 counts swap without memory, so the memory part is subtracted (cgroup-v2.rst, "memory.swap.max"): the limit that is asked for, or the one in force.
  private func swapAlone(_ swap: Int64, limit: Int64?) throws(CgroupPlanError) -> Int64 {
    if swap < 0 { return swap }
    let asked = SettingList.path("memory.swap")
    guard let limit = limit ?? current.map({ $0.memoryLimit ?? -1 }) else {
      throw .refused(asked: asked, reason: "needs memory.limit, because cgroup v2 counts swap without memory")
    }
    if limit < 0 { return swap }
    if swap < limit { throw .refused(asked: asked, reason: "\(swap) is below the limit of memory, \(limit), which it includes") }
    return swap - limit
  }

  /// Where memory is on v2, whose kernel would kill processes until the limit holds; that of v1 refuses by itself. In runc's words.
  private func refuseBelowUsage(_ memory: MemoryResources) throws(CgroupPlanError) {
    guard let usage = current?.memoryUsage else { return }
    if let swap = memory.swap, swap > 0, UInt64(swap) <= usage {
      throw .refused(asked: SettingList.path("memory.swap"), reason: "rejecting memory+swap limit \(swap) <= usage \(usage)")
    }
    if let limit = memory.limit, limit > 0, UInt64(limit) <= usage {
      throw .refused(asked: SettingList.path("memory.limit"), reason: "rejecting memory limit \(limit) <= usage \(usage)")
    }
  }

  /// What cgroup v2 has no file for. Unlimited is what both generations have without being told.
  private mutating func addV1Only(_ memory: MemoryResources) throws(CgroupPlanError) {
    try addKernelLimit(memory.kernel, "memory.kmem.limit_in_bytes", for: "memory.kernel")
    try addKernelLimit(memory.kernelTCP, "memory.kmem.tcp.limit_in_bytes", for: "memory.kernelTCP")
    if let swappiness = memory.swappiness {
      try requireV1(.memory, for: "memory.swappiness")
      if swappiness > 100 { throw .refused(asked: SettingList.path("memory.swappiness"), reason: "\(swappiness) is not within 0 to 100") }
      try add(.memory, "memory.swappiness", "\(swappiness)", for: "memory.swappiness")
    }
    if let disableOOMKiller = memory.disableOOMKiller {
      if disableOOMKiller { try requireV1(.memory, for: "memory.disableOOMKiller") }
      // A new group has the killer; in one that runs it may have been taken away.
      let isV1 = layout.hierarchy(of: .memory)?.generation == .v1
      if disableOOMKiller || (current != nil && isV1) {
        try add(.memory, "memory.oom_control", disableOOMKiller ? "1" : "0", for: "memory.disableOOMKiller")
      }
    }
    if let useHierarchy = memory.useHierarchy {
      // v2 is always so.
      if !useHierarchy { try requireV1(.memory, for: "memory.useHierarchy") }
      if try generation(of: .memory, for: "memory.useHierarchy") == .v1 {
        try add(.memory, "memory.use_hierarchy", useHierarchy ? "1" : "0", for: "memory.useHierarchy")
      }
    }
  }

  /// Kernels since 5.16 refuse a limit of kernel memory, those since 6.7 take it and do nothing, so it is read again.
  private mutating func addKernelLimit(_ limit: Int64?, _ file: String, for asked: String) throws(CgroupPlanError) {
    guard let limit else { return }
    let generation = try generation(of: .memory, for: asked)
    if limit < 0 && (generation == .v2 || current == nil) { return }
    try requireV1(.memory, for: asked)
    try add(
      .memory, file, minusOneAsUnlimited(limit), for: asked, option: "MEMCG_KMEM", ifMissing: limit < 0 ? .harmless : .refuse, isReadBack: limit >= 0)
  }
}

/// v1's spelling of a number of bytes: every negative one is unlimited.
private func minusOneAsUnlimited(_ value: Int64) -> String { value < 0 ? "-1" : "\(value)" }

/// v2's spelling: every negative number is unlimited.
func negativeAsMax(_ value: Int64) -> String { value < 0 ? "max" : "\(value)" }
