internal import Cgroups
internal import JSON

/// What `events` prints, in the form of `runc events`: names, units, and what is left out when it is 0 are those of runc's types/events.go.
struct EventDocument {
  private var writer = JSONWriter(.compact)

  /// A line that tells of want of memory.
  static func outOfMemory(_ id: String) -> [UInt8] {
    var document = EventDocument()
    document.writer.object { event in
      event.member("type", "oom")
      event.member("id", id)
    }
    return document.writer.bytes() + [0x0A]
  }

  /// A line of statistics.
  static func statistics(_ id: String, _ statistics: CgroupStatistics, _ rdt: IntelRdtStatistics? = nil, _ interfaces: [NetworkInterface] = []) -> [UInt8] {
    var document = EventDocument()
    document.writer.object { event in
      event.member("type", "stats")
      event.member("id", id)
      event.key("data")
      event.object { data in
        data.key("cpu")
        data.write(statistics.processor ?? .none)
        data.key("cpuset")
        data.write(statistics.cpuset ?? .none)
        data.key("memory")
        data.write(statistics.memory)
        data.key("pids")
        data.object { pids in
          pids.unlessZero("current", statistics.tasks?.current)
          pids.unlessZero("limit", statistics.tasks?.limit)
        }
        data.key("blkio")
        data.write(statistics.blockIO ?? .none)
        data.key("hugetlb")
        data.object { sizes in
          for pages in statistics.hugePages { sizes.write(pages) }
        }
        data.key("intel_rdt")
        data.write(rdt)
        data.key("network_interfaces")
        if interfaces.isEmpty { return data.null() }
        data.array { list in
          for interface in interfaces { list.write(interface) }
        }
      }
    }
    return document.writer.bytes() + [0x0A]
  }
}

extension JSONWriter {
  fileprivate mutating func unlessZero(_ key: String, _ value: UInt64?) {
    if let value, value != 0 { member(key, value) }
  }

  fileprivate mutating func unlessEmpty(_ key: String, _ values: [UInt64]) {
    if values.isEmpty { return }
    self.key(key)
    array { array in
      for value in values { array.value(value) }
    }
  }

  fileprivate mutating func write(_ processor: CgroupStatistics.Processor) {
    object { cpu in
      cpu.key("usage")
      cpu.object { usage in
        usage.unlessZero("total", processor.used)
        usage.unlessEmpty("percpu", processor.perProcessor)
        usage.unlessEmpty("percpu_kernel", processor.perProcessorKernel)
        usage.unlessEmpty("percpu_user", processor.perProcessorUser)
        usage.member("kernel", processor.kernel ?? 0)
        usage.member("user", processor.user ?? 0)
      }
      if processor.periods != 0 || processor.throttledPeriods != 0 || processor.throttledTime != 0 {
        cpu.key("throttling")
        cpu.object { throttling in
          throttling.unlessZero("periods", processor.periods)
          throttling.unlessZero("throttledPeriods", processor.throttledPeriods)
          throttling.unlessZero("throttledTime", processor.throttledTime)
        }
      }
      cpu.write(processor.pressure)
    }
  }

  fileprivate mutating func write(_ set: CgroupStatistics.CPUSet) {
    object { cpuset in
      cpuset.unlessEmpty("cpus", set.processors.map { UInt64($0) })
      cpuset.member("cpu_exclusive", set.cpuExclusive)
      cpuset.unlessEmpty("mems", set.nodes.map { UInt64($0) })
      cpuset.member("mem_hardwall", set.memHardwall)
      cpuset.member("mem_exclusive", set.memExclusive)
      cpuset.member("memory_migrate", set.memoryMigrate)
      cpuset.member("memory_spread_page", set.memorySpreadPage)
      cpuset.member("memory_spread_slab", set.memorySpreadSlab)
      cpuset.member("memory_pressure", set.memoryPressure)
      cpuset.member("sched_load_balance", set.schedLoadBalance)
      cpuset.member("sched_relax_domain_level", set.schedRelaxDomainLevel)
    }
  }

  fileprivate mutating func write(_ memory: CgroupStatistics.Memory?) {
    object { object in
      guard let memory else { return }
      object.unlessZero("cache", memory.cache)
      object.write("usage", memory.usage)
      object.write("swap", memory.swap)
      object.write("kernel", memory.kernel)
      object.write("kernelTCP", memory.kernelTCP)
      if !memory.raw.isEmpty {
        object.key("raw")
        object.object { raw in
          for (key, value) in memory.raw { raw.member(key, value) }
        }
      }
      object.write(memory.pressure)
    }
  }

  private mutating func write(_ key: String, _ use: CgroupStatistics.MemoryUse?) {
    guard let use else { return }
    self.key(key)
    object { entry in
      entry.member("limit", use.limit)
      entry.unlessZero("usage", use.current)
      entry.unlessZero("max", use.peak)
      entry.member("failcnt", use.failures)
    }
  }

