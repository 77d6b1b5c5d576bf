/// Every option of every command: what a verb asks the parsed command line for, and its row in the table.
///
/// Two commands share an option when it means the same in both. The names of containers' options are those of runc and crun, so that engines can call Apus as
/// they call these; where the two differ, a comment says whose it is.
enum OptionID: UInt8, CaseIterable {
  // Of the program.
  case root, dataRoot, log, logFormat, debug, cgroupManager, systemdCgroup, rootless, version, help
  // Of containers.
  case bundle, config, consoleSocket, pidfdSocket, pidFile, preserveFDs, noPivot, noNewKeyring, noSubreaper, detach, keep
  case process, tty, env, user, additionalGIDs, cwd, capability, cgroup, ignorePaused, noNewPrivs, apparmor, processLabel
  case all, force, format, quiet, stats, interval
  // Of limits.
  case resources, blkioWeight, cpuPeriod, cpuQuota, cpuBurst, cpuShare, cpuRealtimePeriod, cpuRealtimeRuntime, cpuIdle, cpusetCPUs, cpusetMems
  case memoryLimit, memoryReservation, memorySwap, pidsLimit, l3CacheSchema, memBandwidthSchema
  // Of configurations.
  case specBundle, specRootless
  // Of images.
  case imageName, memory, pids, cpus, readOnly, network, containerName, hostname

