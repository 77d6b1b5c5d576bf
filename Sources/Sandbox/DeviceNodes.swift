internal import Linux

/// The nodes and links in the container's /dev.
enum DeviceNodes {
  /// Makes the planned nodes and links (runtime-spec config-linux.md, "Default Devices").
  static func make(_ devices: [PlannedDevice], _ links: [DeviceLink], in root: borrowing RootDirectory) throws(SandboxError) {
    try requireOrdinaryDirectory(in: root)
    var next = 0
    while next < devices.count {
      // Nearly all of them stand in /dev, which is opened once.
      let parent = devices[next].directory
      let directory = try attempt("make the directory of", devices[next].path) { () throws(Errno) in
        try root.makeDirectories(parent, mode: 0o755)
      }
      repeat {
        try make(devices[next], in: directory)
        next += 1
      } while next < devices.count && devices[next].directory == parent
    }
    let directory = try attempt("open", "/dev") { () throws(Errno) in try root.makeDirectories("/dev", mode: 0o755) }
    for link in links {
      do throws(Errno) {
        try directory.makeLink(link.name, to: link.target)
      } catch {
        // What the image or a mount put there stays.
        if error != .fileExists { throw SandboxError("make the link", "/dev/\(link.name.description)", error) }
      }
    }
  }

  /// Behind a link, /dev would be filled wherever the image has it lead to in its root, and what is not made there would be missed (CVE-2026-41579).
  private static func requireOrdinaryDirectory(in root: borrowing RootDirectory) throws(SandboxError) {
    do throws(Errno) {
      guard try root.descriptor.status(of: "dev").type == .symbolicLink else { return }
    } catch {
      if error == .noSuchFileOrDirectory { return }
      throw SandboxError("examine", "/dev of the container", error)
    }
    throw SandboxError("/dev of the container is a symbolic link; it must be a directory")
  }

  private static func make(_ device: PlannedDevice, in directory: borrowing FileDescriptor) throws(SandboxError) {
    let node = device.name
    var bindInstead = false
    do throws(Errno) {
      try directory.makeNode(node, device.type, mode: device.mode, major: device.major, minor: device.minor)
    } catch {
      // An image may bring the node; a kernel or a user namespace may refuse to make one: then the host's own stands in.
      switch error {
      case .fileExists: break
      case .notPermitted: bindInstead = true
      default: throw SandboxError("make the device", device.path, error)
      }
    }
    if bindInstead { try bindFromHost(device, directory, node) }
    // What stands there now is verified by descriptor: an image could have put anything at that name (CVE-2026-41579, CVE-2026-47766).
    let made = try attempt("open", device.path) { () throws(Errno) in try directory.open(node, .path | .noFollow) }
    try verify(made, device)
    if bindInstead {
      // The host's mount may be without them; nothing is run from a device.
      return try attempt("set the flags of", device.path) { () throws(Errno) in try addFlags(.noSetUserID | .noExecute, to: made) }
    }
    try attempt("set owner and mode of", device.path) { () throws(Errno) in
      try made.changeOwner(user: device.user, group: device.group)
      try made.changeModeThroughProc(device.mode)
    }
  }

  private static func bindFromHost(_ device: PlannedDevice, _ directory: borrowing FileDescriptor, _ node: Path) throws(SandboxError) {
    let host = try openOfHost(device)
    try attempt("bind the host's", device.path) { () throws(Errno) in
      _ = try directory.open(node, .writeOnly | .create | .exclusive, mode: 0o600)
      let place = try directory.open(node, .path | .noFollow)
      try bindMount(host, on: place, recursive: false)
    }
  }

  private static func openOfHost(_ device: PlannedDevice) throws(SandboxError) -> FileDescriptor {
    do throws(Errno) {
      return try FileDescriptor.open(device.path, .path | .noFollow)
    } catch {
      let name = device.path.description
      throw SandboxError("linux.devices: \(name) cannot be made in a user namespace, and the host's is not to be had: \(error.message)")
    }
  }

  /// Throws unless the open file is the device that was planned.
  private static func verify(_ file: borrowing FileDescriptor, _ device: PlannedDevice) throws(SandboxError) {
    let status = try attempt("examine", device.path) { () throws(Errno) in try file.status() }
    let isDevice = device.type == .fifo || (status.specialMajor == device.major && status.specialMinor == device.minor)
    guard status.type == device.type, isDevice else {
      throw SandboxError("\(device.path.description) in the container is not the device \(device.major):\(device.minor)")
    }
  }
}
