internal import JSON
internal import OCI

extension Manifest {
  /// Checks what must hold between the services; `entries` are their places in the document.
  @inline(never)
  func checkServices(_ entries: [(key: String, value: JSONValue)]) {
    let names = DistinctNames()
    // For each service a bit for each that it waits for.
    var waits: [UInt64] = []
    for (index, service) in services.enumerated() {
      let place = entries[index].value
      names.add(service.containerName, place)
      join("network_mode", service.network, service, place)
      join("pid", service.processes, service, place)
      join("ipc", service.ipc, service, place)
      var others: UInt64 = 0
      for dependency in service.dependencies { others |= 1 << check(dependency, place) }
      waits.append(others)
    }
    names.check()
    refuseCircle(waits, entries)
  }

  /// Who is in the namespace of another service depends on it, and starts anew with it, because a namespace ends with the container that it was made for.
  /// Compose has it so as well.
  @inline(never)
  private func join(_ key: Literal, _ sharing: Sharing, _ service: ServiceManifest, _ place: JSONValue) {
    guard case .service(let name) = sharing else { return }
    if find(name) == nil { place.member(key)?.refuse(quoting: name, "is no service") }
    for index in service.dependencies.indices where service.dependencies[index].service.equals(name) {
      service.dependencies[index].isRequired = true
      service.dependencies[index].isBound = true
      return
    }
    service.dependencies.append(Dependency(service: name, isBound: true))
  }

  /// The position of the service that is waited for.
  private func check(_ dependency: Dependency, _ place: JSONValue) -> UInt64 {
    // Where there is none a namespace is, and that has been told.
    let list = place.member("depends_on") ?? place
    guard let position = find(dependency.service) else {
      list.refuse(quoting: dependency.service, "is no service")
      return 0
    }
    let other = services[Int(position)]
    if dependency.condition == .healthy && other.health.isDisabled && other.readiness == .untold {
      list.refuse(quoting: other.name, "is never healthy, because its health check is disabled")
    }
    if dependency.condition == .completed && (other.restart.when == .always || other.restart.when == .unlessStopped) {
      list.refuse(quoting: other.name, "never completes, because it is always restarted")
    }
    return position
  }

  /// Takes away those that wait for nothing that is left, until only circles and what waits for them are left.
  private func refuseCircle(_ waits: [UInt64], _ entries: [(key: String, value: JSONValue)]) {
    var left: UInt64 = 0
    // There are at most 64.
    var rest = UInt64.max >> UInt64(64 - services.count)
    while left != rest {
      left = rest
      for index in waits.indices where waits[index] & left == 0 { rest &= ~(1 << UInt64(index)) }
    }
    if left == 0 { return }
    // Each of them waits for one of them, so the way along them comes to one that it has been at: then it goes round once more, and has the names.
    var index = left.trailingZeroBitCount
    var been: UInt64 = 0
    var circle = ""
    var first: Int?
    while index != first {
      if first == nil && been >> UInt64(index) & 1 == 1 { first = index }
      been |= 1 << UInt64(index)
      if first != nil { circle = Text("\(circle)\(services[index].name) waits for ").string }
      index = (waits[index] & left).trailingZeroBitCount
    }
    entries[index].value.refuse("depends_on", "a circle: \(circle)\(services[index].name)")
  }

  /// The position of a service; nil when there is none of the name.
  @inline(never)
  private func find(_ name: String) -> UInt64? {
    var position: UInt64 = 0
    for service in services {
      if service.name.equals(name) { return position }
      position += 1
    }
    return nil
  }
}
