internal import Linux

/// A root that is moved over the host's instead of pivoted with it: the host's mounts stay below, out of reach by path.
enum MovedRoot {
  /// Hides procfs and sysfs of the host, moves `root` onto "/" and enters it.
  ///
  /// The kernel lets a new user namespace mount procfs or sysfs if one without anything over it is in its mount namespace already. The container's own have its
  /// masks; the host's, which pivot_root(2) takes away, would still be there and lend their openness.
  static func enter(_ root: borrowing RootDirectory) throws(SandboxError) {
    try hideKernelFileSystems(outside: root)
    do throws(SystemError) {
      // A mount that is moved onto a shared one reaches the peers of that.
      try during("make private", "/") { () throws(Errno) in try changeMount("/", .private) }
      try moveRoot(to: root.descriptor)
    } catch {
      throw SandboxError(error)
    }
  }

  private static func hideKernelFileSystems(outside root: borrowing RootDirectory) throws(SandboxError) {
    let proc = try ProcHandle.open()
    let own = try attempt("find out where", "the root is mounted") { () throws(Errno) in try root.descriptor.currentPath() }
    let table = try attempt("read", "/proc/self/mountinfo") { () throws(Errno) in MountTable(try proc.read("self/mountinfo", limit: 1 << 24)) }
    for entry in table.uncovered(outside: own.bytes) {
      guard table.isVisible(entry), let point = unescaped(entry.mountPoint) else {
        let name = string(entry.mountPoint)
        throw SandboxError("hide \(name) of the host, as a root that is moved needs it: another mount stands before it")
      }
      let place = Path(bytes: point)
      try attempt("hide", place) { () throws(Errno) in
        // Else the cover would reach the host.
        try changeMount(place, .private)
        try Linux.mount("tmpfs", on: place, type: "tmpfs", .readOnly | .noSetUserID | .noDevices | .noExecute, data: "nr_blocks=1,nr_inodes=1")
      }
    }
  }
}

extension MountTable {
  /// The mounts of the whole of procfs or sysfs that are not below `root` and that no other mount stands on.
  func uncovered(outside root: ArraySlice<UInt8>) -> [MountEntry] {
    var found: [MountEntry] = []
    for entry in entries where entry.root.count == 1 && (entry.type.elementsEqual("proc".utf8) || entry.type.elementsEqual("sysfs".utf8)) {
      if let point = unescaped(entry.mountPoint), isPrefix(root, of: point[...]) { continue }
      if entries.contains(where: { $0.parent == entry.id && $0.mountPoint.elementsEqual(entry.mountPoint) }) { continue }
      found.append(entry)
    }
    return found
  }
}
