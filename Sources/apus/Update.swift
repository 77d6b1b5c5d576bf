internal import JSON
internal import Linux
internal import OCI
internal import Runtime

extension CommandSpec {
  /// `apus update`: changes limits.
  static var update: CommandSpec {
    CommandSpec(
      name: "update", summary: "change the limits of a container", operands: "ID", completion: .container, needs: "exactly one container id",
      operandCount: 1...1,
      options: [
        .resources, .blkioWeight, .cpuPeriod, .cpuQuota, .cpuBurst, .cpuShare, .cpuRealtimePeriod, .cpuRealtimeRuntime, .cpuIdle, .cpusetCPUs,
        .cpusetMems, .memoryLimit, .memoryReservation, .memorySwap, .pidsLimit, .l3CacheSchema, .memBandwidthSchema,
      ],
      description: """
        What no option names stays as it is. All limits are changed, or, when one is refused, none. BYTES may end in k, m, g or t, for powers of 1024.
        """,
      perform: { (call) throws(Failure) in try updateContainer(call) })
  }
}

private func updateContainer(_ call: Invocation) throws(Failure) -> Int32 {
  let limits = try call.arguments.limits()
  let container = try openContainer(call, locked: true)
  let cache = try call.arguments.schema(.l3CacheSchema)
  let bandwidth = try call.arguments.schema(.memBandwidthSchema)
  try failing { () throws(RuntimeError) in
    try container.updateClass(cache: cache, bandwidth: bandwidth)
    try container.update(limits.resources, document: limits.document, warn: warn)
  }
  return 0
}

extension ParsedArguments {
  /// The limits that the command line asks for: those of the file, or those of the options; and a document of them.
  @inline(never)
  func limits() throws(Failure) -> (resources: Resources, document: Text) {
    if let file = value(.resources) {
      let isInput = file.equals("-")
      let text = try failing { () throws(SystemError) in
        isInput
          ? try during("read", "standard input") { () throws(Errno) in try readAll(from: StandardDescriptor.input, limit: 16 << 20) }
          : try readFile(Path(file), limit: 16 << 20)
      }
      let resources = try parsed(Path(isInput ? "standard input" : file)) { () throws(SpecError) in try Resources(parsing: text) }
      return (resources, Text(string(text[...])))
    }
    var resources = Resources()
    resources.memory = MemoryResources(limit: try bytes(.memoryLimit), reservation: try bytes(.memoryReservation), swap: try bytes(.memorySwap))
    resources.cpu = CPUResources(
      shares: try natural(.cpuShare), quota: try integer(.cpuQuota), burst: try natural(.cpuBurst), period: try natural(.cpuPeriod),
      realtimeRuntime: try integer(.cpuRealtimeRuntime), realtimePeriod: try natural(.cpuRealtimePeriod), cpus: value(.cpusetCPUs), mems: value(.cpusetMems),
      idle: try integer(.cpuIdle))
    if let idle = resources.cpu?.idle, idle != 0 && idle != 1 { throw invalid(.cpuIdle, "\(idle) is neither 0 nor 1") }
    resources.pids = PidsResources(limit: try integer(.pidsLimit))
    if let weight = try natural(.blkioWeight) {
      guard let weight = UInt16(exactly: weight) else { throw invalid(.blkioWeight, "\(weight) is not within 10 to 1000") }
      resources.blockIO = BlockIOResources(weight: weight)
    }
    var writer = JSONWriter()
    resources.write(to: &writer)
    return (resources, Text(string(writer.bytes()[...])))
  }

  /// A line for the resctrl file system.
  func schema(_ option: OptionID) throws(Failure) -> String? {
    guard let text = value(option), !text.utf8.isEmpty else { return nil }
    if text.utf8.contains(0x0A) { throw invalid(option, "more than one line") }
    return text
  }

  private func natural(_ option: OptionID) throws(Failure) -> UInt64? {
    guard let text = value(option), !text.utf8.isEmpty else { return nil }
    guard let number = decimal(Array(text.utf8)[...]) else { throw invalid(option, "\(text) is not a whole number") }
    return number
  }

  private func integer(_ option: OptionID) throws(Failure) -> Int64? {
    guard let text = value(option), !text.utf8.isEmpty else { return nil }
    let digits = Array(text.utf8)[...]
    let isNegative = digits.first == 0x2D
    guard let number = decimal(isNegative ? digits.dropFirst() : digits).flatMap({ Int64(exactly: $0) }) else {
      throw invalid(option, "\(text) is not a whole number")
    }
    return isNegative ? 0 - number : number
  }

  private func bytes(_ option: OptionID) throws(Failure) -> Int64? {
    guard let text = value(option), !text.utf8.isEmpty else { return nil }
    if text.equals("-1") { return -1 }
    guard let number = memoryAmount(text) else { throw invalid(option, "\(text) is not a number of bytes") }
    return number
  }

  /// In runc's words, and with its status.
  private func invalid(_ option: OptionID, _ reason: String) -> Failure { Failure("invalid value for \(option.spec.name): \(reason)") }
}

/// A number of bytes as runc takes it: digits, with a fraction or without, and one of k, m, g, t and p for powers of 1024, with or without `b` or `ib`; nil when
/// it is none, or does not fit.
func memoryAmount(_ text: String) -> Int64? {
  var bytes = Array(text.utf8)[...]
  if bytes.last == 0x62 || bytes.last == 0x42 { bytes.removeLast() }
  let isBinary = bytes.last == 0x69 || bytes.last == 0x49
  if isBinary { bytes.removeLast() }
  var shift: Int64 = 0
  switch bytes.last.map({ $0 | 0x20 }) {
  case 0x6B: shift = 10
  case 0x6D: shift = 20
  case 0x67: shift = 30
  case 0x74: shift = 40
  case 0x70: shift = 50
  default: if isBinary { return nil }
  }
  if shift > 0 { bytes.removeLast() }
  let parts = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
  guard parts.count <= 2, let whole = decimal(parts[0]).flatMap({ Int64(exactly: $0) }) else { return nil }
  var (sum, overflow) = whole.multipliedReportingOverflow(by: 1 << shift)
  if parts.count == 2 {
    // Nine digits are less than 2³⁰, so that they can be moved by 30 places more.
    guard parts[1].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let digits = decimal(parts[1].prefix(9)) else { return nil }
    var unit: UInt64 = 1
    for _ in 0..<min(parts[1].count, 9) { unit *= 10 }
    let fraction = (digits << UInt64(min(shift, 30))) / unit << UInt64(max(shift - 30, 0))
    let (total, tooLarge) = sum.addingReportingOverflow(Int64(fraction))
    sum = total
    overflow = overflow || tooLarge
  }
  return overflow ? nil : sum
}
