internal import JSON
internal import Linux
internal import OCI

extension ServiceManifest {
  /// When it runs, how it ends, and what is kept of what it writes.
  @inline(never)
  func decodePolicies(_ json: JSONValue) {
    if let signal = json.member("stop_signal") {
      let number = Signal(named: signal.text())
      if number == nil { signal.refuse("expected the name or number of a signal") }
      stop = StopPolicy(signal: number?.rawValue, gracePeriod: stop.gracePeriod)
    }
    if let time = json.milliseconds("stop_grace_period", atLeast: 0) { stop = StopPolicy(signal: stop.signal, gracePeriod: time) }
    if let check = json.member("healthcheck") { health.decode(check) }
    if let logging = json.member("logging") { logs.decode(logging) }
    let when = json.member("restart")?.restart() ?? .no
    restart = RestartPolicy(when: when)
    guard let own = json.member("x-apus") else { return }
    own.permitOnly("backoff crash_limit crash_window give_up log on_unhealthy permanent_statuses probe ready require watchdog")
    restart = RestartPolicy(own, when: when)
    if let log = own.member("log") { logs.decodeOwn(log) }
    onUnhealthy = own.named("on_unhealthy", or: .nothing)
    if let probe = own.member("probe") {
      if health.isDisabled { probe.refuse("the health check is disabled") }
      health.test = probe.probe()
    }
    if let ready = own.member("ready") { readiness = ready.readiness() }
    watchdog = own.milliseconds("watchdog", atLeast: 100)
    let list = own.oneOrMore("require")
    for value in list { required.append(value.named()) }
    refuseRepeated(required.map { $0.name }, list)
  }
}

extension RestartPolicy {
  fileprivate convenience init(_ json: JSONValue, when: When) {
    let usual = RestartPolicy()
    var (first, longest, reset, jitter) = (usual.firstDelay, usual.longestDelay, usual.resetAfter, usual.jitter)
    if let backoff = json.member("backoff") {
      backoff.permitOnly("first longest reset_after jitter")
      first = backoff.milliseconds("first") ?? first
      longest = backoff.milliseconds("longest") ?? max(longest, first)
      reset = backoff.milliseconds("reset_after", atLeast: 0) ?? reset
      // In the manifest it is a percentage.
      jitter = backoff.number("jitter", in: 0...100, or: 0) * 10
      if first > longest { backoff.refuse("first, \(first) ms, is above longest, \(longest) ms") }
    }
    let statuses = json.elements(of: "permanent_statuses")
    var permanent: [Int32] = []
    for status in statuses { permanent.append(status.integer(in: 0...255)) }
    refuseRepeated(permanent.map { String($0) }, statuses)
    let limit = json.number("crash_limit", in: 1...4096, or: 0)
    let window = json.milliseconds("crash_window")
    if window != nil && limit == 0 { json.refuse("crash_window", "means nothing without crash_limit") }
    self.init(
      when: when, firstDelay: first, longestDelay: longest, resetAfter: reset, jitter: jitter, permanentStatuses: permanent, crashLimit: limit,
      crashWindow: window ?? usual.crashWindow, giveUp: json.named("give_up", or: .nothing))
  }
}

extension LogPolicy {
  fileprivate func decode(_ json: JSONValue) {
    json.permitOnly("driver options")
    if let driver = json.member("driver") {
      let name = driver.text()
      isKept = !name.equals("none")
      if position(of: name, in: "json-file local none") == nil { driver.refuse("expected 'json-file', 'local' or 'none'; logs are kept on the device") }
    }
    guard let options = json.member("options") else { return }
    options.permitOnly("max-size max-file")
    fileSize = options.bytes("max-size", or: fileSize)
    guard let files = options.member("max-file") else { return }
    let number = wholeNumber(files.scalar()) ?? 0
    if number < 1 || number > 100 { files.refuse("expected a number of files from 1 to 100") }
    self.files = UInt64(truncatingIfNeeded: number)
  }

  fileprivate func decodeOwn(_ json: JSONValue) {
    json.permitOnly("line rate buffer")
    lineSize = json.bytes("line", or: lineSize)
    rate = json.number("rate", in: 0...1_000_000, or: rate)
    buffer = json.bytes("buffer", or: buffer)
    if lineSize > fileSize { json.refuse("line", "\(lineSize) bytes do not fit into a file of \(fileSize)") }
  }
}

extension HealthSettings {
  fileprivate func decode(_ json: JSONValue) {
    json.permitOnly("test interval timeout retries start_period start_interval disable")
    isDisabled = json.flag("disable")
    interval = json.milliseconds("interval")
    timeout = json.milliseconds("timeout")
    retries = json.integer("retries", in: 1...1_000_000)
    startPeriod = json.milliseconds("start_period", atLeast: 0)
    startInterval = json.milliseconds("start_interval")
    guard let value = json.member("test") else { return }
    if value.kind == .string {
      test = HealthCheck.Test(["CMD-SHELL", value.word()])
      return
    }
    var words: [String] = []
    for element in value.elements() { words.append(element.text()) }
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
