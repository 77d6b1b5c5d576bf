internal import CLinux

extension ThisProcess {
  /// From here on a system call that a filter traps (`SECCOMP_RET_TRAP`), as the one does that Android gives to its apps, fails with ENOSYS instead of ending
  /// this process and those that it clones. Programs that they run know nothing of it, and a SIGSYS that somebody sends ends them still. The system call is
  /// `rt_sigaction`.
  public static func takeTrappedCallsForMissing() { _ = clinux_take_trapped_calls_for_missing() }

  /// Filters the system calls of this process and its children from here on.
  ///
  /// `program` is classic BPF over struct seccomp_data, one `struct sock_filter` in 64 bits, at most 4096 of them. Needs `CAP_SYS_ADMIN` or no_new_privs.
  /// Nothing is allocated. The system call is `seccomp` with `SECCOMP_SET_MODE_FILTER`; without flags `prctl` with `PR_SET_SECCOMP` stands in where the kernel
  /// lacks it. EINVAL: the kernel does not know a flag, or has no CONFIG_SECCOMP_FILTER.
  public static func loadSeccompFilter(_ program: borrowing [UInt64], flags: UInt32) throws(Errno) {
    let result = program.withUnsafeBufferPointer { instructions -> Int32 in
      let loaded = clinux_seccomp_load(instructions.baseAddress, instructions.count, flags)
      if loaded != 0 - Errno.noSystemCall.rawValue || flags != 0 { return loaded }
      return clinux_seccomp_load_by_prctl(instructions.baseAddress, instructions.count)
    }
    if result < 0 { throw Errno(rawValue: 0 - result) }
    // With SECCOMP_FILTER_FLAG_TSYNC: the number of a thread that has another filter.
    if result > 0 { throw .noSuchProcess }
  }

  /// The same for a filter that leaves calls to somebody else: gives the descriptor on which the kernel tells of them, closed by exec (seccomp_unotify(2)).
  /// `flags` has `SECCOMP_FILTER_FLAG_NEW_LISTENER`, Linux 5.0. EBUSY: a filter of this process has such a descriptor already.
  public static func loadNotifyingFilter(_ program: borrowing [UInt64], flags: UInt32) throws(Errno) -> FileDescriptor {
    let result = program.withUnsafeBufferPointer { clinux_seccomp_load($0.baseAddress, $0.count, flags) }
    if result < 0 { throw Errno(rawValue: 0 - result) }
    return FileDescriptor(owning: result)
  }
}
