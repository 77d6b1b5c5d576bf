public import Linux
internal import Probe

/// One write to one control file, and what it stands for.
public final class Setting: Sendable {
  /// The position of the hierarchy in `CgroupLayout.hierarchies`.
  public let hierarchy: Int
  /// The controller that acts on it; nil for the files of cgroup v2 itself, `cgroup.*`, and for a controller that Apus does not know.
  public let controller: Controller?
  /// The word of `cgroup.subtree_control` that gives a v2 group the file; nil where none does.
  public let unifiedController: String?
  /// The file with its prefix, such as `memory.max`.
  public let file: String
  public let value: String
  /// Written when there is no `file`: schedulers of block devices differ in where their weight is.
  public let alternative: (file: String, value: String)?
  /// The JSON path in config.json that asks for it, such as `linux.resources.memory.limit`.
  public let asked: String
  /// The kernel's build option that gives the file, without `CONFIG_`; nil is that of the controller.
  public let option: String?
  public let ifMissing: IfMissing
  /// EINVAL says no more than that the value does not fit to what a later setting of the same controller is about to change: it is written again after those.
  public let isTriedAgain: Bool
  /// The kernel may take the limit without keeping it, so it is read again.
  public let isReadBack: Bool

  /// What it means that the kernel has no such file.
  public enum IfMissing: Sendable {
    /// The limit cannot be enforced: an error.
    case refuse
    /// The limit holds without the file, or another setting enforces it.
    case harmless
    /// The limit holds if the kernel cannot swap at all (no /proc/swaps); otherwise an error.
    case harmlessWithoutSwap
  }

  init(
    hierarchy: Int, controller: Controller?, unifiedController: String? = nil, file: String, value: String, alternative: (file: String, value: String)? = nil,
    asked: String, option: String?, ifMissing: IfMissing = .refuse, isTriedAgain: Bool = false, isReadBack: Bool = false
  ) {
    self.hierarchy = hierarchy
    self.controller = controller
    self.unifiedController = unifiedController
    self.file = file
    self.value = value
    self.alternative = alternative
    self.asked = asked
    self.option = option
    self.ifMissing = ifMissing
    self.isTriedAgain = isTriedAgain
    self.isReadBack = isReadBack
  }
}

/// Why limits cannot be turned into settings: the JSON path of the limit and a reason.
public indirect enum CgroupPlanError: Error, Sendable {
  /// No mounted hierarchy has the controller; `unified` is the mount point of v2, if the controller could be there.
  case noController(asked: String, controller: Controller, unified: Path?)
  /// There can be no groups here; a sentence.
  case noGroups(Text)
  /// Neither an eBPF program nor a devices controller can filter devices here.
  case noDeviceFilter
  /// The value has no meaning, or not on this generation of cgroups.
  case refused(asked: String, reason: Text)

  /// One sentence.
  @inline(never)
  public var message: String {
    switch self {
    case .noController(let asked, let controller, let unified):
      // A part of a tree looks like the whole of it, in a cgroup namespace.
      Text(
        "\(asked): no mounted control group hierarchy has the \(controller.unifiedName) controller (CONFIG_\(controller.feature.option)\(unified.map { ", or it is not handed down to \($0)" as Text } ?? ""))"
      ).string
    case .noGroups(let reason): reason.string
    case .noDeviceFilter:
      "linux.resources.devices: this system filters devices neither by eBPF programs (CONFIG_CGROUP_BPF and a cgroup v2 mount) nor by a devices controller (CONFIG_CGROUP_DEVICE)"
    case .refused(let asked, let reason): Text("\(asked): \(reason)").string
    }
  }
}
