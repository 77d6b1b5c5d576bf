internal import JSON
public import OCI

extension Manifest {
  /// Decodes a manifest. What Apus cannot do is refused, and so is what can never come true: a circle of services that wait for one another, a limit below
  /// another that it must be above.
  public convenience init(parsing text: [UInt8]) throws(SpecError) {
    self.init()
    // What a person writes has some kilobytes.
    try decode(text, limits: JSONLimits(bytes: 256 << 10, depth: 16, nodes: 16_384)) { read($0) }
  }

  @inline(never)
  private func read(_ json: JSONValue) {
    json.permitOnly("name services volumes x-apus", refusing: UnsupportedKeys.ofManifest)
    name = json.required("name").applicationName()
    let names = DistinctNames()
    for (key, value) in json.entries("volumes") {
      let volume = NamedVolume(key, value, of: self)
      names.add(volume.name, value)
      volumes.append(volume)
    }
    names.check()
    let entries = json.entries("services")
    if entries.isEmpty { json.required("services").refuse("must have at least one entry") }
    for (key, value) in entries { services.append(ServiceManifest(key, value, of: self)) }
    readOwn(json.object("x-apus", "priority log_total update"))
    checkServices(entries)
  }

  private func readOwn(_ json: JSONValue) {
    priority = json.number("priority", in: 0...100, or: priority)
    if let value = json.member("log_total") {
      let total = value.bytes(atLeast: 1)
      if total < leastLogTotal { value.refuse("is less than 4 KiB for each service whose logs are kept") }
      logTotal = total
    }
    let update = json.object("update", "settle timeout on_failure snapshot")
    updates.settle = update.milliseconds("settle", atLeast: 0) ?? updates.settle
    updates.timeout = update.milliseconds("timeout") ?? updates.timeout
    if updates.timeout <= updates.settle { update.refuse("timeout must be longer than settle") }
    updates.onFailure = UpdatePolicy.Failure(rawValue: update.choice("on_failure", of: UpdatePolicy.Failure.names)) ?? .rollBack
    updates.snapshot = UpdatePolicy.Snapshot(rawValue: update.choice("snapshot", of: UpdatePolicy.Snapshot.names)) ?? .none
  }
}

extension NamedVolume {
  fileprivate convenience init(_ key: String, _ json: JSONValue, of manifest: Manifest) {
    self.init(key: key, name: Text("\(manifest.name)_\(key)").string)
    if json.kind == .null { return }
    json.permitOnly("name external driver labels", refusing: UnsupportedKeys.ofVolume)
    if let name = json.member("name") { self.name = name.plainName() }
    isExternal = json.flag("external")
    labels = json.pairs("labels")
    if let driver = json.member("driver"), !driver.text().equals("local") { driver.refuse("there is only the driver 'local'") }
    if isExternal, !labels.isEmpty || json.member("driver") != nil { json.refuse("an external volume has nothing but a name") }
  }
}

extension JSONValue {
  /// The members of an object member, at most 64, whose keys are names; none when it is absent.
  @inline(never)
  func entries(_ key: Literal) -> [(key: String, value: JSONValue)] {
    guard let object = member(key) else { return [] }
    let entries = object.members()
    if entries.count > 64 {
      object.refuse("must have at most 64 entries")
      return []
    }
    for (key, value) in entries where !isPlainName(key) { value.refuse(plainNameRule) }
    return entries
  }

  /// A name of something that becomes a name of a file.
  @inline(never)
  func plainName() -> String {
    let name = text()
    if !isPlainName(name) { refuse(plainNameRule) }
    return name
  }

  fileprivate func applicationName() -> String {
    let name = text()
    if !isApplicationName(name) {
      refuse("must be at most 63 lower-case letters, digits, '-' and '_', and begin with a letter or digit")
    }
    return name
  }
}

private var plainNameRule: Literal { "a name must be at most 63 letters, digits, '.', '-' and '_', and begin with a letter or digit" }

/// Whether a text names an application: a container's name is that of the application up to the first dot.
@inline(never)
public func isApplicationName(_ name: String) -> Bool { isPlainName(name) && !name.utf8.contains { $0 == 0x2E || ($0 >= 0x41 && $0 <= 0x5A) } }

/// Whether a text names a service or a volume.
@inline(never)
public func isPlainName(_ name: String) -> Bool { beginsPlainly(name) && name.utf8.count <= 63 && name.utf8.allSatisfy(isWordByte) }
