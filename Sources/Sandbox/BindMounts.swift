internal import Linux

extension MountEntries {
  func bind(_ mount: PlannedMount, _ bind: PlannedBind, _ prepared: consuming FileDescriptor?, in root: borrowing RootDirectory) throws(SandboxError) {
    if let prepared {
      let place = try place(for: prepared, mount, bind, in: root)
      return try attempt("bind", "\(bind.source.description) on \(mount.target)") { () throws(Errno) in try prepared.attachMount(to: place) }
    }
    let from = try attempt("open the source", "\(bind.source.description) of \(mount.origin)") { () throws(Errno) in try FileDescriptor.open(bind.source, .path)
    }
    let place = try place(for: from, mount, bind, in: root)
    do throws(Errno) {
      return try mount.detached(bind, from).attachMount(to: place)
    } catch {
      if !error.meansAbsent { throw SandboxError("bind", "\(bind.source.description) on \(mount.target)", error) }
      if mount.hasRecursiveFlags { throw MountEntries.recursiveFlags(mount, error) }
    }
    try bindClassically(mount, bind, from, on: place, in: root)
  }

  /// What `source` is bound on: a directory on a directory, anything else on a file.
  private func place(
    for source: borrowing FileDescriptor, _ mount: PlannedMount, _ bind: PlannedBind, in root: borrowing RootDirectory
  ) throws(SandboxError) -> FileDescriptor {
    let type = try attempt("examine", bind.source) { () throws(Errno) in try source.status().type }
    if mount.isInProc, mount.target == "/proc" { try requireProc(source, mount) }
    if type == .directory { return try directory(mount, in: root) }
    let place = try file(mount, in: root)
    try refuseHiddenProc(place, mount)
    return place
  }

  /// What is bound on /proc must be procfs, and all of it: what the runtime writes to /proc, or masks there, is to be what it is called.
  private func requireProc(_ from: borrowing FileDescriptor, _ mount: PlannedMount) throws(SandboxError) {
    let type = try attempt("examine the source of", Text(mount.origin)) { () throws(Errno) in try from.fileSystemStatus().type }
    let inode = try attempt("examine the source of", Text(mount.origin)) { () throws(Errno) in try from.status().inode }
    // PROC_ROOT_INO
    guard type == FileSystemStatus.procfs, inode == 1 else { throw SandboxError("\(mount.origin).destination: only procfs may be mounted on /proc") }
  }

  /// As before Linux 5.12: mount, open what is mounted, make sure that it is the source, set its flags.
  private func bindClassically(
    _ mount: PlannedMount, _ bind: PlannedBind, _ from: borrowing FileDescriptor, on place: borrowing FileDescriptor, in root: borrowing RootDirectory
  ) throws(SandboxError) {
    try attempt("bind", "\(mount.origin) on \(mount.target)") { () throws(Errno) in
      try bindMount(from, on: place, recursive: bind.isRecursive)
    }
    if bind.set.isEmpty && bind.clear.isEmpty { return }
    let mounted = try open(mount, in: root)
    try attempt("set the flags of", mount.target) { () throws(Errno) in
      guard try mounted.isSameFile(as: from) else { throw Errno.wouldBlock }
      let flags = try mounted.fileSystemStatus().mountFlags.subtracting(bind.clear).union(bind.set)
      try changeMount(mounted, flags.union(.remount | .bind))
    }
    try requireKnown(bind.set, mount, in: root)
  }

  /// Opens the file to bind on; a missing one is made, empty.
  private func file(_ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) -> FileDescriptor {
    try attempt("make the mount point", mount.target) { () throws(Errno) in
      try root.makeFile(mount.target, mode: 0o644, directories: 0o755)
    }
  }
}
