extension Planner {
  /// A run is over: what comes then.
  func conclude(_ state: ServiceState, _ end: End) {
    let wasAsked = state.isLeaving
    let ran = state.startedAt.map { now.since($0) } ?? 0
    let leaveFor = state.leaveFor
    state.end = end
    state.startedAt = nil
    state.isReady = false
    state.isPaused = false
    state.leaveFor = .nothing
    tell(state, .hasEnded)
    if !isWanted(state) || state.isReplaced {
      rest(state)
    } else {
      switch leaveFor {
      case .unhealthyStop: fail(state, .unhealthy, isCrashLoop: false)
      case .unhealthyRestart: judge(state, .unhealthy, ran: ran)
      case .lost: judge(state, .lost, ran: ran)
      case .nothing, .restart, .dependency:
        if wasAsked {
          state.phase = .waiting
        } else if end.isSuccess {
          complete(state, ran: ran)
        } else {
          judge(state, Cause(end), ran: ran)
        }
      }
    }
  }

  /// It has ended by itself, with status 0.
  private func complete(_ state: ServiceState, ran: UInt64) {
    let policy = state.service.restart
    state.hasCompleted = true
    state.failures.endRow()
    switch policy.when {
    case .always, .unlessStopped:
      if policy.isPermanent(0) { state.phase = .ended } else { backOff(state, ran: ran) }
    case .no, .onFailure: state.phase = .ended
    }
  }

  /// It has failed: it is started again, or given up.
  private func judge(_ state: ServiceState, _ cause: Cause, ran: UInt64) {
    let policy = state.service.restart
    if ran >= policy.resetAfter { state.failures.endRow() }
    state.failures.add(at: now, policy)
    let isCrashLoop = state.failures.isCrashLoop(policy)
    var isOver = isCrashLoop
    switch policy.when {
    // That an unhealthy service is restarted is said apart from the policy.
    case .no: if cause != .unhealthy { isOver = true }
    case .onFailure(let limit): if let limit, state.failures.inARow > limit { isOver = true }
    case .always, .unlessStopped: break
    }
    if let end = state.end, end.kind == .status, cause != .unhealthy, policy.isPermanent(end.number) { isOver = true }
    if isOver { fail(state, cause, isCrashLoop: isCrashLoop) } else { backOff(state, ran: ran) }
  }

  private func backOff(_ state: ServiceState, ran: UInt64) {
    let delay = state.backOff.next(state.service.restart, ran: ran, random: nextRandom())
    state.phase = .backingOff
    state.until = now.adding(delay)
    state.restarts += 1
    pending.append(Step(.tell, state, notice: .restarts, delay: delay))
  }

  private func fail(_ state: ServiceState, _ cause: Cause, isCrashLoop: Bool) {
    var action = state.service.restart.giveUp
    if action == .reboot {
      if state.hasRebooted {
        // A second reboot would be one of many.
        action = .nothing
        tell(state, .rebootedBefore)
      } else {
        state.hasRebooted = true
        tell(state, .remember)
      }
    }
    let verdict = Verdict(cause: cause, end: state.end ?? End(.lost), failures: state.failures.count, isCrashLoop: isCrashLoop, action: action)
    state.phase = .failed
    state.verdict = verdict
    pending.append(Step(.tell, state, notice: .hasFailed, verdict: verdict))
    if action == .nothing { return }
    pending.append(Step(.giveUp, state, verdict: verdict))
    if action == .stopApplication {
      for other in services { other.isHeld = true }
    }
  }
}

extension RestartPolicy {
  fileprivate func isPermanent(_ status: Int32) -> Bool {
    for permanent in permanentStatuses where permanent == status { return true }
    return false
  }
}
