import Testing

@testable import Supervisor

@Suite("a planner and services that end")
struct PlannerRestartTests {
  private func world(_ policy: RestartPolicy, _ runs: Behaviour.Run..., to time: UInt64 = 100_000) throws -> World {
    let world = try World([Service(name: "a", restart: policy)], ["a": Behaviour(starts: 0, runs: runs)])
    world.go(to: time)
    return world
  }

  @Test(
    "keeps to the restart policy",
    arguments: [
      (.no, 0, 1, .ended), (.no, 3, 1, .failed), (.always, 0, 3, .running), (.always, 3, 3, .running), (.unlessStopped, 0, 3, .running),
      (.onFailure(limit: nil), 0, 1, .ended), (.onFailure(limit: nil), 3, 3, .running), (.onFailure(limit: 1), 3, 2, .failed),
      (.onFailure(limit: 2), 3, 3, .running), (.onFailure(limit: 0), 3, 1, .failed),
    ] as [(RestartPolicy.When, Int32, Int, ServiceState.Phase)])
  func policies(_ when: RestartPolicy.When, _ status: Int32, _ starts: Int, _ phase: ServiceState.Phase) throws {
    let world = try world(RestartPolicy(when: when), .exits(status), .exits(status), .lasts)
    #expect(world.times("start a").count == starts && world.phase("a") == phase)
    #expect(world.planner.wakeTime == nil)
  }

  @Test("waits before each restart, and from the beginning again once the service has been up for long enough")
  func backOff() throws {
    let world = try world(RestartPolicy(when: .always), .exits(1), .exits(0), .exits(1), .exits(1, after: 10_000), .exits(1), .lasts)
    #expect(world.times("start a") == [0, 150, 400, 850, 10_950, 11_200])
    #expect(world.told.filter { $0.contains("restarts") }.map { $0.split(separator: " ").last } == ["100", "200", "400", "100", "200"])
  }

  @Test("takes what could not be started for a failure like another")
  func notStarted() throws {
    let world = try World([Service(name: "a", restart: RestartPolicy(when: .onFailure(limit: 2)))], ["a": Behaviour(starts: nil)])
    for time: UInt64 in [10, 120, 330] {
      world.go(to: time)
      world.ends("a", End(.notStarted))
    }
    world.go(to: 100_000)
    #expect(world.acts(of: "a") == "0 start, 110 start, 320 start" && world.tells("a has failed: notStarted -> nothing"))
  }

  @Test("gives a service up at once when its status says that a restart will not help")
  func permanent() throws {
    let failed = try world(RestartPolicy(when: .always, permanentStatuses: [2, 78]), .exits(1), .exits(78))
    #expect(failed.times("start a") == [0, 150] && failed.tells("a has failed: status -> nothing"))
    let done = try world(RestartPolicy(when: .always, permanentStatuses: [0]), .exits(0))
    #expect(done.times("start a") == [0] && done.phase("a") == .ended)
  }

  @Test(
    "gives a service up that crashes in a loop, and says why",
    arguments: [
      (End(.status, 1), "status"), (End(.signal, 6), "signal"), (End(.signal, 9, isOutOfMemory: true), "outOfMemory"),
      (End(.signal, 31), "forbiddenCall"), (End(.status, 127), "missingFile"),
    ])
  func crashLoop(_ end: End, _ cause: String) throws {
    let world = try world(RestartPolicy(when: .always, crashLimit: 3, crashWindow: 10_000), .ends(50, end))
    #expect(world.times("start a") == [0, 150, 400] && world.phase("a") == .failed)
    #expect(world.tells("a has failed: \(cause), 3 times -> nothing"))
    #expect(world.planner.services[0].verdict?.end == end)
  }

  @Test("sees no loop in failures that are far apart, nor in a service that ends as it should")
  func noLoop() throws {
    let slow = try world(RestartPolicy(when: .always, crashLimit: 3, crashWindow: 10_000), .exits(1, after: 6000), to: 60_000)
    #expect(slow.phase("a") == .running)
    let good = try world(RestartPolicy(when: .always, longestDelay: 100, crashLimit: 3), .exits(0), to: 60_000)
    #expect(good.phase("a") != .failed && good.times("start a").count > 300)
  }

  @Test("does what is to be done when a service is given up: nothing, roll back, reboot")
  func actions() throws {
    for (action, steps) in [(.nothing, []), (.rollBack, ["50 give up a rollBack"]), (.reboot, ["50 remember a", "50 give up a reboot"])]
      as [(RestartPolicy.GiveUp, [String])]
    {
      let world = try world(RestartPolicy(giveUp: action), .exits(1))
      #expect(world.acts == ["0 start a"] + steps)
      #expect(world.planner.services[0].verdict?.action == action)
    }
  }

