internal import Wording

extension Feature {
  /// The table of kernel features, for `apus check`, the runtime's refusals, and docs/kernels.md. A line that begins with `#` names a group. Each feature has
  /// two lines, in the order of the cases, with `|` between the fields; empty ones at the end may be missing:
  ///
  ///     key | name in "this kernel has no ..." | build options without CONFIG_ (! must be off) | the Linux that brought it | weight | how it is probed
  ///     what needs it | what stands in for it | what that costs, and what it does not guarantee | the remedy, if it is not the option or a newer kernel
  ///
  /// Weights: `v`, without it no container runs; `u`, usual containers ask for it or are better off with it; `e`, an extra. A stand-in that begins with `[key]`
  /// is there only with that feature. The words of the probing are those of `Probing`. No Linux is named for what 4.14, the floor, has.
  static var table: Literal {
    """
    #namespaces
    mount-namespace|mount namespaces|NAMESPACES||v|unshare 20000
    a file tree of its own
    uts-namespace|UTS namespaces|UTS_NS||u|unshare 4000000
    a host name of its own: linux.namespaces, images
    ipc-namespace|IPC namespaces|IPC_NS||u|unshare 8000000
    System V IPC and message queues of its own: linux.namespaces, images|nothing has to, without System V IPC and mqueue|nothing
    pid-namespace|PID namespaces|PID_NS||u|unshare 20000000
    processes that see no others, and end with the first: linux.namespaces, images|[hidepid] a user of its own, a /proc that hides others, the control group|\
    the first process is not number 1; programs cannot change their user
    network-namespace|network namespaces|NET_NS||u|unshare 40000000
    a network of its own: linux.namespaces, images without --network host
    user-namespace|user namespaces|USER_NS||e|unshare 10000000
    a root that is nobody outside: linux.namespaces|the user of the host that the mappings give|one user; no mounts that map owners
    cgroup-namespace|cgroup namespaces|CGROUPS||u|unshare 2000000
    groups that are seen as roots: linux.namespaces, images
    time-namespace|time namespaces|TIME_NS|5.6|e|unshare 80
    clocks with an offset: linux.namespaces
    #control groups
    cgroups|control groups|CGROUPS||v|hierarchy
    finding, limiting and ending the processes of a container|||mount -t cgroup2 none /sys/fs/cgroup; or --cgroup-manager disabled, without limits
    cgroup-v2|control groups of version 2|CGROUPS||u|hierarchy 2
    births in the group, device programs, cgroup.kill|[cgroups] version 1|a process is moved into its groups after its birth, which takes longer|\
    mount -t cgroup2 none DIRECTORY
    cpu-controller|cpu controller|CGROUP_SCHED||u|controller cpu
    linux.resources.cpu, --cpus
    cpuacct-controller|cpuacct controller|CGROUP_CPUACCT||e|controller cpuacct
    processor times in `apus events`
    cpuset-controller|cpuset controller|CPUSETS||u|controller cpuset
    linux.resources.cpu.cpus and mems
    memory-controller|memory controller|MEMCG||u|controller memory
    linux.resources.memory, --memory
    io-controller|block I/O controller|BLK_CGROUP||e|controller blkio
    linux.resources.blockIO
    pids-controller|pids controller|CGROUP_PIDS||u|controller pids
    linux.resources.pids, --pids|RLIMIT_NPROC on a user of its own|programs cannot change their user
    devices-controller|devices controller|CGROUP_DEVICE||e|controller devices
    device rules on version 1|[device-program] an eBPF program on the v2 group|nothing
    freezer|freezer of groups|CGROUP_FREEZER||u|freezer
    `apus pause`; ending what forks|SIGSTOP or SIGKILL to every process of the group, until all stand or none is left|\
    programs can tell a pause; what forks faster than it is stopped or killed is an error after ten or five seconds
    hugetlb-controller|hugetlb controller|CGROUP_HUGETLB||e|controller hugetlb
    linux.resources.hugepageLimits
    net-cls-controller|net_cls controller|CGROUP_NET_CLASSID||e|controller net_cls
    linux.resources.network.classID, on version 1
    net-prio-controller|net_prio controller|CGROUP_NET_PRIO||e|controller net_prio
    linux.resources.network.priorities, on version 1
    rdma-controller|rdma controller|CGROUP_RDMA||e|controller rdma
    linux.resources.rdma
    misc-controller|misc controller|CGROUP_MISC|5.13|e|controller misc
    linux.resources.unified
    dmem-controller|dmem controller|CGROUP_DMEM|6.14|e|controller dmem
    linux.resources.unified
    cpu-weight|weights of processor time|FAIR_GROUP_SCHED||u|limit cpu-controller cpu.shares cpu.weight
    linux.resources.cpu.shares
    cpu-quota|quotas of processor time|CFS_BANDWIDTH||u|limit cpu-controller cpu.cfs_quota_us cpu.max
    linux.resources.cpu.quota, --cpus|[cpu-weight] shares, as many processors as the quota fills, and where cpu-clamp works a part of their speed|\
    no ceiling of time below that while nobody else wants them; the clamp counts where the governor is schedutil
    cpu-clamp|clamps of processor speed|UCLAMP_TASK_GROUP|5.4|e|limit cpu-controller cpu.uclamp.max cpu.uclamp.max
    linux.resources.unified cpu.uclamp.max; a part of what stands in for cpu-quota
    memory-swap|limits of swap|SWAP||e|limit memory-controller memory.memsw.limit_in_bytes memory.swap.max
    linux.resources.memory.swap, where there is swap|||boot with swapaccount=1
    io-throttle|limits of block I/O|BLK_DEV_THROTTLING||e|limit io-controller blkio.throttle.read_bps_device io.max
    linux.resources.blockIO.throttle...
    cgroup-kill|cgroup.kill|CGROUPS|5.14|u|group cgroup.kill 1
    ending all processes of a container at once|[cgroups] freezing and SIGKILL to each|more system calls, and without a freezer more than one round
    cgroup-birth|births in a v2 group|CGROUPS|5.7|u|birth
    no moment outside of the group|[cgroups] the new process joins its groups before anything else|a move, which waits for all processors
    device-program|eBPF device programs|CGROUP_BPF BPF_SYSCALL|4.15|u|bpf
    device rules on version 2|[devices-controller] the devices controller of version 1|one group more|\
    mount -t cgroup2 none DIRECTORY, with CONFIG_CGROUP_BPF
    cgroup-pressure|pressure of a group|PSI|4.20|e|group memory.pressure
    memory.pressure of the container, for those who watch it|||boot with psi=1, and without cgroup_disable=pressure
    #file systems
    proc|proc file system|PROC_FS||v|mount proc
    everything: /proc is how apus knows its own processes
    sysfs|sysfs file system|SYSFS||u|mount sysfs
    mounts of it; images
    tmpfs|tmpfs file system|TMPFS||u|mount tmpfs
    mounts of it; /dev of nearly all containers, images
    devpts|devpts file system|UNIX98_PTYS||u|mount devpts
    mounts of it; process.terminal, images
    mqueue|mqueue file system|POSIX_MQUEUE||e|mount mqueue
    mounts of it
    system-v-ipc|System V IPC|SYSVIPC||e|file /proc/sysvipc
    programs that use it
    overlay|overlay file system|OVERLAY_FS||u|type overlay
    images, but for those in EROFS files with --read-only; a program file that containers cannot write|a copy of the program in memory|bundles only: a megabyte for each start; images are refused
    data-overlay|overlayfs on the data directory|OVERLAY_FS||u|overlay
    images, but for those in EROFS files|||a --data-root on ext4, xfs, btrfs or tmpfs, without casefolding, writable
    data-volatile|volatile overlays|OVERLAY_FS|5.10|e|overlay volatile
    no waiting for the medium when a container ends|an overlay that is not|more writing
    erofs|EROFS file system|EROFS_FS|5.4|e|type erofs
    mounts of it; images in EROFS files
    verity|fs-verity on the data directory|FS_VERITY|5.4|e|verity
    apus image import --verity|||a file system made with it, such as mkfs.ext4 -O verity
    nosymfollow|nosymfollow mounts||5.10|e|nosymfollow
    the mount option of that name
    hidepid|proc mounts with hidepid of their own|PROC_FS|5.8|e|hidepid
    hiding processes without a PID namespace
    pivot-root|a root that pivot_root(2) can leave|||u|pivot
    taking the host's mounts away from containers|moving the root over the host's, whose procfs and sysfs are covered first|\
    the host's mounts stay below: out of reach by path, but not for those with CAP_SYS_ADMIN or CAP_SYS_CHROOT|\
    have the first RAM disk switch_root to a tmpfs or a disk
    #security
    root-rights|rights of root|||v|root
    namespaces, mounts and groups|||start apus as root
    seccomp|seccomp filters|SECCOMP_FILTER||u|seccomp
    linux.seccomp, images
    seccomp-log|SCMP_ACT_LOG|SECCOMP_FILTER||e|action 7ffc0000
    filters with that action
    seccomp-kill-process|SCMP_ACT_KILL_PROCESS|SECCOMP_FILTER||e|action 80000000
    filters with that action
    seccomp-notify|SCMP_ACT_NOTIFY|SECCOMP_FILTER|5.0|e|action 7fc00000
    filters with that action
    security-modules|security modules|SECURITY||e|modules
    process.apparmorProfile and process.selinuxLabel; what may refuse things to root as well|||boot with lsm=...
    apparmor|AppArmor|SECURITY_APPARMOR||e|feature
    process.apparmorProfile|||boot with lsm=...,apparmor
    selinux|SELinux|SECURITY_SELINUX||e|feature
    process.selinuxLabel, linux.mountLabel|||boot with lsm=...,selinux
    landlock|Landlock|SECURITY_LANDLOCK|5.13|e|landlock 1
    nothing yet|||boot with lsm=landlock,...
    landlock-scope|Landlock scopes of signals|SECURITY_LANDLOCK|6.12|e|landlock 6
    nothing yet: keeping signals inside without a PID namespace|||boot with lsm=landlock,...
    keyrings|key rings|KEYS||e|keyring
    a session key ring of its own|nothing has to|nothing: such a kernel keeps no keys
    #system calls
    openat2|openat2(2)||5.6|u|call 437
    paths that cannot lead out of a container|a walk in user space with the same meaning|more system calls
    open-tree|open_tree(2) and move_mount(2)||5.2|u|call 428
    mounts by descriptor|mount(2) on names in /proc/self/fd, checked afterwards|id-mapped mounts are refused
    mount-setattr|mount_setattr(2)||5.12|u|call 442
    flags of whole trees of mounts, id-mapped mounts|a remount|rro and its kin, and id-mapped mounts, are refused
    fsopen|fsopen(2) and fsmount(2)||5.2|u|call 430
    a program file that containers cannot write|a copy of the program in memory|a megabyte of memory for each start
    clone3|clone3(2)||5.3|u|call 435
    births in a v2 group|clone(2)|a move into the group
    close-range|close_range(2)||5.9|u|call 436
    closing what containers must not have|each descriptor in /proc/self/fd is closed by itself|more system calls
    pidfd-open|pidfd_open(2)||5.3|u|call 434
    a process that is no other's number|its start time is compared as well|a number that passes on between comparison and signal would be mistaken
    pidfd-send-signal|pidfd_send_signal(2)||5.1|u|call 424
    signals to a process that is no other's number|kill(2) after a comparison of start times|as without pidfd_open(2)
    #processes and memory
    memfd|memfd_create(2)|MEMFD_CREATE||e|memfd
    a sealed copy of the program, where there is no overlayfs|[overlay] a read-only overlay of its directory|nothing
    io-priority|priorities of block I/O|BLOCK||e|io-priority
    process.ioPriority
    memory-policy|memory policies|NUMA||e|memory-policy
    linux.memoryPolicy
    pressure|pressure of the machine|PSI|4.20|e|file /proc/pressure/memory
    nothing yet|||boot with psi=1
    #network
    veth|pairs of network devices|VETH||e|link veth
    nothing of Apus: engines that make networks
    bridge|bridges|BRIDGE||e|link bridge
    nothing of Apus: engines that make networks
    nat|address translation by iptables|IP_NF_NAT||e|nat
    nothing of Apus: engines that make networks|[nftables] nftables|rules of another kind
    nftables|nftables|NF_TABLES||e|nftables
    nothing of Apus: engines that make networks|[nat] iptables|rules of another kind
    sockets|sockets for every user|!ANDROID_PARANOID_NETWORK||u|socket
    programs that are not root and use the network|||add group 3003 to process.user.additionalGids
    #devices
    loop|loop devices|BLK_DEV_LOOP||e|loop
    images in EROFS files, before Linux 6.12
    watchdog|watchdog device|WATCHDOG||e|device /dev/watchdog
    nothing yet: a reboot when the machine hangs
    """
  }
}
