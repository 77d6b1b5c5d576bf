internal import Cgroups
internal import Images
internal import Linux
internal import OCI
internal import Probe
internal import Runtime
internal import Sandbox

extension CommandSpec {
  /// `apus check`: what this machine has of what Apus can use.
  static var check: CommandSpec {
    CommandSpec(
      name: "check", summary: "tell what this machine has, what stands in for the rest, and what that costs",
      options: [.checkBundle, .checkImage, .bestEffort, .require, .json, .format],
      description: """
        Every feature is tried in a child process of its own, which leaves nothing behind. With --bundle or --image it is planned as if it were to run, and its \
        groups are made under another name and removed.

        The exit status is 0 when everything usual works (with --bundle or --image: everything that it asks for), 3 when something usual is missing or works by a \
        stand-in, and 4 when no container, or not this one, can run.
        """,
      perform: { (call) throws(Failure) in try Check(call).perform() })
  }
}

/// One call of `apus check`.
private final class Check {
  private let call: Invocation
  private let wantsJSON: Bool
  private let layout: CgroupLayout
  private let probing: Probing

  init(_ call: Invocation) throws(Failure) {
    self.call = call
    let json = try call.arguments.wantsJSON()
    wantsJSON = json || call.arguments.flag(.json)
    // Without cgroups in the kernel there is no file to read them from.
    let layout = try failing { () throws(SystemError) in try Feature.cgroups.isPresent() ? CgroupLayout.discover() : CgroupLayout() }
    probing = Probing(layout.surroundings(dataDirectory: call.globals.dataRoot))
    self.layout = layout
  }

  func perform() throws(Failure) -> Int32 {
    // What is wrong with the container's configuration is told before anything is tried.
    var rejections: [String] = []
    let request = try container(&rejections)
    let findings = look()
    let usesGroups = call.globals.cgroupManager == .cgroupfs
    let machine = CheckReport(findings, layout, findings.overall(withoutGroups: !usesGroups))
    guard let request else {
      _ = wantsJSON ? try show(machine.json(nil)) : try show(machine.text)
      return machine.overall.rawValue
    }
    let trial = ContainerTrial(request, warn: warn)
    let answer = ContainerAnswer(request.origin, trial, rejections, machine, probing)
    _ = wantsJSON ? try show(machine.json(answer)) : try show(answer.text)
    return answer.overall.rawValue
  }

  private func look() -> Findings {
    let rows = FeatureRow.all()
    var outcomes: [Outcome] = []
    for row in rows { outcomes.append(probing.outcome(row)) }
    return Findings(rows, outcomes, Check.configuration())
  }

  /// What the kernel says that it was built with: some 50 KB, 300 KB unpacked.
  private static func configuration() -> KernelConfiguration? {
    guard let packed = try? readFile("/proc/config.gz", limit: 1 << 20), let text = inflated(packed, limit: 8 << 20) else { return nil }
    return KernelConfiguration(text)
  }

  /// The container that is asked about. Why its image may not be run, as the policy or the releases say, goes into `rejections`.
  private func container(_ rejections: inout [String]) throws(Failure) -> ContainerRequest? {
    let bundle = call.arguments.value(.checkBundle)
    let image = call.arguments.value(.checkImage)
    if bundle != nil, image != nil { throw .usage("check: --bundle and --image are two containers") }
    let id = try containerID("apus-check")
    if let bundle { return try bundledContainer(call, id, Path(bundle)) }
    guard let image else { return nil }
    // The store is made when it is opened, and there would be nothing in it.
    _ = try failing { () throws(SystemError) in
      try during("open", call.globals.dataRoot) { () throws(Errno) in try FileDescriptor.open(call.globals.dataRoot, .path | .directory) }
    }
    let store = try openStore(call.globals)
    let stored = try trustedImage(image, in: store, call.globals) { rejections.append($0.message) }
    let layer = store.path.appending("containers").appending(id.text)
    let mountPoint = layer.appending("root")
    let root =
      stored.record.erofs == nil
      ? RootSource.overlay(layers: stored.layers, upper: layer.appending("upper"), work: layer.appending("work"), mountPoint: mountPoint)
      : .image(mountPoint)
    let options = RunOptions(id: id, controlGroups: call.globals.cgroupManager == .cgroupfs)
    var bestEffort = BestEffort.all
    for list in call.arguments.values(.require) { bestEffort.subtract(try features(list, .require)) }
    return try imageContainer(stored, root, options, call.globals, bestEffort)
  }
}
