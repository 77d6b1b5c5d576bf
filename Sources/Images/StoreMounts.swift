public import Linux
internal import OCI

/// An image that somebody has mounted to look at it.
public struct ImageMount: Sendable {
  public let image: String
  /// Absolute.
  public let path: Path
  /// Its entry among the containers.
  let entry: Path
  let layers: [Digest]
  /// Whether this mount namespace is the one that it was made in.
  let isHere: Bool
}

/// Where an image is mounted, and in which boot and mount namespace.
struct MountRecord {
  var path: String
  var boot: String
  var namespace: String

  /// A mount that is made now.
  init(_ path: Path) throws(Errno) {
    let process = try FileDescriptor.open("/proc", .path | .directory)
    self.path = path.description
    // What is not UTF-8 is no path any more, and the record could not tell of it.
    if Path(self.path) != path { throw .invalidArgument }
    boot = string(try process.open("sys/kernel/random/boot_id", .readOnly).readAll(limit: 64).prefix(36))
    namespace = try process.readLink("self/ns/mnt").description
  }

  /// From the three in this order; nil for others.
  init?(_ words: [String]) {
    guard words.count == 3 else { return nil }
    (path, boot, namespace) = (words[0], words[1], words[2])
  }
}

/// Images that are mounted for people and for build tools: read-only, without devices and set-user-id.
///
/// A mount is a user of the image as a container is: `containers/@N/image` is the record that keeps the layers, and `containers/@N/root` what it is mounted on
/// unless another directory was given. It is made and mounted under the state lock. The record of a mount that is not there any more, after another boot, a kill
/// or an umount(8), is removed by whoever looks for mounts or collects.
extension Store {
  /// What is mounted.
  public func mounts() throws(ImageError) -> [ImageMount] { try withStateLock { () throws(ImageError) in try currentMounts() } }

  /// The same, under the state lock, after the records of what is not mounted any more have been retired.
  func currentMounts() throws(ImageError) -> [ImageMount] {
    var mounts: [ImageMount] = []
    // No container's name begins so.
    for entry in try names(in: containers, "containers") where entry.bytes.first == 0x40 {
      let now = try doing("look at", "this boot") { () throws(Errno) in try MountRecord("") }
      // Only a power cut damages a record.
      if let record = try? containerRecord(entry), let mount = record.mount, mount.boot.equals(now.boot) {
        let isHere = mount.namespace.equals(now.namespace)
        // In another namespace it cannot be seen whether it is there.
        var isThere = true
        if isHere { isThere = try Store.isMounted(mount.path) }
        if isThere {
          mounts.append(ImageMount(image: record.image, path: Path(mount.path), entry: entry, layers: record.layers, isHere: isHere))
          continue
        }
      }
      try retire(entry, from: containers, "containers")
    }
    return mounts
  }

  /// Whether an image can be what is mounted on the directory, also when something else hides it.
  private static func isMounted(_ path: String) throws(ImageError) -> Bool {
    do throws(SystemError) {
      return MountTable(try readFile("/proc/self/mountinfo", limit: 16 << 20)).entries.contains { entry in
        (entry.type.matches("overlay") || entry.type.matches("erofs")) && unescaped(entry.mountPoint).map { $0.elementsEqual(path.utf8) } ?? false
      }
    } catch {
      throw ImageError(error)
    }
  }

  private func place(_ entry: Path) -> Path { path.appending("containers").appending(entry.bytes).appending("root") }

