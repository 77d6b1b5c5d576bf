internal import Linux

/// A header block of a tar archive, decoded: v7, ustar (POSIX.1-1988), GNU or star, told apart as Go's archive/tar does.
struct TarHeader: Equatable {
  var name: [UInt8]
  var type: UInt8
  var linkName: [UInt8]
  var mode: UInt32
  /// As written: that the numbers fit the kernel is seen when the extended header has had its say.
  var user: Int64
  var group: Int64
  /// Not negative.
  var size: Int64
  /// Seconds since 1970.
  var modified: Int64
  var deviceMajor: Int64
  var deviceMinor: Int64

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
    try TarHeader.verifyChecksum(block)
    let format = TarHeader.format(of: block)
    type = block[156]
    linkName = TarHeader.text(block[157..<257])
    size = try TarHeader.number(block[124..<136], "size")
    if size < 0 { throw .negativeNumber(field: "size") }
    // Some writers put the file type's bits there as well.
    mode = UInt32(truncatingIfNeeded: try TarHeader.number(block[100..<108], "mode") & 0o7777)
    user = try TarHeader.number(block[108..<116], "uid")
    group = try TarHeader.number(block[116..<124], "gid")
    modified = try TarHeader.number(block[136..<148], "mtime")
    deviceMajor = 0
    deviceMinor = 0
    if format != .v7 {
      deviceMajor = try TarHeader.number(block[329..<337], "devmajor")
      deviceMinor = try TarHeader.number(block[337..<345], "devminor")
    }
    var prefix: [UInt8] = []
    switch format {
    case .v7: break
    case .ustar: prefix = TarHeader.text(block[345..<500])
    case .star: prefix = TarHeader.text(block[345..<476])
    case .gnu:
      // GNU has times where ustar has the prefix. A writer that put a prefix there all the same (Go before 1.8) is understood differently by different readers.
      if block[345] != 0 { _ = try TarHeader.number(block[345..<357], "atime") }
      if block[357] != 0 { _ = try TarHeader.number(block[357..<369], "ctime") }
    }
    name = TarHeader.text(block[0..<100])
    if !prefix.isEmpty { name = prefix + [0x2F] + name }
  }

  /// The sum of all bytes, the checksum's own taken for spaces. Historic writers added them as signed numbers.
  private static func verifyChecksum(_ block: [UInt8]) throws(LayerFault) {
    var unsigned: Int64 = 0
    var signed: Int64 = 0
    for (index, byte) in block.enumerated() {
      let counted: UInt8 = (148..<156).contains(index) ? 0x20 : byte
      unsigned += Int64(counted)
      signed += Int64(Int8(bitPattern: counted))
    }
    var expected: Int64 = -1
    do throws(LayerFault) { expected = try number(block[148..<156], "chksum") } catch { throw .badChecksum }
    if expected != unsigned && expected != signed { throw .badChecksum }
  }

  private static func format(of block: [UInt8]) -> Format {
    let magic = block[257..<265]
    if magic.elementsEqual(StaticBytes("ustar  \0")) { return .gnu }
    if magic.elementsEqual(StaticBytes("ustar\u{0}00")) { return block[508..<512].elementsEqual(StaticBytes("tar\0")) ? .star : .ustar }
    // Only the magic without the version: Go takes it for ustar as well.
    return magic.starts(with: StaticBytes("ustar\0")) ? .ustar : .v7
  }

  /// The bytes up to the first NUL: a name that fills its field has none.
  static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

  /// An octal number with spaces and NULs around it, empty meaning 0; or, with the first bit set, a binary one in two's complement.
  static func number(_ field: ArraySlice<UInt8>, _ name: StaticString) throws(LayerFault) -> Int64 {
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

  private static func binary(_ field: ArraySlice<UInt8>, negative: Bool, _ name: StaticString) throws(LayerFault) -> Int64 {
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
