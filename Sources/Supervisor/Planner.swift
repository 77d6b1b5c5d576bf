internal import Wording

/// Decides for one application what is to be done: pure, without a clock (docs/decisions/planner.md).
///
/// Whoever drives it hands over events as they come, then takes the steps and carries them out, and asks again when the next event comes or at `wakeTime`.
/// All times are milliseconds of the monotonic clock.
public final class Planner {
  public internal(set) var order: StartOrder
  /// As in the application's manifest.
  public internal(set) var services: [ServiceState] = []
  /// The manifest that takes the place of the present one as soon as nothing runs any more that it replaces.
  var nextOrder: StartOrder?
  var isShuttingDown = false
  var pending: [Step] = []
  /// The latest time that was told.
  var now: UInt64
  private var lastRun: UInt64 = 0
  private var random: UInt64

  /// `remembered` is what is known of the services, by their names; what is of no service of the application is left out. After a boot nothing of it runs.
  /// Any number will do as the `seed`; it decides about the jitter.
  public init(_ order: StartOrder, remembered: [ServiceState] = [], isBoot: Bool, seed: UInt64, at now: UInt64) {
    self.order = order
    self.now = now
    random = seed
    for service in order.application.services {
      let known = remembered.state(of: service.name)
      if let known, !isBoot {
        take(known, service)
        services.append(known)
        continue
      }
      let state = ServiceState(service)
      services.append(state)
      if let known {
        state.hasRebooted = known.hasRebooted
        state.isStopped = known.isStopped && service.restart.when != .always
        if state.isStopped != known.isStopped { tell(state, .remember) }
      }
    }
    for state in services {
      if state.run > lastRun { lastRun = state.run }
      if state.isUp { bind(state) }
    }
    settle()
  }

  /// Takes note of an event. False: it is about a run or a service that is not there, or not any more, and changes nothing.
  @discardableResult
  public func handle(_ event: Event, at time: UInt64) -> Bool {
    if time > now { now = time }
    let isKnown = apply(event)
    settle()
    return isKnown
  }

  /// What is to be done; each step is given once.
  public func steps(at time: UInt64) -> [Step] {
    if time > now { now = time }
    settle()
    let steps = pending
    pending = []
    return steps
  }

  /// When there will be something to do although nothing has happened; nil: never.
  public var wakeTime: UInt64? {
    var earliest = UInt64.max
    for state in services {
      if let time = wakeTime(of: state), time < earliest { earliest = time }
    }
    return earliest == .max ? nil : earliest
  }

  /// No service is up.
  public var isDown: Bool {
    for state in services where state.isUp { return false }
    return true
  }

  private func wakeTime(of state: ServiceState) -> UInt64? {
    switch state.phase {
    case .stopping: return state.isKilled ? nil : state.deadline
    case .backingOff: return state.isTimed ? state.until : nil
    case .running:
      if state.isLeaving { return nil }
      var earliest = state.isPaused ? UInt64.max : state.health?.wakeTime ?? .max
      if let lasting = lastingTime(of: state), lasting < earliest { earliest = lasting }
      return earliest
    default: return nil
    }
  }

  /// When a service that the device was rebooted for has run for long enough that this is forgotten; nil: it is not that.
  private func lastingTime(of state: ServiceState) -> UInt64? {
    state.hasRebooted ? state.startedAt?.adding(state.service.restart.crashWindow) : nil
  }

  // MARK: What follows from what is known

  /// Brings everything to where it goes by itself. Dependencies come before their dependents in what goes up, and behind them in what goes down.
  private func settle() {
    var before: Int
    repeat {
      before = pending.count
      markLeaving()
      if replaceManifest() { markLeaving() }
      stopLeaving()
      for state in services { keepTime(of: state) }
      for place in order.places { startOrWait(place) }
    } while pending.count > before
  }

  func isWanted(_ state: ServiceState) -> Bool { !isShuttingDown && !state.isStopped && !state.isHeld }

  private func markLeaving() {
    for place in order.places {
      let state = services[place]
      if state.isUp && state.leaveFor == .nothing && isUnbound(place) { state.leaveFor = .dependency }
      state.isLeaving = state.isUp && (state.phase == .stopping || !isWanted(state) || state.leaveFor != .nothing || state.isReplaced)
    }
  }

  /// Whether a run that it is bound to is over, or is about to be.
  private func isUnbound(_ place: Int) -> Bool {
    let state = services[place]
    for (index, dependency) in state.service.dependencies.enumerated() where dependency.isBound && state.bonds[index] {
      let other = services[order.dependencies[place][index]]
      if !other.holds(dependency) || other.isReplaced { return true }
    }
    return false
  }

  /// Notes whose ends from now on are those of a service as well.
  func bind(_ state: ServiceState) {
    state.bonds = []
    for dependency in state.service.dependencies {
      let other = services.state(of: dependency.service)
      // One that it can do without binds it only if it is there and stays.
      if let other, other.run > 0, dependency.isRequired || other.holds(dependency) { state.bonds.append(true) } else { state.bonds.append(false) }
    }
  }

  /// Stops what is to be stopped and has no dependents any more that end before it.
  private func stopLeaving() {
    for state in services { state.hasLeavingDependents = false }
    for place in order.places.reversed() {
      let state = services[place]
      if state.isLeaving || state.hasLeavingDependents {
        for dependency in order.dependencies[place] where dependency >= 0 { services[dependency].hasLeavingDependents = true }
      }
      if state.isLeaving && state.phase != .stopping && !state.hasLeavingDependents { stop(state) }
    }
  }

