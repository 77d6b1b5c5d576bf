internal import Cgroups
internal import Linux
internal import OCI
internal import Probe
public import Sandbox

/// What a container would meet with here, found out by planning it as if it were to run, and by trying of it what leaves nothing behind.
public final class ContainerTrial {
  /// What it asks of the kernel.
  public internal(set) var requirements: [Requirement] = []
  /// What it asks for, is not there, and may be done without, and what it gets instead; a sentence each.
  public internal(set) var standIns: [String] = []
  /// Why it cannot run, besides what it asks for and is not there; a sentence each.
  public private(set) var refusals: [String] = []

  /// Plans the container, loads its filter in a child, and makes its groups under another name, with its limits and its device filter, in another.
  public init(_ request: ContainerRequest, _ options: LaunchOptions = LaunchOptions(), warn: (String) -> Void) {
    let plan: ContainerPlan
    do throws(RuntimeError) {
      var gated = true
      if case .some = request.spec.process { gated = false }
      plan = try ContainerPlan(request, options, gated: gated, diesWithParent: false, trial: self, warn: warn)
    } catch {
      refusals.append(error.message)
      return
    }
    // A filter that kills for what comes after it was loaded all the same.
    let filter = ContainerTrial.refusal { () throws(RuntimeError) in try convert { () throws(SandboxError) in try plan.sandbox.tryFilter() } }
    if let filter, filter.isSentence { refusals.append(filter.text) }
    let path = plan.groupPath.trial(Text("apus-check-\(processID())").string, in: plan.layout)
    if let groups = ContainerTrial.refusal({ () throws(RuntimeError) in try convert { () throws(CgroupError) in try plan.tryGroups(at: path) } }) {
      refusals.append(groups.text)
      // What a child that was killed has left.
      try? ContainerCgroup.existing(path, layout: plan.layout)?.remove()
    }
  }

  /// What came of `body` in a child, when that is not success, and whether it is the error's sentence.
  private static func refusal(_ body: () throws(RuntimeError) -> Void) -> (text: String, isSentence: Bool)? {
    let outcome = tryInChild(milliseconds: 10000) { () throws(Errno) in
      do throws(RuntimeError) {
        try body()
        return ""
      } catch {
        return error.message
      }
    }
    if outcome.state != .present { return (outcome.text, false) }
    return outcome.detail.utf8.isEmpty ? nil : (outcome.detail, true)
  }
}

extension ContainerPlan {
  /// Makes the groups at `path`, sets the limits and the filter of devices, and removes them.
  fileprivate func tryGroups(at path: CgroupPath) throws(CgroupError) {
    let group = try ContainerCgroup.create(path, for: groups, layout: layout)
    do throws(CgroupError) {
      try group.apply(groups.settings)
      _ = try group.apply(groups.devices, isRequired: requiresDeviceFilter)
    } catch {
      try? group.remove()
      throw error
    }
    try group.remove()
  }
}
