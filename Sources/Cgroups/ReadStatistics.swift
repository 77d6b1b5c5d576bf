internal import Linux

extension ContainerCgroup {
  /// Reads what the container uses: the members of a line of `events`, each with what is counted of it here.
  public func statistics() throws(CgroupError) -> Statistic {
    let reader = StatisticReader(groups)
    let statistics = reader.statistics()
    if let fault = reader.fault { throw fault }
    return statistics
  }
}

/// Reads the control files that statistics are in. The first that cannot be read is noted, and nothing is read after it, so that the way through the table goes
/// straight.
final class StatisticReader {
  private let groups: [GroupDirectory]
  private(set) var fault: CgroupError?
  /// The file that was read last: much of the table is in a few files.
  private var lastFile = ""
  private var lastGeneration = CgroupGeneration.v2
  private var lastContents: [UInt8]?

  init(_ groups: [GroupDirectory]) { self.groups = groups }

  /// The path of each statistic, its form, and the file and key that it has on v2 and on v1, which comes first: what v1 counts is counted there alone. `-`: it is
  /// not told there, or is not in a line of its own.
  ///
  /// - number: a number, 0 when it is not counted; nonzero: the same, left out when it is 0; signed: a number that may be below 0.
  /// - numbers: all numbers of a file; ranges: a list such as `0-3,7`; column: the column of a title; lines: all lines "key number".
  /// - use: bytes in use and their limit; the files' names begin with this.
  /// - devices: what is counted by device and operation: of v1 a file of the family that counts here, of v2 the end of two keys.
  /// - pressure: how long tasks waited (Documentation/accounting/psi.rst; v2, Linux 4.20), told where the other file is on v2 as well.
  /// - pages: huge pages by size.
  private static var table: Literal {
    """
    cpu.usage.total                  nonzero  cpu.stat usage_usec     cpuacct.usage -
    cpu.usage.percpu                 numbers  - -                     cpuacct.usage_percpu -
    cpu.usage.percpu_kernel          column   - -                     cpuacct.usage_all system
    cpu.usage.percpu_user            column   - -                     cpuacct.usage_all user
    cpu.usage.kernel                 number   cpu.stat system_usec    cpuacct.stat system
    cpu.usage.user                   number   cpu.stat user_usec      cpuacct.stat user
    cpu.throttling.periods           nonzero  cpu.stat nr_periods     cpu.stat nr_periods
    cpu.throttling.throttledPeriods  nonzero  cpu.stat nr_throttled   cpu.stat nr_throttled
    cpu.throttling.throttledTime     nonzero  cpu.stat throttled_usec cpu.stat throttled_time
    cpu.psi                          pressure cpu.pressure -          cpu.stat -
    cpuset.cpus                      ranges   - -                     cpuset.cpus -
    cpuset.cpu_exclusive             number   - -                     cpuset.cpu_exclusive -
    cpuset.mems                      ranges   - -                     cpuset.mems -
    cpuset.mem_hardwall              number   - -                     cpuset.mem_hardwall -
    cpuset.mem_exclusive             number   - -                     cpuset.mem_exclusive -
    cpuset.memory_migrate            number   - -                     cpuset.memory_migrate -
    cpuset.memory_spread_page        number   - -                     cpuset.memory_spread_page -
    cpuset.memory_spread_slab        number   - -                     cpuset.memory_spread_slab -
    cpuset.memory_pressure           number   - -                     cpuset.memory_pressure -
    cpuset.sched_load_balance        number   - -                     cpuset.sched_load_balance -
    cpuset.sched_relax_domain_level  signed   - -                     cpuset.sched_relax_domain_level -
    memory.cache                     nonzero  memory.stat file        memory.stat cache
    memory.usage                     use      memory -                memory -
    memory.swap                      use      memory.swap -           memory.memsw -
    memory.kernel                    use      - -                     memory.kmem -
    memory.kernelTCP                 use      - -                     memory.kmem.tcp -
    memory.raw                       lines    memory.stat -           memory.stat -
    memory.psi                       pressure memory.pressure -       memory.current -
    pids.current                     nonzero  pids.current -          pids.current -
    pids.limit                       nonzero  pids.max -              pids.max -
    blkio.ioServiceBytesRecursive    devices  bytes -                 io_service_bytes -
    blkio.ioServicedRecursive        devices  ios -                   io_serviced -
    blkio.ioQueueRecursive           devices  - -                     io_queued -
    blkio.ioServiceTimeRecursive     devices  - -                     io_service_time -
    blkio.ioWaitTimeRecursive        devices  - -                     io_wait_time -
    blkio.ioMergedRecursive          devices  - -                     io_merged -
    blkio.ioTimeRecursive            devices  - -                     time -
    blkio.sectorsRecursive           devices  - -                     sectors -
    blkio.psi                        pressure io.pressure -           io.pressure -
    hugetlb                          pages    - -                     - -
    """
  }

