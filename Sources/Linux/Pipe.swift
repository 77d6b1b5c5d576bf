internal import CLinux

/// The two ends of a pipe.
public struct Pipe: ~Copyable {
  private let reader: FileDescriptor
  /// Nil once this process has no use for it: the reader finds the end when nobody has this one any more.
  public var writer: FileDescriptor?

  /// Both ends are closed by exec. The C function is `pipe2`.
  public static func make() throws(Errno) -> Pipe {
    var reader: Int32 = -1
    var writer: Int32 = -1
    _ = try checked { clinux_pipe(&reader, &writer) }
    return Pipe(reader: FileDescriptor(owning: reader), writer: FileDescriptor(owning: writer))
  }

  /// Gives the end that is read from, and closes the other.
  public consuming func takeReader() -> FileDescriptor { reader }
}
