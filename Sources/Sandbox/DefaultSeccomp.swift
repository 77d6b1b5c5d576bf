public import Linux
public import OCI

/// The filter of a container that brings none: an allow-list with the reach of Docker's default profile (github.com/moby/profiles, seccomp, June 2026), grouped
/// by what the calls are for. `capabilities` is the bounding set: a call that only serves a capability is allowed where the container has it.
///
/// Everything else is EPERM, and ENOSYS above the newest call named here. What is left out, and why:
/// - add_key, keyctl, request_key: the kernel's key rings belong to no namespace; on Android they hold the keys of the encrypted storage.
/// - io_uring_*: a second system call interface that a filter cannot look into, with a long row of privilege escalations.
/// - userfaultfd: holds the kernel still in the middle of a copy, the standard help for exploits.
/// - kexec_load, kexec_file_load, swapon, swapoff, reboot: the machine is not the container's. reboot stays out even with `CAP_SYS_BOOT`: root kits of phones
///   (KernelSU) take its unused arguments for commands and answer with a descriptor of the host.
/// - move_pages, migrate_pages and the mempolicy calls: other processes' memory placement; the latter come with `CAP_SYS_NICE`.
/// - pivot_root, mount and its descriptor forms, unshare, setns, clone with a new namespace: `CAP_SYS_ADMIN` only. A new user namespace hands out every
///   capability inside, and with them the kernel code that most escapes of the last years went through.
/// - open_by_handle_at: walks out of any root (the "shocker" exploit of 2014); `CAP_DAC_READ_SEARCH` only.
/// - _sysctl, uselib, ustat, sysfs, nfsservctl, vm86, vm86old, get_kernel_syms, query_module, create_module: dead, or of no use to an application.
public func defaultSeccomp(capabilities: CapabilityMask, processor: SeccompProcessor = .native) -> Seccomp {
  var allowed: [String] = []
  allowed.reserveCapacity(448)
  for group in alwaysAllowed { add(group, to: &allowed) }
  switch processor {
  case .amd64: add("arch_prctl modify_ldt", to: &allowed)
  // All of 32-bit ARM: two calls with their arguments in another order, and its private ones.
  case .arm64: add("sync_file_range2 arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls", to: &allowed)
  }
  for (capability, calls) in allowedWith where capabilities.contains(capability) { add(calls, to: &allowed) }

  var rules = [SeccompRule(names: allowed, action: .allow)]
  func allow(_ name: String, _ op: SeccompOperator, _ value: UInt64, _ valueTwo: UInt64 = 0) {
    rules.append(SeccompRule(names: [name], action: .allow, args: [SeccompArgument(index: 0, value: value, valueTwo: valueTwo, op: op)]))
  }
  // Every address family but AF_ALG (38), the kernel's cryptography, and AF_VSOCK (40), the way to the hypervisor, which no network namespace closes.
  allow("socket", .lessThan, 38)
  allow("socket", .equal, 39)
  allow("socket", .greaterThan, 40)
  // PER_LINUX, PER_LINUX32, both with UNAME26, and 0xffffffff, which only asks. The others switch protections off (ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC).
  allow("personality", .equal, 0)
  allow("personality", .equal, 0x0008)
  allow("personality", .equal, 0x2_0000)
  allow("personality", .equal, 0x2_0008)
  allow("personality", .equal, 0xFFFF_FFFF)
  if !capabilities.contains(.sysAdmin) {
    // clone without CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. clone3 has its flags in memory, where a filter cannot look: ENOSYS makes
    // the C library take clone instead.
    allow("clone", .maskedEqual, 0x7E02_0000, 0)
    rules.append(SeccompRule(names: ["clone3"], action: .errno, errnoRet: 38))
  }

  let architectures: [SeccompArchitecture]
  switch processor {
  case .amd64: architectures = [.amd64, .x86, .x32]
  case .arm64: architectures = [.aarch64, .arm]
  }
  return Seccomp(defaultAction: .errno, defaultErrnoRet: 1, architectures: architectures, syscalls: rules)
}

/// Adds the names in `list`, which stand apart by one space.
private func add(_ list: Literal, to names: inout [String]) { names += list.words }

