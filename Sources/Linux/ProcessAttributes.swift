internal import CLinux

/// What a process sets about itself before it runs a program. Each function is one system call on the calling process.
public enum ThisProcess {
  /// A new session, without a controlling terminal. The C function is `setsid`.
  public static func startSession() throws(Errno) { _ = try checked { clinux_setsid() } }

  /// Sets the file mode creation mask. The C function is `umask`.
  public static func setFileModeMask(_ mask: UInt32) { _ = clinux_umask(mask) }

  /// The C function is `chdir`.
  public static func changeDirectory(_ path: Path) throws(Errno) { _ = try checked { path.withCString { clinux_chdir($0) } } }

  /// The C function is `fchdir`.
  public static func changeDirectory(_ directory: borrowing FileDescriptor) throws(Errno) {
    let number = directory.rawValue
    _ = try checked { clinux_fchdir(number) }
  }

  /// Whether the working directory lies below the root: the kernel's path of it begins with a slash, not with "(unreachable)" (CVE-2024-21626). The system call
  /// is `getcwd`.
  public static func workingDirectoryIsReachable() throws(Errno) -> Bool {
    var buffer = InlineArray<4096, CChar>(repeating: 0)
    var path = buffer.mutableSpan
    _ = try checked { path.withUnsafeMutableBufferPointer { clinux_getcwd($0.baseAddress, $0.count) } }
    return path[0] == 0x2F
  }

  /// Sets the host name of this UTS namespace. The C function is `sethostname`.
  public static func setHostname(_ name: Path) throws(Errno) { _ = try checked { name.withCString { clinux_sethostname($0, name.count) } } }

  /// Sets the NIS domain name of this UTS namespace. The C function is `setdomainname`.
  public static func setDomainname(_ name: Path) throws(Errno) { _ = try checked { name.withCString { clinux_setdomainname($0, name.count) } } }

  /// Replaces the supplementary groups. The C function is `setgroups`.
  public static func setSupplementaryGroups(_ groups: [UInt32]) throws(Errno) {
    _ = try checked { groups.withUnsafeBufferPointer { clinux_setgroups($0.baseAddress, $0.count) } }
  }

  /// Sets real, effective and saved group. The C function is `setresgid`.
  public static func setGroup(_ group: UInt32) throws(Errno) { _ = try checked { clinux_setgid(group) } }

  /// Sets real, effective and saved user. The C function is `setresuid`.
  public static func setUser(_ user: UInt32) throws(Errno) { _ = try checked { clinux_setuid(user) } }

  /// Sets a resource limit; `resource` is the number of the C constant `RLIMIT_…`. The C function is `setrlimit`.
  public static func setLimit(_ resource: Int32, soft: UInt64, hard: UInt64) throws(Errno) { _ = try checked { clinux_setrlimit(resource, soft, hard) } }

  /// Raises the hard limit of another process, its child for one, to `hard` unless it is as high already. The C function is `prlimit`.
  public static func raiseHardLimit(_ resource: Int32, of process: Int32, to hard: UInt64) throws(Errno) {
    _ = try checked { clinux_raise_hard_limit(process, resource, hard) }
  }

  /// Whether others may look into /proc/self and trace; exec sets it again by its own rules. The C function is `prctl` with `PR_SET_DUMPABLE`.
  public static func setDumpable(_ dumpable: Bool) throws(Errno) { _ = try checked { clinux_set_dumpable(dumpable ? 1 : 0) } }

  /// From here on orphans among this process's descendants become its children. The C function is `prctl` with `PR_SET_CHILD_SUBREAPER`.
  public static func becomeSubreaper() throws(Errno) { _ = try checked { clinux_set_child_subreaper(1) } }

  /// The signal that this process gets when its parent ends; nil is none. The C function is `prctl` with `PR_SET_PDEATHSIG`.
  public static func setParentDeathSignal(_ signal: Signal?) throws(Errno) { _ = try checked { clinux_set_parent_death_signal(signal?.rawValue ?? 0) } }

  /// Sets the interface `lo` of this network namespace up. The C function is `ioctl` with `SIOCSIFFLAGS`.
  public static func setLoopbackUp() throws(Errno) { _ = try checked { clinux_loopback_up() } }

  /// Leaves the session key ring for the one called `name`, which is made when there is none of that name; gives its serial number. The C function is `keyctl`
  /// with `KEYCTL_JOIN_SESSION_KEYRING`.
  public static func joinSessionKeyring(_ name: Path) throws(Errno) -> Int32 { try checked { name.withCString { clinux_join_session_keyring($0) } } }

  /// Sets who may do what with a key ring that this process possesses. The C function is `keyctl` with `KEYCTL_SETPERM`.
  public static func setKeyPermissions(_ key: Int32, _ permissions: UInt32) throws(Errno) {
    _ = try checked { clinux_set_key_permissions(key, permissions) }
  }
}
