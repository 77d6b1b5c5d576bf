import Testing

@testable import Supervisor

/// What a service does in the small world of the tests. Times are milliseconds; nil is never.
struct Behaviour {
  /// From the step to the first process.
  var starts: UInt64? = 10
  /// From the first process to its word that it is ready.
  var ready: UInt64?
  /// What its runs do, one after the other; the last one again and again.
  var runs: [Run] = [.lasts]
  /// From the stop signal to the end, which is one with status 0.
  var stops: UInt64? = 20
  /// What its checks say, one after the other; the last one again and again. -2: they hang until they are killed.
  var checks: [Int32] = [0]
  var checkTakes: UInt64 = 5

  enum Run {
    case lasts
    case ends(UInt64, End)

    static func exits(_ status: Int32, after time: UInt64 = 50) -> Run { .ends(time, End(.status, status)) }
  }
}

/// A device that carries out the steps of a planner on a clock of its own, and finds fault with each step that must not be.
final class World {
  var planner: Planner
  private(set) var now: UInt64
  var behaviours: [String: Behaviour] = [:]
  /// What was done, such as `100 start web`.
  private(set) var acts: [String] = []
  /// What was told, such as `100 web restarts 100`.
  private(set) var told: [String] = []
  /// What is on the device's medium: who was stopped, who was rebooted for.
  private(set) var kept: [String: (isStopped: Bool, hasRebooted: Bool)] = [:]
  private(set) var asked = 0
  private var containers: [UInt64: Container] = [:]
  private var runsOf: [String: Int] = [:]
  private var checksOf: [String: Int] = [:]
  private var completed: [String: UInt64] = [:]
  private var healthy: Set<UInt64> = []
  private var without: [String: Set<String>] = [:]
  private var isDownWanted = false
  private var queue: [(time: UInt64, number: Int, event: Event)] = []
  private var delivered = 0
  private var number = 0

  final class Container {
    let service: String
    let run: UInt64
    let bonds: [String: UInt64]
    var isRunning = false
    var isReady = false
    var isEnding = false
    var isLost = false
    var killBy: UInt64?
    var isKilled = false
    var check: Int?

    init(_ service: String, _ run: UInt64, _ bonds: [String: UInt64]) {
      self.service = service
      self.run = run
      self.bonds = bonds
    }
  }

  init(_ services: [Service], _ behaviours: [String: Behaviour] = [:], seed: UInt64 = 1, from now: UInt64 = 0) throws {
    self.behaviours = behaviours
    self.now = now
    planner = Planner(try StartOrder(Application(name: "app", services: services)), isBoot: true, seed: seed, at: now)
  }

  // MARK: What happens

  func handle(_ event: Event) {
    if case .shutDown = event { isDownWanted = true }
    if case .stop(nil) = event { isDownWanted = true }
    if case .start = event { isDownWanted = false }
    if case .restart = event { isDownWanted = false }
    planner.handle(event, at: now)
    carryOut()
  }

  func update(_ services: [Service], replaced: [String]) throws {
    handle(.update(try StartOrder(Application(name: "app", services: services)), replaced: replaced))
  }

  /// The service's present run.
  func run(of service: String) -> UInt64 { containers.values.first { $0.service == service }?.run ?? 0 }

  /// The service ends by itself now.
  func ends(_ service: String, _ end: End) { finish(run(of: service), end) }

  /// The monitor of a service dies; what it held goes on.
  func loses(_ service: String) {
    containers[run(of: service)]?.isLost = true
    handle(.lost(run: run(of: service)))
  }

  /// The supervisor ends without notice, and another one finds what is there.
  func supervisorRestarts() {
    var states: [ServiceState] = []
    for old in planner.services {
      let state = ServiceState(old.service)
      state.phase = old.phase
      state.run = old.run
      state.startedAt = old.startedAt
      state.isReady = old.isReady
      state.isPaused = old.isPaused
      state.deadline = old.deadline
      state.isKilled = old.isKilled
      state.until = old.until
      state.end = old.end
      state.verdict = old.verdict
      state.hasCompleted = old.hasCompleted
      state.isHeld = old.isHeld
      state.isStopped = kept[old.service.name]?.isStopped ?? false
      state.hasRebooted = kept[old.service.name]?.hasRebooted ?? false
      if let check = old.service.health, old.phase == .running {
        state.health = HealthState(check, startedAt: old.startedAt ?? 0, status: old.health?.status ?? .starting, at: now)
      }
      states.append(state)
    }
    // The checks that ran for the old supervisor end with it.
    for container in containers.values { container.check = nil }
    planner = Planner(planner.order, remembered: states, isBoot: false, seed: 2, at: now)
    carryOut()
  }

