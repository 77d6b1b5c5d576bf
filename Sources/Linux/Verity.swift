internal import CLinux

/// fs-verity (Documentation/filesystems/fsverity.rst), Linux 5.4: a file that can never be written to again, and of which the kernel gives nothing out that is not as
/// it was when it was sealed.
extension FileDescriptor {
  /// Seals the file, which nobody may have open for writing: SHA-256, blocks of 4 KiB, no salt. The C function is `ioctl` with `FS_IOC_ENABLE_VERITY`.
  public borrowing func enableVerity() throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_enable_verity(number) }
  }

  /// The digest of the sealed file; `.noData` for one that is not sealed. The C function is `ioctl` with `FS_IOC_MEASURE_VERITY`.
  public borrowing func verityDigest() throws(Errno) -> [UInt8] {
    let number = rawValue
    var digest = [UInt8](repeating: 0, count: 64)
    let count = try checked { digest.withUnsafeMutableBufferPointer { clinux_measure_verity(number, $0.baseAddress) } }
    digest.removeSubrange(Int(count)...)
    return digest
  }
}
