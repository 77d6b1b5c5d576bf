internal import Wording

extension Planner {
  /// What an event changes; false: nothing, because what it is about is not there.
  func apply(_ event: Event) -> Bool {
    switch event {
    case .started(let run):
      guard let state = up(run) else { return false }
      if state.phase == .starting { begin(state) }
    case .ready(let run):
      guard let state = up(run) else { return false }
      if !state.isReady { tell(state, .isReady) }
      state.isReady = true
    case .ended(let run, let end):
      guard let state = up(run) else { return false }
      conclude(state, end)
    case .lost(let run):
      guard let state = up(run) else { return false }
      lose(state)
    case .paused(let run):
      guard let state = up(run) else { return false }
      state.isPaused = true
      endCheck(state)
    case .resumed(let run):
      guard let state = up(run) else { return false }
      if state.isPaused { state.health?.wait(from: now) }
      state.isPaused = false
    case .checked(let run, let exit, let output):
      guard let state = up(run), let health = state.health, health.isRunning else { return false }
      let before = health.status
      health.finish(exit: exit, output: output, at: now)
      if health.status != before { react(state, to: health.status) }
    case .start(let name): return ask(name, .start)
    case .stop(let name): return ask(name, .stop)
    case .restart(let name): return ask(name, .restart)
    case .update(let order, let replaced): update(order, replaced)
    case .shutDown: isShuttingDown = true
    }
    return true
  }

  /// The service whose container is of a run.
  private func up(_ run: UInt64) -> ServiceState? {
    for state in services where state.run == run && state.isUp { return state }
    return nil
  }

  private func begin(_ state: ServiceState) {
    state.phase = .running
    state.startedAt = now
    state.health = state.service.health.map { HealthState($0, startedAt: now, at: now) }
  }

  /// Nobody can ask it to end any more, so it is killed.
  private func lose(_ state: ServiceState) {
    tell(state, .isLost)
    endCheck(state)
    if !state.isLeaving { state.leaveFor = .lost }
    if state.phase != .stopping { state.isKilled = false }
    state.phase = .stopping
    state.deadline = now
  }

  private func react(_ state: ServiceState, to status: HealthState.Status) {
    tell(state, status == .healthy ? .isHealthy : .isUnhealthy)
    if status != .unhealthy || state.isLeaving { return }
    switch state.service.onUnhealthy {
    case .nothing: break
    case .restart: state.leaveFor = .unhealthyRestart
    case .stop: state.leaveFor = .unhealthyStop
    }
  }

  // MARK: What the user asks for

  private enum Wish: UInt8 { case start, stop, restart }

  private func ask(_ name: String?, _ wish: Wish) -> Bool {
    var isMeant = [Bool](repeating: name == nil, count: services.count)
    if let name {
      let place = order.application.services.place(of: name)
      if place < 0 { return false }
      isMeant[place] = true
    }
    // What a service requires is started with it; dependents come before their dependencies here.
    var isRequired = [Bool](repeating: false, count: services.count)
    for place in order.places.reversed() {
      let state = services[place]
      if wish == .stop {
        if isMeant[place] { remember(state, isStopped: true) }
        continue
      }
      if !isMeant[place] && !isRequired[place] { continue }
      for (index, dependency) in order.dependencies[place].enumerated() where dependency >= 0 && state.service.dependencies[index].isRequired {
        isRequired[dependency] = true
      }
      want(state, isMeant: isMeant[place])
      if wish == .restart && isMeant[place] && state.isUp { state.leaveFor = .restart }
    }
    return true
  }

  /// Its user wants it to run, by its name or for one that requires it.
  private func want(_ state: ServiceState, isMeant: Bool) {
    remember(state, isStopped: false)
    state.isHeld = false
    if isMeant { state.forgive() }
    switch state.phase {
    case .ended where isMeant || !state.hasCompleted, .failed:
      state.forgive()
      state.hasCompleted = false
      state.phase = .waiting
    case .backingOff where isMeant: state.phase = .waiting
    case .stopping where isMeant: state.leaveFor = .restart
    case .running where state.leaveFor == .unhealthyStop, .stopping where state.leaveFor == .unhealthyStop: state.leaveFor = .restart
    default: break
    }
  }

  private func remember(_ state: ServiceState, isStopped: Bool) {
    if state.isStopped == isStopped { return }
    state.isStopped = isStopped
    tell(state, .remember)
  }
}
