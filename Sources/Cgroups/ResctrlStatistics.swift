internal import Linux

extension Resctrl {
  /// Reads what there is of the class and its monitoring group: the members that runc has under `intel_rdt`.
  public func statistics(of plan: IntelRdtPlan) throws(CgroupError) -> Statistic {
    let statistics = Statistic(.members)
    let root = try lines("schemata")
    let own = try lines(plan.directory.appending("schemata"))
    try addControl("L3", "l3_cache", "cbm_mask min_cbm_bits num_closids", root, own, to: statistics)
    try addControl("MB", "mem_bw", "bandwidth_gran delay_linear min_bandwidth num_closids", root, own, to: statistics)
    if !own.isEmpty {
      let schemata = statistics.add(.list, "schemata")
      for line in own { schemata.add(.text, "", line) }
    }
    let features = try lines("info/L3_MON/mon_features")
    let data = (plan.monitorDirectory ?? plan.directory).appending("mon_data")
    try addCounts("mbm_stats", "mbm_total_bytes mbm_local_bytes", features, data, to: statistics)
    try addCounts("cmt_stats", "llc_occupancy", features, data, to: statistics)
    return statistics
  }

  /// What the files of a resource say, without what is 0, and the lines of the default class and of this one.
  private func addControl(
    _ resource: Literal, _ name: Literal, _ files: Literal, _ root: [String], _ own: [String], to statistics: Statistic
  ) throws(CgroupError) {
    if try !hasControl(resource) { return }
    let directory: Path = "info/\(resource)"
    let info = statistics.add(.members, Text("\(name)_info").string)
    for file in files.words {
      let line = try lines(directory.appending(file)).first ?? ""
      // The mask is hexadecimal.
      if file.equals("cbm_mask") {
        if !line.utf8.isEmpty { info.add(.text, file, line) }
      } else if let number = decimal(Array(line.utf8)[...]), number != 0 {
        info.add(.number, file, String(number))
      }
    }
    for (lines, rest) in [(root, "_root"), (own, "")] {
      if let line = lines.first(where: { $0.utf8.split(separator: 0x3A).first?.matches(resource) ?? false }) {
        statistics.add(.text, Text("\(name)_schema\(rest)").string, line)
      }
    }
  }

  /// What is counted by L3 cache, in bytes, if one of the files is there: memory traffic, or what is in the cache.
  private func addCounts(
    _ name: Literal, _ files: Literal, _ features: [String], _ data: Path, to statistics: Statistic
  ) throws(CgroupError) {
    let files = files.words
    if !features.contains(where: { feature in files.contains { $0.equals(feature) } }) { return }
    let caches = statistics.add(.list, name.description)
    for cache in try directories(in: data) {
      let counts = caches.add(.members)
      for file in files { counts.add(.number, file, String(try number(data.appending(cache.bytes).appending(file)))) }
    }
  }

  /// The directories in a directory, in the order of their names.
  private func directories(in place: Path) throws(CgroupError) -> [Path] {
    do throws(Errno) {
      let entries = try directory.open(place, .readOnly | .directory | .noFollow).entries()
      return entries.filter { $0.type == .directory }.map { $0.name }.sorted(byBytesOf: { $0.bytes })
    } catch {
      if error == .noSuchFileOrDirectory { return [] }
      throw CgroupError("read", "\(path)/\(place.description)", error)
    }
  }

  /// The lines of a file without blanks around them; none when there is no such file.
  private func lines(_ file: Path) throws(CgroupError) -> [String] {
    guard let bytes = try contents(file) else { return [] }
    return bytes.split(separator: 0x0A).map { line in string(line.drop { $0 == 0x20 }) }
  }

  /// The number in a file; 0 when there is none, or a word such as `Unavailable`.
  private func number(_ file: Path) throws(CgroupError) -> UInt64 {
    guard let bytes = try contents(file), let line = bytes.split(separator: 0x0A).first else { return 0 }
    return decimal(line) ?? 0
  }
}
