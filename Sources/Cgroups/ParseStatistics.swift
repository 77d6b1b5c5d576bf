internal import Linux

// Contents of control files as numbers. Pure; what is not of the documented form is left out, because a kernel may add lines and words.

/// The words between separators.
@inline(never)
func words(_ bytes: ArraySlice<UInt8>, separator: UInt8) -> [String] {
  bytes.split(separator: separator).map { string($0) }
}

/// The number after `key` in a file of lines "key number"; nil when no line has it.
func value(of key: ArraySlice<UInt8>, in bytes: [UInt8]) -> UInt64? {
  for words in bytes.rows {
    if words.count == 2, words[0].matches(key) { return decimal(words[1]) }
  }
  return nil
}

func value(of key: Literal, in bytes: [UInt8]) -> UInt64? { value(of: Array(key.bytes)[...], in: bytes) }

/// All lines "key number" of a file, by key, as Go's encoder writes a map.
func keyedNumbers(_ bytes: [UInt8]) -> [(key: String, value: UInt64)] {
  var numbers: [(key: String, value: UInt64)] = []
  for words in bytes.rows {
    if words.count == 2, let value = decimal(words[1]) { numbers.append((key: string(words[0]), value: value)) }
  }
  return numbers.sorted(byNames: { $0.key })
}

/// The numbers of a file, whatever blank is between them.
func numbers(_ bytes: [UInt8]) -> [UInt64] { bytes.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }).compactMap { decimal($0) } }

/// The numbers below a title of `cpuacct.usage_all`, whose first line has the titles.
func column(_ title: String, of bytes: [UInt8]) -> [UInt64] {
  let lines = bytes.rows
  guard let index = lines.first?.firstIndex(where: { title.utf8.elementsEqual($0) }) else { return [] }
  return lines.dropFirst().compactMap { $0.count > index ? decimal($0[index]) : nil }
}

/// A list such as `0-3,7`, ascending as the kernel writes it, so that it has no more numbers than there are; empty when it is not of that form.
func numberList(_ bytes: [UInt8]) -> [UInt64] {
  var list: [UInt64] = []
  for part in bytes.split(whereSeparator: { $0 == 0x2C || $0 == 0x0A }) {
    let ends = part.split(separator: 0x2D)
    guard ends.count <= 2, let first = ends.first.flatMap({ decimal($0) }), let last = ends.last.flatMap({ decimal($0) }), last <= UInt16.max,
      first <= last, list.last ?? 0 < first || list.isEmpty
    else { return [] }
    for number in first...last { list.append(number) }
  }
  return list
}

/// The number in the first line, which may be below 0, as JSON spells it; 0 when it is none.
func signedNumber(_ bytes: [UInt8]) -> String {
  let digits = bytes.prefix { $0 != 0x0A }
  let isNegative = digits.first == 0x2D
  let magnitude = decimal(isNegative ? digits.dropFirst() : digits).flatMap { Int64(exactly: $0) } ?? 0
  return String(isNegative ? 0 - magnitude : magnitude)
}

/// Lines "MAJOR:MINOR OPERATION NUMBER" or "MAJOR:MINOR NUMBER" of v1; the line of the total has no device.
func blockIOEntries(_ bytes: [UInt8]) -> [Statistic] {
  var entries: [Statistic] = []
  for words in bytes.rows {
    guard words.count == 2 || words.count == 3, let value = decimal(words[words.count - 1]) else { continue }
    if let entry = blockIOEntry(words[0], words.count == 3 ? string(words[1]) : "", value) { entries.append(entry) }
  }
  return entries
}

