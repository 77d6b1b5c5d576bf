import Testing

@testable import Supervisor

@Suite("a planner and what its user wants")
struct PlannerUserTests {
  private let always = RestartPolicy(when: .always)

  /// db <- app <- web, and log beside them.
  private func chain() throws -> World {
    let world = try World([
      Service(name: "web", dependencies: [Dependency(service: "app")], restart: always),
      Service(name: "app", dependencies: [Dependency(service: "db")], restart: always), Service(name: "db", restart: always),
      Service(name: "log", restart: always),
    ])
    world.go(to: 1000)
    world.forget()
    return world
  }

  @Test("stops a service by its signal, and kills it at the end of its grace period")
  func grace() throws {
    let services = [Service(name: "good", restart: always), Service(name: "deaf", restart: always, stop: StopPolicy(gracePeriod: 3000))]
    let world = try World(services + [Service(name: "now", stop: StopPolicy(gracePeriod: 0))], ["deaf": Behaviour(stops: nil)])
    world.go(to: 1000)
    world.forget()
    world.handle(.stop(service: nil))
    #expect(world.planner.wakeTime == 4000)
    world.go(to: 10_000)
    #expect(world.acts(of: "good") == "1000 remember, 1000 stop" && world.acts(of: "deaf") == "1000 remember, 1000 stop, 4000 kill")
    #expect(world.acts(of: "now") == "1000 remember, 1000 stop, 1000 kill")
    #expect(world.planner.isDown && world.planner.wakeTime == nil && world.phase("deaf") == .ended)
  }

  @Test("stops a service that is just starting, and one that waits to be restarted")
  func early() throws {
    let world = try World(
      [Service(name: "slow"), Service(name: "sick", restart: always)], ["slow": Behaviour(starts: 500), "sick": Behaviour(runs: [.exits(1)])])
    world.go(to: 100)
    world.handle(.stop(service: nil))
    world.go(to: 1000)
    #expect(world.acts(of: "slow") == "0 start, 100 remember, 100 stop" && world.acts(of: "sick") == "0 start, 100 remember")
    #expect(world.phase("slow") == .ended && world.phase("sick") == .ended && world.planner.wakeTime == nil)
  }

  @Test("stops and starts single services, with what they require and without what only depends on them")
  func single() throws {
    let world = try chain()
    world.handle(.stop(service: "app"))
    world.go(to: 2000)
    #expect(world.acts == ["1000 remember app", "1000 stop app"] && world.phase("web") == .running)
    world.handle(.stop(service: nil))
    world.go(to: 3000)
    world.forget()
    world.handle(.start(service: "app"))
    world.go(to: 4000)
    #expect(world.acts == ["3000 remember app", "3000 remember db", "3000 start db", "3010 start app"])
    #expect(world.phase("log") == .ended && world.phase("web") == .ended)
    #expect(world.planner.handle(.start(service: "nobody"), at: 4000) == false)
  }

  @Test("restarts without delay, and forgets earlier failures")
  func restart() throws {
    let world = try World([Service(name: "a", restart: RestartPolicy(when: .onFailure(limit: 2)))], ["a": Behaviour(starts: 0, runs: [.exits(1)])])
    world.go(to: 160)
    world.handle(.restart(service: "a"))
    world.go(to: 10_000)
    #expect(world.acts(of: "a") == "0 start, 150 start, 160 stop, 180 start, 330 start, 580 start" && world.phase("a") == .failed)
    world.handle(.start(service: "a"))
    #expect(world.acts.last == "10000 start a" && world.planner.services[0].verdict == nil)
    // While it backs off, a start is at once.
    world.go(to: 10_060)
    world.handle(.start(service: "a"))
    #expect(world.acts.last == "10060 start a")
  }

