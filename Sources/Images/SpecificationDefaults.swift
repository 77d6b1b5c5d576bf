internal import OCI

/// The capabilities of a container that nobody gave any: Docker's fourteen without three.
///
/// Left out are `CAP_MKNOD` (devices are the runtime's to make), `CAP_NET_RAW` (it forges packets; ping needs it only where `net.ipv4.ping_group_range` is
/// closed) and `CAP_AUDIT_WRITE` (the audit log is the host's). Podman leaves out the same three.
enum DefaultCapabilities {
  private static var names: Literal {
    """
    CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_NET_BIND_SERVICE CAP_SETFCAP CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_CHROOT
    """
  }

  /// Neither inheritable nor ambient: with those, a program of an ordinary user would gain them by a file capability (CVE-2022-24769).
  static var sets: Capabilities {
    let names = words(of: names)
    return Capabilities(bounding: names, effective: names, permitted: names)
  }
}

/// The mounts of a container, those of Docker without /dev/mqueue.
enum DefaultMounts {
  /// Destination, type, source and options, as fstab(5) has them.
  private static var table: Literal {
    """
    /proc proc proc nosuid,noexec,nodev
    /dev tmpfs tmpfs nosuid,strictatime,mode=755,size=65536k
    /dev/pts devpts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5
    /dev/shm tmpfs shm nosuid,noexec,nodev,mode=1777,size=65536k
    /sys sysfs sysfs nosuid,noexec,nodev,ro
    /sys/fs/cgroup cgroup cgroup nosuid,noexec,nodev,relatime,ro
    """
  }

  static var all: [Mount] {
    let cells = words(of: table)
    var mounts: [Mount] = []
    for row in stride(from: 0, to: cells.count, by: 4) {
      mounts.append(Mount(destination: cells[row], type: cells[row + 1], source: cells[row + 2], options: parts(of: cells[row + 3], at: 0x2C)))
    }
    return mounts
  }
}

/// What a container sees of the kernel but may not read or write: Docker's lists.
enum DefaultPaths {
  static var masked: [String] {
    words(
      of: """
        /proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi /proc/timer_list /proc/timer_stats
        /sys/devices/virtual/powercap /sys/firmware
        """)
  }

  static var readonly: [String] { words(of: "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger") }
}

/// The devices that a container may use: none but Docker's standard ones. Making other nodes, which Docker allows and only their use denies, needs `CAP_MKNOD`
/// anyway.
enum DefaultDevices {
  static var rules: [DeviceRule] {
    var rules = [DeviceRule(allow: false)]
    // null, zero, full, random, urandom
    for minor: Int64 in [3, 5, 7, 8, 9] { rules.append(DeviceRule(allow: true, type: .character, major: 1, minor: minor)) }
    // tty, ptmx, and the pseudoterminals
    for minor: Int64 in [0, 2] { rules.append(DeviceRule(allow: true, type: .character, major: 5, minor: minor)) }
    rules.append(DeviceRule(allow: true, type: .character, major: 136))
    return rules
  }
}
