internal import JSON
internal import Linux
internal import OCI

extension ServiceManifest {
  /// `volumes`, `tmpfs` and `devices`.
  @inline(never)
  func decodeMounts(_ json: JSONValue, _ manifest: Manifest) {
    var places: [JSONValue] = []
    for value in json.elements(of: "volumes") {
      let mount = value.kind == .string ? ServiceMount(short: value) : ServiceMount(long: value)
      if mount.kind == .volume, !manifest.volumes.contains(where: { $0.key.equals(mount.source) }) {
        value.refuse("the volume '\(excerpt(mount.source))' is not declared in volumes")
      }
      mounts.append(mount)
      places.append(value)
    }
    for value in json.oneOrMore("tmpfs") {
      mounts.append(ServiceMount(tmpfs: value))
      places.append(value)
    }
    refuseRepeated(mounts.map { $0.target }, places)
    let list = json.elements(of: "devices")
    for value in list { devices.append(DeviceMapping(value)) }
    refuseRepeated(devices.map { $0.target }, list)
  }
}

extension ServiceMount {
  /// `SOURCE:TARGET` or `SOURCE:TARGET:OPTIONS`.
  fileprivate convenience init(short json: JSONValue) {
    let fields = parts(of: json.text(), at: 0x3A)
    let first = fields[0].utf8.first
    self.init(first == 0x2F || first == 0x2E || first == 0x7E ? .bind : .volume)
    guard fields.count == 2 || fields.count == 3 else {
      json.refuse("expected 'SOURCE:TARGET' or 'SOURCE:TARGET:OPTIONS'; a volume without a name would be lost with the container")
      return
    }
    source = kind == .bind ? json.hostPath(fields[0]) : fields[0]
    target = json.place(fields[1])
    guard fields.count == 3 else { return }
    for option in parts(of: fields[2], at: 0x2C) {
      if option.equals("ro") {
        isReadOnly = true
      } else if option.equals("nocopy"), kind == .volume {
        copiesImage = false
      } else if kind == .bind, isPropagation(option) {
        options = [option]
      } else if !option.equals("rw") {
        json.refuse("the option '\(excerpt(option))' is not supported for a \(kind.name)")
      }
    }
  }

  fileprivate convenience init(long json: JSONValue) {
    json.permitOnly("type source target read_only volume bind tmpfs", refusing: "consistency: not supported")
    let type = json.required("type")
    let name = type.text()
    if let number = position(of: name, in: "cluster image npipe") {
      type.refuse("a mount of the type '\(word(number, of: "cluster image npipe"))' is not supported")
    }
    self.init(type.named())
    target = json.place(json.required("target").text())
    isReadOnly = json.flag("read_only")
    for other in ["volume", "bind", "tmpfs"] as [Literal] where !kind.name.equals(other) && json.member(other) != nil {
      json.refuse(other, "does not go with the type '\(kind.name)'")
    }
    if kind == .tmpfs {
      if json.member("source") != nil { json.refuse("source", "a tmpfs has none") }
    } else {
      source = kind == .bind ? json.hostPath(json.required("source").text()) : json.required("source").text()
    }
    guard let more = json.member(kind == .volume ? "volume" : kind == .bind ? "bind" : "tmpfs") else { return }
    switch kind {
    case .volume:
      more.permitOnly("nocopy subpath", refusing: "labels: not supported")
      copiesImage = !more.flag("nocopy")
      subpath = more.member("subpath")?.innerPath()
    case .bind:
      more.permitOnly("propagation create_host_path", refusing: "recursive selinux: not supported")
      makesSource = more.bool("create_host_path") ?? true
      guard let propagation = more.member("propagation") else { break }
      options = [propagation.text()]
      if !isPropagation(options[0]) { propagation.refuseUnknown() }
    case .tmpfs:
      more.permitOnly("size mode")
      if let size = more.member("size") { options.append(Text("size=\(size.bytes(atLeast: 1))").string) }
      if let mode = more.member("mode") { options.append(Text("mode=\(mode.octal())").string) }
    }
  }

  /// `TARGET` or `TARGET:OPTIONS`.
  fileprivate convenience init(tmpfs json: JSONValue) {
    self.init(.tmpfs)
    let (path, list) = cut(json.text(), at: ":")
    target = json.place(path)
    guard let list else { return }
    for option in parts(of: list, at: 0x2C) {
      if option.equals("ro") {
        isReadOnly = true
      } else if !option.equals("rw") {
        guard let known = tmpfsOption(option) else {
          json.refuse("the option '\(excerpt(option))' is not supported for a tmpfs")
          break
        }
        options.append(known)
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
      fields = [json.required("source").text()]
      fields.append(json.text("target") ?? fields[0])
      fields.append(json.text("permissions") ?? "rwm")
    }
    if fields.count > 3 { json.refuse("expected 'SOURCE:TARGET:ACCESS'") }
    let access = fields.count > 2 ? fields[2] : "rwm"
    if position(of: access, in: "rwm r w m rw wr rm mr wm mw rmw wrm wmr mrw mwr") == nil {
      json.refuse("the access to a device is letters of 'rwm', each once")
    }
    self.init(source: json.hostPath(fields[0]), target: json.place(fields.count > 1 ? fields[1] : fields[0]), access: access)
  }
}

/// An option as the kernel takes it, which knows no `kb`; nil when it is none of a tmpfs.
private func tmpfsOption(_ option: String) -> String? {
  let (name, value) = cut(option, at: "=")
  guard let value else { return position(of: name, in: "exec noexec suid nosuid dev nodev") == nil ? nil : option }
  if position(of: name, in: "size nr_blocks nr_inodes") != nil { return byteCount(value).map { Text("\(name)=\($0)").string } }
  if name.equals("mode") { return isMode(value) ? option : nil }
  return position(of: name, in: "uid gid") != nil && wholeNumber(value) != nil ? option : nil
}

/// Whether a text is permission bits in octal digits.
private func isMode(_ digits: String) -> Bool {
  let count = digits.utf8.count
  return count > 0 && (count <= 4 || (count == 5 && digits.utf8.first == 0x30)) && digits.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x37 }
}

private func isPropagation(_ option: String) -> Bool { position(of: option, in: "private rprivate shared rshared slave rslave") != nil }

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