  /// The option's row.
  var spec: OptionSpec {
    switch self {
    case .root: .value("root", "DIR", "where the state of containers is kept, on a tmpfs (default: /run/apus)", offers: .directory)
    case .dataRoot: .value("data-root", "DIR", "where images are kept (default: /var/lib/apus)", offers: .directory)
    case .log: .value("log", "FILE", "append errors and warnings to FILE", offers: .file)
    case .logFormat: .value("log-format", "text|json", "the form of the log (default: text)", offers: .choices)
    case .debug: .flag("debug", "tell what is done as well")
    // crun's.
    case .cgroupManager: .value("cgroup-manager", "cgroupfs|disabled", "disabled: touch no cgroups (default: cgroupfs)", offers: .choices)
    case .systemdCgroup: .flag("systemd-cgroup", "refused: Apus has no systemd driver")
    case .rootless: .value("rootless", "true|false|auto", "without effect, for callers of runc", offers: .choices)
    case .version: .flag("version", or: "v", "print the version")
    case .help: .flag("help", or: "h", "print this")

    case .bundle: .value("bundle", or: "b", "DIR", "the bundle: a directory with config.json (default: the working directory)", offers: .directory)
    // crun's: runc has none.
    case .config: .value("config", or: "f", "FILE", "read the configuration from FILE (default: config.json of the bundle)", offers: .file)
    case .consoleSocket: .value("console-socket", "SOCKET", "a Unix socket that is sent the ptmx end of the terminal", offers: .file)
    case .pidfdSocket: .value("pidfd-socket", "SOCKET", "a Unix socket that is sent a pidfd of the process", offers: .file)
    case .pidFile: .value("pid-file", "FILE", "write the process id to FILE", offers: .file)
    case .preserveFDs: .value("preserve-fds", "N", "pass N descriptors on, from 3 and from those of LISTEN_FDS")
    case .noPivot: .flag("no-pivot", "move the root into place instead of pivot_root(2), for a root on the first RAM disk")
    case .noNewKeyring: .flag("no-new-keyring", "keep the session keyring of the caller")
    case .noSubreaper: .flag("no-subreaper", "leave orphans of the container to init instead of apus")
    case .detach: .flag("detach", or: "d", "do not wait for the end of the process")
    case .keep: .flag("keep", "keep the container after it ended, for `apus state` and `apus delete`")

    case .process: .value("process", or: "p", "FILE", "the process as in `process` of config.json, instead of options and COMMAND", offers: .file)
    case .tty: .flag("tty", or: "t", "give the process a terminal")
    case .env: .values("env", or: "e", "K=V", "set a variable; more than once for more")
    case .user: .value("user", or: "u", "UID[:GID]", "the user and group (default: the container's)")
    case .additionalGIDs: .values("additional-gids", or: "g", "GID", "a supplementary group; more than once for more")
    case .cwd: .value("cwd", "DIR", "the working directory in the container (default: the container's)")
    case .capability: .values("cap", or: "c", "CAP", "a capability to add; more than once for more")
    case .cgroup: .values("cgroup", "[CONTROLLER:]PATH", "an existing group below the container's; with CONTROLLER, more than once")
    case .ignorePaused: .flag("ignore-paused", "do it in a paused container as well; the process waits until it is resumed")
    case .noNewPrivs: .flag("no-new-privs", "set no_new_privs of the process")
    case .apparmor: .value("apparmor", "PROFILE", "the AppArmor profile of the process")
    case .processLabel: .value("process-label", "LABEL", "the SELinux label of the process")

    case .all: .flag("all", or: "a", "send the signal to every process of the container")
    case .force: .flag("force", or: "f", "end a container that is running first, with SIGKILL; no error if there is none")
    case .format: .value("format", or: "f", "table|json", "how to print it (default: table)", offers: .choices)
    case .quiet: .flag("quiet", or: "q", "print the ids only")
    case .stats: .flag("stats", "print the statistics once, and end")
    case .interval: .value("interval", "TIME", "the time between two lines, such as 500ms, 5s or 1m (default: 5s)")

    case .resources:
      .value("resources", or: "r", "FILE", "the limits, as `linux.resources` of config.json; - for standard input; no other option counts", offers: .file)
    case .blkioWeight: .value("blkio-weight", "N", "weight for block devices, 10 to 1000")
    case .cpuPeriod: .value("cpu-period", "US", "period of --cpu-quota in microseconds")
    case .cpuQuota: .value("cpu-quota", "US", "processor time in each period, in microseconds; -1 for no limit")
    case .cpuBurst: .value("cpu-burst", "US", "unused quota that may be saved up, in microseconds")
    case .cpuShare: .value("cpu-share", "N", "weight for processor time, 2 to 262144; 1024 is usual")
    case .cpuRealtimePeriod: .value("cpu-rt-period", "US", "period of --cpu-rt-runtime in microseconds")
    case .cpuRealtimeRuntime: .value("cpu-rt-runtime", "US", "processor time of real-time processes in each period, in microseconds")
    case .cpuIdle: .value("cpu-idle", "0|1", "1: run only when no other group wants to", offers: .choices)
    case .cpusetCPUs: .value("cpuset-cpus", "LIST", "the processors to use, such as 0-2,7")
    case .cpusetMems: .value("cpuset-mems", "LIST", "the memory nodes to use, such as 0-1")
    case .memoryLimit: .value("memory", "BYTES", "limit of memory; -1 for none")
    case .memoryReservation: .value("memory-reservation", "BYTES", "memory to keep when the machine runs short; -1 for none")
    case .memorySwap: .value("memory-swap", "BYTES", "limit of memory and swap together; -1 for none")
    case .pidsLimit: .value("pids-limit", "N", "limit of processes and threads; -1 for none")
    case .l3CacheSchema: .value("l3-cache-schema", "SCHEMA", "Intel RDT: the L3 cache")
    case .memBandwidthSchema: .value("mem-bw-schema", "SCHEMA", "Intel RDT: the memory bandwidth")

    case .specBundle: .value("bundle", or: "b", "DIR", "where config.json is put (default: the working directory)", offers: .directory)
    case .specRootless: .flag("rootless", "a configuration for a user who is not root")

    case .imageName: .value("name", "NAME", "the name in the store (default: the one in the layout, else the directory's)")
    case .memory: .value("memory", or: "m", "N", "limit of memory in bytes, or with k, m or g; no swap beyond it")
    case .pids: .value("pids", "N", "limit of processes and threads")
    case .cpus: .value("cpus", "X", "limit of processor time, such as 0.5 or 2")
    case .readOnly: .flag("read-only", "make the root read-only")
    case .network: .value("network", "none|host", "nothing but loopback (none, the default), or the host's network", offers: .choices)
    case .containerName: .value("name", "ID", "the container's id (default: NAME and a random number)")
    case .hostname: .value("hostname", "NAME", "the container's host name (default: its id)")
    }
  }
}
