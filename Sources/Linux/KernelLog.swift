internal import CLinux

/// The newest messages of the kernel's log, at most 64 KiB; whole lines such as `<5>[   12.345678] audit: ...`.
///
/// Needs CAP_SYSLOG where `kernel.dmesg_restrict` is set. The system call is `syslog` with `SYSLOG_ACTION_READ_ALL`.
public func kernelLog() throws(Errno) -> [UInt8] {
  var buffer = [UInt8](repeating: 0, count: 64 << 10)
  let count = try checked { buffer.withUnsafeMutableBufferPointer { clinux_read_kernel_log($0.baseAddress, Int32($0.count)) } }
  buffer.removeSubrange(Int(count)...)
  return buffer
}
