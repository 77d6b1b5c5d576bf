internal import Linux

/// A header block of a tar archive, decoded: v7, ustar (POSIX.1-1988), GNU or star, told apart as Go's archive/tar does.
final class TarHeader {
  let name: [UInt8]
  let type: UInt8
  let linkName: [UInt8]
  let mode: UInt32
  /// As written: that the numbers fit the kernel is seen when the extended header has had its say.
  let user: Int64
  let group: Int64
  /// Not negative.
  let size: Int64
  /// Seconds since 1970.
  let modified: Int64
  let deviceMajor: Int64
  let deviceMinor: Int64

  static var blockSize: Int { 512 }

  /// Type flags.
  static var oldFile: UInt8 { 0 }
  static var contiguousFile: UInt8 { 0x37 }
  static var extended: UInt8 { 0x78 }
  static var globalExtended: UInt8 { 0x67 }
  static var gnuLongName: UInt8 { 0x4C }
  static var gnuLongLink: UInt8 { 0x4B }
  static var gnuSparse: UInt8 { 0x53 }

  private enum Format { case v7, ustar, gnu, star }

  /// Decodes a block of 512 bytes that is not all zeros.
  init(_ block: [UInt8]) throws(LayerFault) {
    if !TarHeader.hasRightChecksum(block) { throw .badChecksum }
    let format = TarHeader.format(of: block)
    var fields = TarFields(block)
    type = block[156]
    linkName = fields.text(157, 100)
    size = fields.number(124, 12, .size)
    if size < 0 { fields.note(.negativeNumber(field: .size)) }
    // Some writers put the file type's bits there as well.
    mode = UInt32(truncatingIfNeeded: fields.number(100, 8, .mode) & 0o7777)
    user = fields.number(108, 8, .user)
    group = fields.number(116, 8, .group)
    modified = fields.number(136, 12, .modified)
    deviceMajor = format == .v7 ? 0 : fields.number(329, 8, .deviceMajor)
    deviceMinor = format == .v7 ? 0 : fields.number(337, 8, .deviceMinor)
    var prefix: [UInt8] = []
    switch format {
    case .v7: break
    case .ustar: prefix = fields.text(345, 155)
    case .star: prefix = fields.text(345, 131)
    case .gnu:
      // GNU has times where ustar has the prefix. A writer that put a prefix there all the same (Go before 1.8) is understood differently by different readers.
      if block[345] != 0 { _ = fields.number(345, 12, .accessed) }
      if block[357] != 0 { _ = fields.number(357, 12, .changed) }
    }
    let last = fields.text(0, 100)
    name = prefix.isEmpty ? last : prefix + [0x2F] + last
    if let fault = fields.fault { throw fault }
  }

  /// The sum of all bytes, the checksum's own taken for spaces. Historic writers added them as signed numbers.
  private static func hasRightChecksum(_ block: [UInt8]) -> Bool {
    var unsigned: Int64 = 0
    var signed: Int64 = 0
    for (index, byte) in block.enumerated() {
      let counted: UInt8 = (148..<156).contains(index) ? 0x20 : byte
      unsigned += Int64(counted)
      signed += Int64(Int8(bitPattern: counted))
    }
    var fields = TarFields(block)
    let expected = fields.number(148, 8, .checksum)
    return fields.fault == nil && (expected == unsigned || expected == signed)
  }

  private static func format(of block: [UInt8]) -> Format {
    let magic = block[257..<265]
    if magic.elementsEqual(StaticBytes("ustar  \0")) { return .gnu }
    if magic.elementsEqual(StaticBytes("ustar\u{0}00")) { return block[508..<512].elementsEqual(StaticBytes("tar\0")) ? .star : .ustar }
    // Only the magic without the version: Go takes it for ustar as well.
    return magic.starts(with: StaticBytes("ustar\0")) ? .ustar : .v7
  }
}

/// The fields of a header block. The first fault is noted, and a number that cannot be read is 0, so that a header of many fields has one way to fail.
struct TarFields {
  private let block: [UInt8]
  private(set) var fault: LayerFault?

  init(_ block: [UInt8]) { self.block = block }

  mutating func note(_ fault: LayerFault) {
    if self.fault == nil { self.fault = fault }
  }

  /// The bytes up to the first NUL: a name that fills its field has none.
  @inline(never)
  func text(_ start: Int, _ count: Int) -> [UInt8] {
    let field = block[start..<(start + count)]
    return Array(field[..<(field.firstIndex(of: 0) ?? field.endIndex)])
  }

  /// A number; `name` is the field's.
  @inline(never)
  mutating func number(_ start: Int, _ count: Int, _ name: TarField) -> Int64 {
    do throws(LayerFault) {
      return try TarFields.number(block[start..<(start + count)], name)
    } catch {
      note(error)
      return 0
    }
  }

  /// An octal number with spaces and NULs around it, empty meaning 0; or, with the first bit set, a binary one in two's complement.
  private static func number(_ field: ArraySlice<UInt8>, _ name: TarField) throws(LayerFault) -> Int64 {
    if let first = field.first, first & 0x80 != 0 { return try binary(field, negative: first & 0x40 != 0, name) }
    var digits = field
    while let first = digits.first, first == 0x20 || first == 0 { digits = digits.dropFirst() }
    while let last = digits.last, last == 0x20 || last == 0 { digits = digits.dropLast() }
    var value: Int64 = 0
    for byte in digits {
      // As Go does, only what stands before a NUL counts.
      if byte == 0 { break }
      guard (0x30...0x37).contains(byte), value >> 60 == 0 else { throw .badNumber(field: name) }
      value = value << 3 | Int64(byte - 0x30)
    }
    return value
  }

  private static func binary(_ field: ArraySlice<UInt8>, negative: Bool, _ name: TarField) throws(LayerFault) -> Int64 {
    var value: UInt64 = 0
    var isFirst = true
    for byte in field {
      // Negative numbers are inverted while they are read, so that overflow looks the same for both.
      var byte = negative ? ~byte : byte
      if isFirst { byte &= 0x7F }
      isFirst = false
      guard value >> 56 == 0 else { throw .badNumber(field: name) }
      value = value << 8 | UInt64(byte)
    }
    guard value >> 63 == 0 else { throw .badNumber(field: name) }
    return negative ? ~Int64(value) : Int64(value)
  }
}

/// A field of a header that holds a number.
public enum TarField: UInt8, Sendable {
  case mode, user, group, size, modified, checksum, deviceMajor, deviceMinor, accessed, changed

  /// What the tar manuals call it.
  var name: Literal {
    switch self {
    case .mode: "mode"
    case .user: "uid"
    case .group: "gid"
    case .size: "size"
    case .modified: "mtime"
    case .checksum: "chksum"
    case .deviceMajor: "devmajor"
    case .deviceMinor: "devminor"
    case .accessed: "atime"
    case .changed: "ctime"
    }
  }
}
