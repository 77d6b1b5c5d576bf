internal import Wording

/// Every option of every command: what a verb asks the parsed command line for, and its row in the table.
///
/// Two commands share an option when it means the same in both. The names of containers' options are those of runc and crun, so that engines can call Apus as
/// they call these; where the two differ, a comment says whose it is.
enum OptionID: UInt8, CaseIterable {
  // Of the program.
  case root, dataRoot, policy, trustRoot, log, logFormat, debug, cgroupManager, systemdCgroup, rootless, version, help
  // Of containers.
  case bundle, config, consoleSocket, pidfdSocket, pidFile, preserveFDs, noPivot, noNewKeyring, noSubreaper, bestEffort, require, detach, keep
  case process, tty, env, user, additionalGIDs, cwd, capability, cgroup, ignorePaused, noNewPrivs, apparmor, processLabel
  case all, force, format, stateFormat, quiet, stats, interval
  // Of limits.
  case resources, blkioWeight, cpuPeriod, cpuQuota, cpuBurst, cpuShare, cpuRealtimePeriod, cpuRealtimeRuntime, cpuIdle, cpusetCPUs, cpusetMems
  case memoryLimit, memoryReservation, memorySwap, pidsLimit, l3CacheSchema, memBandwidthSchema
  // Of configurations.
  case specBundle, specRootless
  // Of `check`.
  case json, checkBundle, checkImage
  // Of images.
  case imageName, backend, verity, importRelease, importQuiet, importJSON, imageConfig, pruneAll, unmountAll, repair, memory, pids, cpus, readOnly, network,
    containerName
  case hostname, dns

  /// The option's row, taken apart.
  var spec: OptionSpec { OptionSpec(row) }

  /// Whether `name` is its long name or, with `isLetter`, its letter. The row is compared as it stands: this is asked of every option for each word.
  func isCalled(_ name: ArraySlice<UInt8>, isLetter: Bool) -> Bool {
    var rest = row.start
    if isLetter {
      while !OptionID.endsName(rest[0]) { rest += 1 }
      if rest[0] != OptionID.comma { return false }
      rest += 1
    }
    for byte in name {
      if byte != rest[0] || OptionID.endsName(byte) { return false }
      rest += 1
    }
    return OptionID.endsName(rest[0])
  }

  /// Whether a name or a letter in a row ends at this byte: at the comma between them, or at the space or the colon behind both.
  private static func endsName(_ byte: UInt8) -> Bool { byte == comma || byte == 0x20 || byte == 0x3A }
  private static var comma: UInt8 { 0x2C }

