internal import JSON
internal import Linux
internal import OCI

extension ServiceManifest {
  /// When it runs, how it ends, and what is kept of what it writes.
  @inline(never)
  func decodePolicies(_ json: JSONValue) {
    var signal: Int32?
    if let value = json.member("stop_signal") {
      signal = Signal(named: value.text())?.rawValue
      if signal == nil { value.refuse("expected the name or number of a signal") }
    }
    stop = StopPolicy(signal: signal, gracePeriod: json.milliseconds("stop_grace_period", atLeast: 0) ?? stop.gracePeriod)
    health.decode(json.object("healthcheck", "test interval timeout retries start_period start_interval disable"))
    let own = json.object("x-apus", "backoff crash_limit crash_window give_up log on_unhealthy permanent_statuses probe ready require watchdog")
    restart = RestartPolicy(own, when: json.member("restart")?.restart() ?? .no)
    logs.decode(json.object("logging", "driver options"), own.object("log", "line rate buffer"))
    onUnhealthy = UnhealthyAction(rawValue: own.choice("on_unhealthy", of: UnhealthyAction.names)) ?? .nothing
    if let probe = own.member("probe") {
      if health.isDisabled { probe.refuse("the health check is disabled") }
      health.test = probe.probe()
    }
    if let ready = own.member("ready") { readiness = ready.readiness() }
    watchdog = own.milliseconds("watchdog", atLeast: 100)
    let names = DistinctNames()
    for value in own.oneOrMore("require") {
      let name = value.text()
      if position(of: name, in: StandIn.names) == nil { value.refuseUnknown() }
      names.add(name, value)
      required.append(name)
    }
    names.check()
  }
}

extension RestartPolicy {
  fileprivate convenience init(_ json: JSONValue, when: When) {
    let usual = RestartPolicy()
    let backoff = json.object("backoff", "first longest reset_after jitter")
    let first = backoff.milliseconds("first") ?? usual.firstDelay
    let longest = backoff.milliseconds("longest") ?? max(usual.longestDelay, first)
    if first > longest { backoff.refuse("first is above longest") }
    let statuses = DistinctNames()
    var permanent: [Int32] = []
    for value in json.elements(of: "permanent_statuses") {
      let status: Int32 = value.integer(in: 0...255)
      statuses.add(String(status), value)
      permanent.append(status)
    }
    statuses.check()
    let limit = json.number("crash_limit", in: 1...4096, or: 0)
    if limit == 0, let window = json.member("crash_window") { window.refuse("means nothing without crash_limit") }
    // In the manifest the jitter is a percentage.
    self.init(
      when: when, firstDelay: first, longestDelay: longest, resetAfter: backoff.milliseconds("reset_after", atLeast: 0) ?? usual.resetAfter,
      jitter: backoff.number("jitter", in: 0...100, or: 0) * 10, permanentStatuses: permanent, crashLimit: limit,
      crashWindow: json.milliseconds("crash_window") ?? usual.crashWindow, giveUp: GiveUp(rawValue: json.choice("give_up", of: GiveUp.names)) ?? .nothing)
  }
}

extension LogPolicy {
  /// `logging` and `x-apus.log`.
  fileprivate func decode(_ json: JSONValue, _ own: JSONValue) {
    if let driver = json.member("driver") {
      let name = driver.text()
      isKept = !name.equals("none")
      if position(of: name, in: "json-file local none") == nil { driver.refuse("expected 'json-file', 'local' or 'none'; logs are kept on the device") }
    }
    let options = json.object("options", "max-size max-file")
    fileSize = options.bytes("max-size", or: fileSize, atLeast: LogSizes.smallest)
    if let value = options.member("max-file") {
      let number = wholeNumber(value.scalar()) ?? 0
      if number < 1 || number > 100 { value.refuse("expected a number of files from 1 to 100") }
      files = UInt64(truncatingIfNeeded: number)
    }
    lineSize = own.bytes("line", or: lineSize, atLeast: UInt64(LogSizes.smallestPart))
    rate = own.number("rate", in: 0...1_000_000, or: rate)
    buffer = own.bytes("buffer", or: buffer, atLeast: LogSizes.smallest)
    if lineSize <= fileSize { return }
    // By default it fits, so one of the two is there to be refused.
    own.refuse("line", "is longer than a file, max-size")
    options.refuse("max-size", "is shorter than a line, x-apus.log.line")
  }
}

extension HealthSettings {
  fileprivate func decode(_ json: JSONValue) {
    isDisabled = json.flag("disable")
    interval = json.milliseconds("interval")
    timeout = json.milliseconds("timeout")
    retries = json.integer("retries", in: 1...1_000_000)
    startPeriod = json.milliseconds("start_period", atLeast: 0)
    startInterval = json.milliseconds("start_interval")
    guard let value = json.member("test") else { return }
    var words = ["CMD-SHELL"]
    if value.kind == .string { words.append(value.word()) } else { words = value.commandLine() }
    if words.count == 1, words[0].equals("NONE") {
      isDisabled = true
      return
    }
    test = HealthCheck.Test(words)
    if test == nil { value.refuse("expected 'NONE', 'CMD' and a command, or 'CMD-SHELL' and one line") }
  }
}

extension JSONValue {
  fileprivate func restart() -> RestartPolicy.When {
    let (name, limit) = cut(text(), at: ":")
    switch (position(of: name, in: "no always unless-stopped on-failure"), limit) {
    case (0, nil): return .no
    case (1, nil): return .always
    case (2, nil): return .unlessStopped
    case (3, nil): return .onFailure(limit: nil)
    case (3, let limit?):
      // Docker, too, takes 0 for "without end".
      if let number = wholeNumber(limit) { return .onFailure(limit: number == 0 ? nil : UInt64(number)) }
    default: break
    }
    refuse("expected 'no', 'always', 'unless-stopped', 'on-failure' or 'on-failure:N'")
    return .no
  }

  /// `tcp:PORT`, `http:PORT/PATH` or `unix:PATH`.
  fileprivate func probe() -> HealthCheck.Test {
    let (scheme, rest) = cut(text(), at: ":")
    let place = rest ?? ""
    if scheme.equals("unix"), place.utf8.first == 0x2F, place.utf8.count < 108 { return .unix(path: place) }
    let isHTTP = scheme.equals("http")
    let (digits, path) = cut(place, at: "/")
    if let number = wholeNumber(digits), number > 0, let port = UInt16(exactly: number), isHTTP || (scheme.equals("tcp") && path == nil) {
      // A request is a line of words.
      if path?.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) ?? true { return isHTTP ? .http(port: port, path: Text("/\(path ?? "")").string) : .tcp(port: port) }
    }
    refuse("expected 'tcp:PORT', 'http:PORT/PATH' or 'unix:/PATH'")
    return .tcp(port: 0)
  }

  fileprivate func readiness() -> Readiness {
    if kind == .number { return .descriptor(integer(in: 3...1023)) }
    if !text().equals("notify") { refuse("expected 'notify', or the number of a descriptor from 3 to 1023") }
    return .notification
  }
}
