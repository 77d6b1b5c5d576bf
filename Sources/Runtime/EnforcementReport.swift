internal import Cgroups
internal import JSON
internal import Linux
public import OCI
internal import Sandbox

/// What was asked for to isolate and limit a container, what the kernel has of it, and what sees to it: made of the configuration that is kept, by the code that
/// planned the container, and of what can be read of the container while it runs. Nothing is on record that can be found out so.
///
/// The one list of all rows: what stands in for something adds its row here.
final class EnforcementReport {
  private(set) var rows: [EnforcementRow] = []
  private let spec: Spec
  let record: ContainerRecord
  let limits: AppliedLimits
  /// The file of the container's class of service.
  private let schemata: [UInt8]?
  /// The host's root is one that pivot_root(2) cannot leave.
  private let movesRoot: Bool
  /// The program, once it runs; before and after that what was planned is told, all of which was done, or there would be no container.
  let process: RunningProcess?

  @inline(never)
  init(
    _ document: JSONValue, _ spec: Spec, _ record: ContainerRecord, _ layout: CgroupLayout, _ groups: ContainerCgroup?, _ process: RunningProcess?
  ) {
    self.spec = spec
    self.record = record
    limits = AppliedLimits(spec.linux?.resources ?? Resources(), layout: layout, groups: groups)
    self.process = process
    movesRoot = layout.isOnFirstRoot
    schemata = (try? record.resourceClass?.plan.schemata()) ?? nil
    if record.imageUser != nil { add("linux.seccomp", "the default filter", filter, by: "seccomp(2)") }
    for line in Array(EnforcementReport.table.bytes).split(separator: 0x0A) {
      let columns = line.split(separator: 0x20, maxSplits: 2)
      let by = string(columns[2].drop { $0 == 0x20 })
      for value in EnforcementReport.values(of: columns[0], in: document) { add(value, string(columns[1]), by: by) }
    }
  }

  /// Where in config.json isolations and limits are asked for, where it can be read what became of each, and what sees to it. `[]` is every element of a list,
  /// `*` every member of a map. `=`: that is not read; it would not have been made if the kernel had refused it.
  private static var table: Literal {
    """
    root.readonly                    root                  a read-only mount
    process.user                     user                  setresuid(2), setresgid(2), setgroups(2)
    process.capabilities.bounding    CapBnd                prctl(2), PR_CAPBSET_DROP
    process.capabilities.effective   CapEff                capset(2)
    process.capabilities.inheritable CapInh                capset(2)
    process.capabilities.permitted   CapPrm                capset(2)
    process.capabilities.ambient     CapAmb                prctl(2), PR_CAP_AMBIENT
    process.rlimits.[]               rlimit                setrlimit(2)
    process.noNewPrivileges          NoNewPrivs            prctl(2), PR_SET_NO_NEW_PRIVS
    process.apparmorProfile          attr/apparmor/current AppArmor
    process.oomScoreAdj              oom_score_adj         oom_score_adj
    process.selinuxLabel             attr/current          SELinux
    process.scheduler                =                     sched_setattr(2)
    process.ioPriority               =                     ioprio_set(2)
    process.execCPUAffinity          =                     sched_setaffinity(2) on what exec starts
    linux.namespaces.[]              namespace             -
    linux.uidMappings                uid_map               uid_map
    linux.gidMappings                gid_map               gid_map
    linux.timeOffsets                timens_offsets        timens_offsets
    linux.netDevices.*               =                     the network namespace
    linux.resources.devices          devices               -
    linux.resources                  limits                -
    linux.seccomp                    Seccomp               seccomp(2)
    linux.sysctl.*                   =                     /proc/sys
    linux.maskedPaths                masks                 mounts of /dev/null and of an empty tmpfs
    linux.readonlyPaths              readOnly              read-only mounts
    linux.rootfsPropagation          =                     mount(2)
    linux.mountLabel                 =                     SELinux
    linux.intelRdt.closID            =                     the resctrl file system
    linux.intelRdt.schemata.[]       schemata              schemata
    linux.intelRdt.l3CacheSchema     schemata              schemata
    linux.intelRdt.memBwSchema       schemata              schemata
    linux.intelRdt.enableMonitoring  =                     the resctrl file system
    linux.personality                =                     personality(2)
    linux.memoryPolicy               =                     set_mempolicy(2)
    """
  }