  /// The long name, and the letter behind a comma; the placeholder of the value, if there is one, with `...` behind it if giving it again adds a value, and with a
  /// slash if completions offer directories for it; the help.
  private var row: Literal {
    switch self {
    case .root: "root DIR/: where the state of containers is kept, on a tmpfs (default: /run/apus; on Android /dev/apus)"
    case .dataRoot: "data-root DIR/: where images are kept (default: /var/lib/apus; on Android /data/apus)"
    case .policy: "policy FILE: what decides which images are imported and run (default: /etc/apus/policy.json; without it all are)"
    case .trustRoot: "trust-root FILE: the first root of those who may sign releases (default: /etc/apus/root.json; without it there are none)"
    case .log: "log FILE: append errors and warnings to FILE"
    case .logFormat: "log-format text|json: the form of the log (default: text)"
    case .debug: "debug: tell what is done as well"
    // crun's.
    case .cgroupManager: "cgroup-manager cgroupfs|disabled: disabled: touch no cgroups (default: cgroupfs)"
    case .systemdCgroup: "systemd-cgroup: refused: Apus has no systemd driver"
    case .rootless: "rootless true|false|auto: without effect, for callers of runc"
    case .version: "version,v: print the version"
    case .help: "help,h: print this"

    case .bundle: "bundle,b DIR/: the bundle: a directory with config.json (default: the working directory)"
    // crun's: runc has none.
    case .config: "config,f FILE: read the configuration from FILE (default: config.json of the bundle)"
    case .consoleSocket: "console-socket SOCKET: a Unix socket that is sent the ptmx end of the terminal"
    case .pidfdSocket: "pidfd-socket SOCKET: a Unix socket that is sent a pidfd of the process"
    case .pidFile: "pid-file FILE: write the process id to FILE"
    case .preserveFDs: "preserve-fds N: pass N descriptors on, from 3 and from those of LISTEN_FDS"
    case .noPivot: "no-pivot: move the root into place instead of pivot_root(2), where that does not work"
    case .noNewKeyring: "no-new-keyring: keep the session keyring of the caller"
    case .noSubreaper: "no-subreaper: leave orphans of the container to init instead of apus"
    case .bestEffort: "best-effort FEATURE...: do without FEATURE, such as pid-namespace, where the kernel lacks it; all: whatever can be done without"
    case .require: "require FEATURE...: refuse to do without FEATURE where the kernel lacks it; all: whatever can be done without"
    case .detach: "detach,d: do not wait for the end of the process"
    case .keep: "keep: keep the container after it ended, for `apus state` and `apus delete`"

    case .process: "process,p FILE: the process as in `process` of config.json, instead of options and COMMAND"
    case .tty: "tty,t: give the process a terminal"
    case .env: "env,e K=V...: set a variable; more than once for more"
    case .user: "user,u UID[:GID]: the user and group (default: the container's)"
    case .additionalGIDs: "additional-gids,g GID...: a supplementary group; more than once for more"
    case .cwd: "cwd DIR: the working directory in the container (default: the container's)"
    case .capability: "cap,c CAP...: a capability to add; more than once for more"
    case .cgroup: "cgroup [CONTROLLER:]PATH...: an existing group below the container's; with CONTROLLER, more than once"
    case .ignorePaused: "ignore-paused: do it in a paused container as well; the process waits until it is resumed"
    case .noNewPrivs: "no-new-privs: set no_new_privs of the process"
    case .apparmor: "apparmor PROFILE: the AppArmor profile of the process"
    case .processLabel: "process-label LABEL: the SELinux label of the process"

    case .all: "all,a: send the signal to every process of the container"
    case .force: "force,f: end a container that is running first, with SIGKILL; no error if there is none"
    case .format: "format,f table|json: how to print it (default: table)"
    case .stateFormat: "format,f table|json: how to print it (default: json)"
    case .quiet: "quiet,q: print the ids only"
    case .stats: "stats: print the statistics once, and end"
    case .interval: "interval TIME: the time between two lines, such as 500ms, 5s or 1m (default: 5s)"

    case .resources: "resources,r FILE: the limits, as `linux.resources` of config.json; - for standard input; no other option counts"
    case .blkioWeight: "blkio-weight N: weight for block devices, 10 to 1000"
    case .cpuPeriod: "cpu-period US: period of --cpu-quota in microseconds"
    case .cpuQuota: "cpu-quota US: processor time in each period, in microseconds; -1 for no limit"
    case .cpuBurst: "cpu-burst US: unused quota that may be saved up, in microseconds"
    case .cpuShare: "cpu-share N: weight for processor time, 2 to 262144; 1024 is usual"
    case .cpuRealtimePeriod: "cpu-rt-period US: period of --cpu-rt-runtime in microseconds"
    case .cpuRealtimeRuntime: "cpu-rt-runtime US: processor time of real-time processes in each period, in microseconds"
    case .cpuIdle: "cpu-idle 0|1: 1: run only when no other group wants to"
    case .cpusetCPUs: "cpuset-cpus LIST: the processors to use, such as 0-2,7"
    case .cpusetMems: "cpuset-mems LIST: the memory nodes to use, such as 0-1"
    case .memoryLimit: "memory BYTES: limit of memory; -1 for none"
    case .memoryReservation: "memory-reservation BYTES: memory to keep when the machine runs short; -1 for none"
    case .memorySwap: "memory-swap BYTES: limit of memory and swap together; -1 for none"
    case .pidsLimit: "pids-limit N: limit of processes and threads; -1 for none"
    case .l3CacheSchema: "l3-cache-schema SCHEMA: Intel RDT: the L3 cache"
    case .memBandwidthSchema: "mem-bw-schema SCHEMA: Intel RDT: the memory bandwidth"

    case .specBundle: "bundle,b DIR/: where config.json is put (default: the working directory)"
    case .specRootless: "rootless: a configuration for a user who is not root"

    case .json: "json: print JSON, as --format json does"
    case .checkBundle: "bundle,b DIR/: answer for the container of this bundle"
    case .checkImage: "image NAME: answer for a container of this image of the store"

    case .imageName: "name NAME: the name in the store (default: the one in the layout, else the directory's)"
    case .importRelease: "release: accept the releases that come with the images"
    case .importQuiet: "quiet,q: tell nothing of the progress"
    case .importJSON: "json: print what happens as JSON, an object in a line"
    case .backend: "backend auto|overlay|erofs: what to keep: unpacked layers, or one EROFS file (default: overlay where that works on the data directory)"
    case .verity: "verity: seal the EROFS file by fs-verity"
    case .imageConfig: "config: print the image's configuration as it is"
    case .pruneAll: "all,a: remove every image that no container uses and no release has as well"
    case .unmountAll: "all,a: unmount all"
    case .repair: "repair: put attributes right, and take layers out of the store whose contents are wrong"
    case .memory: "memory,m N: limit of memory in bytes, or with k, m or g; no swap beyond it"
    case .pids: "pids N: limit of processes and threads"
    case .cpus: "cpus X: limit of processor time, such as 0.5 or 2"
    case .readOnly: "read-only: make the root read-only"
    case .network: "network none|host: nothing but loopback (none, the default), or the host's network"
    case .containerName: "name ID: the container's id (default: NAME and a random number)"
    case .dns: "dns ADDRESS...: with --network host: a name server (default: those of the host's /etc/resolv.conf)"
    case .hostname: "hostname NAME: the container's host name (default: its id)"
    }
  }
}
