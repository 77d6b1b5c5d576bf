import Testing

@testable import Supervisor

@Suite("a planner and dependencies")
struct PlannerDependencyTests {
  private func needs(_ service: String, _ condition: Dependency.Condition = .started, isRequired: Bool = true, isBound: Bool = false) -> [Dependency] {
    [Dependency(service: service, condition: condition, isRequired: isRequired, isBound: isBound)]
  }

  private let always = RestartPolicy(when: .always)
  private let check = HealthCheck(test: .tcp(port: 1), interval: 100)

  @Test("starts a service when those it depends on run")
  func started() throws {
    let world = try World([
      Service(name: "web", dependencies: needs("app")), Service(name: "app", dependencies: needs("db")), Service(name: "db"), Service(name: "log"),
    ])
    world.go(to: 1000)
    #expect(world.acts == ["0 start db", "0 start log", "10 start app", "20 start web"])
    #expect(world.told == ["0 app waits for db", "0 web waits for app"])
  }

  @Test("starts a service when its dependency is healthy, or says that it is ready where there is no check")
  func healthy() throws {
    let services = [
      Service(name: "db", health: check), Service(name: "bus"), Service(name: "web", dependencies: needs("db", .healthy) + needs("bus", .healthy)),
    ]
    let world = try World(services, ["db": Behaviour(checks: [1, 0]), "bus": Behaviour(ready: 700)])
    world.go(to: 300)
    #expect(world.tells("db isHealthy") && world.acts(of: "web") == "")
    world.go(to: 1000)
    #expect(world.acts(of: "web") == "710 start")
    #expect(world.told.contains("220 db isHealthy") && world.told.contains("710 bus isReady"))
  }

  @Test("starts a service when its dependency has ended with status 0, and only by itself")
  func completed() throws {
    let migration = Service(name: "migrate", restart: RestartPolicy(when: .onFailure(limit: nil)))
    let world = try World(
      [migration, Service(name: "web", dependencies: needs("migrate", .completed))],
      ["migrate": Behaviour(runs: [.exits(1, after: 500), .lasts, .exits(0, after: 500)])])
    world.go(to: 1000)
    #expect(world.acts(of: "migrate") == "0 start, 610 start")
    // It ends with status 0 here because it is stopped.
    world.handle(.stop(service: "migrate"))
    world.go(to: 2000)
    #expect(world.phase("migrate") == .ended && world.acts(of: "web") == "" && world.tells("web is blocked by migrate"))
    world.handle(.start(service: "migrate"))
    world.go(to: 3000)
    #expect(world.acts(of: "web") == "2510 start")
  }

  @Test("honours conditions after a crash as it does at boot")
  func crash() throws {
    let world = try World(
      [Service(name: "db", restart: always, health: check), Service(name: "web", dependencies: needs("db", .healthy), restart: always)],
      ["db": Behaviour(runs: [.lasts])])
    world.go(to: 1000)
    world.forget()
    // Both crash, as when memory is short: the dependent is due first, and waits nevertheless until the other is healthy.
    world.ends("web", End(.signal, 9, isOutOfMemory: true))
    world.go(to: 1001)
    world.ends("db", End(.signal, 9, isOutOfMemory: true))
    world.go(to: 2000)
    #expect(world.acts(of: "db") == "1101 start" && world.acts(of: "web") == "1216 start")
    #expect(world.told.contains("1100 web waits for db"))
  }

  @Test("starts one-shot services anew at each boot, but not for each dependent")
  func oneShot() throws {
    let world = try World(
      [Service(name: "init"), Service(name: "web", dependencies: needs("init", .completed), restart: always)],
      ["init": Behaviour(runs: [.exits(0)])])
    world.go(to: 1000)
    world.ends("web", End(.status, 1))
    world.go(to: 2000)
    #expect(world.acts(of: "init") == "0 start" && world.acts(of: "web") == "60 start, 1100 start")
    world.handle(.restart(service: "web"))
    world.go(to: 2500)
    #expect(world.acts(of: "init") == "0 start")
    world.forget()
    world.boots()
    world.go(to: 3000)
    #expect(world.acts(of: "init") == "2500 start" && world.acts(of: "web") == "2560 start")
  }

  @Test("has started what has ended with status 0, and not what has failed", arguments: [(Int32(0), true), (1, false)])
  func endedDependency(_ status: Int32, _ starts: Bool) throws {
    let world = try World(
      [Service(name: "init"), Service(name: "db", health: check), Service(name: "web", dependencies: needs("init") + needs("db", .healthy))],
      ["init": Behaviour(runs: [.exits(status)])])
    world.go(to: 1000)
    #expect(world.phase("web") == (starts ? .running : .waiting))
    #expect(world.tells("web is blocked by init") == !starts)
  }

