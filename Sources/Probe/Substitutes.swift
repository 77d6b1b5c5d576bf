public import Linux

extension NewerCall {
  /// What Apus does where the kernel does not have the call, as `apus check` tells it.
  public var otherwise: StaticString {
    switch self {
    case .pidfdOpen: "a process is told from a later one with its number by its start time"
    case .openTree: "mount(2) on descriptors in /proc/self/fd"
    case .clone3: "clone(2); the process joins its cgroup first thing"
    case .closeRange: "each descriptor is closed by itself"
    case .openat2: "a walk in user space with the same meaning"
    case .mountSetattr: "a remount; recursive options of a bind mount are refused"
    }
  }
}
