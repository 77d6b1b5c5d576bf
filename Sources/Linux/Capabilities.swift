internal import CLinux

/// A set of capabilities: bit n is capability n (capabilities(7)).
@frozen
public struct CapabilityMask: OptionSet, Sendable {
  public let rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// The set with one capability in it; `number` is below 64.
  @inlinable public init(number: UInt32) { rawValue = 1 << UInt64(number) }

  /// All of them, those of later kernels too.
  public static var all: CapabilityMask { CapabilityMask(rawValue: .max) }

  /// The capabilities in the set, lowest first.
  public var numbers: [UInt32] { (0..<64).filter { contains(CapabilityMask(number: $0)) } }

  /// The C constant is `CAP_DAC_READ_SEARCH`.
  public static var dacReadSearch: CapabilityMask { CapabilityMask(number: 2) }
  /// The C constant is `CAP_SYS_MODULE`.
  public static var sysModule: CapabilityMask { CapabilityMask(number: 16) }
  /// The C constant is `CAP_SYS_RAWIO`.
  public static var sysRawIO: CapabilityMask { CapabilityMask(number: 17) }
  /// The C constant is `CAP_SYS_CHROOT`.
  public static var sysChroot: CapabilityMask { CapabilityMask(number: 18) }
  /// The C constant is `CAP_SYS_PTRACE`.
  public static var sysPtrace: CapabilityMask { CapabilityMask(number: 19) }
  /// The C constant is `CAP_SYS_PACCT`.
  public static var sysPacct: CapabilityMask { CapabilityMask(number: 20) }
  /// The C constant is `CAP_SYS_ADMIN`.
  public static var sysAdmin: CapabilityMask { CapabilityMask(number: 21) }
  /// The C constant is `CAP_SYS_BOOT`.
  public static var sysBoot: CapabilityMask { CapabilityMask(number: 22) }
  /// The C constant is `CAP_SYS_NICE`.
  public static var sysNice: CapabilityMask { CapabilityMask(number: 23) }
  /// The C constant is `CAP_SYS_TIME`.
  public static var sysTime: CapabilityMask { CapabilityMask(number: 25) }
  /// The C constant is `CAP_SYS_TTY_CONFIG`.
  public static var sysTTYConfig: CapabilityMask { CapabilityMask(number: 26) }
  /// The C constant is `CAP_SYSLOG`.
  public static var syslog: CapabilityMask { CapabilityMask(number: 34) }
  /// The C constant is `CAP_PERFMON`, Linux 5.8.
  public static var perfmon: CapabilityMask { CapabilityMask(number: 38) }
  /// The C constant is `CAP_BPF`, Linux 5.8.
  public static var bpf: CapabilityMask { CapabilityMask(number: 39) }
}

// Each function is one system call on the calling process, and none allocates: they run between clone and exec.
extension ThisProcess {
  /// Sets the three sets of this process. The system call is `capset`, version 3.
  public static func setCapabilities(effective: CapabilityMask, permitted: CapabilityMask, inheritable: CapabilityMask) throws(Errno) {
    _ = try checked { clinux_capset(effective.rawValue, permitted.rawValue, inheritable.rawValue) }
  }

  /// The three sets of this process. The system call is `capget`, version 3.
  public static func capabilities() throws(Errno) -> (effective: CapabilityMask, permitted: CapabilityMask, inheritable: CapabilityMask) {
    var sets = clinux_capabilities()
    _ = try checked { clinux_capget(&sets) }
    return (CapabilityMask(rawValue: sets.effective), CapabilityMask(rawValue: sets.permitted), CapabilityMask(rawValue: sets.inheritable))
  }

  /// Whether the bounding set has the capability; nil when the kernel does not know it. The C function is `prctl` with `PR_CAPBSET_READ`.
  public static func boundingSetHas(_ number: UInt32) -> Bool? {
    let result = clinux_bounding_has(number)
    return result < 0 ? nil : result == 1
  }

  /// Takes one capability out of the bounding set for ever; needs `CAP_SETPCAP`. The C function is `prctl` with `PR_CAPBSET_DROP`.
  public static func dropFromBoundingSet(_ number: UInt32) throws(Errno) { _ = try checked { clinux_bounding_drop(number) } }

  /// Empties the ambient set. The C function is `prctl` with `PR_CAP_AMBIENT_CLEAR_ALL`.
  public static func clearAmbientSet() throws(Errno) { _ = try checked { clinux_ambient_clear() } }

  /// Puts one capability, which is permitted and inheritable, into the ambient set. The C function is `prctl` with `PR_CAP_AMBIENT_RAISE`.
  public static func raiseAmbient(_ number: UInt32) throws(Errno) { _ = try checked { clinux_ambient_raise(number) } }

  /// Whether the ambient set has the capability. The C function is `prctl` with `PR_CAP_AMBIENT_IS_SET`.
  public static func ambientSetHas(_ number: UInt32) throws(Errno) -> Bool { try checked { clinux_ambient_has(number) } == 1 }

  /// Whether the permitted set survives a change from user 0 to another; exec takes it back. The C function is `prctl` with `PR_SET_KEEPCAPS`.
  public static func setKeepCapabilities(_ keep: Bool) throws(Errno) { _ = try checked { clinux_set_keep_capabilities(keep ? 1 : 0) } }

  /// No exec of this process or its children gains privileges any more (setuid bits, file capabilities). The C function is `prctl` with `PR_SET_NO_NEW_PRIVS`.
  public static func setNoNewPrivileges() throws(Errno) { _ = try checked { clinux_set_no_new_privileges() } }

  /// The highest number that this kernel knows; the same as /proc/sys/kernel/cap_last_cap, which a process without /proc cannot read.
  public static func lastCapability() -> UInt32 {
    // Linux 4.14, the oldest kernel that is supported, has 37 (CAP_AUDIT_READ); a mask has 64 bits.
    var last: UInt32 = 37
    while last < 63, boundingSetHas(last + 1) != nil { last += 1 }
    return last
  }
}