  private func stop(_ state: ServiceState) {
    pending.append(Step(.tell, state, notice: .stops, reason: reason(state)))
    endCheck(state)
    tell(state, .signal)
    state.phase = .stopping
    state.isKilled = false
    state.deadline = now.adding(state.service.stop.gracePeriod)
  }

  private func reason(_ state: ServiceState) -> Step.Reason {
    if isShuttingDown { return .shutDown }
    if state.isStopped { return .user }
    if state.isHeld { return .applicationGivenUp }
    if state.isReplaced { return .update }
    switch state.leaveFor {
    case .dependency: return .dependency
    case .unhealthyRestart, .unhealthyStop: return .unhealthy
    default: return .restart
    }
  }

  /// Ends the check that runs, if one does; nobody asks for its result any more.
  func endCheck(_ state: ServiceState) {
    if state.health?.discard() == true { tell(state, .killCheck) }
  }

  /// What is due at a time: the kill, health checks.
  private func keepTime(of state: ServiceState) {
    if state.phase == .stopping && !state.isKilled && state.deadline <= now {
      state.isKilled = true
      tell(state, .kill)
    }
    if state.phase != .running || state.isLeaving { return }
    if !state.isPaused, let kind = state.health?.act(at: now) { tell(state, kind) }
    if let lasting = lastingTime(of: state), lasting <= now {
      state.hasRebooted = false
      tell(state, .remember)
    }
  }

  // MARK: Starting

  private func startOrWait(_ place: Int) {
    let state = services[place]
    state.isTimed = false
    state.canCome = isWanted(state) && state.leaveFor != .unhealthyStop
    switch state.phase {
    case .starting, .running, .stopping: return
    case .ended, .failed: state.canCome = state.isReplaced
    case .notStarted, .waiting, .backingOff:
      if !state.canCome {
        waits(state, for: "", isBlocked: false)
        // Who would have started again has not completed anything.
        if state.phase == .backingOff { state.hasCompleted = false }
        if state.phase != .notStarted { rest(state) }
      } else if !state.isReplaced {
        consider(place)
      }
    }
  }

  /// Starts it, if what it depends on is there and it is time.
  private func consider(_ place: Int) {
    let state = services[place]
    var missing = -1
    var isHopeless = false
    var without: [Int] = []
    for (index, dependency) in state.service.dependencies.enumerated() {
      let other = order.dependencies[place][index]
      if other >= 0 && isThere(services[other], dependency) { continue }
      let isComing = other >= 0 && canCome(services[other], dependency)
      if !isComing && !dependency.isRequired {
        without.append(index)
      } else if missing < 0 || (!isComing && !isHopeless) {
        missing = index
        isHopeless = !isComing
      }
    }
    state.canCome = !isHopeless
    if missing >= 0 {
      if state.phase == .backingOff && state.until > now {
        state.isTimed = true
      } else {
        state.phase = .waiting
        waits(state, for: state.service.dependencies[missing].service, isBlocked: isHopeless)
      }
      return
    }
    waits(state, for: "", isBlocked: false)
    // What has to end goes before what starts, along the dependencies.
    if state.hasLeavingDependents { return }
    if state.phase == .backingOff && state.until > now {
      state.isTimed = true
      return
    }
    for index in without { pending.append(Step(.tell, state, notice: .goesWithout, other: state.service.dependencies[index].service)) }
    start(state)
  }

  private func start(_ state: ServiceState) {
    lastRun += 1
    state.run = lastRun
    state.phase = .starting
    state.startedAt = nil
    state.isReady = false
    state.isPaused = false
    state.health = nil
    state.hasCompleted = false
    state.leaveFor = .nothing
    bind(state)
    tell(state, .start)
  }

  private func waits(_ state: ServiceState, for other: String, isBlocked: Bool) {
    if state.waitsFor.equals(other) && state.isBlocked == isBlocked { return }
    state.waitsFor = other
    state.isBlocked = isBlocked
    if other.utf8.count > 0 { pending.append(Step(.tell, state, notice: isBlocked ? .isBlocked : .waits, other: other)) }
  }

  /// Whether a dependency is as its dependent wants it.
  private func isThere(_ other: ServiceState, _ dependency: Dependency) -> Bool {
    if other.isReplaced { return false }
    let isRunning = other.phase == .running && !other.isLeaving
    switch dependency.condition {
    case .completed: return other.hasCompleted
    case .healthy: return isRunning && (other.health.map { $0.status == .healthy } ?? other.isReady)
    case .started: return isRunning || (other.hasCompleted && other.phase == .ended && !dependency.isBound)
    }
  }

  /// Whether a dependency can become what its dependent wants without somebody doing something.
  private func canCome(_ other: ServiceState, _ dependency: Dependency) -> Bool {
    let isUnhealthy = other.phase == .running && !other.isLeaving && other.health?.status == .unhealthy
    return other.canCome && !(isUnhealthy && dependency.condition == .healthy && !dependency.isRequired)
  }

  // MARK: Common parts

  /// It is down, and stays down.
  func rest(_ state: ServiceState) { state.phase = state.run == 0 ? .notStarted : .ended }

  func tell(_ state: ServiceState, _ kind: Step.Kind) { pending.append(Step(kind, state)) }

  func tell(_ state: ServiceState, _ notice: Step.Notice) { pending.append(Step(.tell, state, notice: notice)) }

  /// The next number of Steele's and Vigna's SplitMix64.
  func nextRandom() -> UInt64 {
    random &+= 0x9E37_79B9_7F4A_7C15
    var number = random
    number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
    number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
    return number ^ (number >> 31)
  }
}

extension [ServiceState] {
  /// The state of the service of a name.
  @inline(never)
  func state(of name: String) -> ServiceState? {
    for state in self where state.service.name.equals(name) { return state }
    return nil
  }
}
