internal import Linux
internal import OCI

/// Collects settings; knows which hierarchy a controller is in, and, for a container that runs, what holds now.
///
/// What cannot be set is noted and passed over, so that the plans for the limits go straight through; the first such fault is the one that `finished` throws.
final class SettingList {
  let layout: CgroupLayout
  /// The limits in force; nil for a new group, where nothing is limited.
  let current: CurrentLimits?
  var settings: [Setting] = []
  private var fault: CgroupPlanError?

  init(layout: CgroupLayout, current: CurrentLimits? = nil) {
    self.layout = layout
    self.current = current
  }

  /// The settings, if all of them can be made here.
  func finished() throws(CgroupPlanError) -> [Setting] {
    if let fault { throw fault }
    return settings
  }

  // MARK: faults

  func note(_ error: CgroupPlanError) {
    if case .none = fault { fault = error }
  }

  /// Notes that the value of a limit has no meaning, or not here.
  @inline(never)
  func refuse(_ limit: Limit, at place: String = "", _ reason: Text) {
    note(.refused(asked: SettingList.path(limit.row(), at: place), reason: reason))
  }

  // MARK: settings

  /// Which generation of cgroups has the controller of a limit, and whether that has the limit; nil, and noted, when neither.
  @inline(never)
  func generation(of limit: Limit, at place: String = "") -> CgroupGeneration? { generation(of: limit, limit.row(), at: place) }

  private func generation(of limit: Limit, _ row: Limit.Row, at place: String) -> CgroupGeneration? {
    guard let hierarchy = layout.hierarchy(of: row.controller) else {
      let asked = SettingList.path(row, at: place)
      if let found = layout.readOnlyHierarchy(of: row.controller) {
        note(.refused(asked: asked, reason: "the \(row.controller.unifiedName) controller is at \(found.mountPoint), which is mounted read-only"))
      } else {
        let unified = row.v2.isNone ? nil : layout.unifiedIndex.map { layout.hierarchies[$0].mountPoint }
        note(.noController(asked: asked, controller: row.controller, unified: unified))
      }
      return nil
    }
    if hierarchy.generation == .v2, row.v2.isNone {
      refuse(limit, at: place, "cgroup v2 has no such limit, and the \(row.controller.unifiedName) controller is on v2 here")
      return nil
    }
    return hierarchy.generation
  }

  /// What is special about the write of a limit.
  struct Traits: OptionSet {
    let rawValue: UInt8
    /// As `Setting.IfMissing` has it.
    static var harmless: Traits { Traits(rawValue: 1) }
    static var harmlessWithoutSwap: Traits { Traits(rawValue: 2) }
    /// As `Setting` has them.
    static var isTriedAgain: Traits { Traits(rawValue: 4) }
    static var isReadBack: Traits { Traits(rawValue: 8) }
  }

  /// Adds the write of a limit's value to its file.
  func set(_ limit: Limit, _ value: Text, _ traits: Traits = []) { set(limit, value, traits, at: "") }

  @inline(never)
  func set(_ limit: Limit, _ number: UInt64, _ traits: Traits = []) { set(limit, Text(String(number)), traits, at: "") }

  /// A number that is unlimited when it is below 0: that is `-1` on v1 and `max` on v2.
  @inline(never)
  func set(_ limit: Limit, orUnlimited number: Int64, for asked: Limit? = nil, _ traits: Traits = [], at place: String = "") {
    let unlimited: Text = generation(of: limit, at: place) == .v1 ? "-1" : "max"
    set(limit, for: asked, number < 0 ? unlimited : Text(String(number)), traits, at: place)
  }

  /// - asked: the limit that it is set for, when that is another one.
  /// - place: the entry of a limit that is a list, such as `[0]`.
  /// - name: what stands in the file's name for `%`.
  @inline(never)
  func set(
    _ limit: Limit, for asked: Limit? = nil, _ value: Text, _ traits: Traits = [], at place: String, name: String = "",
    else alternative: (file: Literal, value: Text)? = nil
  ) {
    let row = limit.row()
    guard let generation = generation(of: limit, row, at: place), let index = layout.index(of: row.controller) else { return }
    settings.append(
      Setting(
        hierarchy: index, controller: row.controller, unifiedController: unifiedController(row.controller, in: index),
        file: string((generation == .v1 ? row.v1 : row.v2).filled(with: Array(name.utf8)[...])), value: value.string,
        alternative: alternative.map { (file: $0.file.description, value: $0.value.string) },
        asked: SettingList.path(asked?.row() ?? row, at: place),
        option: row.option.isNone ? nil : string(row.option),
        ifMissing: traits.contains(.harmless) ? .harmless : traits.contains(.harmlessWithoutSwap) ? .harmlessWithoutSwap : .refuse,
        isTriedAgain: traits.contains(.isTriedAgain), isReadBack: traits.contains(.isReadBack)))
  }

  private func unifiedController(_ controller: Controller, in index: Int) -> String? {
    if layout.hierarchies[index].generation == .v1 || controller.isBuiltIntoUnified { return nil }
    return controller.unifiedName.description
  }

  /// The JSON path of a limit; `place` is that of an entry below it.
  private static func path(_ row: Limit.Row, at place: String) -> String {
    path(Text("\(string(row.path))\(place)"))
  }

  /// The JSON path of what stands below `linux.resources`.
  static func path(_ limit: Text) -> String { Text("linux.resources.\(limit)").string }
}
