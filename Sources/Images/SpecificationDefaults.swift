internal import OCI

/// The capabilities of a container that nobody gave any: Docker's fourteen without three.
///
/// Left out are `CAP_MKNOD` (devices are the runtime's to make), `CAP_NET_RAW` (it forges packets; ping needs it only where `net.ipv4.ping_group_range` is
/// closed) and `CAP_AUDIT_WRITE` (the audit log is the host's). Podman leaves out the same three.
enum DefaultCapabilities {
  static var names: [String] {
    [
      "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
      "CAP_SYS_CHROOT",
    ]
  }

  /// Neither inheritable nor ambient: with those, a program of an ordinary user would gain them by a file capability (CVE-2022-24769).
  static var sets: Capabilities { Capabilities(bounding: names, effective: names, permitted: names) }
}

/// The mounts of a container, those of Docker without /dev/mqueue.
enum DefaultMounts {
  static var all: [Mount] {
    [
      Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
      Mount(destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
      Mount(
        destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
      Mount(destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
      Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]),
      Mount(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "relatime", "ro"]),
    ]
  }
}

/// What a container sees of the kernel but may not read or write: Docker's lists.
enum DefaultPaths {
  static var masked: [String] {
    [
      "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
      "/proc/timer_list",
      "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ]
  }

  static var readonly: [String] { ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"] }
}

/// The devices that a container may use: none but Docker's standard ones. Making other nodes, which Docker allows and only their use denies, needs `CAP_MKNOD`
/// anyway.
enum DefaultDevices {
  static var rules: [DeviceRule] {
    [
      DeviceRule(allow: false),
      // null, zero, full, random, urandom
      DeviceRule(allow: true, type: .character, major: 1, minor: 3), DeviceRule(allow: true, type: .character, major: 1, minor: 5),
      DeviceRule(allow: true, type: .character, major: 1, minor: 7), DeviceRule(allow: true, type: .character, major: 1, minor: 8),
      DeviceRule(allow: true, type: .character, major: 1, minor: 9),
      // tty, ptmx, and the pseudoterminals
      DeviceRule(allow: true, type: .character, major: 5, minor: 0), DeviceRule(allow: true, type: .character, major: 5, minor: 2),
      DeviceRule(allow: true, type: .character, major: 136),
    ]
  }
}