  func statistics() -> Statistic {
    let statistics = Statistic(.members, "data")
    for line in Array(StatisticReader.table.bytes).split(separator: 0x0A) { add(words(line, separator: 0x20), to: statistics) }
    return statistics
  }

  /// Adds what a row of the table tells of.
  private func add(_ row: [String], to statistics: Statistic) {
    var path = words(Array(row[0].utf8)[...], separator: 0x2E)
    // What is told of nothing is there all the same, without members.
    var place = statistics.members(path.removeFirst())
    if row[1].equals("pages") { return addPages(to: place) }
    guard let name = path.popLast(), let statistic = statistic(row) else { return }
    for above in path { place = place.members(above) }
    place.add(statistic, name)
  }

  /// The statistic of a row, without its name; nil when it is left out.
  private func statistic(_ row: [String]) -> Statistic? {
    let (form, unified, legacy, key) = (row[1], row[2], row[4], row[5])
    if form.equals("number") || form.equals("nonzero") {
      let number = number(in: legacy, key, .v1) ?? number(in: unified, row[3], .v2) ?? 0
      return number == 0 && form.equals("nonzero") ? nil : Statistic(.number, "", String(number))
    }
    if form.equals("use") { return legacyUse(legacy) ?? unifiedUse(unified) }
    if form.equals("devices") { return blockIO(unified, legacy) }
    if form.equals("pressure") { return contents(legacy, .v2) == nil ? nil : contents(unified, .v2).flatMap { pressure($0) } }
    if form.equals("signed") { return Statistic(.number, "", signedNumber(contents(legacy, .v1) ?? [])) }
    guard let contents = contents(legacy, .v1) ?? contents(unified, .v2) else { return nil }
    if form.equals("lines") { return keyed(keyedNumbers(contents)) }
    if form.equals("ranges") { return list(numberList(contents)) }
    return list(form.equals("column") ? column(key, of: contents) : numbers(contents))
  }

  // MARK: files

  /// The contents of a control file; nil when no group here has it, or a file could not be read.
  @inline(never)
  private func contents(_ file: String, _ generation: CgroupGeneration) -> [UInt8]? {
    guard !file.equals("-"), fault == nil, let group = group(file, generation) else { return nil }
    if generation == lastGeneration, file.equals(lastFile) { return lastContents }
    lastContents = nil
    lastGeneration = generation
    lastFile = file
    do throws(CgroupError) {
      lastContents = try group.read(file)
    } catch {
      fault = error
    }
    return lastContents
  }

  /// The group that can have a control file: of v1 that in the hierarchy of the controller that the file's name begins with.
  private func group(_ file: String, _ generation: CgroupGeneration) -> GroupDirectory? {
    if generation == .v2 { return groups.first { $0.hierarchy.generation == .v2 } }
    guard let controller = Controller(name: Array(file.utf8).prefix { $0 != 0x2E }) else { return nil }
    return groups.first { $0.hierarchy.generation == .v1 && $0.hierarchy.controllers.contains(controller) }
  }

  /// The number that a file holds, or that it has in its line of a key. Nil when it is not counted here, or is a word such as `max`.
  ///
  /// Times are nanoseconds here, the greatest there are for one that is greater; the kernel counts them in microseconds, or in clock ticks, of which there are a
  /// hundred in a second (USER_HZ) wherever Apus runs.
  @inline(never)
  private func number(in file: String, _ key: String, _ generation: CgroupGeneration) -> UInt64? {
    guard let contents = contents(file, generation) else { return nil }
    if key.equals("-") { return contents.split(separator: 0x0A).first.flatMap { decimal($0) } }
    guard let number = value(of: Array(key.utf8)[...], in: contents) else { return nil }
    let unit: UInt64 = file.equals("cpuacct.stat") ? 10_000_000 : key.hasEnd("_usec") ? 1000 : 1
    let (product, overflow) = number.multipliedReportingOverflow(by: unit)
    return overflow ? .max : product
  }

