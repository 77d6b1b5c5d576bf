internal import JSON
internal import Linux
internal import OCI

extension ServiceManifest {
  @inline(never)
  func decodeLimits(_ json: JSONValue) {
    // Less does not hold a program with its page tables.
    limits.memory = json.member("mem_limit")?.bytes(atLeast: 512 << 10)
    limits.memoryAndSwap = json.member("memswap_limit").flatMap { memoryAndSwap($0, of: json) }
    limits.processorQuota = json.member("cpus")?.processors()
    limits.processorShares = json.integer("cpu_shares", in: 2...262_144)
    limits.processors = json.member("cpuset")?.numberList()
    if let tasks = json.member("pids_limit") {
      let number: Int64 = tasks.integer(in: -1...4_194_304)
      if number == 0 { tasks.refuse("must be above 0, or -1 for no limit") }
      limits.tasks = number > 0 ? UInt64(number) : nil
    }
    limits.oomScoreAdjustment = json.integer("oom_score_adj", in: -1000...1000)
    limits.sharedMemory = json.bytes("shm_size", or: limits.sharedMemory)
    for (name, value) in json.member("ulimits")?.members() ?? [] { limits.rlimits.append(Rlimit(name, value)) }
  }

  private func memoryAndSwap(_ value: JSONValue, of json: JSONValue) -> Int64? {
    guard let memory = limits.memory else {
      value.refuse("needs mem_limit beside it, which it includes")
      return nil
    }
    if value.kind == .number, value.isMinusOne { return -1 }
    let both = value.bytes(atLeast: 0)
    // Docker, too, takes 0 for "not given".
    if both == 0 { return nil }
    if both < memory { value.refuse("memory and swap together are less than mem_limit") }
    return Int64(truncatingIfNeeded: both)
  }
}

extension Rlimit {
  /// As Compose calls them, in the order of `RlimitType`.
  static var names: Literal { "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack" }

  fileprivate init(_ name: String, _ json: JSONValue) {
    let type = position(of: name, in: Rlimit.names).flatMap { RlimitType(rawValue: $0) }
    if type == nil { json.refuse("there is no such limit; see setrlimit(2)") }
    let isPair = json.kind == .object
    if isPair { json.permitOnly("soft hard") }
    let soft = isPair ? json.required("soft") : json
    let hard = isPair ? json.required("hard") : json
    self.init(type: type ?? .core, soft: soft.rlimit(), hard: hard.rlimit())
    if self.soft > self.hard { json.refuse("the soft limit is above the hard limit") }
  }
}

extension JSONValue {
  /// A member that is a number of bytes, above 0; the default when it is absent.
  @inline(never)
  func bytes(_ key: Literal, or bytes: UInt64, atLeast least: UInt64 = 1) -> UInt64 { member(key)?.bytes(atLeast: least) ?? bytes }

  fileprivate var isMinusOne: Bool { numberText().equals("-1") }

  /// Microseconds of each 100,000 of a number of processors such as `0.5`, which may be a string.
  fileprivate func processors() -> Int64 {
    if let quota = processorQuota(kind == .string ? text() : numberText()) { return quota }
    refuse("expected a number of processors such as 0.5, at least 0.01")
    return 0
  }

  /// Numbers of processors such as `0-3,7`.
  fileprivate func numberList() -> String {
    let list = text()
    for range in parts(of: list, at: 0x2C) {
      let (first, last) = cut(range, at: "-")
      guard let first = wholeNumber(first), let last = last.map({ wholeNumber($0) }) ?? first, first <= last, last < 4096 else {
        refuse("expected numbers of processors such as '0-3,7'")
        break
      }
    }
    return list
  }

  /// A limit of setrlimit(2), where -1 is none.
  fileprivate func rlimit() -> UInt64 { UInt64(bitPattern: integer(in: -1...Int64.max)) }
}
