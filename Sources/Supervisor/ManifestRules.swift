internal import JSON
internal import OCI

/// What must hold between the services of a manifest.
final class ManifestRules {
  private let services: [ServiceManifest]
  /// Where each service stands in the document.
  private let places: [JSONValue]

  init(_ manifest: Manifest, _ places: [JSONValue]) {
    services = manifest.services
    self.places = places
  }

  func check() {
    refuseRepeated(services.map { $0.containerName }, places)
    for (index, service) in services.enumerated() {
      joinNamespaces(service, places[index])
      for dependency in service.dependencies { check(dependency, of: service, places[index]) }
    }
    refuseCircle()
  }

  /// Who is in the namespace of another service depends on it, and starts anew with it, because a namespace ends with the container that it was made for.
  /// Compose has it so as well.
  private func joinNamespaces(_ service: ServiceManifest, _ place: JSONValue) {
    for (key, sharing) in [("network_mode", service.network), ("pid", service.processes), ("ipc", service.ipc)] as [(Literal, Sharing)] {
      guard case .service(let name) = sharing else { continue }
      if find(name) == nil { place.refuse(key, "there is no service '\(excerpt(name))'") }
      if let index = service.dependencies.firstIndex(where: { $0.service.equals(name) }) {
        service.dependencies[index].isRequired = true
        service.dependencies[index].isBound = true
      } else {
        service.dependencies.append(Dependency(service: name, isBound: true))
      }
    }
  }

  private func check(_ dependency: Dependency, of service: ServiceManifest, _ place: JSONValue) {
    let name = dependency.service
    guard let index = find(name) else { return place.refuse("depends_on", "there is no service '\(excerpt(name))'") }
    let other = services[index]
    switch dependency.condition {
    case .started: break
    case .healthy:
      if other.health.isDisabled && other.readiness == .untold {
        place.refuse("depends_on", "'\(name)' is never healthy, because its health check is disabled")
      }
    case .completed:
      if other.restart.when == .always || other.restart.when == .unlessStopped {
        place.refuse("depends_on", "'\(name)' never completes, because it is always restarted")
      }
    }
  }

  /// Takes away those that wait for nothing that is left, until only circles and what waits for them are left.
  private func refuseCircle() {
    var waits: [[Int]] = []
    for service in services { waits.append(service.dependencies.compactMap { find($0.service) }) }
    var left = [Bool](repeating: true, count: services.count)
    var changed = true
    while changed {
      changed = false
      for index in left.indices where left[index] && !waits[index].contains(where: { left[$0] }) {
        left[index] = false
        changed = true
      }
    }
    guard var index = left.firstIndex(of: true) else { return }
    // Each of them waits for one of them, so the way along them comes to one that it has been at.
    var way: [Int] = []
    while !way.contains(index) {
      way.append(index)
      index = waits[index].first { left[$0] } ?? index
    }
    var names: [String] = []
    for place in way where !names.isEmpty || place == index { names.append(services[place].name) }
    names.append(services[index].name)
    places[index].refuse("depends_on", "a circle: \(joined(names, with: " waits for "))")
  }

  private func find(_ name: String) -> Int? { services.firstIndex { $0.name.equals(name) } }
}
