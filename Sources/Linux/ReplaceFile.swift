extension FileDescriptor {
  /// Writes `bytes` to a new file beside `name` in this directory and puts it in the place of `name`, so that a reader finds the old file or the new one, whole.
  ///
  /// - isDurable: it comes back when the new file is on the medium; this directory is then open for reading. The C functions are `openat`, `write`, `fsync` and
  ///   `renameat2`.
  public borrowing func replaceFile(_ name: Path, _ bytes: [UInt8], mode: UInt32, isDurable: Bool = false) throws(Errno) {
    let new = Path(bytes: Array(".".utf8) + Array(name.bytes) + Array(".new".utf8))
    let file = try createAnew(new, mode)
    do throws(Errno) {
      try file.writeAll(bytes)
      if isDurable { try file.synchronize() }
      try rename(new, to: self, name)
    } catch {
      try? unlink(new)
      throw error
    }
    if isDurable { try synchronize() }
  }

  /// Makes a file; one that a killed process has left is removed.
  private borrowing func createAnew(_ name: Path, _ mode: UInt32) throws(Errno) -> FileDescriptor {
    let flags: OpenFlags = .writeOnly | .create | .exclusive | .noFollow
    do throws(Errno) {
      return try open(name, flags, mode: mode)
    } catch {
      if error != .fileExists { throw error }
    }
    try unlink(name)
    return try open(name, flags, mode: mode)
  }
}
