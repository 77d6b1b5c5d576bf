public import Linux
internal import OCI

/// How mounts spread between the container and the host (`linux.rootfsPropagation`, mount_namespaces(7)).
public struct RootPropagation: Sendable, Equatable {
  /// What the copy of the host's tree in the new mount namespace becomes first. Nil leaves its mounts in the host's peer groups: what the container mounts
  /// below those that are bound into it reaches the host, as an engine asks for with `shared`.
  public var ofHostTree: MountFlags?
  /// What the container's root becomes last; nil leaves what it has got from the host's tree.
  public var ofRoot: MountFlags?

  /// As config.json says it; without a word, mounts of the host reach the container and not the other way.
  init(_ asked: RootfsPropagation?) {
    // For "/" alone it would leave the mounts below it shared with the host, the root among them if it is on one.
    ofHostTree = .slave | .recursive
    switch asked {
    case nil, .recursiveSlave, .slave: ofRoot = nil
    case .recursivePrivate:
      ofHostTree = .private | .recursive
      ofRoot = nil
    case .private: ofRoot = .private
    case .unbindable: ofRoot = .unbindable
    case .recursiveUnbindable: ofRoot = .unbindable | .recursive
    case .shared:
      ofHostTree = nil
      ofRoot = .shared
    case .recursiveShared:
      ofHostTree = nil
      ofRoot = .shared | .recursive
    }
  }

  /// Before the root is mounted on the directory `place`: sees to it that nothing of that reaches the host.
  func prepare(_ place: Path) throws(SandboxError) {
    if let ofHostTree {
      return try attempt("set the propagation of", "/") { () throws(Errno) in try changeMount("/", ofHostTree) }
    }
    // The mount that the directory lies on must not hand the root's on to its peers; and pivot_root(2) refuses a shared one.
    try attempt("make private the mount of", place) { () throws(Errno) in
      var here = try FileDescriptor.open(place, .path | .directory)
      while true {
        do throws(Errno) {
          return try here.setPropagation(.private)
        } catch {
          // Not the root of a mount.
          if error != .invalidArgument { throw error }
        }
        let parent = try here.open("..", .path | .directory)
        if try parent.isSameFile(as: here) { throw Errno.invalidArgument }
        here = parent
      }
    }
  }

  /// Once the root is mounted: what is mounted in it must not reach the host through the mounts that it was copied from.
  func protect(_ root: borrowing RootDirectory) throws(SandboxError) {
    if ofHostTree != nil { return }
    try attempt("make private", "the root directory") { () throws(Errno) in try root.descriptor.setPropagation(.private | .recursive) }
  }

  /// As soon as the container's root is "/".
  func finish() throws(SandboxError) {
    guard let ofRoot else { return }
    try attempt("set the propagation of", "the container's root") { () throws(Errno) in try changeMount("/", ofRoot) }
  }
}
