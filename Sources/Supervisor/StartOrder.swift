public import OCI

/// In which order the services of an application start, and what each of them waits for: a dependency comes before its dependents.
///
/// They stop in the reverse order. Where the dependencies leave it open, the order is that of the manifest.
public final class StartOrder: Sendable {
  public let application: Application
  /// The places of the services in `application.services`, dependencies first.
  public let places: [Int]
  /// For each service the places of its dependencies, in their order; -1 for one that is not in the application, which only one that is not required may be.
  let dependencies: [[Int]]

  /// Throws what is wrong at `services.NAME.depends_on`: a required service that is not there, or a cycle, whose services it names.
  public init(_ application: Application) throws(SpecError) {
    let services = application.services
    var dependencies: [[Int]] = []
    for service in services {
      var places: [Int] = []
      for dependency in service.dependencies {
        let place = services.place(of: dependency.service)
        if place < 0 && dependency.isRequired {
          throw SpecError(path: "services.\(service.name).depends_on.\(dependency.service)", reason: "there is no such service")
        }
        places.append(place)
      }
      dependencies.append(places)
    }
    var isPlaced = [Bool](repeating: false, count: services.count)
    var order: [Int] = []
    while order.count < services.count {
      let before = order.count
      for place in 0..<services.count where !isPlaced[place] {
        var isReady = true
        for dependency in dependencies[place] where dependency >= 0 && !isPlaced[dependency] { isReady = false }
        if isReady {
          isPlaced[place] = true
          order.append(place)
        }
      }
      if order.count == before { throw cycle(services, dependencies, isPlaced) }
    }
    self.application = application
    self.places = order
    self.dependencies = dependencies
  }
}

extension [Service] {
  /// Where the service of a name is; -1 when there is none.
  @inline(never)
  func place(of name: String) -> Int {
    for place in 0..<count where self[place].name.equals(name) { return place }
    return -1
  }
}

/// Each service that could not be placed has a dependency that could not be either; who follows these comes round.
private func cycle(_ services: [Service], _ dependencies: [[Int]], _ isPlaced: [Bool]) -> SpecError {
  var walked: [Int] = []
  var isWalked = isPlaced
  var place = 0
  while isPlaced[place] { place += 1 }
  while !isWalked[place] {
    isWalked[place] = true
    walked.append(place)
    for dependency in dependencies[place] where dependency >= 0 && !isPlaced[dependency] {
      place = dependency
      break
    }
  }
  var names: [String] = []
  for step in walked where step == place || !names.isEmpty { names.append(services[step].name) }
  names.append(services[place].name)
  return SpecError(path: "services.\(services[place].name).depends_on", reason: "a cycle: \(joined(names, with: " -> "))")
}
