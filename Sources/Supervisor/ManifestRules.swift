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

  /// Who is in the namespace of another service depends on it, and starts anew with it, because a namespace ends with the container that it was made for. So has
  /// Compose it.
  private func joinNamespaces(_ service: ServiceManifest, _ place: JSONValue) {
    for (key, sharing) in [("network_mode", service.network), ("pid", service.processes), ("ipc", service.ipc)] as [(Literal, Sharing)] {
      guard case .service(let name) = sharing else { continue }
      if find(name) == nil { place.refuse(key, "there is no service '\(name)'") }
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
    guard let index = find(name) else { return place.refuse("depends_on", "there is no service '\(name)'") }
    let other = services[index]
    switch dependency.condition {
    case .started: break
    case .healthy:
      if other.health.isDisabled && other.readiness == .started {
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
    var left = Array(services.indices)
    while true {
      let waiting = left.filter { index in
        services[index].dependencies.contains { dependency in left.contains { services[$0].name.equals(dependency.service) } }
      }
      if waiting.count == left.count { break }
      left = waiting
    }
    guard var index = left.first else { return }
    // Each of them waits for one of them, so the way along them comes to one that it has been at.
    var way: [Int] = []
    while !way.contains(index) {
      way.append(index)
      for dependency in services[index].dependencies {
        guard let next = find(dependency.service), left.contains(next) else { continue }
        index = next
        break
      }
    }
    let circle = way.drop { $0 != index } + [index]
    places[index].refuse("depends_on", "a circle: \(joined(circle.map { services[$0].name }, with: " waits for "))")
  }

  private func find(_ name: String) -> Int? { services.firstIndex { $0.name.equals(name) } }
}
