internal import Wording

extension Planner {
  /// Takes over what was found of a service when the supervisor started.
  func take(_ state: ServiceState, _ service: Service) {
    state.service = service
    if state.phase == .running { takeHealth(state) }
    if state.phase == .stopping && state.deadline == 0 { state.deadline = now.adding(service.stop.gracePeriod) }
  }

  /// Has a running service checked as its manifest says now.
  private func takeHealth(_ state: ServiceState) {
    guard let check = state.service.health else {
      endCheck(state)
      state.health = nil
      return
    }
    if let health = state.health { health.check = check } else { state.health = HealthState(check, startedAt: state.startedAt ?? now, at: now) }
  }

  /// First everything ends that another manifest removes or replaces, by the rules of the present one; then that one holds.
  func update(_ next: StartOrder, _ replaced: [String]) {
    nextOrder = next
    for state in services {
      let name = state.service.name
      if next.application.services.place(of: name) < 0 { state.isReplaced = true }
      for other in replaced where name.equals(other) { state.isReplaced = true }
      if state.isHeld {
        // The application gets another chance.
        state.isHeld = false
        if state.phase == .ended && !state.hasCompleted { state.phase = .waiting }
        if state.phase == .stopping { state.leaveFor = .restart }
      }
    }
  }

  /// Puts the next manifest in the place of the present one, if there is one and its time has come.
  func replaceManifest() -> Bool {
    guard let next = nextOrder else { return false }
    var isStopped = !services.isEmpty
    for state in services {
      if state.isReplaced && state.isUp { return false }
      if !state.isStopped { isStopped = false }
    }
    pending.append(Step(.replaceManifest, nil))
    var states: [ServiceState] = []
    for service in next.application.services {
      let known = services.state(of: service.name)
      let state: ServiceState
      if let known, !known.isReplaced {
        state = known
        state.service = service
        if state.phase == .running { takeHealth(state) }
      } else {
        state = ServiceState(service)
        // A new service of an application that its user has stopped does not start either.
        state.isStopped = known?.isStopped ?? isStopped
        if state.isStopped != (known?.isStopped ?? false) || known?.hasRebooted == true { tell(state, .remember) }
      }
      states.append(state)
    }
    services = states
    order = next
    nextOrder = nil
    for state in services where state.isUp { bind(state) }
    return true
  }
}
