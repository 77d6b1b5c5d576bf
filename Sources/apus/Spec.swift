internal import Cgroups
internal import Linux
internal import OCI

extension CommandSpec {
  /// `apus spec`: a config.json to begin with.
  static var spec: CommandSpec {
    CommandSpec(
      name: "spec", summary: "write a config.json to begin with", options: [.specBundle, .specRootless],
      description: """
        The configuration runs sh on a terminal, with the directory rootfs beside config.json as a read-only root. A config.json that is there already is not \
        touched, and an error.
        """,
      perform: { (call) throws(Failure) in try writeSpec(call.arguments) })
  }
}

private func writeSpec(_ arguments: ParsedArguments) throws(Failure) -> Int32 {
  let directory = Path(arguments.value(.specBundle) ?? ".")
  let owner = arguments.flag(.specRootless) ? SpecOwner.rootless(user: effectiveUser(), group: effectiveGroup()) : .root
  let cgroups = try failing { () throws(SystemError) in try CgroupLayout.discover() }
  let text = exampleSpec(owner, hasUnifiedCgroups: cgroups.kind == .v2)
  try failing { () throws(SystemError) in
    let folder = try during("open", directory) { () throws(Errno) in try FileDescriptor.open(directory, .path | .directory) }
    try during("write", Text(directory.appending("config.json").description)) { () throws(Errno) in
      let file = try folder.open("config.json", .writeOnly | .create | .exclusive, mode: 0o666)
      do throws(Errno) {
        try file.writeAll(text.utf8)
      } catch {
        // Half a configuration is none.
        try? folder.unlink("config.json")
        throw error
      }
    }
  }
  return 0
}

/// Whom a configuration is for.
enum SpecOwner {
  case root
  /// A user who maps only themselves into the container, as its root. What takes other rights is left out: a network of its own, limits, a sysfs of its own, and
  /// the group of terminals.
  case rootless(user: UInt32, group: UInt32)
}

/// The configuration that `runc spec` writes, as text. The cgroup namespace belongs to it only where cgroups are version 2, as there.
func exampleSpec(_ owner: SpecOwner, hasUnifiedCgroups: Bool) -> String {
  let limits: Literal
  let network: Literal
  let user: Literal
  let mappings: Text
  let sysfs: Literal
  let terminals: Literal
  switch owner {
  case .root:
    limits = "\n    \"resources\": { \"devices\": [{ \"allow\": false, \"access\": \"rwm\" }] },"
    network = ", { \"type\": \"network\" }"
    user = ""
    mappings = ""
    sysfs = "\"type\": \"sysfs\", \"source\": \"sysfs\", \"options\": ["
    terminals = ", \"gid=5\""
  case .rootless(let number, let group):
    limits = ""
    network = ""
    user = ", { \"type\": \"user\" }"
    mappings = """

          "uidMappings": [{ "containerID": 0, "hostID": \(UInt64(number)), "size": 1 }],
          "gidMappings": [{ "containerID": 0, "hostID": \(UInt64(group)), "size": 1 }],
      """
    sysfs = "\"type\": \"none\", \"source\": \"/sys\", \"options\": [\"rbind\", "
    terminals = ""
  }
  let cgroup: Literal = hasUnifiedCgroups ? ", { \"type\": \"cgroup\" }" : ""
  return Text(
    """
    {
      "ociVersion": "\(Spec.version)",
      "process": {
        "terminal": true,
        "user": { "uid": 0, "gid": 0 },
        "args": ["sh"],
        "env": [
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "TERM=xterm"
        ],
        "cwd": "/",
        "capabilities": {
          "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
          "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
          "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        },
        "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
        "noNewPrivileges": true
      },
      "root": { "path": "rootfs", "readonly": true },
      "hostname": "apus",
      "mounts": [
        { "destination": "/proc", "type": "proc", "source": "proc" },
        { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
        {
          "destination": "/dev/pts", "type": "devpts", "source": "devpts",
          "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"\(terminals)]
        },
        { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
        { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"] },
        { "destination": "/sys", \(sysfs)"nosuid", "noexec", "nodev", "ro"] },
        { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"] }
      ],
      "linux": {\(limits)
        "namespaces": [{ "type": "pid" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }\(network)\(cgroup)\(user)],\(mappings)
        "maskedPaths": [
          "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
          "/sys/firmware", "/proc/scsi"
        ],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
      }
    }

    """
  ).string
}