  /// The power fails, and comes again; nothing is left but what is on the medium.
  func boots() {
    containers = [:]
    queue = []
    completed = [:]
    isDownWanted = false
    let states = planner.services.map { old in
      let state = ServiceState(old.service)
      state.isStopped = kept[old.service.name]?.isStopped ?? false
      state.hasRebooted = kept[old.service.name]?.hasRebooted ?? false
      return state
    }
    planner = Planner(planner.order, remembered: states, isBoot: true, seed: 3, at: now)
    carryOut()
  }

  /// Goes on until a time, or until nothing will happen any more before it.
  func go(to time: UInt64) {
    carryOut()
    var turns = 0
    while true {
      let next = queue.min { ($0.time, $0.number) < ($1.time, $1.number) }
      let wake = planner.wakeTime
      guard let soonest = [next?.time, wake].compactMap({ $0 }).min(), soonest <= time else { break }
      if let wake { #expect(wake >= now, "the planner wants to be asked in the past") }
      turns = soonest > now ? 0 : turns + 1
      if turns > 10_000 { return fault("there is no end to it") }
      now = max(now, soonest)
      if let next, next.time <= now {
        queue.removeAll { $0.number == next.number }
        deliver(next.event)
      } else {
        asked += 1
        let steps = planner.steps(at: now)
        if steps.isEmpty { return fault("the planner was asked for nothing") }
        for step in steps { carryOut(step) }
      }
      carryOut()
    }
    now = max(now, time)
    for container in containers.values {
      if let killBy = container.killBy { #expect(container.isKilled || killBy >= now, "\(container.service) was not killed at \(killBy)") }
    }
  }

  private func carryOut() {
    while true {
      let steps = planner.steps(at: now)
      if steps.isEmpty { return }
      for step in steps { carryOut(step) }
    }
  }

  private func later(_ time: UInt64?, _ event: Event) {
    guard let time else { return }
    number += 1
    queue.append((now + time, number, event))
  }

  private func deliver(_ event: Event) {
    switch event {
    case .started(let run):
      guard let container = containers[run], !container.isEnding else { return }
      container.isRunning = true
      planner.handle(event, at: now)
      let behaviour = behaviours[container.service] ?? Behaviour()
      later(behaviour.ready, .ready(run: run))
      if case .ends(let time, let end) = next(of: behaviour.runs, &runsOf[container.service, default: 0]) { later(time, .ended(run: run, end)) }
    case .ready(let run):
      guard let container = containers[run] else { return }
      container.isReady = true
      planner.handle(event, at: now)
    case .ended(let run, let end): finish(run, end)
    case .checked(let run, let exit, _):
      guard let container = containers[run], container.check != nil else { return }
      container.check = nil
      if exit == 0 { healthy.insert(run) }
      planner.handle(event, at: now)
    default: planner.handle(event, at: now)
    }
  }

  private func finish(_ run: UInt64, _ end: End) {
    guard let container = containers.removeValue(forKey: run) else { return }
    if end.isSuccess && !container.isEnding { completed[container.service] = run }
    healthy.remove(run)
    planner.handle(.ended(run: run, end), at: now)
    carryOut()
  }

  private func next<Item>(of items: [Item], _ index: inout Int) -> Item {
    defer { index += 1 }
    return items[min(index, items.count - 1)]
  }

  // MARK: What is done

  private func carryOut(_ step: Step) {
    let service = step.service
    if step.kind == .tell {
      told.append("\(now) \(service) \(word(step))")
      if step.notice == .isUnhealthy { healthy.remove(step.run) }
      if step.notice == .goesWithout { without[service, default: []].insert(step.other) }
      return
    }
    acts.append(
      "\(now) \(word(step.kind))\(service.isEmpty ? "" : " \(service)")\(step.kind == .giveUp ? " \(step.verdict.map { "\($0.action)" } ?? "?")" : "")")
    let behaviour = behaviours[service] ?? Behaviour()
    let container = containers[step.run]
    switch step.kind {
    case .start: start(service, step.run, behaviour)
    case .signal:
      guard let container, !container.isEnding else { return fault("\(service) gets a signal that it must not get") }
      checkOrder(container)
      container.isEnding = true
      container.killBy = now + (planner.services.state(of: service)?.service.stop.gracePeriod ?? 0)
      later(behaviour.stops, .ended(run: step.run, End(.status, 0)))
    case .kill:
      guard let container, container.isEnding || container.isLost else { return fault("\(service) is killed that must not be") }
      if let killBy = container.killBy, !container.isLost { #expect(killBy == now, "\(service) is killed at \(now), and not at \(killBy)") }
      if container.isKilled { fault("\(service) is killed twice") }
      container.isKilled = true
      container.isEnding = true
      later(3, .ended(run: step.run, container.isLost ? End(.lost) : End(.signal, 9)))
    case .runCheck:
      guard let container, container.isRunning, container.check == nil else { return fault("\(service) is checked at the wrong time") }
      container.check = number
      let exit = next(of: behaviour.checks, &checksOf[service, default: 0])
      if exit != -2 { later(behaviour.checkTakes, .checked(run: step.run, exit: exit, output: [])) }
    case .killCheck:
      guard let container, container.check != nil else { return fault("no check of \(service) runs") }
      queue.removeAll { if case .checked(step.run, _, _) = $0.event { true } else { false } }
      later(1, .checked(run: step.run, exit: 137, output: []))
    case .remember:
      let state = planner.services.state(of: service)
      kept[service] = (state?.isStopped ?? false, state?.hasRebooted ?? false)
    case .replaceManifest, .giveUp, .tell: break
    }
  }

  private func start(_ service: String, _ run: UInt64, _ behaviour: Behaviour) {
    if containers.values.contains(where: { $0.service == service }) { fault("\(service) is started twice") }
    let dependencies = planner.services.state(of: service)?.service.dependencies ?? []
    var bonds: [String: UInt64] = [:]
    for dependency in dependencies {
      let other = containers.values.first { $0.service == dependency.service }
      let goesWithout = without[service]?.contains(dependency.service) ?? false
      if dependency.isBound, dependency.condition != .completed, !goesWithout, let other { bonds[dependency.service] = other.run }
      let isRunning = other.map { $0.isRunning && !$0.isEnding } ?? false
      let isThere =
        switch dependency.condition {
        case .started: isRunning || completed[dependency.service] != nil
        case .healthy: isRunning && (other.map { healthy.contains($0.run) || $0.isReady } ?? false)
        case .completed: completed[dependency.service] != nil
        }
      if dependency.isRequired && !isThere { fault("\(service) starts without \(dependency.service)") }
    }
    if isDownWanted { fault("\(service) starts although everything is to end") }
    without[service] = nil
    completed[service] = nil
    containers[run] = Container(service, run, bonds)
    later(behaviour.starts, .started(run: run))
  }

  /// Whoever is bound to it is down, and, when all end, everybody who depends on it.
  private func checkOrder(_ container: Container) {
    for other in containers.values where other.run != container.run {
      if other.bonds[container.service] == container.run { fault("\(container.service) is stopped before \(other.service), which is bound to it") }
      if isDownWanted && depends(other.service, on: container.service) { fault("\(container.service) is stopped before \(other.service)") }
    }
  }

  private func depends(_ service: String, on other: String) -> Bool {
    guard let state = planner.services.state(of: service) else { return false }
    return state.service.dependencies.contains { $0.service == other || depends($0.service, on: other) }
  }

  private func fault(_ what: String) { Issue.record("at \(now): \(what)") }

  private func word(_ kind: Step.Kind) -> String {
    switch kind {
    case .start: "start"
    case .signal: "stop"
    case .kill: "kill"
    case .runCheck: "check"
    case .killCheck: "kill check of"
    case .remember: "remember"
    case .replaceManifest: "replace"
    case .giveUp: "give up"
    case .tell: "tell"
    }
  }

  private func word(_ step: Step) -> String {
    switch step.notice {
    case .waits: "waits for \(step.other)"
    case .isBlocked: "is blocked by \(step.other)"
    case .goesWithout: "goes without \(step.other)"
    case .stops: "stops: \(step.reason)"
    case .hasEnded: "has ended: \(step.end.map { "\($0.kind) \($0.number)" } ?? "?")"
    case .restarts: "restarts in \(step.delay)"
    case .hasFailed: "has failed: \(step.verdict.map { "\($0.cause)\($0.isCrashLoop ? ", \($0.failures) times" : "") -> \($0.action)" } ?? "?")"
    default: "\(step.notice)"
    }
  }

  // MARK: Reading

  /// What was done to one service, without the checks: `0 start, 60 start`.
  func acts(of service: String) -> String {
    acts.filter { $0.hasSuffix(" \(service)") && !$0.contains("check") }.map { String($0.dropLast(service.count + 1)) }.joined(separator: ", ")
  }

  func times(_ act: String) -> [UInt64] { acts.filter { $0.hasSuffix(" \(act)") }.compactMap { UInt64($0.prefix { $0 != " " }) } }

  func phase(_ service: String) -> ServiceState.Phase? { planner.services.state(of: service)?.phase }

  func tells(_ what: String) -> Bool { told.contains { $0.hasSuffix(" \(what)") } }

  /// Forgets what was done and told so far.
  func forget() {
    acts = []
    told = []
  }
}
