internal import CLinux

/// Single messages between processes of this machine.
public enum Datagram {
  /// Waits for datagrams at `name` in `directory`, from everybody who can reach that. The C functions are `socket` with `SOCK_DGRAM`, `bind` and `fchmodat`.
  public static func listen(at name: Path, in directory: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    do throws(Errno) {
      // One that a killed process has left.
      try directory.unlink(name)
    } catch {
      if error != .noSuchFileOrDirectory { throw error }
    }
    let path = directory.processPath.appending(name.bytes)
    let socket = FileDescriptor(owning: try checked { path.withCString { clinux_bind_datagrams($0) } })
    try directory.open(name, .path | .noFollow).changeModeThroughProc(0o777)
    return socket
  }

  /// Sends one datagram to the socket at `path`, or, with a leading `@`, of that abstract name. The C function is `sendto`.
  public static func send(_ bytes: [UInt8], to path: Path) throws(Errno) {
    let length = path.bytes.count
    _ = try checked { path.withCString { path in bytes.withUnsafeBytes { clinux_send_datagram(path, length, $0.baseAddress, $0.count) } } }
  }
}
