internal import Linux

/// What the process that reads an archive says of it, in the order of the archive's bytes.
///
/// Whoever hears it believes nothing: a hostile archive may have taken that process over (docs/decisions/confined-reader.md).
enum ReaderRecord {
  /// The next `count` bytes of the archive are in this buffer; so far `consumed` bytes of the input have been read.
  case block(Int, count: Int, consumed: UInt64)
  /// Of those, so many come next that are not data.
  case keep(Int)
  /// And so many that are data of the present entry.
  case data(Int)
  /// An entry, whose data begin at `position`.
  case entry(TarEntry, position: UInt64)
  /// A buffer is not needed any more.
  case done(Int)
  /// So many bytes are to be passed over before any are read; waits for an answer.
  case skip(UInt64)
  case end
  case fault(LayerError)
}

/// Puts records down as bytes: the length of what follows the kind, in four bytes, the kind, numbers of eight bytes, and texts with their length before them.
/// The lowest byte of a number comes first.
struct RecordWriter {
  private(set) var bytes: [UInt8] = []

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  mutating func append(_ record: ReaderRecord) {
    let start = bytes.count
    put(0, bytes: 4)
    switch record {
    case .block(let index, let count, let consumed): begin(0, UInt64(index), UInt64(count), consumed)
    case .keep(let count): begin(1, UInt64(count))
    case .data(let count): begin(2, UInt64(count))
    case .entry(let entry, let position):
      begin(3, position)
      put(entry)
    case .done(let index): begin(4, UInt64(index))
    case .skip(let count): begin(5, count)
    case .end: begin(6)
    case .fault(let error):
      let (code, argument) = RecordFault.number(of: error.fault)
      begin(7, code, argument)
      if let entry = error.entry { put(entry.bytes) }
    }
    let length = bytes.count - start - 5
    for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
  }

  private mutating func begin(_ kind: UInt8, _ numbers: UInt64...) {
    bytes.append(kind)
    for number in numbers { put(number) }
  }

  private mutating func put(_ number: UInt64, bytes count: Int = 8) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  private mutating func put(_ text: ArraySlice<UInt8>) {
    put(UInt64(text.count))
    bytes += text
  }

  private mutating func put(_ entry: TarEntry) {
    put(entry.name.bytes)
    bytes.append(entry.kind.rawValue)
    put(entry.linkName.bytes)
    put(UInt64(entry.mode))
    put(UInt64(entry.user))
    put(UInt64(entry.group))
    put(entry.size)
    put(UInt64(bitPattern: entry.modified.seconds))
    put(UInt64(bitPattern: entry.modified.nanoseconds))
    put(UInt64(entry.deviceMajor))
    put(UInt64(entry.deviceMinor))
    for attribute in entry.attributes {
      put(attribute.name.bytes)
      put(attribute.value[...])
    }
  }
}

/// Takes records from bytes as they come. Every value of a record that it gives is one that a `TarReader` may give; it says `readerConfused` of all others.
struct RecordStream {
  private var bytes: [UInt8] = []
  /// Where in them the next record begins.
  private var start = 0
  /// Bytes of a record: an extended header of the greatest length and two long names make fewer.
  private let limit: UInt64

  init(limits: Limits) { limit = 4 * limits.metadata }

  mutating func append(_ more: UnsafeRawBufferPointer) {
    bytes.removeSubrange(..<start)
    start = 0
    bytes.append(contentsOf: more)
  }

  /// The next record; nil when not all of it has come.
  mutating func next() throws(LayerFault) -> ReaderRecord? {
    guard bytes.count - start >= 5 else { return nil }
    var length: UInt64 = 0
    for index in 0..<4 { length |= UInt64(bytes[start + index]) << (8 * UInt64(index)) }
    if length > limit { throw .readerConfused }
    let end = start + 5 + Int(length)
    guard bytes.count >= end else { return nil }
    var fields = RecordFields(bytes[(start + 5)..<end])
    let record = fields.record(kind: bytes[start + 4])
    start = end
    guard let record, fields.isWhole else { throw .readerConfused }
    return record
  }
}

/// What of a record has not been taken. Whatever is taken beyond its end, or is no value of its field, makes all of it void.
private struct RecordFields {
  private var rest: ArraySlice<UInt8>
  private var isVoid = false

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// Whether everything was taken, and was as it has to be.
  var isWhole: Bool { rest.isEmpty && !isVoid }

  mutating func record(kind: UInt8) -> ReaderRecord? {
    switch kind {
    case 0: .block(count(), count: some(), consumed: number())
    case 1: .keep(some())
    case 2: .data(some())
    case 3: entry(at: number(atMost: UInt64(Int64.max)))
    case 4: .done(count())
    case 5: .skip(number())
    case 6: .end
    case 7: fault()
    default: nil
    }
  }

