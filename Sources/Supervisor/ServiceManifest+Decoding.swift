internal import JSON
internal import Linux
internal import OCI

extension ServiceManifest {
  private static var keys: Literal {
    """
    image command entrypoint environment user working_dir hostname volumes tmpfs network_mode pid ipc mem_limit memswap_limit cpus cpu_shares cpuset pids_limit
    oom_score_adj ulimits devices cap_add cap_drop read_only security_opt shm_size sysctls init tty stdin_open healthcheck depends_on restart stop_signal
    stop_grace_period labels logging container_name platform x-apus
    """
  }

  @inline(never)
  convenience init(_ name: String, _ json: JSONValue, of manifest: Manifest) {
    self.init(name: name)
    json.permitOnly(ServiceManifest.keys, refusing: UnsupportedKeys.ofService)
    decodeImage(json)
    platform = json.member("platform")?.platform()
    containerName = json.member("container_name")?.plainName() ?? Text("\(manifest.name).\(name)").string
    entrypoint = json.member("entrypoint")?.commandLine()
    command = json.member("command")?.commandLine()
    for variable in json.pairs("environment") { environment.append(Text("\(variable.key)=\(variable.value)").string) }
    user = json.member("user")?.userName()
    workingDirectory = json.member("working_dir")?.path()
    hostname = json.member("hostname")?.hostName()
    labels = json.pairs("labels")
    decodeMounts(json, manifest)
    decodeNamespaces(json)
    decodeLimits(json)
    decodeRights(json)
    decodeSysctls(json)
    hasInit = json.flag("init")
    hasTerminal = json.flag("tty")
    keepsInput = json.flag("stdin_open")
    decodeDependencies(json)
    decodePolicies(json)
  }

  private func decodeImage(_ json: JSONValue) {
    let value = json.required("image")
    let (image, digest) = cut(value.text(), at: "@")
    let isName = image.utf8.allSatisfy { isWordByte($0) || $0 == 0x2F || $0 == 0x3A || $0 == 0x2B }
    if !isName || !beginsPlainly(image) || image.utf8.count > 200 {
      value.refuse("expected the name of an image, with '@sha256:' and a digest behind it or without")
    }
    self.image = image
    guard let digest else { return }
    do throws(DigestError) { self.digest = try Digest(digest) } catch { value.refuse(Text(error.message)) }
  }

  private func decodeNamespaces(_ json: JSONValue) {
    let mode = json.required("network_mode")
    network = mode.sharing("none", "expected 'none', 'host' or 'service:NAME'; there are no networks of containers yet")
    processes = json.member("pid")?.sharing("", "expected 'host' or 'service:NAME'") ?? .own
    ipc = json.member("ipc")?.sharing("private shareable", "expected 'private', 'shareable', 'host' or 'service:NAME'") ?? .own
  }

  private func decodeRights(_ json: JSONValue) {
    addedCapabilities = json.capabilities("cap_add")
    droppedCapabilities = json.capabilities("cap_drop")
    isReadOnly = json.flag("read_only")
    for option in json.elements(of: "security_opt") {
      let (name, value) = cut(option.text(), at: ":")
      let isOn = value.map { position(of: $0, in: "false true") } ?? 1
      guard name.equals("no-new-privileges"), let isOn else {
        option.refuse("only 'no-new-privileges', with ':true' or ':false' or without, is supported")
        break
      }
      noNewPrivileges = isOn == 1
    }
  }

  private func decodeSysctls(_ json: JSONValue) {
    for parameter in json.pairs("sysctls") {
      if network != .own && parameter.key.begins(with: "net.") {
        json.member("sysctls")?.refuse(quoting: parameter.key, "is the network's, and that is not the service's own")
      }
      if parameter.value.utf8.contains(0x0A) { json.member("sysctls")?.refuse(quoting: parameter.key, "must not contain a newline") }
      sysctls.append(Sysctl(key: parameter.key, value: parameter.value))
    }
  }

  private func decodeDependencies(_ json: JSONValue) {
    guard let list = json.member("depends_on") else { return }
    if list.kind == .array {
      let names = DistinctNames()
      for element in list.elements() {
        let name = element.text()
        names.add(name, element)
        dependencies.append(Dependency(service: name))
      }
      return names.check()
    }
    for (name, value) in list.members() {
      value.permitOnly("condition restart required")
      _ = value.required("condition")
      let condition = Dependency.Condition(rawValue: value.choice("condition", of: Dependency.Condition.names))
      dependencies.append(
        Dependency(
          service: name, condition: condition ?? .started, isRequired: value.bool("required") ?? true, isBound: value.flag("restart")))
    }
  }
}

extension JSONValue {
  fileprivate func platform() -> Platform {
    let parts = parts(of: text(), at: 0x2F)
    for part in parts where part.utf8.isEmpty || !part.utf8.allSatisfy(isWordByte) { refuse(platformRule) }
    guard parts.count == 2 || parts.count == 3, parts[0].equals("linux") else {
      refuse(platformRule)
      return Platform(architecture: "")
    }
    return Platform(architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
  }

  private var platformRule: Literal { "expected 'linux/ARCHITECTURE' or 'linux/ARCHITECTURE/VARIANT'" }

  /// `USER`, `USER:GROUP`, each a name or a number.
  fileprivate func userName() -> String {
    let user = text()
    let parts = parts(of: user, at: 0x3A)
    for part in parts where part.utf8.isEmpty || parts.count > 2 || user.utf8.count > 128 || !part.utf8.allSatisfy(isWordByte) {
      refuse("expected a user, and a group behind a ':' or not; names or numbers")
    }
    return user
  }

  fileprivate func hostName() -> String {
    let name = text()
    if name.utf8.isEmpty || name.utf8.count > 63 || !name.utf8.allSatisfy(isWordByte) { refuse("expected the name of a host, at most 63 bytes") }
    return name
  }

  /// Whose namespace: `host`, `service:NAME`, or one of the words for its own.
  fileprivate func sharing(_ own: Literal, _ rule: Literal) -> Sharing {
    let text = text()
    if text.equals("host") { return .host }
    if text.begins(with: "service:") { return .service(Wording.string(text.utf8.dropFirst(8))) }
    if position(of: text, in: own) == nil { refuse(rule) }
    return .own
  }

  /// The capabilities of a member; none when it is absent.
  @inline(never)
  fileprivate func capabilities(_ key: Literal) -> [String] {
    var names: [String] = []
    for element in elements(of: key) { names.append(element.capability()) }
    return names
  }

  /// The name of a capability, with or without `CAP_`, in any case.
  private func capability() -> String {
    var letters: [UInt8] = []
    for byte in Array(text().utf8) { letters.append(byte >= 0x61 && byte <= 0x7A ? byte - 0x20 : byte) }
    let name = Wording.string(letters[...])
    if name.equals("ALL") { return name }
    let whole = name.begins(with: "CAP_") ? name : Text("CAP_\(name)").string
    if capabilityNumber(whole) == nil { refuseUnknown() }
    return whole
  }
}

/// Whether a text begins with a letter or digit.
func beginsPlainly(_ name: String) -> Bool {
  guard let first = name.utf8.first else { return false }
  return isWordByte(first) && first != 0x2D && first != 0x2E && first != 0x5F
}

/// A letter, a digit, or one of `._-`.
func isWordByte(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
  default: false
  }
}
