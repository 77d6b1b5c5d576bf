internal import Linux

// Contents of control files as numbers. Pure; what is not of the documented form is left out, because a kernel may add lines and words.

/// The number after `key` in a file of lines "key number"; nil when no line has it.
func value(of key: StaticString, in bytes: [UInt8]) -> UInt64? {
  for line in bytes.split(separator: 0x0A) {
    let words = line.split(separator: 0x20)
    if words.count == 2, words[0].matches(key) { return decimal(words[1]) }
  }
  return nil
}

/// All lines "key number" of a file, by key, as Go's encoder writes a map.
func keyedNumbers(_ bytes: [UInt8]) -> [(key: String, value: UInt64)] {
  var numbers: [(key: String, value: UInt64)] = []
  for line in bytes.split(separator: 0x0A) {
    let words = line.split(separator: 0x20)
    if words.count == 2, let value = decimal(words[1]) { numbers.append((key: String(decoding: Array(words[0]), as: UTF8.self), value: value)) }
  }
  return numbers.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
}

/// The numbers of a file, whatever blank is between them.
func numbers(_ bytes: [UInt8]) -> [UInt64] { bytes.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }).compactMap { decimal($0) } }

/// The columns `user` and `system` of `cpuacct.usage_all`.
func usageByProcessor(_ bytes: [UInt8]) -> (user: [UInt64], kernel: [UInt64]) {
  var user: [UInt64] = []
  var kernel: [UInt64] = []
  // The first line names the columns.
  for line in bytes.split(separator: 0x0A).dropFirst() {
    let words = line.split(separator: 0x20)
    guard words.count >= 3, let first = decimal(words[1]), let second = decimal(words[2]) else { continue }
    user.append(first)
    kernel.append(second)
  }
  return (user: user, kernel: kernel)
}

/// A list such as `0-3,7`, ascending as the kernel writes it, so that it has no more numbers than there are; empty when it is not of that form.
func numberList(_ bytes: [UInt8]) -> [UInt16] {
  var list: [UInt16] = []
  for part in bytes.split(whereSeparator: { $0 == 0x2C || $0 == 0x0A }) {
    let ends = part.split(separator: 0x2D).map { decimal($0).flatMap { UInt16(exactly: $0) } }
    guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last, list.last.map({ $0 < first }) ?? true else {
      return []
    }
    list.append(contentsOf: first...last)
  }
  return list
}

/// Lines "MAJOR:MINOR OPERATION NUMBER" or "MAJOR:MINOR NUMBER" of v1; the line of the total has no device.
func blockIOEntries(_ bytes: [UInt8]) -> [CgroupStatistics.BlockIOEntry] {
  var entries: [CgroupStatistics.BlockIOEntry] = []
  for line in bytes.split(separator: 0x0A) {
    let words = line.split(separator: 0x20)
    guard words.count == 2 || words.count == 3, let (major, minor) = device(words[0]), let value = decimal(words[words.count - 1]) else { continue }
    let operation = words.count == 3 ? String(decoding: Array(words[1]), as: UTF8.self) : ""
    entries.append(.init(major: major, minor: minor, operation: operation, value: value))
  }
  return entries
}

/// Lines "MAJOR:MINOR rbytes=NUMBER wbytes=... rios=... wios=..." of v2's `io.stat`, in v1's words.
func blockIO(unified bytes: [UInt8]) -> CgroupStatistics.BlockIO {
  var statistics = CgroupStatistics.BlockIO()
  for line in bytes.split(separator: 0x0A) {
    let words = line.split(separator: 0x20)
    guard let first = words.first, let (major, minor) = device(first) else { continue }
    for word in words.dropFirst() {
      guard let equals = word.firstIndex(of: 0x3D), let value = decimal(word[(equals + 1)...]) else { continue }
      let key = word[..<equals]
      func entry(_ operation: String) -> CgroupStatistics.BlockIOEntry { .init(major: major, minor: minor, operation: operation, value: value) }
      if key.matches("rbytes") { statistics.bytes.append(entry("Read")) }
      if key.matches("wbytes") { statistics.bytes.append(entry("Write")) }
      if key.matches("rios") { statistics.operations.append(entry("Read")) }
      if key.matches("wios") { statistics.operations.append(entry("Write")) }
    }
  }
  return statistics
}

private func device(_ word: ArraySlice<UInt8>) -> (major: UInt64, minor: UInt64)? {
  guard let colon = word.firstIndex(of: 0x3A), let major = decimal(word[..<colon]), let minor = decimal(word[(colon + 1)...]) else { return nil }
  return (major: major, minor: minor)
}

/// Lines "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and "full ..." of a pressure file; nil when there are none.
func pressure(_ bytes: [UInt8]) -> CgroupStatistics.Pressure? {
  var pressure: CgroupStatistics.Pressure?
  for line in bytes.split(separator: 0x0A) {
    let words = line.split(separator: 0x20)
    guard let first = words.first else { continue }
    let isSome = first.matches("some")
    guard isSome || first.matches("full") else { continue }
    var numbers = CgroupStatistics.PressureLine()
    for word in words.dropFirst() {
      guard let equals = word.firstIndex(of: 0x3D) else { continue }
      let key = word[..<equals]
      let text = word[(equals + 1)...]
      if key.matches("avg10") { numbers.average10 = hundredths(text) ?? 0 }
      if key.matches("avg60") { numbers.average60 = hundredths(text) ?? 0 }
      if key.matches("avg300") { numbers.average300 = hundredths(text) ?? 0 }
      if key.matches("total") { numbers.total = decimal(text) ?? 0 }
    }
    var both = pressure ?? .init()
    if isSome { both.some = numbers } else { both.full = numbers }
    pressure = both
  }
  return pressure
}

/// A hundred times a number with two digits after the point.
private func hundredths(_ text: ArraySlice<UInt8>) -> UInt64? {
  let parts = text.split(separator: 0x2E, omittingEmptySubsequences: false)
  guard parts.count == 2, parts[1].count == 2, let whole = decimal(parts[0]), let rest = decimal(parts[1]) else { return nil }
  let (product, overflow) = whole.multipliedReportingOverflow(by: 100)
  return overflow ? nil : product &+ rest
}

/// The size in the name of a file `hugetlb.SIZE.SUFFIX`; nil for every other name.
func hugePageSize(_ name: ArraySlice<UInt8>, suffix: StaticString) -> String? {
  let parts = name.split(separator: 0x2E)
  guard parts.count == 3, parts[0].matches("hugetlb"), parts[2].matches(suffix) else { return nil }
  return String(decoding: Array(parts[1]), as: UTF8.self)
}
