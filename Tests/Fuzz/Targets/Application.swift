import OCI

@testable import Supervisor

/// The manifest of an application. What is taken names only what is there, and nobody waits in a circle.
func fuzzApplication(_ input: [UInt8]) {
  do throws(SpecError) {
    let manifest = try Manifest(parsing: input)
    let services = manifest.services
    require(!services.isEmpty && services.count <= 64 && manifest.volumes.count <= 64, "services and volumes are as many as there may be")
    for service in services {
      for mount in service.mounts {
        require(mount.target.utf8.first == 0x2F && mount.target.utf8.count > 1, "a mount has a place in the container")
        require(mount.kind != .volume || manifest.volumes.contains { $0.key == mount.source }, "a volume is declared")
        require(mount.kind != .bind || mount.source.utf8.first == 0x2F, "a bound directory has an absolute path")
      }
      for dependency in service.dependencies { require(services.contains { $0.name == dependency.service }, "a dependency is a service") }
      require(service.environment.allSatisfy { $0.contains("=") && $0.first != "=" }, "a variable has a name and a value")
      require(!service.containerName.utf8.contains(0x2F) && !service.containerName.utf8.isEmpty, "a container's name is a file's name")
    }
    require(Set(services.map(\.containerName)).count == services.count, "each service has a container of its own")
    var left = services
    var count = left.count + 1
    while left.count < count {
      count = left.count
      let others = left
      left.removeAll { service in !service.dependencies.contains { dependency in others.contains { $0.name == dependency.service } } }
    }
    require(left.isEmpty, "nobody waits in a circle")
    let application = try manifest.application(checks: services.map { _ in Healthcheck(test: ["CMD", "x"]) })
    require(application.services.count == services.count, "each service is run")
  } catch { requireLine(error.message) }
}
