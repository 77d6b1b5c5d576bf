internal import Linux
internal import Probe

extension MountEntries {
  func mountFileSystem(_ mount: PlannedMount, _ system: PlannedFileSystem, in root: borrowing RootDirectory) throws(SandboxError) {
    let hidden = system.isTemporary ? try existing(mount, in: root) : nil
    let place = try directory(mount, in: root)
    do throws(Errno) {
      try MountEntries.mount(system, on: place, mode: hidden)
    } catch {
      if error == .notPermitted, try bindHosts(system, on: place) { return }
      throw MountEntries.error(mount, system.type, error)
    }
    if system.copiesUp {
      let mounted = try open(mount, in: root)
      try attempt("copy to the tmpfs on", mount.target) { () throws(Errno) in
        let mode = try mounted.status().mode & 0o7777
        try place.copyContents(to: mounted)
        // The directory's own is in the options already, before the one that they give.
        try mounted.changeModeThroughProc(mode)
      }
    }
  }

  /// With the permission bits `mode` before the options: as runc does, so that the image's own /tmp stays one for everybody. The last of two modes counts.
  private static func mount(_ system: PlannedFileSystem, on place: borrowing FileDescriptor, mode: UInt32?) throws(Errno) {
    guard let mode else { return try Linux.mount(system.source, on: place, type: system.type, system.flags, data: system.data) }
    var data = MountData()
    data.append("mode=")
    data.append(mode: mode)
    data.append(",")
    data.append(system.data)
    try Linux.mount(system.source, on: place, type: system.type, system.flags, data: data)
  }

  /// The permission bits of the directory that is mounted on; nil when it is not there yet.
  private func existing(_ mount: PlannedMount, in root: borrowing RootDirectory) throws(SandboxError) -> UInt32? {
    do throws(Errno) {
      return try root.open(mount.target, .path | .directory).status().mode & 0o7777
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw SandboxError("open the mount point", mount.target, error)
    }
  }

  /// In a user namespace the kernel mounts some file systems only for the owner of the other namespace that they show, for sysfs that of the network. Then the
  /// host's own is shown, which the container's root has no more rights to than any other user. False when there is none, or that cannot be had either.
  private func bindHosts(_ system: PlannedFileSystem, on place: borrowing FileDescriptor) throws(SandboxError) -> Bool {
    let source: Path
    if system.type == "sysfs" { source = "/sys" } else if system.type == "mqueue" { source = "/dev/mqueue" } else { return false }
    do throws(Errno) {
      let host = try FileDescriptor.open(source, .path | .directory)
      let copy = try host.cloneMount(recursive: true)
      let flags = system.flags.intersection(.perMount)
      if !flags.isEmpty { try copy.setMountFlags(flags, clear: [], recursive: true) }
      try copy.attachMount(to: place)
      return true
    } catch {
      return false
    }
  }

  private static func error(_ mount: PlannedMount, _ type: Path, _ error: Errno) -> SandboxError {
    if error == .noDevice {
      let option = Feature(fileSystem: type).map { Text(" (CONFIG_\($0.option))").string } ?? ""
      return SandboxError("\(mount.origin): this kernel has no file system \(type.description)\(option)")
    }
    return SandboxError("mount", "\(type.description) on \(mount.target)", error)
  }
}
