internal import Linux
internal import OCI

extension PlannedMount {
  /// Plans one entry of `mounts`. `label` is the SELinux context of all of them.
  init(_ mount: Mount, origin: String, bundle: Path, label: String? = nil) throws(SpecError) {
    let target = Path(mount.destination)
    guard target.isAbsolute else { throw SpecError(path: "\(origin).destination", reason: "must be an absolute path, not \(mount.destination)") }
    // Else `/tmp/../proc` would be a way around the rules for /proc.
    guard !target.hasParentReference else {
      throw SpecError(path: "\(origin).destination", reason: "must be an absolute path without `..`, not \(mount.destination)")
    }
    guard mount.uidMappings.isEmpty, mount.gidMappings.isEmpty else {
      throw SpecError(path: "\(origin).uidMappings", reason: "id-mapped mounts are not supported by this version of apus")
    }
    let options = MountOptions(mount.options)
    if let option = options.unsupported { throw SpecError(path: "\(origin).options", reason: "\(option) is not supported by this version of apus") }
    let type = mount.type ?? (options.isBind ? "bind" : "")
    if type.utf8.isEmpty { throw SpecError(path: "\(origin).type", reason: "missing; only a bind mount can do without it") }
    self.target = target
    self.origin = origin
    propagation = options.propagation
    // The root of a message queue's file system takes a context, its mount takes none; the small file system that holds the cgroups is made later.
    rootLabel = type.equals("mqueue") || type.equals("cgroup") ? label : nil
    if options.isBind || type.equals("bind") {
      guard let source = mount.source, !source.utf8.isEmpty else { throw SpecError(path: "\(origin).source", reason: "missing; a bind mount needs it") }
      let path = Path(source)
      content = .bind(
        source: path.isAbsolute ? path : bundle.appending(path.bytes), recursive: options.isRecursiveBind, set: options.set.intersection(.perMount),
        clear: options.clear.intersection(.perMount), recursiveSet: options.recursiveSet, recursiveClear: options.recursiveClear)
    } else {
      guard options.recursiveSet.isEmpty, options.recursiveClear.isEmpty else {
        throw SpecError(path: "\(origin).options", reason: "recursive options are for bind mounts")
      }
      if type.equals("cgroup") || type.equals("cgroup2") {
        content = .cgroup(flags: options.set)
      } else {
        var data = options.data
        let hasOwnLabels = type.equals("proc") || type.equals("sysfs") || type.equals("mqueue")
        if let label, !hasOwnLabels { PlannedMount.add(label, to: &data) }
        // The kernel copies one page, which is never smaller, and silently ends what is longer there.
        guard data.count <= 4095 else {
          throw SpecError(path: "\(origin).options", reason: "those for the file system are \(data.count) bytes; mount(2) takes 4095")
        }
        content = .fileSystem(type: Path(type), source: Path(mount.source ?? type), flags: options.set, data: Path(bytes: data))
      }
    }
    try refuseHiddenProc(type)
  }

  /// Adds the option that gives everything in a file system the SELinux context `label`. In quotes, because a context has commas.
  static func add(_ label: String, to data: inout [UInt8]) {
    if !data.isEmpty { data.append(0x2C) }
    data.append(contentsOf: Array("context=\"".utf8) + Array(label.utf8) + [0x22])
  }

  /// What may stand on and below /proc: a foreign /proc, or a file put over a part of it, turns what the runtime writes there
  /// (CVE-2019-16884, CVE-2025-52881). The exceptions are what lxcfs provides.
  private func refuseHiddenProc(_ type: String) throws(SpecError) {
    let names = target.components
    guard let first = names.first, first.elementsEqual("proc".utf8) else { return }
    if names.count == 1 {
      if type.equals("proc") { return }
      if case .bind(let source, _, _, _, _, _) = content, source == "/proc" { return }
      throw SpecError(path: "\(origin).destination", reason: "only procfs may be mounted on /proc")
    }
    let allowed: [StaticString] = [
      "cpuinfo", "diskstats", "loadavg", "meminfo", "net/dev", "slabinfo", "stat", "swaps", "sys/kernel/ns_last_pid", "uptime",
    ]
    for name in allowed {
      let matches = name.withUTF8Buffer { Array($0).split(separator: 0x2F).elementsEqual(names.dropFirst(), by: { $0.elementsEqual($1) }) }
      if matches { return }
    }
    throw SpecError(path: "\(origin).destination", reason: "nothing may be mounted on \(target.description)")
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
      let origin = "linux.devices[\(index)]"
      let path = Path(device.path)
      guard path.isAbsolute, !path.hasParentReference else { throw SpecError(path: "\(origin).path", reason: "must be an absolute path without `..`") }
      guard let major = UInt32(exactly: device.major), let minor = UInt32(exactly: device.minor) else {
        throw SpecError(path: origin, reason: "\(device.major):\(device.minor) is not a device number")
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
