internal import JSON
internal import Linux
internal import OCI

extension ServiceManifest {
  /// `volumes`, `tmpfs` and `devices`.
  @inline(never)
  func decodeMounts(_ json: JSONValue, _ manifest: Manifest) {
    let targets = DistinctNames()
    for value in json.elements(of: "volumes") {
      let mount = ServiceMount()
      if value.kind == .string { mount.readShort(value) } else { mount.readLong(value) }
      if mount.kind == .volume && !manifest.declares(mount.source) { value.refuse(quoting: mount.source, "is not declared in volumes") }
      targets.add(mount.target, value)
      mounts.append(mount)
    }
    for value in json.oneOrMore("tmpfs") {
      let mount = ServiceMount()
      mount.readTmpfs(value)
      targets.add(mount.target, value)
      mounts.append(mount)
    }
    targets.check()
    let nodes = DistinctNames()
    for value in json.elements(of: "devices") {
      let device = DeviceMapping(value)
      nodes.add(device.target, value)
      devices.append(device)
    }
    nodes.check()
  }
}

extension Manifest {
  fileprivate func declares(_ key: String) -> Bool {
    for volume in volumes where volume.key.equals(key) { return true }
    return false
  }
}

extension ServiceMount {
  /// `SOURCE:TARGET` or `SOURCE:TARGET:OPTIONS`.
  @inline(never)
  fileprivate func readShort(_ json: JSONValue) {
    let fields = parts(of: json.text(), at: 0x3A)
    let first = fields[0].utf8.first
    // What begins like a path is meant as one, even if it cannot be taken.
    kind = first == 0x2F || first == 0x2E || first == 0x7E ? .bind : .volume
    if fields.count < 2 || fields.count > 3 {
      return json.refuse("expected 'SOURCE:TARGET' or 'SOURCE:TARGET:OPTIONS'; a volume without a name would be lost with the container")
    }
    source = kind == .bind ? json.hostPath(fields[0]) : fields[0]
    target = json.place(fields[1])
    if fields.count == 2 { return }
    for option in parts(of: fields[2], at: 0x2C) {
      // Those behind the first two are for one kind only.
      switch position(of: option, in: kind == .bind ? "rw ro private rprivate shared rshared slave rslave" : "rw ro nocopy") {
      case nil: json.refuse(quoting: option, "is no option of such a mount")
      case 0: break
      case 1: isReadOnly = true
      default: if kind == .bind { options = [option] } else { copiesImage = false }
      }
    }
  }

  @inline(never)
  fileprivate func readLong(_ json: JSONValue) {
    guard let number = position(of: json.required("type").text(), in: Kind.names), let kind = Kind(rawValue: number) else {
      return json.refuse("type", "expected 'volume', 'bind' or 'tmpfs'")
    }
    self.kind = kind
    target = json.place(json.required("target").text())
    isReadOnly = json.flag("read_only")
    if kind != .tmpfs {
      let value = json.required("source")
      source = kind == .bind ? value.hostPath(value.text()) : value.text()
    }
    switch kind {
    case .volume:
      json.permitOnly("type source target read_only volume")
      let more = json.object("volume", "nocopy subpath")
      copiesImage = !more.flag("nocopy")
      subpath = more.member("subpath")?.innerPath()
    case .bind:
      json.permitOnly("type source target read_only bind")
      let more = json.object("bind", "propagation create_host_path")
      makesSource = more.bool("create_host_path") ?? true
      guard let propagation = more.member("propagation") else { break }
      options = [propagation.text()]
      if position(of: options[0], in: "private rprivate shared rshared slave rslave") == nil { propagation.refuseUnknown() }
    case .tmpfs:
      json.permitOnly("type target read_only tmpfs")
      let more = json.object("tmpfs", "size mode")
      if let size = more.member("size") { options.append(Text("size=\(size.bytes(atLeast: 1))").string) }
      if let mode = more.member("mode") { options.append(Text("mode=\(mode.octal())").string) }
    }
  }

