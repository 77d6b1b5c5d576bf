internal import Linux

/// The root of a container that has no mount namespace of its own.
///
/// Its mounts are made in a new mount namespace all the same, as those of every container. Then the tree is copied, attached to nothing, and the container goes
/// back to the mount namespace of the runtime with the copy as its root. So nothing is mounted on the host that somebody would have to unmount, not even after a
/// crash: the copy ends with the last process that has it as its root. And whoever breaks out of a changed root by `..` comes out at the top of the copy.
enum SharedMounts {
  /// The namespace to go back to, open in the launching process.
  static func openOwn() throws(SandboxError) -> FileDescriptor {
    try attempt("open", "/proc/self/ns/mnt") { () throws(Errno) in try FileDescriptor.open("/proc/self/ns/mnt", .readOnly) }
  }

  /// Goes back to `namespace` with a copy of the tree of mounts at `root` as the root directory. open_tree(2), Linux 5.2.
  static func enter(_ root: borrowing RootDirectory, in namespace: Int32) throws(SandboxError) {
    let copy = try copy(root)
    try attempt("return to", "the mount namespace of the runtime") { () throws(Errno) in try joinNamespace(namespace, .mount) }
    try enter(copy.rawValue)
  }

  /// Makes the directory of a descriptor, the root of such a container, that of this process.
  static func enter(_ directory: Int32) throws(SandboxError) {
    do throws(SystemError) {
      try changeRoot(to: directory)
    } catch {
      throw SandboxError(error)
    }
  }

  private static func copy(_ root: borrowing RootDirectory) throws(SandboxError) -> FileDescriptor {
    do throws(Errno) {
      return try root.descriptor.cloneMount(recursive: true)
    } catch {
      if !error.meansAbsent { throw SandboxError("copy the mounts of", "the root directory", error) }
      throw SandboxError("linux.namespaces: without a mount namespace of its own a container needs open_tree(2) (Linux 5.2)")
    }
  }
}