  @Test("goes without what is not required once that cannot come, and says so")
  func optional() throws {
    let failing = ["cache": Behaviour(runs: [.exits(1)])]
    let cache = Service(name: "cache", restart: RestartPolicy(when: .onFailure(limit: 1)))
    let web = Service(name: "web", dependencies: needs("cache", .healthy, isRequired: false))
    let world = try World([cache, web], failing)
    world.go(to: 1000)
    // It waited as long as the dependency could still come.
    #expect(world.acts(of: "cache") == "0 start, 160 start" && world.acts(of: "web") == "220 start")
    #expect(world.tells("web goes without cache"))

    // Stopped by its user; not in the application at all; unhealthy.
    let stopped = try World([Service(name: "cache"), web], ["cache": Behaviour(starts: nil, stops: 5)])
    stopped.handle(.stop(service: "cache"))
    stopped.go(to: 1000)
    #expect(stopped.acts(of: "web") == "0 start" && stopped.tells("web goes without cache"))
    let absent = try World([web])
    absent.go(to: 1000)
    #expect(absent.acts == ["0 start web"] && absent.told == ["0 web goes without cache"])
    let sick = try World([Service(name: "cache", health: check), web], ["cache": Behaviour(checks: [1])])
    sick.go(to: 1000)
    #expect(sick.acts(of: "web") == "325 start" && sick.tells("web goes without cache"))
  }

  @Test("does not start what requires a service that cannot come, says so once, and starts it when the service comes after all")
  func blocked() throws {
    let world = try World(
      [Service(name: "db"), Service(name: "app", dependencies: needs("db")), Service(name: "web", dependencies: needs("app"))],
      ["db": Behaviour(starts: nil)])
    world.go(to: 10)
    world.ends("db", End(.notStarted))
    world.behaviours = [:]
    world.go(to: 10_000)
    #expect(world.acts == ["0 start db"] && world.planner.wakeTime == nil)
    #expect(world.told.filter { $0.contains("blocked") } == ["10 app is blocked by db", "10 web is blocked by app"])
    world.handle(.start(service: "db"))
    world.go(to: 20_000)
    #expect(world.acts(of: "app") == "10010 start" && world.acts(of: "web") == "10020 start")
  }

  @Test("stops what is bound to a service that ends, and starts it again after that; what is not bound goes on")
  func bound() throws {
    let world = try World([
      Service(name: "db", restart: always), Service(name: "app", dependencies: needs("db", isBound: true), restart: always),
      Service(name: "web", dependencies: needs("app"), restart: always),
    ])
    world.go(to: 1000)
    world.forget()
    world.ends("db", End(.signal, 11))
    world.go(to: 5000)
    #expect(world.acts == ["1000 stop app", "1100 start db", "1110 start app"])
    #expect(world.told.contains("1000 app stops: dependency"))
    #expect(!world.tells("app restarts in 100"), "it has not failed, so nothing is held against it")
  }

  @Test("stops what is bound first when a service is to be stopped or restarted, and starts nothing before all of that is down")
  func boundOrder() throws {
    let services = [
      Service(name: "db", restart: always), Service(name: "app", dependencies: needs("db", isBound: true), restart: always),
      Service(name: "web", dependencies: needs("app", isBound: true), restart: always),
    ]
    let world = try World(services)
    world.go(to: 1000)
    world.forget()
    world.handle(.restart(service: "db"))
    world.go(to: 2000)
    #expect(world.acts == ["1000 stop web", "1020 stop app", "1040 stop db", "1060 start db", "1070 start app", "1080 start web"])
    world.forget()
    world.handle(.stop(service: "db"))
    world.go(to: 3000)
    #expect(world.acts(of: "db") == "2000 remember, 2040 stop" && world.phase("web") == .waiting && world.tells("web is blocked by app"))
    world.forget()
    world.handle(.start(service: "db"))
    world.go(to: 4000)
    #expect(world.acts.dropFirst() == ["3000 start db", "3010 start app", "3020 start web"])
    // A service that crashes while its dependents still end waits for them, even without a delay.
    world.forget()
    world.behaviours["app"] = Behaviour(stops: 500)
    world.ends("db", End(.signal, 11))
    world.go(to: 5000)
    #expect(world.acts == ["4000 stop web", "4020 stop app", "4520 start db", "4530 start app", "4540 start web"])
  }

  @Test("stops what is bound to a one-shot service before that runs again")
  func boundToCompletion() throws {
    let world = try World(
      [Service(name: "init"), Service(name: "web", dependencies: needs("init", .completed, isBound: true))], ["init": Behaviour(runs: [.exits(0)])])
    world.go(to: 1000)
    #expect(world.acts(of: "web") == "60 start")
    world.forget()
    world.handle(.start(service: "init"))
    world.go(to: 2000)
    #expect(world.acts == ["1000 stop web", "1020 start init", "1080 start web"])
  }

  @Test("binds what goes without an optional service to nothing")
  func boundOptional() throws {
    let world = try World([Service(name: "cache"), Service(name: "web", dependencies: needs("cache", isRequired: false, isBound: true))])
    world.handle(.stop(service: "cache"))
    world.go(to: 1000)
    world.forget()
    world.handle(.start(service: "cache"))
    world.go(to: 2000)
    #expect(world.acts(of: "web") == "" && world.phase("cache") == .running)
    // From its next start on it is bound to it.
    world.handle(.restart(service: "web"))
    world.go(to: 3000)
    world.forget()
    world.handle(.stop(service: "cache"))
    world.go(to: 4000)
    #expect(world.acts == ["3000 remember cache", "3000 stop web", "3020 stop cache", "3020 start web"])
  }
}
