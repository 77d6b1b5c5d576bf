internal import Linux

/// A feature on this machine: its row, and what came of trying it.
public final class Finding {
  public enum Verdict: Sendable {
    case works
    /// It does not, and something else stands in for it by itself.
    case standIn
    case missing
    /// Nothing is known.
    case unknown
  }

  public let row: FeatureRow
  public let outcome: Outcome
  public fileprivate(set) var verdict = Verdict.unknown

  public init(_ row: FeatureRow, _ outcome: Outcome) {
    self.row = row
    self.outcome = outcome
  }
}

/// What there is on a machine: a finding for each row of the table, in its order.
public struct Findings {
  public let all: [Finding]
  public let configuration: KernelConfiguration?

  /// Judges what came of trying the features; one for each row. What could not be tried is taken from the kernel's configuration, if that is known.
  public init(_ rows: [FeatureRow], _ outcomes: [Outcome], _ configuration: KernelConfiguration?) {
    var all: [Finding] = []
    for (index, row) in rows.enumerated() {
      var outcome = outcomes[index]
      if outcome == Outcome(Outcome.untried), let configuration {
        outcome = Outcome(configuration.has(row) ? .present : .absent, detail: "says the kernel's configuration")
      }
      all.append(Finding(row, outcome))
    }
    for finding in all {
      switch finding.outcome.state {
      case .present: finding.verdict = .works
      case .unknown: finding.verdict = .unknown
      case .absent, .forbidden:
        let instead = finding.row.instead
        let isThere = instead?.feature.map { all[Int($0.rawValue)].outcome.state == .present } ?? (instead != nil)
        finding.verdict = isThere ? .standIn : .missing
      }
    }
    self.all = all
    self.configuration = configuration
  }

  public func finding(_ feature: Feature) -> Finding { all[Int(feature.rawValue)] }

  /// What can be done about a feature that does not work; one remedy.
  public func remedy(_ finding: Finding) -> String {
    let row = finding.row
    let outcome = finding.outcome
    if outcome.signal == 31 { return "start apus outside of the seccomp filter that it has inherited" }
    if outcome.state == .forbidden, row.feature != .rootRights, row.feature != .sockets {
      return "start apus as root, with all capabilities, and outside of a seccomp filter"
    }
    // ENOSPC: as many as the administrator allows are there.
    if outcome.errno == .noSpace, row[.probing].begins(with: "unshare ") { return "raise the limits in /proc/sys/user" }
    let option = row.options.first.map { KernelConfiguration.name($0) }
    // What the kernel says that it has is not in need of another one.
    let isBuilt = configuration?.has(row) ?? false
    if let option, configuration != nil, !isBuilt { return Text("a kernel with \(option)\(since(row))").string }
    if !row[.remedy].utf8.isEmpty { return row[.remedy] }
    if let option, !isBuilt { return Text("a kernel with \(option)\(since(row))").string }
    if let option = row.options.first, let configuration, configuration.state(of: option).equals("m") { return "load its module" }
    if row[.probing].begins(with: "controller ") { return "mount a hierarchy that has it" }
    return row[.since].utf8.isEmpty ? "none is known" : Text("Linux \(row[.since]) or newer").string
  }

  private func since(_ row: FeatureRow) -> String { row[.since].utf8.isEmpty ? "" : Text(" (Linux \(row[.since]) or newer)").string }

  /// Whether containers run here.
  public enum Overall: Int32, Sendable {
    /// Everything usual works.
    case full = 0
    /// Something usual is missing, or works by a stand-in.
    case degraded = 3
    /// Something without which no container runs is missing.
    case cannotRun = 4
  }

  /// - withoutGroups: control groups are not to be used.
  public func overall(withoutGroups: Bool = false) -> Overall {
    var overall = Overall.full
    for finding in all where finding.verdict == .missing || finding.verdict == .standIn {
      if withoutGroups, finding.row.group.equals("control groups") { continue }
      switch finding.row.weight {
      case .vital: if finding.verdict == .missing { return .cannotRun }
      case .usual: overall = .degraded
      case .extra: break
      }
    }
    return overall
  }
}