/// Lines "MAJOR:MINOR rbytes=NUMBER wbytes=... rios=... wios=..." of v2's `io.stat`, in v1's words; of the keys those that are an `r` or a `w` and `end`.
func blockIOEntries(_ end: ArraySlice<UInt8>, of bytes: [UInt8]) -> [Statistic] {
  var entries: [Statistic] = []
  for words in bytes.rows {
    for word in words.dropFirst() {
      let parts = word.split(separator: 0x3D)
      guard parts.count == 2, parts[0].dropFirst().matches(end), let value = decimal(parts[1]) else { continue }
      let isRead = parts[0].first == 0x72
      guard isRead || parts[0].first == 0x77, let entry = blockIOEntry(words[0], isRead ? "Read" : "Write", value) else { continue }
      entries.append(entry)
    }
  }
  return entries
}

/// What is counted of an operation on the device MAJOR:MINOR; `operation` is empty when the kernel does not tell them apart.
private func blockIOEntry(_ device: ArraySlice<UInt8>, _ operation: String, _ value: UInt64) -> Statistic? {
  let numbers = device.split(separator: 0x3A, omittingEmptySubsequences: false)
  guard numbers.count == 2, let major = decimal(numbers[0]), let minor = decimal(numbers[1]) else { return nil }
  let entry = Statistic(.members)
  entry.addUnlessZero("major", major)
  entry.addUnlessZero("minor", minor)
  if !operation.utf8.isEmpty { entry.add(.text, "op", operation) }
  entry.addUnlessZero("value", value)
  return entry
}

/// Lines "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", while others ran, and "full ...", while none ran, of a pressure file; nil when there are none. Shares
/// are percents of the last ten, sixty, and three hundred seconds; the total is microseconds.
func pressure(_ bytes: [UInt8]) -> Statistic? {
  let lines = bytes.rows
  let pressure = Statistic(.members)
  var isTold = false
  for kind: Literal in ["some", "full"] {
    let line = lines.last { $0.first?.matches(kind) ?? false }
    isTold = isTold || line != nil
    let numbers = pressure.add(.members, kind.description)
    func word(_ key: Literal) -> ArraySlice<UInt8> { line?.last { $0.prefix { $0 != 0x3D }.matches(key) }?.drop { $0 != 0x3D }.dropFirst() ?? [] }
    for key: Literal in ["avg10", "avg60", "avg300"] { numbers.add(.number, key.description, share(word(key))) }
    numbers.add("total", decimal(word("total")) ?? 0)
  }
  return isTold ? pressure : nil
}

/// A number with two digits after the point, without zeros at the end; 0 when it is none.
private func share(_ text: ArraySlice<UInt8>) -> String {
  let parts = text.split(separator: 0x2E, omittingEmptySubsequences: false)
  guard parts.count == 2, parts[1].count == 2, let whole = decimal(parts[0]), let hundredths = decimal(parts[1]) else { return "0" }
  if hundredths == 0 { return String(whole) }
  let digits = hundredths % 10 == 0 ? parts[1].dropLast() : parts[1]
  return Text("\(whole).\(string(digits))").string
}

/// A list of numbers or of other things; nil when it is empty.
func list(_ numbers: [UInt64]) -> Statistic? {
  let list = Statistic(.list)
  for number in numbers { list.add(.number, "", String(number)) }
  return list.parts.isEmpty ? nil : list
}

func list(_ parts: [Statistic]) -> Statistic? { parts.isEmpty ? nil : Statistic(.list, parts: parts) }

/// Numbers under their names; nil when there are none.
func keyed(_ numbers: [(key: String, value: UInt64)]) -> Statistic? {
  let members = Statistic(.members)
  for (key, value) in numbers { members.add(.number, key, String(value)) }
  return members.parts.isEmpty ? nil : members
}

/// The size in the name of a file `hugetlb.SIZE.SUFFIX`; nil for every other name.
func hugePageSize(_ name: ArraySlice<UInt8>, suffix: Literal) -> String? {
  let parts = name.split(separator: 0x2E)
  guard parts.count == 3, parts[0].matches("hugetlb"), parts[2].matches(suffix) else { return nil }
  return string(parts[1])
}
