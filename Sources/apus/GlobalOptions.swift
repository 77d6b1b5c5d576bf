internal import Linux
internal import Probe

/// Options that stand before the command.
final class GlobalOptions {
  /// Where the state of containers is kept: on a tmpfs.
  var stateRoot: Path = "/run/apus"
  /// That was asked for.
  var namesStateRoot = false
  /// Where images and writable layers are kept: on a file system that lasts.
  var dataRoot: Path = "/var/lib/apus"
  /// The policy that decides about images; nil is /etc/apus/policy.json, if there is one.
  var policy: Path?
  /// The first of the roots that say who may sign releases; nil is /etc/apus/root.json, if there is one.
  var trustRoot: Path?
  /// What makes and removes groups.
  var cgroupManager = CgroupManager.cgroupfs

  init(_ arguments: ParsedArguments) throws(Failure) {
    // Android has neither /run nor /var, and its root is read-only; /dev is a tmpfs there.
    if isAndroid() { (stateRoot, dataRoot) = ("/dev/apus", "/data/apus") }
    if let root = try GlobalOptions.absolute(arguments, .root) { (stateRoot, namesStateRoot) = (root, true) }
    if let root = try GlobalOptions.absolute(arguments, .dataRoot) { dataRoot = root }
    policy = try GlobalOptions.absolute(arguments, .policy)
    trustRoot = try GlobalOptions.absolute(arguments, .trustRoot)
    if let name = arguments.value(.cgroupManager) { cgroupManager = try CgroupManager(name) }
    if arguments.flag(.systemdCgroup) { throw .noSystemdDriver("--systemd-cgroup") }
    if let name = arguments.value(.rootless), !name.equals("true"), !name.equals("false"), !name.equals("auto") {
      throw .usage("option --rootless: \(name) is none of true, false and auto")
    }
  }

  private static func absolute(_ arguments: ParsedArguments, _ option: OptionID) throws(Failure) -> Path? {
    guard let value = arguments.value(option) else { return nil }
    let path = Path(value)
    guard path.isAbsolute else { throw .usage("option --\(option.spec.name): must be an absolute path, not \(value)") }
    return path
  }
}

/// What makes and removes the cgroups of containers.
enum CgroupManager {
  /// Apus, in the cgroup file systems.
  case cgroupfs
  /// Nothing: containers stay in the groups of whoever started them, and have no limits.
  case disabled

  init(_ name: String) throws(Failure) {
    if name.equals("cgroupfs") {
      self = .cgroupfs
    } else if name.equals("disabled") {
      self = .disabled
    } else if name.equals("systemd") {
      throw .noSystemdDriver("--cgroup-manager")
    } else {
      throw .usage("option --cgroup-manager: \(name) is neither cgroupfs nor disabled")
    }
  }
}

extension Failure {
  fileprivate static func noSystemdDriver(_ option: Literal) -> Failure {
    .usage("option \(option): Apus has no systemd driver and makes cgroups itself; set the engine's cgroup manager to cgroupfs")
  }
}
