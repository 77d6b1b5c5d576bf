internal import CLinux

extension ThisProcess {
  /// From here on this process has no capabilities and gets none, dumps no core, and has at most `memory` bytes of address space, or less where a lower limit is
  /// set already. The C functions are `prctl`, `capset` and `prlimit`.
  public static func giveUpRights(memory: UInt64) throws(Errno) {
    try setDumpable(false)
    try clearAmbientSet()
    try setCapabilities(effective: [], permitted: [], inheritable: [])
    try setNoNewPrivileges()
    do throws(Errno) {
      // RLIMIT_AS.
      try setLimit(9, soft: memory, hard: memory)
    } catch {
      // A lower one cannot be raised any more.
      if error != .notPermitted { throw error }
    }
  }

  /// From here on this process can use its memory and the channels that it has open, and nothing else: every system call but those for memory, `sendto`,
  /// `recvfrom` and `exit_group` ends it with SIGSYS. Memory that can be executed cannot be had. The C function is `prctl` with `PR_SET_SECCOMP`; EINVAL: the
  /// kernel has no CONFIG_SECCOMP_FILTER.
  public static func confineToMemory() throws(Errno) { _ = try checked { clinux_confine_to_memory() } }
}
