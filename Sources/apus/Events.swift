internal import Linux
internal import Runtime

extension CommandSpec {
  /// `apus events`: statistics and notifications of a container.
  static var events: CommandSpec {
    CommandSpec(
      name: "events", summary: "print what a container uses, and when it runs out of memory, as lines of JSON",
      operands: "ID", completion: .container, needs: "exactly one container id",
      operandCount: 1...1, options: [.stats, .interval],
      description: """
        The lines are those of runc: type stats after each interval, and type oom. It ends with the container.
        """,
      perform: { (call) throws(Failure) in try printEvents(call) })
  }
}

private func printEvents(_ call: Invocation) throws(Failure) -> Int32 {
  let text = call.arguments.value(.interval) ?? "5s"
  guard let interval = duration(text) else { throw .usage("option --interval: \(text) is not a time such as 500ms, 5s or 1m") }
  if interval <= 0 { throw Failure("duration interval must be greater than 0") }
  let container = try openContainer(call, locked: false)
  if call.arguments.flag(.stats) {
    let line = try failing { () throws(RuntimeError) in try container.statistics() }
    return try show(String(decoding: line, as: UTF8.self))
  }
  var failure: Failure?
  try failing { () throws(RuntimeError) in
    try container.watch(every: interval, warn: warn) { (line) throws(RuntimeError) in
      do throws(Failure) {
        try show(String(decoding: line, as: UTF8.self))
        return true
      } catch {
        failure = error
        return false
      }
    }
  }
  if let failure { throw failure }
  return 0
}

/// A time as Go writes it, such as `1m30s`, `1.5s` or `500ms`, in milliseconds; what is above 0 is at least one. Nil when it is none, or above a year.
func duration(_ text: String) -> Int64? {
  var bytes = Array(text.utf8)[...]
  if bytes.elementsEqual([0x30]) { return 0 }
  let isNegative = bytes.first == 0x2D
  if isNegative || bytes.first == 0x2B { bytes.removeFirst() }
  if bytes.isEmpty { return nil }
  // Nanoseconds, of which a year has 3 * 10¹⁶.
  var total: UInt64 = 0
  while !bytes.isEmpty {
    let whole = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
    bytes = bytes.dropFirst(whole.count)
    var fraction = bytes.prefix(0)
    if bytes.first == 0x2E {
      bytes.removeFirst()
      fraction = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
      bytes = bytes.dropFirst(fraction.count)
    }
    let name = bytes.prefix { $0 != 0x2E && ($0 < 0x30 || $0 > 0x39) }
    bytes = bytes.dropFirst(name.count)
    guard let unit = nanoseconds(of: name), !(whole.isEmpty && fraction.isEmpty) else { return nil }
    guard let number = whole.isEmpty ? 0 : decimal(whole), number <= 400 * 86_400 * 1_000_000_000 / unit else { return nil }
    total += number * unit
    var digit = unit
    for byte in fraction {
      digit /= 10
      total += UInt64(byte - 0x30) * digit
    }
    if total > 366 * 86_400 * 1_000_000_000 { return nil }
  }
  let milliseconds = Int64(total == 0 ? 0 : max(1, total / 1_000_000))
  return isNegative ? 0 - milliseconds : milliseconds
}

private func nanoseconds(of unit: ArraySlice<UInt8>) -> UInt64? {
  let units: Literal = "ns 1 us 1000 µs 1000 μs 1000 ms 1000000 s 1000000000 m 60000000000 h 3600000000000"
  let words = Array(units.bytes).split(separator: 0x20)
  guard let index = words.firstIndex(of: unit), index % 2 == 0 else { return nil }
  return decimal(words[index + 1])
}
