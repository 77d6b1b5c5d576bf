internal import Linux

/// What the resctrl file system tells of a container's class, in the members that runc has.
public struct IntelRdtStatistics: Sendable, Equatable {
  /// Of the L3 cache; nil when it cannot be allocated here.
  public var cache: Cache?
  /// Of the memory bandwidth; nil when it cannot be allocated here.
  public var bandwidth: Bandwidth?
  /// All lines of the class's `schemata`.
  public var schemata: [String] = []
  /// Memory traffic by L3 cache, in bytes; nil when it is not counted here.
  public var traffic: [Traffic]?
  /// What is in each L3 cache, in bytes; nil when it is not counted here.
  public var occupancy: [UInt64]?

  public struct Cache: Sendable, Equatable {
    /// Hexadecimal.
    public var mask = ""
    public var minimumBits: UInt64 = 0
    public var classes: UInt64 = 0
    /// The line of the default class.
    public var rootSchema = ""
    public var schema = ""
  }

  public struct Bandwidth: Sendable, Equatable {
    public var granularity: UInt64 = 0
    public var isLinear: UInt64 = 0
    public var minimum: UInt64 = 0
    public var classes: UInt64 = 0
    /// The line of the default class.
    public var rootSchema = ""
    public var schema = ""
  }

  public struct Traffic: Sendable, Equatable {
    public var total: UInt64 = 0
    public var local: UInt64 = 0
  }
}

extension Resctrl {
  /// Reads what there is of the class and its monitoring group.
  public borrowing func statistics(of plan: IntelRdtPlan) throws(CgroupError) -> IntelRdtStatistics {
    var statistics = IntelRdtStatistics()
    let root = try lines("schemata")
    statistics.schemata = try lines(plan.directory.appending("schemata"))
    if try hasControl("L3") {
      statistics.cache = .init(
        mask: try lines("info/L3/cbm_mask").first ?? "", minimumBits: try number("info/L3/min_cbm_bits"), classes: try number("info/L3/num_closids"),
        rootSchema: root.first { $0.begins(with: "L3:") } ?? "", schema: statistics.schemata.first { $0.begins(with: "L3:") } ?? "")
    }
    if try hasControl("MB") {
      statistics.bandwidth = .init(
        granularity: try number("info/MB/bandwidth_gran"), isLinear: try number("info/MB/delay_linear"), minimum: try number("info/MB/min_bandwidth"),
        classes: try number("info/MB/num_closids"), rootSchema: root.first { $0.begins(with: "MB:") } ?? "",
        schema: statistics.schemata.first { $0.begins(with: "MB:") } ?? "")
    }
    try addMonitored(plan, to: &statistics)
    return statistics
  }

  private borrowing func addMonitored(_ plan: IntelRdtPlan, to statistics: inout IntelRdtStatistics) throws(CgroupError) {
    let features = try lines("info/L3_MON/mon_features")
    func has(_ name: StaticString) -> Bool { features.contains { $0.equals(name) } }
    let countsTraffic = has("mbm_total_bytes") || has("mbm_local_bytes")
    let countsOccupancy = has("llc_occupancy")
    if !countsTraffic && !countsOccupancy { return }
    let data = (plan.monitorDirectory ?? plan.directory).appending("mon_data")
    var traffic: [IntelRdtStatistics.Traffic] = []
    var occupancy: [UInt64] = []
    for name in try directories(in: data) {
      let cache = data.appending(name.bytes)
      traffic.append(.init(total: try number(cache.appending("mbm_total_bytes")), local: try number(cache.appending("mbm_local_bytes"))))
      occupancy.append(try number(cache.appending("llc_occupancy")))
    }
    if countsTraffic { statistics.traffic = traffic }
    if countsOccupancy { statistics.occupancy = occupancy }
  }

  /// The directories in a directory, in the order of their names.
  private borrowing func directories(in place: Path) throws(CgroupError) -> [Path] {
    do throws(Errno) {
      let entries = try directory.open(place, [.readOnly, .directory, .noFollow]).entries()
      return entries.filter { $0.type == .directory }.map { $0.name }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    } catch {
      if error == .noSuchFileOrDirectory { return [] }
      throw CgroupError("read", "\(path)/\(place.description)", error)
    }
  }

  /// The lines of a file without blanks around them; none when there is no such file.
  private borrowing func lines(_ file: Path) throws(CgroupError) -> [String] {
    guard let bytes = try contents(file) else { return [] }
    return bytes.split(separator: 0x0A).map { line in String(decoding: Array(line.drop { $0 == 0x20 }), as: UTF8.self) }
  }

  /// The number in a file; 0 when there is none, or a word such as `Unavailable`.
  private borrowing func number(_ file: Path) throws(CgroupError) -> UInt64 {
    guard let bytes = try contents(file), let line = bytes.split(separator: 0x0A).first else { return 0 }
    return decimal(line) ?? 0
  }
}
