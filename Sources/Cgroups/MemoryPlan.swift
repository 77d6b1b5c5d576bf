internal import OCI
internal import Wording

extension SettingList {
  /// The settings for `linux.resources.memory`, in the order in which the kernel accepts them.
  func add(_ memory: MemoryResources) {
    if memory.limit == 0 { return refuse(.memoryLimit, "0 bytes leave no room for a process") }
    if let swap = memory.swap, let limit = memory.limit, swap >= 0, limit >= 0, swap < limit {
      return refuse(.memorySwap, "\(swap) is below memory.limit, which it includes")
    }
    if memory.checkBeforeUpdate ?? false { refuseBelowUsage(memory) }
    addLimits(memory)
    // Reclaim spares a v2 group that uses less than `memory.low`, which is what a reservation asks for.
    if let reservation = memory.reservation { set(.memoryReservation, orUnlimited: reservation) }
    addV1Only(memory)
  }

  /// `memory.limit`, and `memory.swap`, which is memory and swap together, as v1 counts.
  private func addLimits(_ memory: MemoryResources) {
    // Unlimited memory under a limit of both together would not be unlimited: runc lifts that limit, too, and the kernel of v1 asks for it.
    let isLifted = memory.swap == nil && (memory.limit ?? 0) < 0
    guard memory.limit != nil || memory.swap != nil else { return }
    let swap = isLifted ? -1 : memory.swap
    let asked = isLifted ? Limit.memoryLimit : .memorySwap
    // The files are there if the kernel counts swap; without them and without swap, the limit of memory is that of both.
    let ifMissing: Traits = (swap ?? -1) < 0 ? .harmless : .harmlessWithoutSwap
    if generation(of: memory.limit == nil ? .memorySwap : .memoryLimit) == .v1 {
      // The kernel refuses a limit of both together below that of memory at every moment. Memory comes first, which is right for a new group and for lower
      // limits; for higher ones it is refused, and written again after the other.
      if let limit = memory.limit { set(.memoryLimit, orUnlimited: limit, swap == nil ? [] : .isTriedAgain) }
      if let swap { set(.memorySwap, orUnlimited: swap, for: asked, ifMissing) }
      return
    }
    // Swap first: more of it is of use before memory gets less.
    if let swap { set(.memorySwap, orUnlimited: swapAlone(swap, limit: memory.limit), for: asked, ifMissing) }
    if let limit = memory.limit { set(.memoryLimit, orUnlimited: limit) }
  }

  /// v2 counts swap without memory, so the memory part is subtracted (cgroup-v2.rst, "memory.swap.max"): the limit that is asked for, or the one in force.
  private func swapAlone(_ swap: Int64, limit: Int64?) -> Int64 {
    if swap < 0 { return swap }
    guard let limit = limit ?? current.map({ $0.memoryLimit ?? -1 }) else {
      refuse(.memorySwap, "needs memory.limit, because cgroup v2 counts swap without memory")
      return 0
    }
    if limit < 0 { return swap }
    if swap < limit { refuse(.memorySwap, "\(swap) is below the limit of memory, \(limit), which it includes") }
    return swap - limit
  }

  /// Where memory is on v2, whose kernel would kill processes until the limit holds; that of v1 refuses by itself. In runc's words.
  private func refuseBelowUsage(_ memory: MemoryResources) {
    guard let usage = current?.memoryUsage else { return }
    if let swap = memory.swap, swap > 0, UInt64(swap) <= usage { refuse(.memorySwap, "rejecting memory+swap limit \(swap) <= usage \(usage)") }
    if let limit = memory.limit, limit > 0, UInt64(limit) <= usage { refuse(.memoryLimit, "rejecting memory limit \(limit) <= usage \(usage)") }
  }

  /// What cgroup v2 has no file for. Unlimited is what both generations have without being told.
  private func addV1Only(_ memory: MemoryResources) {
    addKernelLimit(.memoryKernel, memory.kernel)
    addKernelLimit(.memoryKernelTCP, memory.kernelTCP)
    if let swappiness = memory.swappiness {
      if generation(of: .memorySwappiness) == .v1, swappiness > 100 { refuse(.memorySwappiness, "\(swappiness) is not within 0 to 100") }
      set(.memorySwappiness, swappiness)
    }
    let generation = layout.hierarchy(of: .memory)?.generation
    // A new group has the killer; in one that runs it may have been taken away.
    if let disable = memory.disableOOMKiller, disable || (current != nil && generation == .v1) { set(.memoryDisableOOMKiller, disable ? "1" : "0") }
    // v2 is always so.
    if let use = memory.useHierarchy, !use || generation != .v2 { set(.memoryUseHierarchy, use ? "1" : "0") }
  }

  /// Kernels since 5.16 refuse a limit of kernel memory, those since 6.7 take it and do nothing, so it is read again.
  private func addKernelLimit(_ limit: Limit, _ value: Int64?) {
    guard let value else { return }
    let generation = layout.hierarchy(of: .memory)?.generation
    if value < 0, generation == .v2 || (generation == .v1 && current == nil) { return }
    set(limit, orUnlimited: value, value < 0 ? .harmless : .isReadBack)
  }
}
