internal import JSON
internal import Linux
internal import Probe
internal import Runtime
internal import Sandbox

/// What `apus check` says of a container.
final class ContainerAnswer {
  /// What it asks for, and what is found of that; nothing for a file system that is in no row of the table.
  private final class Asked {
    let path: String
    let finding: Finding?
    let fileSystem: String

    init(_ path: String, _ finding: Finding?, _ fileSystem: String) {
      self.path = path
      self.finding = finding
      self.fileSystem = fileSystem
    }
  }

  let overall: Findings.Overall
  private let origin: String
  private let refusals: [String]
  private let standIns: [String]
  private let asked: [Asked]
  private let machine: CheckReport

  init(_ origin: String, _ trial: ContainerTrial, _ rejections: [String], _ machine: CheckReport, _ probing: Probing) {
    self.origin = origin
    self.machine = machine
    refusals = rejections + trial.refusals
    standIns = trial.standIns
    var overall = machine.overall == .cannotRun || !refusals.isEmpty ? Findings.Overall.cannotRun : .full
    if overall == .full, !trial.standIns.isEmpty { overall = .degraded }
    var asked: [Asked] = []
    for requirement in trial.requirements {
      let finding = requirement.feature.map { machine.findings.finding($0) }
      // Of one that is there is nothing to say.
      if finding == nil, let type = requirement.fileSystem, probing.outcome(fileSystem: type).state == .present { continue }
      asked.append(Asked(requirement.path, finding, requirement.fileSystem?.description ?? ""))
      let verdict = ContainerAnswer.judge(finding, requirement)
      if verdict.rawValue > overall.rawValue { overall = verdict }
    }
    // What no container can do without is told as if this one asked for it.
    for finding in machine.findings.all where finding.row.weight == .vital && finding.verdict == .missing { asked.append(Asked("", finding, "")) }
    self.overall = overall
    self.asked = asked
  }

  /// What it means for the container that a feature is as it is. What it may do without, and does, is not asked for any more: `ContainerTrial.standIns` tells of it.
  private static func judge(_ finding: Finding?, _ requirement: Requirement) -> Findings.Overall {
    switch finding?.verdict {
    case .works, .unknown: .full
    case .standIn: requirement.isStrict ? .cannotRun : .degraded
    case .missing, nil: .cannotRun
    }
  }

  var text: String {
    var parts = [Text("\(origin): \(machine.marked(overall))\n\(CheckReport.legend)").string]
    for asked in asked {
      let place = asked.path.utf8.isEmpty ? "" : Text("\(asked.path): ").string
      parts.append(asked.finding.map { machine.text($0, for: place) } ?? line(Text("\(place)file system \(asked.fileSystem)").string))
    }
    for standIn in standIns { parts.append(Text("\(machine.coloured("~", "33")) \(standIn)\n").string) }
    for refusal in refusals { parts.append(line(refusal)) }
    return joined(parts, with: "")
  }

  private func line(_ problem: String) -> String { Text("\(machine.coloured("-", "31")) \(problem)\n").string }

  func write(to writer: inout JSONWriter) {
    writer.member("origin", origin)
    writer.member("verdict", CheckReport.word(overall))
    writer.key("asks")
    writer.array { writer in
      for asked in asked {
        writer.object { writer in
          writer.member("path", asked.path)
          writer.member(asked.finding == nil ? "fileSystem" : "key", asked.finding?.row[.key] ?? asked.fileSystem)
          writer.member("verdict", CheckReport.word(asked.finding?.verdict ?? .missing))
        }
      }
    }
    writer.strings("standIns", standIns)
    writer.strings("refusals", refusals)
  }
}
