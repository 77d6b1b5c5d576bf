internal import Linux

/// Paths that a container may not see, or not change.
enum ProtectedPaths {
  /// Hides `paths`: a file behind the host's /dev/null, a directory behind an empty read-only one, the same for all. A path that is not there needs no hiding,
  /// and one that is hidden already none again.
  /// `label` is the SELinux context of the container's mounts.
  static func mask(_ paths: [Path], in root: borrowing RootDirectory, label: String? = nil) throws(SandboxError) {
    if paths.isEmpty { return }
    let null = try attempt("open", "/dev/null") { () throws(Errno) in try FileDescriptor.open("/dev/null", .path | .noFollow) }
    // The mask must be the null device itself: a file in its place would be shown to every container (CVE-2025-31133).
    let nullStatus = try attempt("examine", "/dev/null") { () throws(Errno) in try null.status() }
    guard nullStatus.type == .characterDevice, nullStatus.specialMajor == 1, nullStatus.specialMinor == 3 else {
      throw SandboxError("/dev/null is not the device 1:3")
    }
    var empty: FileDescriptor?
    for path in paths {
      guard let place = try openIfThere(path, in: root) else { continue }
      let status = try attempt("examine", path) { () throws(Errno) in try place.status() }
      if status.type != .directory {
        if status.isSameFile(as: nullStatus) { continue }
        try attempt("mask", path) { () throws(Errno) in try bindMount(null, on: place, recursive: false) }
        continue
      }
      try attempt("mask", path) { () throws(Errno) in
        if let mask = empty.take() {
          // The flags are those of the first: a copy of a mount has them as well.
          if try !status.isSameFile(as: mask.status()) { try bindMount(mask, on: place, recursive: false) }
          empty = consume mask
        } else {
          try mountMask(on: place, label)
          empty = try openMask(path, in: root)
        }
      }
    }
  }

  /// A file system with one node, which is its root.
  private static func mountMask(on place: borrowing FileDescriptor, _ label: String?) throws(Errno) {
    var options = MountData()
    options.append("nr_blocks=1,nr_inodes=1")
    if let label { options.append(context: label) }
    try Linux.mount("tmpfs", on: place, type: "tmpfs", .readOnly | .noSetUserID | .noDevices | .noExecute, data: options)
  }

  /// The mask of a directory, which has just been mounted on `path`. Nil when that leads elsewhere by now, because somebody who shares a part of the root has
  /// exchanged it: what is there could have content (CVE-2025-31133 was that of files).
  private static func openMask(_ path: Path, in root: borrowing RootDirectory) throws(Errno) -> FileDescriptor? {
    let opened = try root.open(path, .path | .directory)
    let found = try opened.fileSystemStatus()
    // With one node, which is its root.
    guard found.type == FileSystemStatus.tmpfs, found.mountFlags.contains(.readOnly), found.filesAvailable == 0 else { return nil }
    return opened
  }

  /// Makes `paths` read-only, with all mounts below them. A path that is not there needs no protection.
  static func makeReadOnly(_ paths: [Path], in root: borrowing RootDirectory) throws(SandboxError) {
    for path in paths {
      guard let place = try openIfThere(path, in: root) else { continue }
      do throws(Errno) {
        let copy = try place.cloneMount(recursive: true)
        try copy.setMountFlags(.readOnly, clear: [], recursive: true)
        try copy.attachMount(to: place)
        continue
      } catch {
        if !error.meansAbsent { throw SandboxError("make read-only", path, error) }
      }
      try attempt("bind", path) { () throws(Errno) in try bindMount(place, on: place, recursive: true) }
      let mounted = try attempt("open", path) { () throws(Errno) in
        let mounted = try root.open(path, .path)
        // It may have been exchanged meanwhile.
        guard try mounted.isSameFile(as: place) else { throw Errno.wouldBlock }
        return mounted
      }
      try setReadOnly(mounted, "\(path)")
    }
  }

  private static func openIfThere(_ path: Path, in root: borrowing RootDirectory) throws(SandboxError) -> FileDescriptor? {
    do throws(Errno) {
      return try root.open(path, .path)
    } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
      throw SandboxError("open", path, error)
    }
  }
}
