internal import CLinux

/// A way to write to a descriptor that somebody else owns, without waiting for a reader that takes its time.
///
/// `O_NONBLOCK` cannot be set on it: the flag belongs to the open file, which the caller's shell and its other programs have too. So a terminal or a pipe is
/// opened anew, and a socket is asked for each write. Anything else, files above all, makes nobody wait for a reader.
public struct NonBlockingOutput: ~Copyable {
  /// The number to wait for with `waitUntilReady`.
  public let rawValue: Int32
  private let isSocket: Bool
  private let own: FileDescriptor?

  public init(_ descriptor: Int32) {
    let opened = NonBlockingOutput.openAnew(descriptor)
    switch opened {
    case .some(let file): rawValue = file.rawValue
    case .none: rawValue = descriptor
    }
    own = opened
    isSocket = NonBlockingOutput.status(of: descriptor)?.type == .socket
  }

  /// Writes as much as is taken now; `.wouldBlock` when that is nothing. The C functions are `write` and `send`.
  public borrowing func write(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
    let number = rawValue
    let isSocket = isSocket
    return try checked {
      bytes.withUnsafeBytes { isSocket ? clinux_send_now(number, $0.baseAddress, $0.count) : clinux_write(number, $0.baseAddress, $0.count) }
    }
  }

  private static func openAnew(_ descriptor: Int32) -> FileDescriptor? {
    guard let status = status(of: descriptor) else { return nil }
    // To open the multiplexer (5:2) anew would be to make another terminal.
    let isMultiplexer = status.specialMajor == 5 && status.specialMinor == 2
    guard status.type == .fifo || (status.type == .characterDevice && Terminal.isTerminal(descriptor) && !isMultiplexer) else { return nil }
    return try? FileDescriptor.open(Path("/proc/self/fd/\(descriptor)"), .writeOnly | .nonBlocking | .noControllingTerminal)
  }

  private static func status(of descriptor: Int32) -> FileStatus? {
    var raw = clinux_stat()
    guard clinux_fstatat(descriptor, "", &raw, emptyPath) == 0 else { return nil }
    return FileStatus(raw)
  }
}
