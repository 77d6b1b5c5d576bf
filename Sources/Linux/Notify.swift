internal import CLinux

extension FileDescriptor {
  /// A descriptor that tells of changes of files, as something to wait for with `waitForInput`. The C function is `inotify_init1`.
  public static func makeChangeNotifier() throws(Errno) -> FileDescriptor { FileDescriptor(owning: try checked { clinux_inotify() }) }

  /// Makes this change notifier tell of each change of the contents of `path` from now on. The C function is `inotify_add_watch` with `IN_MODIFY`.
  public borrowing func watchChanges(of path: Path) throws(Errno) {
    let number = rawValue
    _ = try checked { path.withCString { clinux_watch_changes(number, $0) } }
  }

  /// A descriptor of a number that the kernel counts up, as something to wait for with `waitForInput`. The C function is `eventfd`.
  public static func makeEventCounter() throws(Errno) -> FileDescriptor { FileDescriptor(owning: try checked { clinux_eventfd() }) }

  /// Takes what this change notifier or event counter has to tell, so that waiting begins anew; nothing when nothing has come.
  public borrowing func takeNotice() throws(Errno) -> [UInt8] {
    do throws(Errno) {
      return try Linux.read(from: rawValue)
    } catch {
      if error == .wouldBlock { return [] }
      throw error
    }
  }
}
