internal import CLinux

/// An error number of the kernel.
///
/// The numbers are those of asm-generic, which every supported architecture uses.
@frozen
public struct Errno: Error, Equatable, Sendable {
  public let rawValue: Int32
  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Operation not permitted. The C constant is `EPERM`.
  public static var notPermitted: Errno { Errno(rawValue: 1) }
  /// No such file or directory. The C constant is `ENOENT`.
  public static var noSuchFileOrDirectory: Errno { Errno(rawValue: 2) }
  /// No such process. The C constant is `ESRCH`.
  public static var noSuchProcess: Errno { Errno(rawValue: 3) }
  /// A signal interrupted the call. The C constant is `EINTR`.
  public static var interrupted: Errno { Errno(rawValue: 4) }
  /// Input/output error. The C constant is `EIO`.
  public static var inputOutput: Errno { Errno(rawValue: 5) }
  /// The C constant is `E2BIG`.
  public static var argumentListTooLong: Errno { Errno(rawValue: 7) }
  /// Bad file descriptor. The C constant is `EBADF`.
  public static var badFileDescriptor: Errno { Errno(rawValue: 9) }
  /// No child process. The C constant is `ECHILD`.
  public static var noChildProcess: Errno { Errno(rawValue: 10) }
  /// Try again. The C constants are `EAGAIN` and `EWOULDBLOCK`.
  public static var wouldBlock: Errno { Errno(rawValue: 11) }
  /// Out of memory. The C constant is `ENOMEM`.
  public static var noMemory: Errno { Errno(rawValue: 12) }
  /// Permission denied. The C constant is `EACCES`.
  public static var permissionDenied: Errno { Errno(rawValue: 13) }
  /// A block device is required. The C constant is `ENOTBLK`.
  public static var notBlockDevice: Errno { Errno(rawValue: 15) }
  /// Busy. The C constant is `EBUSY`.
  public static var busy: Errno { Errno(rawValue: 16) }
  /// The file exists. The C constant is `EEXIST`.
  public static var fileExists: Errno { Errno(rawValue: 17) }
  /// On another device or mount. The C constant is `EXDEV`.
  public static var crossDevice: Errno { Errno(rawValue: 18) }
  /// No such device. The C constant is `ENODEV`.
  public static var noDevice: Errno { Errno(rawValue: 19) }
  /// Not a directory. The C constant is `ENOTDIR`.
  public static var notDirectory: Errno { Errno(rawValue: 20) }
  /// Is a directory. The C constant is `EISDIR`.
  public static var isDirectory: Errno { Errno(rawValue: 21) }
  /// Invalid argument. The C constant is `EINVAL`.
  public static var invalidArgument: Errno { Errno(rawValue: 22) }
  /// Not a terminal. The C constant is `ENOTTY`.
  public static var notTerminal: Errno { Errno(rawValue: 25) }
  /// The file is being executed. The C constant is `ETXTBSY`.
  public static var textBusy: Errno { Errno(rawValue: 26) }
  /// The file is too large. The C constant is `EFBIG`.
  public static var fileTooLarge: Errno { Errno(rawValue: 27) }
  /// No space left on the device. The C constant is `ENOSPC`.
  public static var noSpace: Errno { Errno(rawValue: 28) }
  /// A read-only file system. The C constant is `EROFS`.
  public static var readOnlyFileSystem: Errno { Errno(rawValue: 30) }
  /// The other end of the pipe is closed. The C constant is `EPIPE`.
  public static var brokenPipe: Errno { Errno(rawValue: 32) }
  /// A name or value is too long or out of range. The C constant is `ENAMETOOLONG`.
  public static var nameTooLong: Errno { Errno(rawValue: 36) }
  /// The kernel has no such system call. The C constant is `ENOSYS`.
  public static var noSystemCall: Errno { Errno(rawValue: 38) }
  /// The directory is not empty. The C constant is `ENOTEMPTY`.
  public static var notEmpty: Errno { Errno(rawValue: 39) }
  /// Too many symbolic links. The C constant is `ELOOP`.
  public static var tooManyLinks: Errno { Errno(rawValue: 40) }
  /// No data, as of a missing extended attribute. The C constant is `ENODATA`.
  public static var noData: Errno { Errno(rawValue: 61) }
  /// Not supported here. The C constants are `EOPNOTSUPP` and `ENOTSUP`.
  public static var notSupported: Errno { Errno(rawValue: 95) }
  /// The other side of a socket has closed it without having read everything. The C constant is `ECONNRESET`.
  public static var connectionReset: Errno { Errno(rawValue: 104) }
  /// Nobody listens at the socket. The C constant is `ECONNREFUSED`.
  public static var connectionRefused: Errno { Errno(rawValue: 111) }

  /// The C library's sentence, beginning with a small letter, so that it can end a sentence of ours: "no such file or directory".
  public var message: String {
    guard let text = clinux_error_message(rawValue) else { return "error \(rawValue)" }
    var bytes: [UInt8] = []
    var next = text
    while next.pointee != 0 {
      bytes.append(UInt8(bitPattern: next.pointee))
      next += 1
    }
    // "I/O error" stays as it is: only a capital followed by a small letter begins a word.
    if bytes.count > 1, bytes[0] >= 0x41, bytes[0] <= 0x5A, bytes[1] >= 0x61 { bytes[0] += 0x20 }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether a newer system call that fails so has to be taken for absent: the kernel lacks it, or a seccomp filter in the way refuses it, or traps it
  /// (`ThisProcess.takeTrappedCallsForMissing`).
  @inlinable public var meansAbsent: Bool { rawValue == 38 || rawValue == 1 || rawValue == 22 }
}

/// Turns a -errno into a thrown `Errno`, and makes the call again while a signal interrupts it.
@inline(__always)
func checked<Value: SignedInteger & FixedWidthInteger>(_ call: () -> Value) throws(Errno) -> Value {
  while true {
    let result = call()
    if result >= 0 { return result }
    let errno = Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result))
    if errno != .interrupted { throw errno }
  }
}
