public import Linux

/// The root of a container whose image is in an EROFS file, mounted for it: the file, and a writable layer over it.
///
/// It is mounted in a mount namespace that this process makes for itself and that the container's is a copy of: with this process and the container everything is
/// gone, however they end. Not by the container's own process, whose device rules do not let it have a loop device.
public struct MountedErofs: ~Copyable {
  /// Where it is.
  public let mountPoint: Path
  /// Places that something is mounted on, the last one first.
  private var mounted: [Path] = []
  /// What is being done, for messages, and what the kernel is without when it does not know the file system.
  private var step: Literal = "make a mount namespace for"
  private var missing = noErofs

  /// - readOnly: the container's root is going to be read-only, so that a kernel without overlayfs is good enough.
  /// - warn: gets a sentence when what the container writes is in memory.
  public init(_ image: StoredImage, _ layer: borrowing ContainerLayer, readOnly: Bool, warn: (String) -> Void) throws(ImageError) {
    mountPoint = layer.mountPoint
    let file = try image.openErofs()
    do throws(Errno) {
      try mount(file, layer, readOnly, warn)
    } catch {
      end()
      throw erofsError(error, step, missing, image)
    }
  }

  /// Unmounts everything: the container has ended.
  public mutating func end() {
    for place in mounted { try? detachMount(place) }
    mounted = []
  }

  private mutating func mount(
    _ file: borrowing FileDescriptor, _ layer: borrowing ContainerLayer, _ readOnly: Bool, _ warn: (String) -> Void
  ) throws(Errno) {
    try unshare(.mount)
    try changeMount("/", .slave | .recursive)
    try mountErofs(file, on: try FileDescriptor.open(mountPoint, .path | .directory | .noFollow), .readOnly, &step)
    mounted = [mountPoint]
    step = "mount overlayfs over"
    missing = "this kernel has no overlayfs (CONFIG_OVERLAY_FS), without which the root can only be read-only, by --read-only"
    var (upper, work) = (layer.upper, layer.work)
    // First `volatile` (Linux 5.10): the layer does not outlive the container, so nothing has to be made durable.
    for attempt in 0..<3 {
      if attempt == 2 {
        // overlayfs takes no directory of the store.
        try Linux.mount("apus", on: upper, type: "tmpfs", [], data: "mode=0700,size=25%")
        mounted.append(upper)
        if !readOnly { warn(Text("overlayfs does not work in \(upper.parent): what the container writes is in memory, at most a quarter of that").string) }
        work = upper.appending("work")
        upper = upper.appending("upper")
        try FileDescriptor.makeDirectory(upper, mode: 0o700)
        try FileDescriptor.makeDirectory(work, mode: 0o700)
      }
      do throws(Errno) {
        return try mountOverlay(upper, work, attempt == 0 ? ",volatile" : "")
      } catch {
        if error == .noDevice, readOnly { return }
        if error != .invalidArgument || attempt == 2 { throw error }
      }
    }
  }

  /// Mounts overlayfs over the file.
  private mutating func mountOverlay(_ upper: Path, _ work: Path, _ option: Path) throws(Errno) {
    let shown = try FileDescriptor.open(mountPoint, .readOnly | .directory | .noFollow)
    let upperDirectory = try FileDescriptor.open(upper, .readOnly | .directory | .noFollow)
    let workDirectory = try FileDescriptor.open(work, .path | .directory | .noFollow)
    // overlayfs shows the uppermost layer's attributes of a directory, and so of the root.
    try upperDirectory.resemble(shown)
    var options = MountData()
    options.append("lowerdir=")
    options.append(pathOf: shown)
    options.append(",upperdir=")
    options.append(pathOf: upperDirectory)
    options.append(",workdir=")
    options.append(pathOf: workDirectory)
    options.append(option)
    try Linux.mount("overlay", on: shown, type: "overlay", [], data: options)
    mounted.insert(mountPoint, at: 0)
  }
}

private let noErofs: Literal = "this kernel has no EROFS (CONFIG_EROFS_FS)"

/// Mounts an EROFS file itself where the kernel can (Linux 6.12), else a loop device of it; `step` is what is being done.
func mountErofs(_ file: borrowing FileDescriptor, on place: borrowing FileDescriptor, _ flags: MountFlags, _ step: inout Literal) throws(Errno) {
  do throws(Errno) {
    step = "mount"
    return try Linux.mount(file.processPath, on: place, type: "erofs", flags)
  } catch {
    if error != .notBlockDevice { throw error }
  }
  step = "make a loop device of"
  let device = try LoopDevice.attach(file)
  step = "mount the loop device of"
  try Linux.mount(device.processPath, on: place, type: "erofs", flags)
}

/// Why the file of an image cannot be mounted.
@inline(never)
func erofsError(_ errno: Errno, _ step: Literal, _ missing: Literal, _ image: StoredImage) -> ImageError {
  let object: Text = "image \(image.record.name): its EROFS file"
  return errno == .noDevice ? ImageError(.unsupported, "\(object): \(missing)") : ImageError(step, object, errno)
}
