internal import Cgroups
internal import JSON
internal import Linux
internal import Probe

extension CommandSpec {
  /// `apus check`: what this kernel has of what Apus can use.
  static var check: CommandSpec {
    CommandSpec(
      name: "check", summary: "tell what this kernel has, and what is done without it", options: [.format],
      description: """
        First features with their build option, then system calls with the Linux that brought them, then the controllers of cgroups and where they are mounted. \
        A limit whose controller is missing is refused.
        """,
      perform: { (call) throws(Failure) in
        let wantsJSON = try call.arguments.wantsJSON()
        let found = try failing { () throws(SystemError) in try Findings() }
        return wantsJSON ? try show(found.json) : try show(found.text)
      })
  }
}

/// What this machine has, in three sections.
private struct Findings {
  private var sections: [Section] = []

  init() throws(SystemError) {
    let features = Section("features", "FEATURE", "option", "BUILD OPTION")
    for feature in Feature.allCases {
      features.add(feature.name, "CONFIG_\(feature.option)", isPresent: try feature.isPresent(), otherwise: feature.otherwise)
    }
    let calls = Section("systemCalls", "SYSTEM CALL", "since", "SINCE LINUX")
    for call in NewerCall.allCases { calls.add(call.name, "\(call.since)", isPresent: call.isPresent(), otherwise: call.otherwise) }
    let controllers = Section("controllers", "CONTROLLER", "option", "BUILD OPTION")
    // Without cgroups in the kernel there is no file to read them from.
    let cgroups = try Feature.cgroups.isPresent() ? CgroupLayout.discover() : CgroupLayout()
    for controller in Controller.allCases {
      let hierarchy = cgroups.hierarchy(of: controller)
      controllers.add(controller.name, "CONFIG_\(controller.option)", isPresent: hierarchy != nil)
      if let hierarchy { controllers.mounted(hierarchy.generation == .v1 ? 1 : 2, at: hierarchy.mountPoint.description) }
    }
    sections = [features, calls, controllers]
  }

  var text: String { joined(sections.map { $0.text }, with: "\n") }

  var json: [UInt8] {
    var writer = JSONWriter(.pretty)
    writer.object { writer in
      for section in sections { section.write(to: &writer) }
    }
    return writer.bytes()
  }
}

/// Things of one kind, such as features.
private final class Section {
  private final class Row {
    let name: String
    /// What its kind has besides the name: the build option, or the version that brought it.
    let detail: String
    let isPresent: Bool
    /// What is done without it, where that is said.
    let otherwise: String?
    /// Where it is mounted, and which version of cgroups that is.
    var mount: (version: Int, point: String)?

    init(_ name: String, _ detail: String, _ isPresent: Bool, _ otherwise: String?) {
      self.name = name
      self.detail = detail
      self.isPresent = isPresent
      self.otherwise = otherwise
    }
  }

  private let key: String
  private let title: String
  private let detailKey: String
  private let detailTitle: String
  private var rows: [Row] = []

  /// The key of the section, the title of the names, and key and title of what stands behind them.
  init(_ key: String, _ title: String, _ detailKey: String, _ detailTitle: String) {
    self.key = key
    self.title = title
    self.detailKey = detailKey
    self.detailTitle = detailTitle
  }

  func add(_ name: StaticString, _ detail: Text, isPresent: Bool, otherwise: StaticString? = nil) {
    rows.append(Row(Text("\(name)").string, detail.string, isPresent, otherwise.map { Text("\($0)").string }))
  }

  /// Says of the last row where it is mounted.
  func mounted(_ version: Int, at point: String) { rows.last?.mount = (version, point) }

  var text: String {
    let saysOtherwise = rows.first?.otherwise != nil
    var cells = [[title, detailTitle, "HERE"] + (saysOtherwise ? ["WITHOUT IT"] : [])]
    for row in rows {
      let name = key.equals("systemCalls") ? Text("\(row.name)(2)").string : row.name
      let here = row.mount.map { Text("version \($0.version), \($0.point)").string } ?? (row.isPresent ? "yes" : "no")
      cells.append([name, row.detail, here] + (row.otherwise.map { [$0] } ?? []))
    }
    return table(cells)
  }

  func write(to writer: inout JSONWriter) {
    writer.key(key)
    writer.array { writer in
      for row in rows {
        writer.object { member in
          member.member("name", row.name)
          member.member(detailKey, row.detail)
          member.member("present", row.isPresent)
          if let otherwise = row.otherwise { member.member("otherwise", otherwise) }
          if let mount = row.mount {
            member.member("version", mount.version)
            member.member("mountPoint", mount.point)
          }
        }
      }
    }
  }
}
