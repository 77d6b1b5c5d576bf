internal import Linux
public import OCI

/// What became of a limit.
public struct AppliedLimit: Equatable, Sendable {
  /// What the kernel has, in the words of its control file; of a group that is gone what was written to it.
  public var value: String
  /// The control file, or why the limit holds without one.
  public var by: String

  @inline(never)
  init(_ value: String, _ by: Text) {
    self.value = value
    self.by = by.string
  }
}

/// What the kernel has of the limits in `linux.resources` of a container: the settings that express them, planned once more, and the files of its groups.
public final class AppliedLimits {
  private let layout: CgroupLayout
  private let groups: [GroupDirectory]
  private let settings: [Setting]
  /// Some limit cannot be had here, which could be had when the container was made.
  private let isPartial: Bool

  /// - groups: nil when they are gone.
  public init(_ resources: Resources, layout: CgroupLayout, groups: ContainerCgroup?) {
    self.layout = layout
    self.groups = groups?.groups ?? []
    let list = SettingList(layout: layout)
    isPartial = (try? CgroupPlan.settings(resources, list)) == nil
    settings = list.settings
  }

  /// Whether there are settings for what stands at a JSON path, such as `linux.resources.rdma.mlx5_1`.
  public func hasSetting(for path: String) -> Bool { settings.contains { $0.asked.equals(path) } }

  /// What became of the limit at a JSON path, whose value in config.json is `asked`.
  public func limit(_ path: String, asked: String) -> AppliedLimit {
    var found: AppliedLimit?
    for setting in settings where setting.asked.equals(path) {
      let next = limit(setting, path)
      guard let before = found else {
        found = next
        continue
      }
      // Several files for one limit: reservations of huge pages, and the lines of a `unified` file.
      if before.by.equals(next.by) {
        found = AppliedLimit(before.value.equals(next.value) ? next.value : Text("\(before.value)\n\(next.value)").string, Text(next.by))
      } else {
        found = AppliedLimit(before.value, "\(before.by), \(next.by)")
      }
    }
    return found ?? limitWithoutSetting(path, asked)
  }

  private func limit(_ setting: Setting, _ path: String) -> AppliedLimit {
    let hierarchy = layout.hierarchies[setting.hierarchy]
    guard let group = groups.first(where: { $0.index == setting.hierarchy }) else {
      if !groups.isEmpty { return AppliedLimit("none", "nothing: the container has no group in \(hierarchy.mountPoint.description)") }
      return AppliedLimit(AppliedLimits.part(of: Array(setting.value.utf8), for: setting.value, path), hierarchy.place(of: setting.file))
    }
    if let found = group.applied(setting.file, setting.value, path) { return found }
    if let other = setting.alternative, let found = group.applied(other.file, other.value, path) { return found }
    switch setting.ifMissing {
    case .harmless: return AppliedLimit(setting.value, "the kernel as it is, without \(hierarchy.place(of: setting.file))")
    case .harmlessWithoutSwap: return AppliedLimit(setting.value, "the limit of memory, without swap and \(hierarchy.place(of: setting.file))")
    case .refuse: return AppliedLimit("none", "nothing: there is no \(hierarchy.place(of: setting.file))")
    }
  }

  /// A limit that another one's file has as well, or that needs none because the kernel does it anyway.
  private func limitWithoutSetting(_ path: String, _ asked: String) -> AppliedLimit {
    var number: UInt8 = 0
    while let row = Limit(rawValue: number)?.row() {
      number += 1
      guard SettingList.path(Text(string(row.path))).equals(path), let index = layout.index(of: row.controller) else { continue }
      let file = string(layout.hierarchies[index].generation == .v1 ? row.v1 : row.v2)
      for setting in settings where setting.hierarchy == index && setting.file.equals(file) { return limit(setting, path) }
      if let found = groups.first(where: { $0.index == index })?.applied(file, asked, path) { return found }
    }
    return isPartial ? AppliedLimit("unknown", "nothing that is mounted now") : AppliedLimit(asked, "the kernel as it is")
  }

