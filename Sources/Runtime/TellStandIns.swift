internal import Linux
internal import OCI
internal import Sandbox

extension SandboxPlan {
  /// Plans what `standIns` need of the sandbox.
  func standIn(_ standIns: StandIns) {
    ownUser = standIns.user
    hidesProcesses = standIns.without.contains(.pidNamespace)
    rootWithoutDevices = standIns.without.contains(.deviceFilter)
  }
}

extension StandIns {
  /// Tells, when the container is made, what it does without: nothing is left out in silence.
  func tell(_ request: ContainerRequest, _ warn: (String) -> Void) {
    for number in 0..<6 as Range<UInt8> where without.contains(BestEffort(rawValue: 1 << number)) {
      let name = word(number, of: BestEffort.names)
      warn(Text("\(request.origin): \(name): this kernel has none; instead: \(instead(number))").string)
    }
  }

  private var ceiling: Text {
    if processors == nil && speed == nil { return "a share of the processors' time, which is no ceiling" }
    let place: Text = processors.map { ", on processor \($0) alone" } ?? ""
    let clamp: Text = speed.map { ", at \($0)% of the speed at most where schedutil governs it" } ?? ""
    return "a share of the time\(place)\(clamp)"
  }

  /// What takes the place of a feature, the end of a sentence.
  func instead(_ number: UInt8) -> Text {
    switch BestEffort(rawValue: 1 << number) {
    case .pidNamespace: "its processes run as user \(user ?? 0), do not see others, and are ended by their control group"
    case .ipcNamespace: "nothing, because it has nothing to keep apart: no System V IPC, no message queues"
    case .userNamespace: "its processes run as user \(user ?? 0) of the host, with few capabilities"
    case .pidsLimit: "RLIMIT_NPROC on user \(user ?? 0)"
    case .cpuQuota:
      ceiling
    default: "no CAP_MKNOD, and device nodes have no effect outside /dev"
    }
  }
}
