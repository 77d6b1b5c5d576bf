internal import CLinux

extension FileDescriptor {
  /// Opens what stands at `path` below this directory and on the same mount, if neither the way to it nor itself is a link; `path` has no `..` in it.
  ///
  /// The C function is `openat2` with `RESOLVE_NO_SYMLINKS` (Linux 5.6); where it is missing, `openat` for each step.
  public borrowing func openWithoutLinks(_ path: Path, _ flags: OpenFlags) throws(Errno) -> FileDescriptor {
    let (number, flags) = (rawValue, flags | .noFollow | .closeOnExec)
    // RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS
    let opened = path.withCString { RootDirectory.openByKernel(number, $0, flags, alsoResolve: 0x01 | 0x04) }
    if opened >= 0 { return FileDescriptor(owning: opened) }
    let error = Errno(rawValue: 0 - opened)
    if !error.meansAbsent { throw error }
    var here = try duplicate()
    let names = path.components
    for name in names.dropLast() { here = try here.open(Path(bytes: name), .path | .directory | .noFollow) }
    return try here.open(Path(bytes: names.last ?? []), flags)
  }
}
