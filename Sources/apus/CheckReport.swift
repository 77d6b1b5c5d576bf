internal import Cgroups
internal import JSON
internal import Linux
internal import Probe

/// What `apus check` says of the machine.
final class CheckReport {
  let findings: Findings
  let overall: Findings.Overall
  private let layout: CgroupLayout
  private let release: String
  private let colours: Bool

  init(_ findings: Findings, _ layout: CgroupLayout, _ overall: Findings.Overall) {
    self.findings = findings
    self.layout = layout
    self.overall = overall
    let release = (try? readFile("/proc/sys/kernel/osrelease", limit: 256)) ?? []
    self.release = string(release.split(separator: 0x0A).first ?? [])
    // https://no-color.org: any value that is not empty.
    colours = Terminal.isTerminal(StandardDescriptor.output) && (Environment.value(of: "NO_COLOR") ?? "").utf8.isEmpty
  }

  // MARK: for people

  var text: String {
    var parts = [Text("Linux \(release): \(marked(overall))\n\(CheckReport.legend)").string]
    if isFiltered { parts.append("apus runs below a seccomp filter that it has inherited\n") }
    var group = ""
    for finding in findings.all {
      if !finding.row.group.equals(group) {
        group = finding.row.group
        parts.append(Text("\n\(coloured(group, "1"))\n").string)
      }
      parts.append(text(finding))
    }
    return joined(parts, with: "")
  }

  /// Whether a filter was there before apus: `Seccomp:` is 2 then (proc_pid_status(5)).
  private var isFiltered: Bool {
    guard let status = try? readFile("/proc/self/status", limit: 1 << 16) else { return false }
    return status.split(separator: 0x0A).contains { $0.matches("Seccomp:\t2") }
  }

  static var legend: Literal { "+ works  ~ works by a stand-in  - is missing  . is missing, and seldom needed  ? is not known\n" }

  /// A finding in a line, and in some more what its lack means.
  func text(_ finding: Finding, for asking: String = "") -> String {
    let row = finding.row
    var states: [String] = []
    for option in row.options { states.append(state(option)) }
    let options = states.isEmpty ? "" : Text(" (\(joined(states, with: ", ")))").string
    let head = Text("\(mark(finding)) \(asking)\(row[.name])\(options)\(place(finding))\n").string
    if finding.verdict == .works { return head }
    let answer = Text("\(head)\(line(finding.outcome.text, ""))\(line(row[.needs], "needed for: "))").string
    if finding.verdict == .unknown { return answer }
    let isStandIn = finding.verdict == .standIn
    let instead = line(isStandIn ? row.instead?.what ?? "" : "nothing", "instead: ")
    let costs = isStandIn ? line(row[.costs], "which costs: ") : ""
    return Text("\(answer)\(instead)\(costs)\(line(findings.remedy(finding), "remedy: "))").string
  }

  @inline(never)
  private func line(_ text: String, _ title: Literal) -> String { text.utf8.isEmpty ? "" : Text("    \(title)\(text)\n").string }

  /// `CONFIG_PID_NS=n`, or without `=n` when the kernel does not tell.
  private func state(_ option: String) -> String {
    let name = KernelConfiguration.name(option)
    return findings.configuration.map { Text("\(name)=\($0.state(of: option))").string } ?? name
  }

  /// Where a controller is mounted, or what else is known of what works.
  private func place(_ finding: Finding) -> String {
    if let hierarchy = hierarchy(finding) {
      return Text(": version \(hierarchy.generation == .v1 ? 1 : 2), \(hierarchy.mountPoint)").string
    }
    return finding.verdict == .works && !finding.outcome.detail.utf8.isEmpty ? Text(": \(finding.outcome.detail)").string : ""
  }

  private func hierarchy(_ finding: Finding) -> CgroupHierarchy? {
    for controller in Controller.allCases where controller.feature == finding.row.feature && finding.verdict == .works {
      return layout.hierarchy(of: controller)
    }
    return nil
  }

  private func mark(_ finding: Finding) -> String {
    switch finding.verdict {
    case .works: coloured("+", "32")
    case .standIn: coloured("~", "33")
    case .unknown: "?"
    case .missing: finding.row.weight == .extra ? "." : coloured("-", "31")
    }
  }

  func marked(_ overall: Findings.Overall) -> String {
    coloured(CheckReport.word(overall), overall == .full ? "32" : overall == .degraded ? "33" : "31")
  }

  @inline(never)
  func coloured(_ text: String, _ colour: String) -> String { colours ? Text("\u{1B}[\(colour)m\(text)\u{1B}[0m").string : text }

  // MARK: for programs

  func json(_ answer: ContainerAnswer?) -> [UInt8] {
    var writer = JSONWriter(.pretty)
    writer.object { writer in
      writer.member("verdict", CheckReport.word(overall))
      writer.member("kernel", release)
      writer.member("configurationKnown", findings.configuration != nil)
      writer.member("belowFilter", isFiltered)
      writer.key("features")
      writer.array { writer in
        for finding in findings.all { writer.object { writer in write(finding, to: &writer) } }
      }
      if let answer {
        writer.key("container")
        writer.object { writer in answer.write(to: &writer) }
      }
    }
    return writer.bytes()
  }

  private func write(_ finding: Finding, to writer: inout JSONWriter) {
    let row = finding.row
    writer.member("group", row.group)
    // What stands in the table as it is told, by the fields.
    for (index, name) in words(of: "key name - since - - neededFor - costs").enumerated() where !name.equals("-") {
      let value = FeatureRow.Field(rawValue: index).map { row[$0] } ?? ""
      if !value.utf8.isEmpty { writer.member(name, value) }
    }
    writer.key("options")
    writer.object { writer in
      for option in row.options { writer.member(KernelConfiguration.name(option), findings.configuration?.state(of: option) ?? "?") }
    }
    if row[.options].begins(with: "!") { writer.member("mustBeOff", true) }
    writer.member("weight", row.weight == .vital ? "vital" : row.weight == .usual ? "usual" : "extra")
    writer.member("verdict", CheckReport.word(finding.verdict))
    writer.member("found", finding.outcome.text)
    if let errno = finding.outcome.errno { writer.member("errno", errno.rawValue) }
    if let signal = finding.outcome.signal { writer.member("signal", signal) }
    if let instead = row.instead {
      writer.member("instead", instead.what)
      if let feature = instead.feature { writer.member("insteadNeeds", feature.row[.key]) }
    }
    if finding.verdict != .works { writer.member("remedy", findings.remedy(finding)) }
    if let hierarchy = hierarchy(finding) {
      writer.member("version", hierarchy.generation == .v1 ? 1 : 2)
      writer.member("mountPoint", hierarchy.mountPoint.description)
    }
  }

  static func word(_ overall: Findings.Overall) -> String { overall == .full ? "full" : overall == .degraded ? "degraded" : "cannot run" }

  static func word(_ verdict: Finding.Verdict) -> String {
    switch verdict {
    case .works: "works"
    case .standIn: "stand-in"
    case .missing: "missing"
    case .unknown: "unknown"
    }
  }
}