  /// The values at a path of the table.
  private static func values(of path: ArraySlice<UInt8>, in document: JSONValue) -> [JSONValue] {
    var found = [document]
    for name in path.split(separator: 0x2E) {
      var next: [JSONValue] = []
      for value in found {
        if name.first == 0x5B {
          next += value.elements()
        } else {
          for (key, member) in value.members() where member.kind != .null && (name.first == 0x2A || key.utf8.elementsEqual(name)) { next.append(member) }
        }
      }
      found = next
    }
    return found
  }

  /// Adds a row; an empty value is none.
  @inline(never)
  func add(_ what: String, _ asked: String, _ applied: String, by: Text) {
    rows.append(EnforcementRow(what: what, asked: asked.utf8.isEmpty ? "none" : asked, applied: applied.utf8.isEmpty ? "none" : applied, by: by.string))
  }

  private func add(_ value: JSONValue, _ source: String, by: String) {
    if source.equals("limits") { return addLimits(value, "") }
    // Off, or empty as generators write it, is not asked for; to have no capability is.
    let asked = source.equals("user") ? record.imageUser ?? value.words : value.words
    let isCapabilities = source.begins(with: "Cap")
    if value.kind == .bool && !value.bool() || asked.utf8.isEmpty && !isCapabilities { return }
    let what = value.path
    if source.equals("devices") { return addDevices(what, Text("rules: \(value.elements().count)").string) }
    if source.equals("namespace") { return addNamespace(value, what) }
    if isCapabilities { return add(what, asked, capabilities(value, source), by: Text(by)) }
    if source.equals("Seccomp") {
      guard let profile = spec.linux?.seccomp else { return }
      return add(what, Text("\(profile.defaultAction.name), rules: \(profile.syscalls.count)").string, filter, by: Text(by))
    }
    if source.equals("schemata") { return add(what, asked, schemata.map { schemaLine(like: asked, in: $0) } ?? asked, by: Text(by)) }
    add(what, asked, process.flatMap { applied(value, source, $0) } ?? asked, by: Text(by))
  }

  /// What can be read of a process that runs; nil when that cannot be.
  private func applied(_ value: JSONValue, _ source: String, _ process: RunningProcess) -> String? {
    if source.equals("=") { return nil }
    if source.equals("user") { return process.user }
    if source.equals("NoNewPrivs") { return process.status("NoNewPrivs").map { $0.equals("1") ? "true" : "" } }
    if source.equals("root") { return process.isReadOnly("/") ? "true" : "" }
    if source.equals("masks") { return process.those(of: value) { process.isMasked($0) } }
    if source.equals("readOnly") { return process.those(of: value) { process.isReadOnly($0) } }
    if source.equals("rlimit") { return RlimitType(named: value.required("type").string()).flatMap { process.limit(ResourceLimit.number($0)) } }
    return process.words(of: source)
  }

  // MARK: rights

  /// The capabilities of a set that the process has, or was given: those that are asked for in their order, then others, which exec has given it.
  private func capabilities(_ value: JSONValue, _ set: String) -> String {
    var given = process?.status(set).map { CapabilityMask(hexadecimal: $0) } ?? plannedCapabilities(set)
    var names: [String] = []
    for name in value.elements().map({ $0.string() }) {
      guard let number = capabilityNumber(name), given.contains(CapabilityMask(number: number)) else { continue }
      given.remove(CapabilityMask(number: number))
      names.append(name)
    }
    return joined(names + given.numbers.map { capabilityName($0) }, with: " ")
  }

