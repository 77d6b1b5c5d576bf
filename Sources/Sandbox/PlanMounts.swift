internal import Linux
public import OCI

extension PlannedMount {
  /// Plans one entry of `mounts`. `label` is the SELinux context of all of them.
  @inline(never)
  convenience init(_ mount: Mount, origin: String, bundle: Path, label: String? = nil) throws(SpecError) {
    let options = MountOptions(mount.options)
    let type = mount.type ?? (options.isBind ? "bind" : "")
    if type.utf8.isEmpty, !options.isRemount { throw SpecError(path: "\(origin).type", reason: "missing; only a bind mount can do without it") }
    // A relative destination is deprecated, and counts from the root (config.md, "Mounts").
    let target = Path("/").appending(mount.destination).normal
    guard target != "/" else { throw SpecError(path: "\(origin).destination", reason: "must not be the root itself") }
    // Behind a link, the masks and the read-only paths would miss the mount (CVE-2023-27561).
    let isOrdinary = target == "/proc" || target == "/sys" || type.equals("proc") || type.equals("sysfs")
    self.init(on: target, try Content(mount, type, options, origin, bundle, label), isOrdinary: isOrdinary, origin: origin)
    propagation = options.propagation
    recursiveSet = options.recursiveSet
    recursiveClear = options.recursiveClear
    switch content {
    case .cgroup:
      // The small file system that holds those of version 1.
      rootLabel = label
      // The kernel would not look at them; those of bind mounts are told (`optionsWithoutEffect`).
      if !options.data.isEmpty { throw SpecError(path: "\(origin).options", reason: "\(string(options.data[...])) is no option of such a mount") }
    // The root of a message queue's file system takes a context, its mount takes none.
    case .fileSystem: if type.equals("mqueue") { rootLabel = label }
    case .bind, .remount: break
    }
    try refuseHiddenProc(type)
  }

  /// What `mount` gives for the file system, although it is a bind mount and mounts none: without effect, as mount(2) says. Nil is nothing.
  ///
  /// runc and crun hand it to the kernel all the same, which does not look at it.
  public static func optionsWithoutEffect(_ mount: Mount) -> String? {
    let options = MountOptions(mount.options)
    guard !options.data.isEmpty, options.isBind || mount.type?.equals("bind") ?? false else { return nil }
    return string(options.data[...])
  }

  /// Adds the option that gives everything in a file system the SELinux context `label`. In quotes, because a context has commas.
  static func add(_ label: String, to data: inout [UInt8]) {
    if !data.isEmpty { data.append(0x2C) }
    data.append(contentsOf: Array("context=\"".utf8) + Array(label.utf8) + [0x22])
  }

  /// What may stand on and below /proc: a foreign /proc, or a file put over a part of it, turns what the runtime writes there
  /// (CVE-2019-16884, CVE-2025-52881). The exceptions are what lxcfs provides, and what systemd writes its state of FIPS mode over.
  private func refuseHiddenProc(_ type: String) throws(SpecError) {
    let names = target.components
    if !isInProc { return }
    if names.count == 1 {
      switch content {
      case .fileSystem(let system) where system.type == "proc": return
      // That the source is procfs is seen when it is open.
      case .bind, .remount: return
      default: throw SpecError(path: "\(origin).destination", reason: "only procfs may be mounted on /proc")
      }
    }
    let allowed: [Literal] = [
      "cpuinfo", "diskstats", "loadavg", "meminfo", "net/dev", "slabinfo", "stat", "swaps", "sys/crypto/fips_enabled", "sys/kernel/ns_last_pid", "uptime",
    ]
    for name in allowed {
      if Path(name).components == Array(names.dropFirst()) { return }
    }
    throw SpecError(path: "\(origin).destination", reason: "nothing may be mounted on \(target.description)")
  }
}

