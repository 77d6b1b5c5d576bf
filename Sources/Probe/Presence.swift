public import Linux

/// Why a feature cannot be used.
public enum ProbeError: Error, Sendable {
  /// This kernel was built without it.
  case missing(Feature)
  /// It could not be found out.
  case system(SystemError)

  /// One sentence, such as `this kernel has no PID namespaces (CONFIG_PID_NS is off)`.
  public var message: String {
    switch self {
    case .missing(let feature):
      Text("this kernel has no \(feature.row[.name]) (CONFIG_\(feature.option) is off\(feature.otherReason))").string
    case .system(let error): error.message
    }
  }
}

/// What a container's start asks about beforehand: without a child, by one name or file in /proc. `apus check` probes the same features by making use of them.
extension Feature {
  /// What shows in /proc that the kernel has a feature; nil for those that only their use shows.
  private enum Evidence {
    /// The file is there. The kernel lists in /proc/self/ns the namespaces that it was built with.
    case file(Literal)
    /// The type is in /proc/filesystems. A module that is not loaded is not there, though mount(2) would load it.
    case fileSystem(Literal)
    /// The file is there and begins with this character.
    case setting(Literal, UInt8)
  }

  private var evidence: Evidence? {
    switch self {
    case .mountNamespace: .file("/proc/self/ns/mnt")
    case .utsNamespace: .file("/proc/self/ns/uts")
    case .ipcNamespace: .file("/proc/self/ns/ipc")
    case .pidNamespace: .file("/proc/self/ns/pid")
    case .networkNamespace: .file("/proc/self/ns/net")
    case .userNamespace: .file("/proc/self/ns/user")
    case .cgroupNamespace: .file("/proc/self/ns/cgroup")
    case .timeNamespace: .file("/proc/self/ns/time")
    case .cgroups: .file("/proc/self/cgroup")
    case .cpuQuota: .file("/proc/sys/kernel/sched_cfs_bandwidth_slice_us")
    // For single tasks; that groups have it as well shows in them alone.
    case .cpuClamp: .file("/proc/sys/kernel/sched_util_clamp_max")
    case .systemVIpc: .file("/proc/sysvipc")
    case .mqueue: .fileSystem("mqueue")
    case .apparmor: .setting("/sys/module/apparmor/parameters/enabled", 0x59)
    // Registered only when SELinux is enabled.
    case .selinux: .fileSystem("selinuxfs")
    default: nil
    }
  }

  /// Why it may be absent besides the option, as the end of a sentence.
  fileprivate var otherReason: Literal { self == .apparmor || self == .selinux ? ", or it was not enabled at boot" : "" }

  /// Whether this kernel has it, as far as /proc shows it; what /proc does not show is taken to be there. Reads one name or file.
  public func isPresent() throws(SystemError) -> Bool {
    switch evidence {
    case .file(let path): try Feature.exists(path)
    case .fileSystem(let type): lists(try readFile("/proc/filesystems", limit: 1 << 16), type)
    case .setting(let path, let value):
      if try !Feature.exists(path) { false } else { try readFile(Path(path), limit: 4096).first == value }
    case .none: true
    }
  }

  /// Throws what is to be told when this kernel does not have it.
  public func require() throws(ProbeError) {
    let present: Bool
    do throws(SystemError) {
      present = try isPresent()
    } catch {
      throw .system(error)
    }
    if !present { throw .missing(self) }
  }

  /// The features behind these namespaces; PID first, because it is what most phones lack.
  public static func behind(_ namespaces: NamespaceFlags) -> [Feature] {
    let rows: [(flag: NamespaceFlags, feature: Feature)] = [
      (.pid, .pidNamespace), (.ipc, .ipcNamespace), (.user, .userNamespace), (.mount, .mountNamespace), (.uts, .utsNamespace), (.network, .networkNamespace),
      (.cgroup, .cgroupNamespace), (.time, .timeNamespace),
    ]
    var features: [Feature] = []
    for row in rows where namespaces.contains(row.flag) { features.append(row.feature) }
    return features
  }

  /// Whether the name is there; without /proc nothing is known, which is an error.
  private static func exists(_ path: Literal) throws(SystemError) -> Bool {
    do throws(Errno) {
      _ = try FileDescriptor.open(Path(path), .path)
      return true
    } catch {
      if error != .noSuchFileOrDirectory { throw SystemError("open", Text(path), error) }
    }
    _ = try during("open", "/proc/self (is /proc mounted?)") { () throws(Errno) in try FileDescriptor.open("/proc/self", .path) }
    return false
  }
}

/// Whether the contents of /proc/filesystems have a line for `type`: an optional `nodev`, a tab, the type.
func lists(_ fileSystems: [UInt8], _ type: Literal) -> Bool {
  for line in fileSystems.split(separator: 0x0A) {
    guard let tab = line.lastIndex(of: 0x09) else { continue }
    if line[(tab + 1)...].matches(type) { return true }
  }
  return false
}