  private mutating func number(atMost limit: UInt64 = .max) -> UInt64 {
    guard rest.count >= 8 else {
      isVoid = true
      return 0
    }
    var value: UInt64 = 0
    rest.withUnsafeBytes { value = UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    rest = rest.dropFirst(8)
    if value <= limit { return value }
    isVoid = true
    return 0
  }

  /// A number of bytes in memory, or of a buffer.
  private mutating func count() -> Int { Int(number(atMost: UInt64(Int32.max))) }

  /// At least one: whoever says nothing gets nowhere either.
  private mutating func some() -> Int {
    let count = count()
    if count == 0 { isVoid = true }
    return count
  }

  private mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: number(atMost: UInt64(UInt32.max) - 1)) }

  private mutating func bytes() -> [UInt8] {
    let length = count()
    guard length <= rest.count else {
      isVoid = true
      return []
    }
    let taken = Array(rest.prefix(length))
    rest = rest.dropFirst(length)
    return taken
  }

  /// A name ends at its first NUL for the kernel, so that there may be none.
  private mutating func name() -> Path {
    let name = bytes()
    if name.contains(0) { isVoid = true }
    return Path(bytes: name)
  }

  private mutating func entry(at position: UInt64) -> ReaderRecord? {
    let name = name()
    guard let kind = rest.popFirst().flatMap({ TarKind(rawValue: $0) }) else { return nil }
    let linkName = self.name()
    let mode = UInt32(truncatingIfNeeded: number(atMost: 0o7777))
    let (user, group) = (word(), word())
    let size = number(atMost: kind == .file ? UInt64(Int64.max) : 0)
    let seconds = Int64(bitPattern: number())
    let entry = TarEntry(name: name, kind: kind, modified: FileTime(seconds: seconds, nanoseconds: Int64(number(atMost: 999_999_999))))
    entry.linkName = linkName
    (entry.mode, entry.user, entry.group, entry.size) = (mode, user, group, size)
    (entry.deviceMajor, entry.deviceMinor) = (word(), word())
    if kind != .hardLink, kind != .symbolicLink, !linkName.isEmpty { return nil }
    while !rest.isEmpty, !isVoid { entry.attributes.append(TarAttribute(name: self.name(), value: bytes())) }
    return .entry(entry, position: position)
  }

  private mutating func fault() -> ReaderRecord? {
    guard let fault = RecordFault.fault(number(), number(atMost: UInt64(Int32.max))) else { return nil }
    return .fault(LayerError(fault, entry: rest.isEmpty ? nil : name()))
  }
}

/// The faults that reading can come to, as two numbers.
private enum RecordFault {
  static func number(of fault: LayerFault) -> (code: UInt64, argument: UInt64) {
    switch fault {
    case .truncated: (0, 0)
    case .notGzip: (1, 0)
    case .garbageAfterGzip: (2, 0)
    case .notZstd: (3, 0)
    case .windowTooLarge: (4, 0)
    case .badChecksum: (5, 0)
    case .badNumber(let field): (6, UInt64(field.rawValue))
    case .negativeNumber(let field): (7, UInt64(field.rawValue))
    case .nulInName: (8, 0)
    case .unknownType(let type): (9, UInt64(type))
    case .sparse: (10, 0)
    case .metadataTooLong(let limit): (11, limit)
    case .badExtendedHeader: (12, 0)
    case .globalHeaderChangesEntries: (13, 0)
    case .metadataWithoutEntry: (14, 0)
    case .metadataTwice: (15, 0)
    case .oneZeroBlock: (16, 0)
    case .noMemory: (17, 0)
    case .notConfined(let error): (18, UInt64(error.rawValue))
    case .notFiltered(let error): (19, UInt64(error.rawValue))
    // Reading comes to no others but those of the channel, which then nobody hears of.
    default: (20, 0)
    }
  }

  static func fault(_ code: UInt64, _ argument: UInt64) -> LayerFault? {
    switch code {
    case 0: .truncated
    case 1: .notGzip
    case 2: .garbageAfterGzip
    case 3: .notZstd
    case 4: .windowTooLarge
    case 5: .badChecksum
    case 6: TarField(rawValue: UInt8(truncatingIfNeeded: argument)).map { .badNumber(field: $0) }
    case 7: TarField(rawValue: UInt8(truncatingIfNeeded: argument)).map { .negativeNumber(field: $0) }
    case 8: .nulInName
    case 9: .unknownType(UInt8(truncatingIfNeeded: argument))
    case 10: .sparse
    case 11: .metadataTooLong(limit: argument)
    case 12: .badExtendedHeader
    case 13: .globalHeaderChangesEntries
    case 14: .metadataWithoutEntry
    case 15: .metadataTwice
    case 16: .oneZeroBlock
    case 17: .noMemory
    case 18: .notConfined(Errno(rawValue: Int32(truncatingIfNeeded: argument)))
    case 19: .notFiltered(Errno(rawValue: Int32(truncatingIfNeeded: argument)))
    default: nil
    }
  }
}
