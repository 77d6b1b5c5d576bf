internal import CLinux

/// Files in memory that can be sealed against every change.
public enum MemoryFile {
  /// All seals: no writing, growing, shrinking, nor further sealing. The C constants are `F_SEAL_SEAL`, `F_SEAL_SHRINK`, `F_SEAL_GROW`, `F_SEAL_WRITE`.
  private static var allSeals: Int32 { 1 | 2 | 4 | 8 }

  /// A sealed copy of `file`, which can be executed; closed by exec. `name` is what /proc shows.
  ///
  /// The C functions are `memfd_create` with `MFD_ALLOW_SEALING` (and `MFD_EXEC`, Linux 6.3, where vm.memfd_noexec asks for it), `sendfile` and `fcntl` with
  /// `F_ADD_SEALS`.
  public static func sealedCopy(of file: borrowing FileDescriptor, name: Literal) throws(Errno) -> FileDescriptor {
    let path = Path(name)
    // MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC; kernels before 6.3 refuse the last.
    var created = path.withCString { clinux_memfd_create($0, 1 | 2 | 0x10) }
    if created == 0 - Errno.invalidArgument.rawValue { created = path.withCString { clinux_memfd_create($0, 1 | 2) } }
    let number = created
    let copy = FileDescriptor(owning: try checked { number })
    try copy.append(file.status().size, of: file)
    _ = try checked { clinux_add_seals(number, allSeals) }
    return copy
  }

  /// A file with these bytes, to be read from the start; `name` is what /proc shows. The C functions are `memfd_create`, `write` and `lseek`.
  public static func holding(_ bytes: [UInt8], name: Literal) throws(Errno) -> FileDescriptor {
    let path = Path(name)
    let file = FileDescriptor(owning: try checked { path.withCString { clinux_memfd_create($0, 1) } })
    try file.writeAll(bytes)
    try file.seek(to: 0)
    return file
  }

  /// An empty file; `name` is what /proc shows. The C function is `memfd_create`.
  public static func empty(name: Literal) throws(Errno) -> FileDescriptor {
    let path = Path(name)
    return FileDescriptor(owning: try checked { path.withCString { clinux_memfd_create($0, 1) } })
  }

  /// Whether the file is one in memory with every seal set. The C function is `fcntl` with `F_GET_SEALS`.
  public static func isSealed(_ file: borrowing FileDescriptor) -> Bool {
    let seals = clinux_get_seals(file.rawValue)
    return seals >= 0 && seals & allSeals == allSeals
  }
}
