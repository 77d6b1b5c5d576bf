import Testing

@testable import Supervisor

/// SplitMix64 (Vigna): the same numbers for the same seed.
struct Random {
  var state: UInt64

  mutating func below(_ limit: UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var number = state
    number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
    number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
    return (number ^ (number >> 31)) % limit
  }

  mutating func chance(_ percent: UInt64) -> Bool { below(100) < percent }

  mutating func one<Item>(of items: [Item]) -> Item { items[Int(below(UInt64(items.count)))] }
}

/// Whatever happens, the world finds no fault with the steps: no second start without an end, no start without what it requires, what depends on a service down
/// before it, each stop a kill when its time is over and not before, no question for nothing. And when nothing happens any more, all is as it is wanted.
@Suite("a planner, whatever happens")
struct PlannerPropertyTests {
  private func service(_ name: String, _ random: inout Random, _ before: [String]) -> Service {
    var dependencies: [Dependency] = []
    for other in before where random.chance(30) {
      dependencies.append(
        Dependency(
          service: other, condition: random.one(of: [.started, .started, .healthy, .completed]), isRequired: random.chance(75), isBound: random.chance(40)))
    }
    let policy = RestartPolicy(
      when: random.one(of: [.no, .always, .onFailure(limit: nil), .onFailure(limit: 3), .unlessStopped]), firstDelay: random.one(of: [0, 1, 100, 700]),
      longestDelay: 5000, jitter: random.one(of: [0, 100]), permanentStatuses: [77], crashLimit: random.one(of: [0, 0, 5]), crashWindow: 4000,
      giveUp: random.one(of: [.nothing, .nothing, .nothing, .stopApplication, .rollBack, .reboot]))
    let health = HealthCheck(
      test: .tcp(port: 1), interval: random.one(of: [50, 400]), timeout: random.one(of: [3, 60]), retries: random.one(of: [1, 3]),
      startPeriod: random.one(of: [0, 500]), startInterval: 20)
    return Service(
      name: name, dependencies: dependencies, restart: policy, health: random.chance(40) ? health : nil,
      onUnhealthy: random.one(of: [.nothing, .restart, .stop]), stop: StopPolicy(gracePeriod: random.one(of: [0, 10, 300])))
  }

  private func behaviour(_ random: inout Random) -> Behaviour {
    var behaviour = Behaviour(starts: random.one(of: [0, 3, 50]), stops: random.one(of: [0, 5, 100, nil]), checkTakes: random.one(of: [1, 5, 80]))
    if random.chance(50) { behaviour.ready = random.below(200) }
    behaviour.runs = (0..<8).map { _ in
      switch random.below(6) {
      case 0: .exits(0, after: random.below(300))
      case 1: .exits(random.one(of: [1, 77, 127]), after: random.below(12_000))
      case 2: .ends(random.below(300), End(.signal, random.one(of: [9, 11, 31])))
      default: .lasts
      }
    }
    behaviour.runs.append(.lasts)
    behaviour.checks = (0..<8).map { _ in random.one(of: [0, 0, 0, 1, -1, -2]) } + [0]
    return behaviour
  }

  private func happens(_ world: World, _ random: inout Random, _ names: [String]) throws {
    let name = random.chance(20) ? nil : random.one(of: names)
    let service = name ?? names[0]
    switch random.below(20) {
    case 0, 1: world.handle(.stop(service: name))
    case 2, 3, 4: world.handle(.start(service: name))
    case 5: world.handle(.restart(service: name))
    case 6, 7, 8, 9, 10: world.ends(service, random.one(of: [End(.status, 0), End(.status, 1), End(.signal, 6), End(.notStarted)]))
    case 11: world.loses(service)
    case 12: world.handle(.paused(run: world.run(of: service)))
    case 13: world.handle(.resumed(run: world.run(of: service)))
    case 14: world.supervisorRestarts()
    case 15: if random.chance(10) { world.boots() }
    case 16:
      var services: [Service] = []
      for name in names where random.chance(85) { services.append(self.service(name, &random, services.map(\.name))) }
      if services.isEmpty { return }
      try world.update(services, replaced: names.filter { _ in random.chance(60) })
    case 17:
      // News that come too late.
      world.planner.handle(.ended(run: random.below(50), End(.status, 0)).late(world), at: world.now)
    default: break
    }
  }

  /// Whether a service is where it stays, and rightly so.
  private func isSettled(_ world: World, _ state: ServiceState) -> Bool {
    let isWanted = world.planner.isWanted(state)
    switch state.phase {
    case .running: return isWanted
    case .ended, .notStarted: return !isWanted || (state.phase == .ended && state.end?.isSuccess == true)
    case .failed: return true
    case .waiting: return isWanted && !state.waitsFor.isEmpty
    case .starting, .stopping, .backingOff: return false
    }
  }

  @Test("makes no wrong step and settles", arguments: 0..<30)
  func anything(_ seed: Int) throws {
    var random = Random(state: UInt64(seed) &* 7919)
    let names = (0..<(1 + random.below(7))).map { "s\($0)" }
    var services: [Service] = []
    for name in names { services.append(service(name, &random, services.map(\.name))) }
    var behaviours: [String: Behaviour] = [:]
    for name in names { behaviours[name] = behaviour(&random) }
    let world = try World(services, behaviours, seed: UInt64(seed))
    for _ in 0..<200 {
      world.go(to: world.now + random.one(of: [0, 1, 5, 40, 300, 2500]))
      try happens(world, &random, names)
      world.forget()
    }
    // The end of all this: everybody is well, and nobody is frozen.
    for name in names {
      world.behaviours[name]?.runs = [.lasts]
      world.behaviours[name]?.checks = [0]
      world.behaviours[name]?.checkTakes = 1
      world.behaviours[name]?.ready = 1
      world.handle(.resumed(run: world.run(of: name)))
    }
    world.go(to: world.now + 30_000)
    for state in world.planner.services {
      if !isSettled(world, state) { Issue.record("\(state.service.name) is \(state.phase), and waits for \(state.waitsFor)") }
    }
    // And then the end.
    world.handle(.shutDown)
    world.go(to: world.now + 10_000)
    #expect(world.planner.isDown && world.planner.wakeTime == nil)
  }
}

extension Event {
  /// The event, if it is about a run that is over; otherwise one about none.
  fileprivate func late(_ world: World) -> Event {
    guard case .ended(let run, let end) = self else { return self }
    return world.planner.services.contains { $0.run == run } ? .ended(run: 0, end) : self
  }
}