  /// Mounts an image on `directory`, or on one in the store; gives the place. In the store it is mounted once: the second time that is the same place.
  public func mountImage(_ image: StoredImage, on directory: Path?) throws(ImageError) -> Path {
    try withStateLock { () throws(ImageError) in
      let (record, object) = (image.record, "image \(image.record.name)" as Text)
      for mount in try currentMounts() where directory == nil && mount.isHere && mount.layers == record.neededLayers && mount.image.equals(record.name) {
        if mount.path == place(mount.entry) { return mount.path }
      }
      for layer in record.neededLayers where try !hasLayer(layer) { throw ImageError(.notFound, "\(object): has been removed") }
      var step: Literal = "mount"
      var entry: Path = "@0"
      var path = Path("")
      // What was looked at is what is mounted on, whatever gets its name meanwhile.
      var given: FileDescriptor?
      do throws(Errno) {
        var number = 0
        while try containers.statusIfPresent(of: entry) != nil {
          number += 1
          entry = Path("@\(number)")
        }
        path = place(entry)
        if let directory {
          let opened = try FileDescriptor.open(directory, .path | .directory)
          path = try opened.currentPath()
          given = consume opened
        }
      } catch {
        throw ImageError(step, "\(object) on \(directory ?? entry)", error)
      }
      let target = path
      let mount = try doing(step, "\(object) on \(target)") { () throws(Errno) in try MountRecord(target) }
      let stored = try ContainerRecord(image: record.name, layers: record.neededLayers, mount: mount).stored()
      let file = record.erofs == nil ? nil : try image.openErofs()
      do throws(Errno) {
        try temporary.removeTree("mount")
        let staged = try temporary.ensureDirectory("mount", mode: 0o700)
        for name: Path in ["root", "work"] { _ = try staged.ensureDirectory(name, mode: 0o700) }
        try staged.open("image", .writeOnly | .create | .exclusive, mode: 0o600).writeAll(stored)
        try temporary.rename("mount", to: containers, entry)
        let directory: FileDescriptor
        if let opened = given.take() { directory = opened } else { directory = try FileDescriptor.open(target, .path | .directory | .noFollow) }
        let empty = place(entry).parent.appending("work")
        let flags: MountFlags = .readOnly | .noDevices | .noSetUserID
        if let file {
          try mountErofs(file, on: directory, flags, &step)
        } else {
          try mountLayers(image.layers + [empty], on: directory, flags)
        }
      } catch {
        if let retired = try? retire(entry, from: containers, "containers") { discard(retired) }
        throw ImageError(step, "\(object) on \(target)", error)
      }
      return target
    }
  }

  /// Unmounts an image, or all; gives their names.
  public func unmountImages(named name: String?) throws(ImageError) -> [String] {
    let unmounted = try withStateLock { () throws(ImageError) in
      let mounts = try currentMounts().filter { mount in name.map { $0.equals(mount.image) } ?? true }
      for mount in mounts {
        if try Store.isMounted(mount.path.description) {
          try doing("unmount", "\(mount.path)") { () throws(Errno) in try unmount(mount.path) }
        } else if mount.path != place(mount.entry) {
          // From a directory in the store the kernel takes what other namespaces have mounted there, when it is removed.
          throw ImageError(.invalid, "image \(mount.image): is mounted on \(mount.path) in another mount namespace")
        }
        try retire(mount.entry, from: containers, "containers")
      }
      return mounts.map { $0.image }
    }
    if let name, unmounted.isEmpty { throw ImageError(.notFound, "image \(printable(Path(name))): is not mounted") }
    try withImportLockIfFree { () throws(ImageError) in try withStateLock { () throws(ImageError) in try recover() } }
    return unmounted
  }
}

/// Mounts layers, the uppermost first and two at least, without one to write to. Each one is named by its descriptor, so that many fit into a page.
private func mountLayers(_ layers: [Path], on directory: borrowing FileDescriptor, _ flags: MountFlags) throws(Errno) {
  var options = MountData()
  var opened: [OpenDirectory] = []
  for layer in layers {
    let one = OpenDirectory(try FileDescriptor.open(layer, .path | .directory | .noFollow))
    options.append(opened.isEmpty ? "lowerdir=" : ":")
    options.append(pathOf: one.descriptor)
    opened.append(one)
  }
  try Linux.mount("overlay", on: directory, type: "overlay", flags, data: options)
  withExtendedLifetime(opened) {}
}
