/// What Apus may need of a kernel. One table: whatever refuses a feature reads its row, so that no two places name it differently.
public enum Feature: Sendable, Equatable, CaseIterable {
  case mountNamespace, utsNamespace, ipcNamespace, pidNamespace, networkNamespace, userNamespace, cgroupNamespace, timeNamespace
  case cgroups, unifiedCgroups, cpuBandwidth
  case overlayFileSystem, terminals, procFileSystem, sysFileSystem, tmpFileSystem, messageQueues, systemVIPC
  case seccompFilters
  case appArmor, seLinux

  /// The name in a sentence: "this kernel has no ...".
  public var name: StaticString {
    switch self {
    case .mountNamespace: "mount namespaces"
    case .utsNamespace: "UTS namespaces"
    case .ipcNamespace: "IPC namespaces"
    case .pidNamespace: "PID namespaces"
    case .networkNamespace: "network namespaces"
    case .userNamespace: "user namespaces"
    case .cgroupNamespace: "cgroup namespaces"
    case .timeNamespace: "time namespaces"
    case .cgroups: "control groups"
    case .unifiedCgroups: "control groups of version 2"
    case .cpuBandwidth: "limits of processor time"
    case .overlayFileSystem: "overlay file system"
    case .terminals: "devpts file system"
    case .procFileSystem: "proc file system"
    case .sysFileSystem: "sysfs file system"
    case .tmpFileSystem: "tmpfs file system"
    case .messageQueues: "mqueue file system"
    case .systemVIPC: "System V IPC"
    case .seccompFilters: "seccomp filters"
    case .appArmor: "AppArmor"
    case .seLinux: "SELinux"
    }
  }

  /// The kernel's build option, without `CONFIG_`.
  public var option: StaticString {
    switch self {
    // Mount namespaces have no option of their own.
    case .mountNamespace: "NAMESPACES"
    case .utsNamespace: "UTS_NS"
    case .ipcNamespace: "IPC_NS"
    case .pidNamespace: "PID_NS"
    case .networkNamespace: "NET_NS"
    case .userNamespace: "USER_NS"
    case .cgroupNamespace, .cgroups, .unifiedCgroups: "CGROUPS"
    case .cpuBandwidth: "CFS_BANDWIDTH"
    case .timeNamespace: "TIME_NS"
    case .overlayFileSystem: "OVERLAY_FS"
    case .terminals: "UNIX98_PTYS"
    case .procFileSystem: "PROC_FS"
    case .sysFileSystem: "SYSFS"
    case .tmpFileSystem: "TMPFS"
    case .messageQueues: "POSIX_MQUEUE"
    case .systemVIPC: "SYSVIPC"
    case .seccompFilters: "SECCOMP_FILTER"
    case .appArmor: "SECURITY_APPARMOR"
    case .seLinux: "SECURITY_SELINUX"
    }
  }

  /// Why it may be absent besides the option, as the end of a sentence; the others are in the kernel or nowhere.
  public var otherReason: StaticString {
    switch self {
    case .overlayFileSystem: ", or its module is not loaded"
    case .appArmor, .seLinux: ", or it was not enabled at boot"
    default: ""
    }
  }

  /// What Apus does without it, as `apus check` tells it.
  public var otherwise: StaticString {
    switch self {
    case .mountNamespace, .procFileSystem: "no container runs"
    case .utsNamespace, .ipcNamespace, .pidNamespace, .networkNamespace: "a container that asks for one is refused; each from an image does"
    case .userNamespace, .timeNamespace: "a container that asks for one is refused"
    case .cgroupNamespace: "a container that asks for one is refused; each from an image does"
    case .cgroups: "containers run with --cgroup-manager disabled only, and without limits"
    case .unifiedCgroups: "version 1 is used"
    case .cpuBandwidth: "such a limit is refused; where it may be done without, a share of the time"
    case .overlayFileSystem: "containers from images are refused"
    case .terminals: "a mount of it is refused, and a container with a terminal"
    case .sysFileSystem, .tmpFileSystem: "a mount of it is refused; each container from an image has one"
    case .messageQueues: "a mount of it is refused"
    case .systemVIPC: "programs that use it fail"
    case .seccompFilters: "a container with a filter is refused; each from an image has one"
    case .appArmor: "a container with a profile is refused"
    case .seLinux: "a container with a label is refused"
    }
  }

  /// How its presence is found out.
  var evidence: Evidence {
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
    case .unifiedCgroups: .fileSystem("cgroup2")
    case .cpuBandwidth: .file("/proc/sys/kernel/sched_cfs_bandwidth_slice_us")
    case .overlayFileSystem: .fileSystem("overlay")
    case .terminals: .fileSystem("devpts")
    case .procFileSystem: .fileSystem("proc")
    case .sysFileSystem: .fileSystem("sysfs")
    case .tmpFileSystem: .fileSystem("tmpfs")
    case .messageQueues: .fileSystem("mqueue")
    case .systemVIPC: .file("/proc/sysvipc")
    case .seccompFilters: .seccomp
    case .appArmor: .setting("/sys/module/apparmor/parameters/enabled", 0x59)
    // Registered only when SELinux is enabled.
    case .seLinux: .fileSystem("selinuxfs")
    }
  }
}

/// What shows that the kernel has a feature.
enum Evidence {
  /// The file is there. Namespaces: the kernel lists in /proc/self/ns those that it was built with.
  case file(StaticString)
  /// The type is in /proc/filesystems. A module that is not loaded is not there, though mount(2) would load it.
  case fileSystem(StaticString)
  /// The file is there and begins with this character.
  case setting(StaticString, UInt8)
  /// /proc/sys/kernel/seccomp/actions_avail (Linux 4.14) is there only with filters.
  case seccomp
}
