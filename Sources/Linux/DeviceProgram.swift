internal import CLinux

/// One instruction of an eBPF program, laid out as the kernel reads it on the little-endian machines that Apus supports (struct bpf_insn).
@frozen
public struct BPFInstruction: Sendable, Equatable {
  public var code: UInt8
  /// The destination in the low four bits, the source in the high four.
  public var registers: UInt8
  /// For a jump: instructions to skip.
  public var offset: Int16
  public var immediate: Int32

  @inlinable
  public init(code: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
    self.code = code
    registers = destination | source << 4
    self.offset = offset
    self.immediate = immediate
  }
}

extension FileDescriptor {
  /// Loads a program that decides about devices and attaches it to this cgroup v2 directory; it stays as long as the group.
  ///
  /// Programs that are attached above or beside act as well: a device is allowed only if all allow it. Needs CAP_SYS_ADMIN in the first user namespace. The
  /// system call is `bpf` with `BPF_PROG_LOAD` and `BPF_PROG_ATTACH`, Linux 4.15 with CONFIG_CGROUP_BPF.
  public borrowing func attachDeviceProgram(_ program: [BPFInstruction]) throws(Errno) {
    let loaded = FileDescriptor(owning: try checked { program.withUnsafeBytes { clinux_bpf_load_device_program($0.baseAddress, program.count) } })
    let number = rawValue
    _ = try checked { clinux_bpf_attach_device_program(loaded.rawValue, number) }
  }

  /// How many device programs are attached to this cgroup v2 directory itself. The system call is `bpf` with `BPF_PROG_QUERY`, Linux 4.15.
  public borrowing func countDevicePrograms() throws(Errno) -> Int {
    let number = rawValue
    return Int(try checked { clinux_bpf_count_device_programs(number) })
  }
}