  @Test("stops the application, in order, when that is the action; its user or an update starts it again")
  func stopApplication() throws {
    let services = [
      Service(name: "db", restart: RestartPolicy(when: .always)),
      Service(name: "app", dependencies: [Dependency(service: "db")], restart: RestartPolicy(giveUp: .stopApplication)),
      Service(name: "web", dependencies: [Dependency(service: "app")], restart: RestartPolicy(when: .always)),
      Service(name: "log", restart: RestartPolicy(when: .always)),
    ]
    let world = try World(services, ["app": Behaviour(runs: [.exits(4, after: 500), .lasts])])
    world.go(to: 10_000)
    #expect(world.acts.dropFirst(4) == ["520 give up app stopApplication", "520 stop log", "520 stop web", "540 stop db"])
    #expect(world.planner.isDown && world.phase("app") == .failed && world.phase("db") == .ended)
    #expect(world.tells("web stops: applicationGivenUp"))
    world.supervisorRestarts()
    world.go(to: 11_000)
    #expect(world.planner.isDown)
    world.handle(.start(service: "web"))
    world.go(to: 20_000)
    #expect(world.phase("web") == .running && world.phase("db") == .running && world.phase("log") == .ended)
    try world.update(services, replaced: [])
    world.go(to: 30_000)
    #expect(world.phase("log") == .running)
  }

  @Test("has the device rebooted for a service once, until that has lasted")
  func reboot() throws {
    let service = Service(name: "a", restart: RestartPolicy(when: .always, crashLimit: 1, crashWindow: 60_000, giveUp: .reboot))
    let world = try World([service], ["a": Behaviour(starts: 0, runs: [.exits(1), .exits(1), .lasts])])
    world.go(to: 1000)
    #expect(world.acts.last == "50 give up a reboot")
    world.forget()
    world.boots()
    world.go(to: 2000)
    #expect(world.acts == ["1000 start a"] && world.tells("a rebootedBefore") && world.tells("a has failed: status, 1 times -> nothing"))
    world.forget()
    world.boots()
    world.go(to: 100_000)
    #expect(world.acts == ["2000 start a", "62000 remember a"] && world.planner.wakeTime == nil)
    world.ends("a", End(.status, 1))
    #expect(world.acts.last == "100000 give up a reboot")
  }

  @Test(
    "acts on a service that is unhealthy",
    arguments: [
      (UnhealthyAction.nothing, "0 start", ServiceState.Phase.running), (.stop, "0 start, 330 stop", .failed),
      (.restart, "0 start, 330 stop, 450 start, 780 stop, 1000 start", .running),
    ])
  func unhealthy(_ action: UnhealthyAction, _ acts: String, _ phase: ServiceState.Phase) throws {
    let service = Service(name: "a", health: HealthCheck(test: .tcp(port: 1), interval: 100, retries: 3), onUnhealthy: action)
    let world = try World([service], ["a": Behaviour(starts: 15, checks: [1, 1, 1, 1, 1, 1, 0])])
    world.go(to: 1300)
    #expect(world.acts(of: "a") == acts && world.phase("a") == phase && world.tells("a isUnhealthy"))
    if action == .stop { #expect(world.tells("a has failed: unhealthy -> nothing")) }
  }

  @Test("gives up a service that never gets healthy")
  func unhealthyLoop() throws {
    let policy = RestartPolicy(when: .unlessStopped, crashLimit: 3, giveUp: .rollBack)
    let service = Service(name: "a", restart: policy, health: HealthCheck(test: .tcp(port: 1), interval: 100, retries: 1), onUnhealthy: .restart)
    let world = try World([service], ["a": Behaviour(checks: [1])])
    world.go(to: 10_000)
    #expect(world.times("start a").count == 3 && world.tells("a has failed: unhealthy, 3 times -> rollBack"))
  }

  @Test("kills what is left of a service whose monitor is lost, and goes on by its policy")
  func lost() throws {
    let world = try World([
      Service(name: "a", restart: RestartPolicy(when: .onFailure(limit: 1))),
      Service(name: "b", dependencies: [Dependency(service: "a", isBound: true)], restart: RestartPolicy(when: .always)), Service(name: "c"),
    ])
    world.go(to: 1000)
    world.forget()
    world.loses("a")
    world.go(to: 2000)
    #expect(
      world.acts == ["1000 kill a", "1000 stop b", "1103 start a", "1113 start b"]
        || world.acts == ["1000 stop b", "1000 kill a", "1103 start a", "1113 start b"])
    #expect(world.told.contains("1000 a isLost") && world.told.contains("1003 a has ended: lost 0"))
    world.loses("a")
    world.loses("c")
    world.go(to: 3000)
    #expect(world.tells("a has failed: lost -> nothing") && world.tells("c has failed: lost -> nothing"))
    // One that was to end anyway has not failed.
    world.handle(.start(service: "b"))
    world.go(to: 3100)
    world.forget()
    world.handle(.restart(service: "b"))
    world.go(to: 3105)
    world.loses("b")
    world.go(to: 3500)
    #expect(world.acts(of: "b") == "3100 stop, 3105 kill, 3108 start")
    world.handle(.stop(service: "b"))
    world.go(to: 4000)
    world.handle(.start(service: "a"))
    world.go(to: 5000)
    world.handle(.stop(service: "a"))
    world.loses("a")
    world.go(to: 6000)
    #expect(world.phase("a") == .ended)
  }
}