  /// `TARGET` or `TARGET:OPTIONS`.
  @inline(never)
  fileprivate func readTmpfs(_ json: JSONValue) {
    kind = .tmpfs
    let (path, list) = cut(json.text(), at: ":")
    target = json.place(path)
    guard let list else { return }
    for option in parts(of: list, at: 0x2C) {
      if option.equals("ro") {
        isReadOnly = true
      } else if let known = tmpfsOption(option) {
        options.append(known)
      } else {
        json.refuse(quoting: option, "is no option of a tmpfs")
      }
    }
  }
}

extension DeviceMapping {
  /// `SOURCE`, `SOURCE:TARGET`, `SOURCE:TARGET:ACCESS`, or an object.
  fileprivate convenience init(_ json: JSONValue) {
    var fields: [String]
    if json.kind == .string {
      fields = parts(of: json.text(), at: 0x3A)
    } else {
      json.permitOnly("source target permissions")
      let source = json.required("source").text()
      fields = [source, json.text("target") ?? source, json.text("permissions") ?? "rwm"]
    }
    if fields.count == 1 { fields.append(fields[0]) }
    if fields.count == 2 { fields.append("rwm") }
    if fields.count != 3 || position(of: fields[2], in: "rwm r w m rw wr rm mr wm mw rmw wrm wmr mrw mwr") == nil {
      json.refuse("expected 'SOURCE:TARGET:ACCESS' with letters of 'rwm', each once, for the access")
    }
    self.init(source: json.hostPath(fields[0]), target: json.place(fields[1]), access: fields[2])
  }
}

/// An option as the kernel takes it, which knows no `kb`; nil when it is none of a tmpfs.
private func tmpfsOption(_ option: String) -> String? {
  let (name, value) = cut(option, at: "=")
  guard let value else { return position(of: name, in: "rw exec noexec suid nosuid dev nodev") == nil ? nil : option }
  if position(of: name, in: "size nr_blocks nr_inodes") != nil { return byteCount(value).map { Text("\(name)=\($0)").string } }
  if name.equals("mode") { return isMode(value) ? option : nil }
  return position(of: name, in: "uid gid") != nil && wholeNumber(value) != nil ? option : nil
}

/// Whether a text is permission bits in octal digits.
private func isMode(_ digits: String) -> Bool {
  let count = digits.utf8.count
  return count > 0 && (count <= 4 || (count == 5 && digits.utf8.first == 0x30)) && digits.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x37 }
}

extension JSONValue {
  /// An absolute path.
  @inline(never)
  func path() -> String {
    let path = text()
    if path.utf8.first != 0x2F { refuse("must be an absolute path") }
    return path
  }

  /// A path of the host that this value gives.
  @inline(never)
  fileprivate func hostPath(_ path: String) -> String {
    if path.utf8.first != 0x2F { refuse("must be an absolute path of the device; a manifest has no folder there") }
    return path
  }

  /// A place in the container that this value gives; two of them are the same only if they are the same bytes.
  @inline(never)
  fileprivate func place(_ path: String) -> String {
    let normal = Path(path).normal.description
    if path.utf8.first != 0x2F || normal.equals("/") { refuse("expected an absolute path in the container that is not its root") }
    return normal
  }

  /// A relative path that does not lead out.
  fileprivate func innerPath() -> String {
    let path = Path(text())
    if path.isAbsolute || path.isEmpty || path.components.contains(where: { $0.matches("..") }) { refuse("must be a path inside the volume") }
    return path.normal.description
  }

  /// Permission bits: the number itself, or a string with octal digits. As octal digits.
  fileprivate func octal() -> String {
    if kind == .string {
      let digits = text()
      if !isMode(digits) { refuse("expected octal digits such as '1777'") }
      return digits
    }
    var rest: UInt64 = integer(in: 0...0o7777)
    var digits: [UInt8] = []
    for _ in 0..<4 {
      digits.insert(0x30 + UInt8(truncatingIfNeeded: rest & 7), at: 0)
      rest >>= 3
    }
    return Wording.string(digits[...])
  }
}
