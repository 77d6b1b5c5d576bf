/// The names of <linux/capability.h>, in the order of their numbers. libcap has the same table, but comes with a constructor that asks the kernel a dozen
/// questions before main, and with sets on the heap (docs/decisions/capabilities.md).
private var capabilityNames: Literal {
  """
  CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE
  CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT
  CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE
  CAP_AUDIT_WRITE CAP_AUDIT_CONTROL CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_READ CAP_PERFMON
  CAP_BPF CAP_CHECKPOINT_RESTORE
  """
}

/// The number of a capability by its name as OCI writes it, such as `CAP_CHOWN`; nil when there is none of that name.
public func capabilityNumber(_ name: String) -> UInt32? { position(of: name, in: capabilityNames).map { UInt32($0) } }

/// The name of a capability, such as `CAP_CHOWN`; `CAP_` and the number for one that was made after this program.
public func capabilityName(_ number: UInt32) -> String {
  let name = word(UInt8(truncatingIfNeeded: min(number, 64)), of: capabilityNames)
  return name.utf8.isEmpty ? Text("CAP_\(number)").string : name
}

/// Every capability that has a name here, in the order of their numbers.
public var knownCapabilities: [String] { capabilityNames.words }
