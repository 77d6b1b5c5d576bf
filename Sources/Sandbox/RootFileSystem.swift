internal import Linux
internal import Probe

/// The container's root directory, mounted in this process's own mount namespace.
struct MountedRoot: ~Copyable {
  let root: RootDirectory

  /// Mounts the root. This process is in a new mount namespace; nothing of this reaches the host.
  static func mount(_ source: RootSource, propagation: RootPropagation) throws(SandboxError) -> MountedRoot {
    try propagation.prepare(source.place)
    let mounted = try mount(source)
    try propagation.protect(mounted.root)
    return mounted
  }

  private static func mount(_ source: RootSource) throws(SandboxError) -> MountedRoot {
    switch source {
    case .directory(let path), .image(let path):
      let directory = try attempt("open the root directory", path) { () throws(Errno) in try FileDescriptor.open(path, .path | .directory) }
      // pivot_root(2) refuses a new root whose parent mount is shared, and needs it to be a mount at all.
      let mounted = try bindOntoItself(directory, path)
      return MountedRoot(root: RootDirectory(mounted))
    case .overlay(let layers, let upper, let work, let mountPoint):
      return MountedRoot(root: RootDirectory(try mountOverlay(layers: layers, upper: upper, work: work, mountPoint: mountPoint)))
    case .joined:
      throw SandboxError("a container that is joined has its root already")
    }
  }

  private static func bindOntoItself(_ directory: borrowing FileDescriptor, _ path: Path) throws(SandboxError) -> FileDescriptor {
    do throws(Errno) {
      let copy = try directory.cloneMount(recursive: true)
      try copy.attachMount(to: directory)
      return copy
    } catch {
      if !error.meansAbsent { throw SandboxError("bind the root directory", path, error) }
    }
    return try attempt("bind the root directory", path) { () throws(Errno) in
      try bindMount(directory, on: directory, recursive: true)
      let mounted = try FileDescriptor.open(path, .path | .directory)
      guard try mounted.isSameFile(as: directory) else { throw Errno.wouldBlock }
      return mounted
    }
  }

  /// Each layer is named by its descriptor: short, so that many fit into the one page that mount(2) takes, and not to be exchanged on the way.
  private static func mountOverlay(layers: [Path], upper: Path, work: Path, mountPoint: Path) throws(SandboxError) -> FileDescriptor {
    var options = MountData()
    options.append("lowerdir=")
    var opened = OpenLayers()
    for layer in layers {
      let directory = try attempt("open layer", layer) { () throws(Errno) in try FileDescriptor.open(layer, .path | .directory | .noFollow) }
      if opened.count > 0 { options.append(":") }
      options.append(pathOf: directory)
      try opened.append(directory)
    }
    let upperDirectory = try attempt("open", upper) { () throws(Errno) in try FileDescriptor.open(upper, .path | .directory | .noFollow) }
    let workDirectory = try attempt("open", work) { () throws(Errno) in try FileDescriptor.open(work, .path | .directory | .noFollow) }
    options.append(",upperdir=")
    options.append(pathOf: upperDirectory)
    options.append(",workdir=")
    options.append(pathOf: workDirectory)
    let place = try attempt("open", mountPoint) { () throws(Errno) in try FileDescriptor.open(mountPoint, .path | .directory | .noFollow) }
    // `volatile` (Linux 5.10): the writable layer does not outlive the container, so no flash is worn to make it durable.
    let durable = options.count
    options.append(",volatile")
    do throws(Errno) {
      try Linux.mount("overlay", on: place, type: "overlay", [], data: options)
    } catch {
      if error == .noDevice { throw SandboxError("this kernel has no overlayfs, which the root of an image needs (CONFIG_\(Feature.overlay.option))") }
      if error != .invalidArgument { throw SandboxError("mount overlayfs on", mountPoint, error) }
      options.shorten(to: durable)
      do throws(Errno) {
        try Linux.mount("overlay", on: place, type: "overlay", [], data: options)
      } catch {
        throw SandboxError("mount overlayfs on", mountPoint, error)
      }
    }
    return try attempt("open", mountPoint) { () throws(Errno) in try FileDescriptor.open(mountPoint, .path | .directory | .noFollow) }
  }

  /// Makes the root that of this mount namespace, and takes the host's away.
  borrowing func pivot() throws(SandboxError) {
    do throws(SystemError) {
      try pivotRoot(to: root.descriptor)
    } catch {
      // A root that is no mount; that of the first RAM disk, which the kernel never lets go (init/do_mounts_rd.c), is known before.
      let hint = error.errno == .invalidArgument ? " (is the host's root one that chroot(2) has made? Then use --no-pivot)" : ""
      throw SandboxError("\(error.message)\(hint)")
    }
  }

  /// Makes the root read-only, once everything is mounted in it.
  borrowing func makeReadOnly() throws(SandboxError) {
    try setReadOnly(root.descriptor, "the root directory")
  }
}

/// Makes the mount that `mounted` is the root of read-only: by descriptor, else (before Linux 5.12) by mount(2) on its /proc/self/fd name.
func setReadOnly(_ mounted: borrowing FileDescriptor, _ name: @autoclosure () -> Text) throws(SandboxError) {
  try attempt("make read-only", name()) { () throws(Errno) in try addFlags(.readOnly, to: mounted) }
}

/// Sets flags of the mount that `mounted` is the root of, beside those that it has.
func addFlags(_ added: MountFlags, to mounted: borrowing FileDescriptor) throws(Errno) {
  do throws(Errno) {
    try mounted.setMountFlags(added, clear: [], recursive: false)
  } catch {
    if !error.meansAbsent { throw error }
    let flags = try mounted.fileSystemStatus().mountFlags
    try changeMount(mounted, flags.union(.remount | .bind).union(added))
  }
}

/// The layers of an overlay, open until it is mounted.
private struct OpenLayers: ~Copyable {
  // What mount(2) takes of options has no room for the paths of more.
  private var numbers = InlineArray<256, Int32>(repeating: -1)
  private(set) var count = 0

  mutating func append(_ layer: consuming FileDescriptor) throws(SandboxError) {
    if count == numbers.count { throw SandboxError("mount overlayfs: more than \(count) layers") }
    numbers[count] = layer.release()
    count += 1
  }

  deinit { for index in 0..<count { closeDescriptor(numbers[index]) } }
}
