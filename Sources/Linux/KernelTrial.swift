internal import CLinux

/// What is tried to find out whether the kernel has something; for processes that are made for it and end soon, because a seccomp filter may kill them.
public enum KernelTrial {
  /// Makes a child by clone(2), like fork(2), on every kernel and below every filter that lets processes be made: clone3(2) is what some of them kill for.
  public static func makeChild() throws(Errno) -> CloneSide {
    let result = try answer(clinux_clone(0))
    return result == 0 ? .child : .parent(result)
  }

  /// The result of a call that no signal interrupts, as an error when it is one.
  @inline(never)
  private static func answer(_ result: Int32) throws(Errno) -> Int32 {
    if result < 0 { throw Errno(rawValue: 0 - result) }
    return result
  }

  /// Ends this process after so many seconds. The C function is `alarm`.
  public static func endAfter(seconds: UInt32) throws(Errno) { _ = try answer(clinux_end_after(seconds)) }

  /// Whether the kernel knows a system call that has the same number on every architecture, as those since Linux 5.1 have. The call is made with arguments that
  /// it refuses; EPERM is what filters give, because the call itself would look at its arguments first.
  public static func call(_ number: UInt64) throws(Errno) {
    do throws(Errno) {
      _ = try answer(clinux_try_call(Int(truncatingIfNeeded: number)))
    } catch {
      if error == .noSystemCall || error == .notPermitted { throw error }
    }
  }

  /// Whether filters may have the action `SECCOMP_RET_…`. The system call is `seccomp` with `SECCOMP_GET_ACTION_AVAIL`, Linux 4.14.
  public static func seccompAction(_ action: UInt32) throws(Errno) { _ = try answer(clinux_seccomp_has_action(action)) }

  /// The version of Landlock. The system call is `landlock_create_ruleset`, Linux 5.13.
  public static func landlockVersion() throws(Errno) -> Int32 { try answer(clinux_landlock_version()) }

  /// A socket of the Internet. The C function is `socket` with `AF_INET`.
  public static func internetSocket() throws(Errno) { _ = try answer(clinux_try_internet_socket()) }

  /// The table `name` of iptables in this network namespace. The C function is `getsockopt` with `IPT_SO_GET_INFO`.
  public static func iptablesTable(_ name: Path) throws(Errno) { _ = try answer(name.withCString { clinux_find_iptables_table($0) }) }

  /// The number of a loop device that is free. The C function is `ioctl` with `LOOP_CTL_GET_FREE`.
  public static func freeLoopDevice(_ control: borrowing FileDescriptor) throws(Errno) -> Int32 {
    let number = control.rawValue
    return try answer(clinux_free_loop_device(number))
  }

  /// Whether the file system of `file`, which has no verity, could give it that. The C function is `ioctl` with `FS_IOC_MEASURE_VERITY`, Linux 5.4.
  public static func verity(_ file: borrowing FileDescriptor) throws(Errno) {
    do throws(Errno) {
      _ = try file.verityDigest()
    } catch {
      if error != .noData { throw error }
    }
  }
}
