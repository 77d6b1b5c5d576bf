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
      Text("this kernel has no \(feature.name) (CONFIG_\(feature.option) is off\(feature.otherReason))").string
    case .system(let error): error.message
    }
  }
}

extension Feature {
  /// Whether this kernel has it. Reads one name or file in /proc.
  public func isPresent() throws(SystemError) -> Bool {
    switch evidence {
    case .file(let path): try Feature.exists(path)
    case .fileSystem(let type): lists(try readFile("/proc/filesystems", limit: 1 << 16), type)
    case .setting(let path, let value):
      if try !Feature.exists(path) { false } else { try readFile(Path(stringLiteral: path), limit: 4096).first == value }
    case .seccomp: try Feature.exists("/proc/sys/kernel/seccomp/actions_avail")
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

  /// Throws for the first of the namespaces that this kernel does not have: one access for each that is asked for.
  public static func require(namespaces: NamespaceFlags) throws(ProbeError) {
    for row in Feature.namespaces {
      if namespaces.contains(row.flag) { try row.feature.require() }
    }
  }

  /// The rows of namespaces by their flags; PID first, because it is what most phones lack.
  private static var namespaces: [(flag: NamespaceFlags, feature: Feature)] {
    [
      (.pid, .pidNamespace), (.ipc, .ipcNamespace), (.user, .userNamespace), (.mount, .mountNamespace), (.uts, .utsNamespace), (.network, .networkNamespace),
      (.cgroup, .cgroupNamespace), (.time, .timeNamespace),
    ]
  }

  /// Whether the name is there; without /proc nothing is known, which is an error.
  private static func exists(_ path: StaticString) throws(SystemError) -> Bool {
    do throws(Errno) {
      _ = try FileDescriptor.open(Path(stringLiteral: path), .path)
      return true
    } catch {
      if error != .noSuchFileOrDirectory { throw SystemError("open", Text(stringLiteral: path), error) }
    }
    _ = try during("open", "/proc/self (is /proc mounted?)") { () throws(Errno) in try FileDescriptor.open("/proc/self", .path) }
    return false
  }
}

/// Whether the contents of /proc/filesystems have a line for `type`: an optional `nodev`, a tab, the type.
func lists(_ fileSystems: [UInt8], _ type: StaticString) -> Bool {
  for line in fileSystems.split(separator: 0x0A) {
    guard let tab = line.lastIndex(of: 0x09) else { continue }
    if type.withUTF8Buffer({ line[(tab + 1)...].elementsEqual($0) }) { return true }
  }
  return false
}