  /// What filters devices, for a reader.
  public func place(of filtering: ContainerCgroup.DeviceFiltering) -> Text {
    if filtering == .program { return layout.unifiedIndex.map { layout.hierarchies[$0].place(of: "an eBPF program") } ?? "an eBPF program" }
    return layout.hierarchy(of: .devices)?.place(of: "devices.list") ?? "devices.list"
  }

  /// Of what a control file has, what `value`, which was written to it for the limit at `path`, is about.
  static func part(of contents: [UInt8], for value: String, _ path: String) -> String {
    let lines = contents.split(separator: 0x0A)
    guard let first = lines.first else { return "" }
    let asked = Array(value.utf8).split(separator: 0x20)
    // A device, an interface or a resource, of each of which there is a line.
    if asked.count > 1, decimal(asked[0]) == nil, !asked[0].matches("max"), !asked[0].matches("default") {
      for line in lines {
        let words = line.split(separator: 0x20)
        if words.count > 1, words[0].elementsEqual(asked[0]) { return AppliedLimits.rest(of: words, asked) }
      }
      return "none"
    }
    let words = first.split(separator: 0x20)
    if words.count == 2 {
      let isPeriod = path.equals("linux.resources.cpu.period")
      if isPeriod || path.equals("linux.resources.cpu.quota") { return string(words[isPeriod ? 1 : 0]) }
      if words[0].matches("default") || words[0].matches("oom_kill_disable") { return string(words[1]) }
    }
    return string(first)
  }

  /// The words of a device's line without the device: of `key=value` those whose key is asked for.
  private static func rest(of words: [ArraySlice<UInt8>], _ asked: [ArraySlice<UInt8>]) -> String {
    var text: Text = ""
    for word in words.dropFirst() {
      let key = word.prefix { $0 != 0x3D }
      if key.count < word.count, !asked.contains(where: { $0.prefix { $0 != 0x3D }.elementsEqual(key) }) { continue }
      text = "\(text)\(text.string.isEmpty ? "" : " ")\(string(word))"
    }
    return text.string
  }
}

extension CgroupHierarchy {
  /// A control file for a reader: `memory.max (cgroup v2, /sys/fs/cgroup)`.
  @inline(never)
  fileprivate func place(of file: String) -> Text { "\(fileName(file).description) (cgroup \(generation == .v1 ? "v1" : "v2"), \(mountPoint.description))" }
}

extension GroupDirectory {
  /// What a control file has of a limit; nil when there is no such file. Of processors and memory nodes it is what the groups above leave of them.
  fileprivate func applied(_ file: String, _ value: String, _ path: String) -> AppliedLimit? {
    for name in [effective(file), file] {
      guard let name, let contents = try? read(name) else { continue }
      return AppliedLimit(AppliedLimits.part(of: contents, for: value, path), hierarchy.place(of: name))
    }
    return nil
  }

  private func effective(_ file: String) -> String? {
    let isProcessors = file.equals("cpuset.cpus")
    if !isProcessors && !file.equals("cpuset.mems") { return nil }
    let name = Text(isProcessors ? "cpus" : "mems")
    return hierarchy.generation == .v1 ? Text("cpuset.effective_\(name)").string : Text("\(file).effective").string
  }
}

/// The line of a `schemata` file that is about the same resource as `line`, such as `L3:0=7f0`; empty when there is none.
public func schemaLine(like line: String, in contents: [UInt8]) -> String {
  let resource = cut(line, at: ":").before
  for found in contents.split(separator: 0x0A) {
    let text = string(found.drop { $0 == 0x20 })
    if cut(text, at: ":").before.equals(resource) { return text }
  }
  return ""
}

extension IntelRdtPlan {
  /// What the class has, while it is there.
  public func schemata() throws(CgroupError) -> [UInt8]? { try Resctrl.find()?.contents(directory.appending("schemata")) }
}