  fileprivate mutating func write(_ blockIO: CgroupStatistics.BlockIO) {
    object { object in
      object.write("ioServiceBytesRecursive", blockIO.bytes)
      object.write("ioServicedRecursive", blockIO.operations)
      object.write("ioQueueRecursive", blockIO.queued)
      object.write("ioServiceTimeRecursive", blockIO.serviceTime)
      object.write("ioWaitTimeRecursive", blockIO.waitTime)
      object.write("ioMergedRecursive", blockIO.merged)
      object.write("ioTimeRecursive", blockIO.time)
      object.write("sectorsRecursive", blockIO.sectors)
      object.write(blockIO.pressure)
    }
  }

  private mutating func write(_ key: String, _ entries: [CgroupStatistics.BlockIOEntry]) {
    if entries.isEmpty { return }
    self.key(key)
    array { array in
      for entry in entries {
        array.object { object in
          object.unlessZero("major", entry.major)
          object.unlessZero("minor", entry.minor)
          if !entry.operation.utf8.isEmpty { object.member("op", entry.operation) }
          object.unlessZero("value", entry.value)
        }
      }
    }
  }

  fileprivate mutating func write(_ pages: CgroupStatistics.HugePages) {
    key(pages.size)
    object { object in
      object.unlessZero("usage", pages.current)
      object.unlessZero("max", pages.peak)
      object.member("failcnt", pages.failures)
    }
  }

  private mutating func write(_ pressure: CgroupStatistics.Pressure?) {
    guard let pressure else { return }
    key("psi")
    object { psi in
      psi.write("some", pressure.some)
      psi.write("full", pressure.full)
    }
  }

  private mutating func write(_ key: String, _ line: CgroupStatistics.PressureLine) {
    self.key(key)
    object { object in
      object.share("avg10", line.average10)
      object.share("avg60", line.average60)
      object.share("avg300", line.average300)
      object.member("total", line.total)
    }
  }

  /// Hundredths, without zeros at the end.
  private mutating func share(_ key: String, _ hundredths: UInt64) {
    self.key(key)
    let tens = hundredths / 10 % 10
    let ones = hundredths % 10
    if ones != 0 { return number("\(hundredths / 100).\(tens)\(ones)") }
    number(tens == 0 ? "\(hundredths / 100)" : "\(hundredths / 100).\(tens)")
  }

  fileprivate mutating func write(_ rdt: IntelRdtStatistics?) {
    object { object in
      guard let rdt else { return }
      if let cache = rdt.cache {
        object.key("l3_cache_info")
        object.object { info in
          info.unlessEmpty("cbm_mask", cache.mask)
          info.unlessZero("min_cbm_bits", cache.minimumBits)
          info.unlessZero("num_closids", cache.classes)
        }
        object.unlessEmpty("l3_cache_schema_root", cache.rootSchema)
        object.unlessEmpty("l3_cache_schema", cache.schema)
      }
      if let bandwidth = rdt.bandwidth {
        object.key("mem_bw_info")
        object.object { info in
          info.unlessZero("bandwidth_gran", bandwidth.granularity)
          info.unlessZero("delay_linear", bandwidth.isLinear)
          info.unlessZero("min_bandwidth", bandwidth.minimum)
          info.unlessZero("num_closids", bandwidth.classes)
        }
        object.unlessEmpty("mem_bw_schema_root", bandwidth.rootSchema)
        object.unlessEmpty("mem_bw_schema", bandwidth.schema)
      }
      object.writeMonitored(rdt)
    }
  }

  private mutating func writeMonitored(_ rdt: IntelRdtStatistics) {
    if !rdt.schemata.isEmpty {
      key("schemata")
      array { array in
        for line in rdt.schemata { array.value(line) }
      }
    }
    if let traffic = rdt.traffic {
      key("mbm_stats")
      array { array in
        for cache in traffic {
          array.object { object in
            object.member("mbm_total_bytes", cache.total)
            object.member("mbm_local_bytes", cache.local)
          }
        }
      }
    }
    if let occupancy = rdt.occupancy {
      key("cmt_stats")
      array { array in
        for bytes in occupancy { array.object { $0.member("llc_occupancy", bytes) } }
      }
    }
  }

  fileprivate mutating func unlessEmpty(_ key: String, _ text: String) {
    if !text.utf8.isEmpty { member(key, text) }
  }

  fileprivate mutating func write(_ interface: NetworkInterface) {
    object { object in
      object.member("Name", interface.name)
      object.member("RxBytes", interface.received.bytes)
      object.member("RxPackets", interface.received.packets)
      object.member("RxErrors", interface.received.errors)
      object.member("RxDropped", interface.received.dropped)
      object.member("TxBytes", interface.sent.bytes)
      object.member("TxPackets", interface.sent.packets)
      object.member("TxErrors", interface.sent.errors)
      object.member("TxDropped", interface.sent.dropped)
    }
  }
}