  private func plannedCapabilities(_ set: String) -> CapabilityMask {
    let planned = try? CapabilitySets(planning: spec.process?.capabilities, last: ThisProcess.lastCapability(), available: availableCapabilities(spec))
    guard let sets = planned else { return [] }
    if set.equals("CapBnd") { return sets.bounding }
    if set.equals("CapEff") { return sets.effective }
    if set.equals("CapInh") { return sets.inheritable }
    return set.equals("CapPrm") ? sets.permitted : sets.ambient
  }

  private var filter: String {
    // SECCOMP_MODE_FILTER
    if let process, let mode = process.status("Seccomp"), !mode.equals("2") { return "" }
    guard let filter = try? FilterCache().filter(of: spec, isImage: record.imageUser != nil) else { return "" }
    return Text("\(filter.program.count) instructions").string
  }

  // MARK: namespaces

  private func addNamespace(_ value: JSONValue, _ what: String) {
    guard let type = NamespaceType(named: value.required("type").string()) else { return }
    if addStandIn(what, type.name, for: type.name) { return }
    let path = value.string("path") ?? ""
    var applied = type.name
    if let process { applied = process.namespace(type.kernelName.file) ?? applied }
    // In the order of the types.
    let flag = word(type.rawValue, of: "PID NET NS IPC UTS USER CGROUP TIME")
    let root: Text = type == .mount && movesRoot ? ", the host's mounts below a root that was moved over them" : ""
    add(what, path.utf8.isEmpty ? type.name : Text("\(type.name) \(path)").string, applied, by: path.utf8.isEmpty ? "CLONE_NEW\(flag)\(root)" : "setns(2)")
  }

  // MARK: limits

  private func addDevices(_ what: String, _ rules: String) {
    if addStandIn(what, rules, for: what) { return }
    guard let filtering = record.deviceFilter else { return add(what, rules, "unknown", by: "what an earlier version did not put on record") }
    if filtering == .nothing { return add(what, rules, "", by: "nothing: control groups are disabled") }
    add(what, rules, rules, by: limits.place(of: filtering))
  }

  /// Adds a row for each limit below a value, whose key is given.
  private func addLimits(_ value: JSONValue, _ key: String) {
    let path = value.path
    // Devices have a row of their own, and are what other limits are about.
    for other in words(of: "devices major minor pageSize name") where key.equals(other) { return }
    if value.asksForNothing { return }
    let isLimit = limits.hasSetting(for: path)
    if !isLimit, value.kind == .array {
      for element in value.elements() { addLimits(element, "") }
    } else if !isLimit, value.kind == .object {
      for (key, member) in value.members() { addLimits(member, key) }
    } else {
      let asked = value.words
      if addStandIn(path, asked, for: path) { return }
      let found = limits.limit(path, asked: asked)
      add(path, asked, found.value, by: key.equals("checkBeforeUpdate") ? "apus update" : Text(found.by))
    }
  }
}

extension CapabilityMask {
  /// From the digits of a mask in /proc/PID/status.
  init(hexadecimal digits: String) {
    var bits: UInt64 = 0
    for byte in digits.utf8 { bits = bits << 4 | UInt64(byte < 0x3A ? byte & 0xF : byte - 0x57) }
    self.init(rawValue: bits)
  }
}

extension Container {
  /// What was asked for to isolate and limit the container, what became of it, and what sees to it.
  ///
  /// - status: what `status()` gives.
  @inline(never)
  public func enforcement(_ status: ContainerStatus) throws(RuntimeError) -> [EnforcementRow] {
    let text = try directory.configuration()
    var found = seenGroups
    if found == nil { found = try groups() }
    let layout = if let found { found.layout } else { try discoverCgroups() }
    var process: RunningProcess?
    // Before the program runs, its process is apus still, with the rights that it needs to become the container.
    if status == .running || status == .paused, let handle = try findProcess() { process = RunningProcess(handle) }
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: text)
    } catch {
      throw RuntimeError("the configuration of container \(id.text): \(error.message)")
    }
    return EnforcementReport(document, try spec(), record, layout, found, process).rows
  }
}
