extension FileDescriptor {
  /// Writes `bytes` to a new file beside `name` in this directory and puts it in the place of `name`, so that a reader finds the old file or the new one, whole.
  /// Nothing is made durable. The C functions are `openat`, `write` and `renameat2`.
  public borrowing func replaceFile(_ name: Path, _ bytes: [UInt8], mode: UInt32) throws(Errno) {
    let new = Path(bytes: Array(".".utf8) + Array(name.bytes) + Array(".new".utf8))
    try createAnew(new, mode).writeAll(bytes)
    do throws(Errno) {
      try rename(new, to: self, name)
    } catch {
      try? unlink(new)
      throw error
    }
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
