internal import Linux
internal import OCI

/// The records of an extended header (POSIX.1-2001 pax) that Apus obeys; nil where there is none. An empty value means "as the header block has it".
final class TarExtended {
  private(set) var path: [UInt8]?
  private(set) var linkPath: [UInt8]?
  private(set) var size: Int64?
  private(set) var user: Int64?
  private(set) var group: Int64?
  private(set) var modified: FileTime?
  private(set) var attributes: [TarAttribute] = []

  /// Whether a record is there that decides which bytes are which entry's: a global header may not have one.
  var movesEntries: Bool { path != nil || linkPath != nil || size != nil }

  /// Decodes the data of an `x` or `g` entry: records of `LENGTH KEY=VALUE\n`, of which the last of a key counts.
  init(_ data: [UInt8]) throws(LayerFault) {
    var rest = data[...]
    while !rest.isEmpty {
      let record = try TarExtended.record(&rest)
      try take(record.key, record.value)
    }
  }

  private static func record(_ rest: inout ArraySlice<UInt8>) throws(LayerFault) -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
    guard let space = rest.prefix(20).firstIndex(of: 0x20), let length = natural(rest[..<space]), length >= 5, length <= rest.count else {
      throw .badExtendedHeader
    }
    let end = rest.startIndex + Int(length)
    guard space + 1 < end - 1, rest[end - 1] == 0x0A else { throw .badExtendedHeader }
    let body = rest[(space + 1)..<(end - 1)]
    guard let equals = body.firstIndex(of: 0x3D), equals > body.startIndex else { throw .badExtendedHeader }
    rest = rest[end...]
    return (body[..<equals], body[(equals + 1)...])
  }

  private func take(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(LayerFault) {
    if key.contains(0) { throw .nulInName }
    if key.starts(with: StaticBytes("GNU.sparse.")) { throw .sparse }
    if key.starts(with: StaticBytes("SCHILY.xattr.")) {
      let name = Path(bytes: key.dropFirst(13))
      if name.isEmpty { throw .badExtendedHeader }
      // The last of a name counts because they are set in this order.
      attributes.append(TarAttribute(name: name, value: Array(value)))
      return
    }
    switch position(of: string(key), in: "path linkpath size uid gid mtime") {
    case 0: path = try TarExtended.name(value)
    case 1: linkPath = try TarExtended.name(value)
    case 2: size = try TarExtended.number(value, .size)
    case 3: user = try TarExtended.number(value, .user)
    case 4: group = try TarExtended.number(value, .group)
    case 5: modified = try TarExtended.time(value)
    default: break
    }
  }

  private static func name(_ value: ArraySlice<UInt8>) throws(LayerFault) -> [UInt8]? {
    if value.contains(0) { throw .nulInName }
    return value.isEmpty ? nil : Array(value)
  }

  private static func number(_ value: ArraySlice<UInt8>, _ field: TarField) throws(LayerFault) -> Int64? {
    if value.isEmpty { return nil }
    if value.first == 0x2D { throw .negativeNumber(field: field) }
    guard let number = natural(value) else { throw .badNumber(field: field) }
    return number
  }

  /// Decimal seconds with an optional sign and fraction; digits beyond nanoseconds are cut off towards the past, as Go does for negative times too.
  static func time(_ value: ArraySlice<UInt8>) throws(LayerFault) -> FileTime? {
    if value.isEmpty { return nil }
    let isNegative = value.first == 0x2D
    let digits = isNegative ? value.dropFirst() : value
    let point = digits.firstIndex(of: 0x2E) ?? digits.endIndex
    guard let seconds = natural(digits[..<point]) else { throw .badNumber(field: .modified) }
    let fraction = digits[point...].dropFirst()
    guard fraction.allSatisfy({ (0x30...0x39).contains($0) }) else { throw .badNumber(field: .modified) }
    var nanoseconds: Int64 = 0
    var digitsTaken = 0
    for byte in fraction.prefix(9) {
      nanoseconds = nanoseconds * 10 + Int64(byte - 0x30)
      digitsTaken += 1
    }
    while digitsTaken < 9 {
      nanoseconds *= 10
      digitsTaken += 1
    }
    if !isNegative { return FileTime(seconds: seconds, nanoseconds: nanoseconds) }
    return nanoseconds == 0 ? FileTime(seconds: -seconds) : FileTime(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
  }

  /// Decimal digits, at least one; nil when it is anything else or above `Int64.max`.
  private static func natural(_ digits: ArraySlice<UInt8>) -> Int64? { decimal(digits).flatMap { Int64(exactly: $0) } }
}

/// The bytes of a literal as a sequence, for comparisons without `String`.
struct StaticBytes: Sequence {
  private let text: StaticString
  init(_ text: StaticString) { self.text = text }
  func makeIterator() -> UnsafeBufferPointer<UInt8>.Iterator {
    UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).makeIterator()
  }
}
