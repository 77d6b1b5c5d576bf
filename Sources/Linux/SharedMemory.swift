internal import CLinux

/// Memory that this process has together with those that it clones from then on.
public final class SharedMemory {
  /// All zeros at first; there as long as this object is.
  public let bytes: UnsafeMutableRawBufferPointer

  /// The system call is `mmap` with `MAP_SHARED` and `MAP_ANONYMOUS`.
  public init(size: Int) throws(Errno) {
    let address = clinux_map_shared(size)
    if address < 0 { throw Errno(rawValue: Int32(truncatingIfNeeded: 0 - address)) }
    bytes = UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(bitPattern: address), count: size)
  }

  /// Makes pages of it that are soon written to present, all at once: to be interrupted for each of them takes many times as long. Nothing happens before Linux
  /// 5.14. The C function is `madvise` with `MADV_POPULATE_WRITE`.
  public static func populate(_ bytes: UnsafeMutableRawBufferPointer) { clinux_populate(bytes.baseAddress, bytes.count) }

  deinit { clinux_unmap(bytes.baseAddress, bytes.count) }
}