  @Test("restarts the application in order")
  func restartAll() throws {
    let world = try chain()
    world.handle(.restart(service: nil))
    world.go(to: 2000)
    #expect(
      world.acts == [
        "1000 stop web", "1000 stop log", "1020 stop app", "1020 start log", "1040 stop db", "1060 start db", "1070 start app", "1080 start web",
      ])
  }

  @Test("lets a stop and a start that cross each other end as the later one says")
  func crossing() throws {
    let world = try chain()
    world.handle(.stop(service: "db"))
    world.handle(.start(service: "db"))
    world.go(to: 2000)
    #expect(world.acts(of: "db") == "1000 remember, 1000 stop, 1000 remember, 1020 start")
    world.forget()
    world.handle(.restart(service: "db"))
    world.handle(.stop(service: "db"))
    world.go(to: 3000)
    #expect(world.acts(of: "db") == "2000 stop, 2000 remember" && world.phase("db") == .ended)
  }

  @Test(
    "remembers across a boot what was stopped, except for what is always to run",
    arguments: [(RestartPolicy.When.no, false), (.onFailure(limit: nil), false), (.unlessStopped, false), (.always, true)])
  func boot(_ when: RestartPolicy.When, _ runs: Bool) throws {
    let world = try World([Service(name: "a", restart: RestartPolicy(when: when)), Service(name: "b", restart: RestartPolicy(when: when))])
    world.go(to: 1000)
    world.handle(.stop(service: "a"))
    world.go(to: 2000)
    // Another supervisor is no boot.
    world.supervisorRestarts()
    world.go(to: 3000)
    #expect(world.phase("a") == .ended && world.phase("b") == .running)
    world.boots()
    world.go(to: 4000)
    #expect(world.phase("a") == (runs ? .running : .notStarted) && world.phase("b") == .running)
    #expect(world.kept["a"]?.isStopped == !runs)
  }

  @Test("shuts down dependents first, at once what does not depend on each other, and starts nothing any more")
  func shutDown() throws {
    let world = try chain()
    world.behaviours["web"] = Behaviour(stops: nil)
    world.handle(.shutDown)
    world.ends("log", End(.status, 1))
    world.go(to: 100_000)
    #expect(world.acts == ["1000 stop web", "1000 stop log", "11000 kill web", "11003 stop app", "11023 stop db"])
    #expect(world.planner.isDown && world.planner.wakeTime == nil && world.kept.isEmpty)
    world.handle(.start(service: nil))
    #expect(world.planner.isDown)
  }

  @Test("shuts down through services that are down themselves")
  func shutDownThrough() throws {
    let world = try chain()
    world.handle(.stop(service: "app"))
    world.go(to: 2000)
    world.forget()
    world.handle(.shutDown)
    world.go(to: 3000)
    #expect(world.acts == ["2000 stop web", "2000 stop log", "2020 stop db"])
  }

  @Test("takes over what runs when the supervisor is another one")
  func supervisor() throws {
    let world = try chain()
    world.ends("app", End(.status, 1))
    world.handle(.stop(service: "log"))
    world.supervisorRestarts()
    world.go(to: 5000)
    #expect(world.acts == ["1000 remember log", "1000 stop log", "1100 start app"])
    #expect(world.phase("web") == .running && world.phase("log") == .ended)
    world.forget()
    world.supervisorRestarts()
    world.go(to: 50_000)
    #expect(world.acts == [] && world.planner.wakeTime == nil)
    // What ended while nobody looked is an event like another.
    world.ends("app", End(.status, 1))
    world.go(to: 51_000)
    #expect(world.acts == ["50100 start app"])
  }

  @Test("stops what is bound to a service that is found to have ended while there was no supervisor")
  func supervisorBound() throws {
    let services = [Service(name: "db", restart: always), Service(name: "web", dependencies: [Dependency(service: "db", isBound: true)], restart: always)]
    let order = try StartOrder(Application(name: "app", services: services))
    let db = ServiceState(services[0])
    db.phase = .backingOff
    db.run = 7
    db.until = 500
    let web = ServiceState(services[1])
    web.phase = .running
    web.run = 8
    web.startedAt = 0
    let planner = Planner(order, remembered: [web, db], isBoot: false, seed: 0, at: 100)
    #expect(planner.steps(at: 100).filter { $0.kind != .tell }.map { "\($0.kind) \($0.service) \($0.run)" } == ["signal web 8"])
    planner.handle(.ended(run: 8, End(.status, 0)), at: 120)
    #expect(planner.wakeTime == 500)
    #expect(planner.steps(at: 500).filter { $0.kind == .start }.map { "\($0.service) \($0.run)" } == ["db 9"])
  }

  @Test("replaces what an update changes, removes what it removes, and leaves the rest alone")
  func update() throws {
    let world = try chain()
    let services = [
      Service(name: "new", dependencies: [Dependency(service: "db")]), Service(name: "db", restart: always),
      Service(name: "app", dependencies: [Dependency(service: "db")], restart: always), Service(name: "web", dependencies: [Dependency(service: "app")]),
    ]
    try world.update(services, replaced: ["app"])
    world.go(to: 2000)
    #expect(world.acts == ["1000 stop app", "1000 stop log", "1020 replace", "1020 start app", "1020 start new"])
    #expect(world.planner.services.map(\.service.name) == ["new", "db", "app", "web"])
    #expect(world.tells("app stops: update") && world.phase("web") == .running)
    // The new policy of a service that was left alone holds from then on.
    world.ends("web", End(.status, 1))
    world.go(to: 3000)
    #expect(world.phase("web") == .failed)
  }

  @Test("updates by the old rules down and by the new ones up; what is bound is stopped before and started after")
  func updateBound() throws {
    let bound = Service(name: "web", dependencies: [Dependency(service: "db", isBound: true)], restart: always)
    let world = try World([Service(name: "db", restart: always, stop: StopPolicy(gracePeriod: 500)), bound], ["db": Behaviour(stops: nil)])
    world.go(to: 1000)
    world.forget()
    try world.update([Service(name: "db", stop: StopPolicy(gracePeriod: 9000)), bound], replaced: ["db"])
    world.go(to: 3000)
    #expect(world.acts == ["1000 stop web", "1020 stop db", "1520 kill db", "1523 replace", "1523 start db", "1533 start web"])
  }

  @Test("starts nothing by what an update replaces while that takes its time")
  func updateCompleted() throws {
    let services = [
      Service(name: "migrate"), Service(name: "web", dependencies: [Dependency(service: "migrate", condition: .completed)], restart: always),
      Service(name: "slow"),
    ]
    let world = try World(services, ["migrate": Behaviour(runs: [.exits(0)]), "slow": Behaviour(stops: 5000)])
    world.go(to: 1000)
    world.forget()
    try world.update(services, replaced: ["migrate", "slow"])
    world.ends("web", End(.status, 1))
    world.go(to: 10_000)
    #expect(world.acts == ["1000 stop slow", "6000 replace", "6000 start migrate", "6000 start slow", "6060 start web"])
  }

  @Test("gives what had failed another chance when it is replaced, and leaves stopped what its user has stopped")
  func updateFailed() throws {
    let services = [Service(name: "a"), Service(name: "b"), Service(name: "c")]
    let world = try World(services, ["a": Behaviour(runs: [.exits(1), .lasts]), "b": Behaviour(runs: [.exits(1), .lasts])])
    world.go(to: 1000)
    world.handle(.stop(service: "c"))
    world.go(to: 2000)
    world.forget()
    try world.update(services, replaced: ["a", "c"])
    world.go(to: 3000)
    #expect(world.acts == ["2000 replace", "2000 start a"] && world.phase("b") == .failed && world.phase("c") == .notStarted)
    // An application that is stopped gets no new services running.
    world.handle(.stop(service: nil))
    world.go(to: 4000)
    try world.update(services + [Service(name: "d")], replaced: ["b"])
    world.go(to: 5000)
    #expect(world.planner.isDown && world.kept["d"]?.isStopped == true)
  }

  @Test("takes the latest of two updates, and replaces what either of them replaces")
  func twoUpdates() throws {
    let world = try chain()
    let services = world.planner.order.application.services
    world.behaviours["app"] = Behaviour(stops: 300)
    try world.update(services, replaced: ["app"])
    world.go(to: 1100)
    try world.update(services, replaced: ["log"])
    world.go(to: 2000)
    #expect(world.acts == ["1000 stop app", "1100 stop log", "1300 replace", "1300 start log", "1300 start app"])
  }

  @Test("checks nothing that is paused, and ends the check that runs")
  func paused() throws {
    let world = try World([Service(name: "a", health: HealthCheck(test: .tcp(port: 1), interval: 100, retries: 1))], ["a": Behaviour(checks: [-2, 0])])
    world.go(to: 150)
    world.handle(.paused(run: 1))
    #expect(world.acts.suffix(2) == ["110 check a", "150 kill check of a"])
    world.go(to: 5000)
    #expect(world.planner.wakeTime == nil && world.planner.services[0].health?.results.isEmpty == true)
    world.handle(.resumed(run: 1))
    world.go(to: 5110)
    #expect(world.times("check a") == [110, 5100] && world.tells("a isHealthy"))
  }

  @Test("ends the check that runs when the service is to end")
  func stopChecked() throws {
    let world = try World([Service(name: "a", health: HealthCheck(test: .tcp(port: 1), interval: 100))], ["a": Behaviour(stops: 200, checks: [-2])])
    world.go(to: 150)
    world.handle(.stop(service: "a"))
    world.go(to: 5000)
    #expect(world.acts == ["0 start a", "110 check a", "150 remember a", "150 kill check of a", "150 stop a"])
  }

  @Test("never wakes an idle device up")
  func idle() throws {
    let world = try chain()
    #expect(world.planner.wakeTime == nil)
    world.go(to: 1 << 40)
    #expect(world.asked == 0 && world.acts == [])
  }

  @Test("takes news of an earlier run for what they are")
  func stale() throws {
    let world = try chain()
    let run = world.run(of: "db")
    world.ends("db", End(.status, 1))
    world.go(to: 2000)
    world.forget()
    let health = Event.checked(run: run, exit: 1, output: [])
    for event in [
      Event.ended(run: run, End(.status, 0)), .started(run: run), .ready(run: run), .lost(run: run), .paused(run: run), health, .ended(run: 0, End(.lost)),
    ] {
      #expect(world.planner.handle(event, at: 2000) == false)
    }
    // A check that nobody asked for, and a clock that goes back.
    #expect(world.planner.handle(.checked(run: world.run(of: "db"), exit: 1, output: []), at: 0) == false)
    #expect(world.planner.steps(at: 0).isEmpty && world.phase("db") == .running)
  }
}