/// Calls that only a capability gives a use to.
private var allowedWith: [(CapabilityMask, Literal)] {
  [
    (.dacReadSearch, "open_by_handle_at"),
    (.sysAdmin, "bpf clone clone3 fanotify_init lookup_dcookie perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog unshare"),
    (.sysAdmin, "fsconfig fsmount fspick fsopen mount mount_setattr move_mount open_tree umount umount2 lsm_get_self_attr lsm_list_modules lsm_set_self_attr"),
    (.sysChroot, "chroot"),
    (.sysModule, "delete_module finit_module init_module"),
    (.sysPacct, "acct"),
    (.sysPtrace, "kcmp pidfd_getfd process_madvise"),
    (.sysRawIO, "ioperm iopl"),
    (.sysTime, "clock_settime clock_settime64 settimeofday stime"),
    (.sysTTYConfig, "vhangup"),
    (.sysNice, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    (.syslog, "syslog"),
    (.bpf, "bpf"),
    (.perfmon, "perf_event_open"),
  ]
}

/// What every container may call. A name is listed for all architectures that have it; `…64`, `…_time64` and `…32` are the forms of the 32-bit ones.
private var alwaysAllowed: [Literal] {
  [
    // Files by descriptor.
    "close close_range copy_file_range dup dup2 dup3 fadvise64 fadvise64_64 fallocate fcntl fcntl64 fdatasync flock fsync ftruncate ftruncate64 ioctl _llseek",
    "lseek pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile sendfile64 splice sync_file_range tee vmsplice write writev",
    "cachestat",
    // Files by name; the mode, owner and times of files. mknod makes fifos and sockets; devices take CAP_MKNOD.
    "access chdir chmod chown chown32 creat faccessat faccessat2 fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat futimesat getcwd lchown lchown32",
    "link linkat mkdir mkdirat mknod mknodat name_to_handle_at open openat openat2 readlink readlinkat rename renameat renameat2 rmdir symlink symlinkat",
    "truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes",
    // What files and file systems are.
    "fstat fstat64 fstatat64 fstatfs fstatfs64 getdents getdents64 lstat lstat64 newfstatat stat stat64 statfs statfs64 statx sync syncfs listmount statmount",
    "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr lremovexattr lsetxattr removexattr",
    "removexattrat setxattr setxattrat fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch",
    // Waiting for descriptors; asynchronous input and output of the old kind.
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 _newselect pipe pipe2 poll ppoll",
    "ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4 io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit",
    // Sockets; socket itself has rules of its own. socketcall carries the socket calls of 32-bit x86, with its arguments in memory.
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto",
    "setsockopt shutdown socketcall socketpair",
    // Memory.
    "brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall",
    "munmap pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages",
    // Locks between threads; message queues, semaphores and shared memory of the IPC namespace.
    "futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list rseq set_robust_list ipc mq_getsetattr mq_notify mq_open",
    "mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop",
    "semtimedop_time64 shmat shmctl shmdt shmget",
    // Processes and threads. ptrace and process_vm_*: the container's own processes, by the kernel's rules; before Linux 4.8 a tracer could step around a
    // filter.
    "execve execveat exit exit_group fork getpgid getpgrp getpid getppid getsid gettid get_thread_area kill pidfd_open pidfd_send_signal prctl",
    "process_vm_readv process_vm_writev ptrace set_thread_area set_tid_address setpgid setsid tgkill tkill vfork wait4 waitid waitpid",
    // Signals.
    "pause restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64",
    "rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn",
    // Users, groups, capabilities; what a process takes from itself.
    "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid getresuid32 getuid getuid32",
    "setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid",
    "setreuid32 setuid setuid32 landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp",
    // Scheduling, limits, accounting.
    "getcpu getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64 sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr",
    "sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler",
    "sched_yield setpriority setrlimit sysinfo times ugetrlimit uname",
    // Clocks and timers. Setting the clock takes CAP_SYS_TIME in the kernel; with adjtimex anybody may ask.
    "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64",
    "getitimer gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64",
    "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64",
    // Random numbers; the kernel's own trampolines.
    "getrandom uretprobe",
  ]
}