extension PlannedMount.Content {
  @inline(never)
  fileprivate init(_ mount: Mount, _ type: String, _ options: MountOptions, _ origin: String, _ bundle: Path, _ label: String?) throws(SpecError) {
    let isBind = options.isBind || type.equals("bind")
    let idMap = try PlannedIDMap(mount, options, origin)
    if let idMap, !isBind || options.isRemount { throw SpecError(path: idMap.path(origin), reason: "owners are mapped in bind mounts only") }
    if options.copiesUp, isBind || options.isRemount || !type.equals("tmpfs") {
      throw SpecError(path: "\(origin).options", reason: "tmpcopyup is for a mount of type tmpfs")
    }
    if options.isRemount {
      self = .remount(PlannedRemount(set: options.set, clear: options.clear, data: isBind ? nil : Path(bytes: options.data)))
    } else if isBind {
      guard let source = mount.source, !source.utf8.isEmpty else { throw SpecError(path: "\(origin).source", reason: "missing; a bind mount needs it") }
      let path = Path(source)
      // The flags of the file system, such as `sync`, are those of everybody who uses it.
      self = .bind(
        PlannedBind(
          source: path.isAbsolute ? path : bundle.appending(path.bytes), isRecursive: options.isRecursiveBind, set: options.set.intersection(.perMount),
          clear: options.clear.intersection(.perMount), idMap: idMap))
    } else if type.equals("cgroup") || type.equals("cgroup2") {
      self = .cgroup(flags: options.set)
    } else {
      self = .fileSystem(try PlannedFileSystem(type, mount, options, origin, label))
    }
  }
}

extension PlannedFileSystem {
  fileprivate convenience init(_ type: String, _ mount: Mount, _ options: MountOptions, _ origin: String, _ label: String?) throws(SpecError) {
    var data = options.data
    let hasOwnLabels = type.equals("proc") || type.equals("sysfs") || type.equals("mqueue")
    if let label, !hasOwnLabels { PlannedMount.add(label, to: &data) }
    // The kernel copies one page, which is never smaller, and silently ends what is longer there.
    guard data.count <= 4095 else {
      throw SpecError(path: "\(origin).options", reason: "those for the file system are \(data.count) bytes; mount(2) takes 4095")
    }
    // Other mounts and the nodes of /dev are made in it first, as runc and crun do.
    let endsReadOnly = type.equals("tmpfs") && options.set.contains(.readOnly)
    self.init(
      type: Path(type), source: Path(mount.source ?? type), flags: endsReadOnly ? options.set.subtracting(.readOnly) : options.set, data: Path(bytes: data),
      endsReadOnly: endsReadOnly, copiesUp: options.copiesUp)
  }
}

extension PlannedDevice {
  /// The devices that every container has (runtime-spec config-linux.md, "Default Devices"), then those of `linux.devices`.
  static func all(_ devices: [Device]) throws(SpecError) -> [PlannedDevice] {
    var planned: [PlannedDevice] = [
      standard("/dev/null", 1, 3), standard("/dev/zero", 1, 5), standard("/dev/full", 1, 7), standard("/dev/random", 1, 8),
      standard("/dev/urandom", 1, 9), standard("/dev/tty", 5, 0),
    ]
    for (index, device) in devices.enumerated() {
      let origin = Text("linux.devices[\(index)]").string
      let path = Path(device.path)
      guard path.isAbsolute, !path.hasParentReference else { throw SpecError(path: "\(origin).path", reason: "must be an absolute path without `..`") }
      guard !path.components.isEmpty else { throw SpecError(path: "\(origin).path", reason: "must name a file in a directory") }
      guard let major = UInt32(exactly: device.major), let minor = UInt32(exactly: device.minor) else {
        throw SpecError(path: Text(origin), reason: "\(device.major):\(device.minor) is not a device number")
      }
      let type: FileType =
        switch device.type {
        case .character, .unbufferedCharacter: .characterDevice
        case .block: .blockDevice
        case .fifo: .fifo
        }
      let node = PlannedDevice(
        path: path, type: type, major: major, minor: minor, mode: (device.fileMode ?? 0o666) & 0o7777, user: device.uid ?? 0, group: device.gid ?? 0)
      planned.removeAll { $0.path == path }
      planned.append(node)
    }
    return planned
  }

  private static func standard(_ path: Path, _ major: UInt32, _ minor: UInt32) -> PlannedDevice {
    PlannedDevice(path: path, type: .characterDevice, major: major, minor: minor, mode: 0o666, user: 0, group: 0)
  }
}