  /// The number in the file whose name is `base` and `rest`.
  @inline(never)
  private func number(_ base: String, _ rest: Literal, _ generation: CgroupGeneration, key: String = "-") -> UInt64? {
    number(in: Text("\(base)\(rest)").string, key, generation)
  }

  // MARK: memory

  private func legacyUse(_ base: String) -> Statistic? {
    guard let current = number(base, ".usage_in_bytes", .v1) else { return nil }
    return use(
      limit: number(base, ".limit_in_bytes", .v1) ?? 0, current, peak: number(base, ".max_usage_in_bytes", .v1), failures: number(base, ".failcnt", .v1))
  }

  /// Of swap memory and swap together, as v1 counts; v2 keeps no peak of that, and counts no failures.
  private func unifiedUse(_ base: String) -> Statistic? {
    guard !base.equals("-"), let current = number(base, ".current", .v2), let memory = number("memory", ".current", .v2) else { return nil }
    // `max` is no number.
    let limit = number("memory", ".max", .v2) ?? .max
    if base.equals("memory") { return use(limit: limit, memory, peak: number(base, ".peak", .v2), failures: number(base, ".events", .v2, key: "max")) }
    return use(limit: sum(limit, number(base, ".max", .v2) ?? .max), sum(memory, current), peak: nil, failures: nil)
  }

  @inline(never)
  private func use(limit: UInt64?, _ current: UInt64, peak: UInt64?, failures: UInt64?) -> Statistic {
    let use = Statistic(.members)
    if let limit { use.add("limit", limit) }
    use.addUnlessZero("usage", current)
    use.addUnlessZero("max", peak ?? 0)
    use.add("failcnt", failures ?? 0)
    return use
  }

  /// Of each size that a group counts, by the names of its files. Reservations, where the kernel counts them (Linux 5.7), are what the limits are about.
  private func addPages(to place: Statistic) {
    for generation: CgroupGeneration in [.v2, .v1] {
      let isUnified = generation == .v2
      let current: Literal = isUnified ? ".current" : ".usage_in_bytes"
      for size in hugePageSizes(generation) {
        let plain = Text("hugetlb.\(size)").string
        let reserved = Text("\(plain).rsvd").string
        let counted = number(reserved, current, generation)
        let base = counted == nil ? plain : reserved
        let peak = isUnified ? nil : number(base, ".max_usage_in_bytes", .v1)
        let failures = isUnified ? number(plain, ".events", .v2, key: "max") : number(base, ".failcnt", .v1)
        place.add(use(limit: nil, counted ?? number(base, current, generation) ?? 0, peak: peak, failures: failures), size)
      }
    }
  }

  private func hugePageSizes(_ generation: CgroupGeneration) -> [String] {
    guard fault == nil, let group = group("hugetlb", generation) else { return [] }
    do throws(Errno) {
      return try group.directory.open(".", .readOnly | .directory).entries().compactMap {
        hugePageSize($0.name.bytes, suffix: generation == .v2 ? "max" : "limit_in_bytes")
      }
    } catch {
      fault = CgroupError("read", Text(group.description), error)
      return []
    }
  }

  // MARK: block devices

  private func blockIO(_ unified: String, _ legacy: String) -> Statistic? {
    if let family { return list(legacyEntries(family, legacy)) }
    if unified.equals("-") { return nil }
    return list(blockIOEntries(Array(unified.utf8)[...], of: contents("io.stat", .v2) ?? []))
  }

  private func legacyEntries(_ family: ArraySlice<UInt8>, _ name: String) -> [Statistic] {
    blockIOEntries(contents(string(family.filled(with: Array(name.utf8)[...])), .v1) ?? [])
  }

  /// The first family of v1's files that has counted something: of BFQ with CONFIG_BFQ_CGROUP_DEBUG and without, of CFQ, and what is counted without a scheduler;
  /// each with the groups below and without.
  private lazy var family: ArraySlice<UInt8>? = {
    let families: Literal = "blkio.bfq.%_recursive blkio.bfq.% blkio.%_recursive blkio.% blkio.throttle.%_recursive blkio.throttle.%"
    return Array(families.bytes).split(separator: 0x20).first { !legacyEntries($0, "io_serviced").isEmpty }
  }()
}

extension String {
  fileprivate func hasEnd(_ end: Literal) -> Bool { Array(utf8).suffix(end.bytes.count).matches(end) }
}

private func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
  let (sum, overflow) = one.addingReportingOverflow(other)
  return overflow ? .max : sum
}
