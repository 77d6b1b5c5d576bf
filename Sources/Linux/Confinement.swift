internal import CLinux

extension ThisProcess {
  /// From here on this process can use its memory and the channels that it has open, and nothing else: it has no capabilities and gets none, and every system
  /// call but those for memory, `sendmsg`, `recvmsg` and `exit_group` ends it with SIGSYS. Memory that can be executed cannot be had, and no more than `memory`
  /// bytes of address space.
  ///
  /// The C functions are `prlimit`, `capset` and `prctl`; the system call is `seccomp`. EINVAL: the kernel has no CONFIG_SECCOMP_FILTER.
  public static func confineToMemory(_ memory: UInt64) throws(Errno) {
    try setDumpable(false)
    do throws(Errno) {
      // RLIMIT_AS.
      try setLimit(9, soft: memory, hard: memory)
    } catch {
      // A lower one is there already, and stays.
      if error != .notPermitted { throw error }
    }
    do throws(Errno) {
      try clearAmbientSet()
    } catch {
      // Before Linux 4.3 there is no such set.
      if error != .invalidArgument { throw error }
    }
    try setCapabilities(effective: [], permitted: [], inheritable: [])
    try setNoNewPrivileges()
    _ = try checked { clinux_confine_to_memory() }
  }
}
