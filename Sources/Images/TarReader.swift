internal import Linux

/// Reads a tar archive, a piece at a time, where its source has put it, and in the memory of one extended header.
///
/// It understands v7, ustar, pax, GNU and star as Go's archive/tar does, because two readers that understand an archive differently are how files are smuggled
/// past the one that checks (CVE-2025-62518, CVE-2026-33055). Where Go shrugs - a NUL in a name, two headers that contradict each other - it refuses.
final class TarReader: EntryReader {
  private let source: ByteSource
  private let skipSource: ((UInt64) throws(LayerError) -> Bool)?
  private let keep: ByteSink?
  /// What the source has given and has not been passed over yet.
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Where in the archive that ends.
  private var inputEnd: UInt64 = 0
  private let metadataLimit: UInt64
  /// Of the present entry: data that has not been read, and the zeros that fill up its last block.
  private var dataLeft: UInt64 = 0
  private var padding: UInt64 = 0
  private var hasEnded = false

  /// `skip` passes over bytes of the source without reading them, and tells whether it has so many; without it they are read. `keep` gets every byte of the
  /// archive, in its order, but those that `piece` gives.
  init(limits: Limits, skip: ((UInt64) throws(LayerError) -> Bool)? = nil, keep: ByteSink? = nil, source: @escaping ByteSource) {
    self.source = source
    skipSource = skip
    self.keep = keep
    metadataLimit = limits.metadata
  }

  /// Where in the archive the bytes are that come next: of an entry that was just given, its data.
  override var position: UInt64 { inputEnd - UInt64(input.count) }

  /// The next entry; nil at the end of the archive. What is left of the entry before is passed over.
  override func next() throws(LayerError) -> TarEntry? {
    if hasEnded { return nil }
    do throws(LayerError) {
      return try nextEntry()
    } catch {
      hasEnded = true
      throw error
    }
  }

  /// The next piece of the present entry's data; nil when there is no more. It lies in what the source has given.
  override func piece() throws(LayerError) -> UnsafeRawBufferPointer? {
    if dataLeft == 0 { return nil }
    if input.isEmpty { try fill() }
    let count = Int(min(UInt64(input.count), dataLeft))
    let piece = UnsafeRawBufferPointer(rebasing: input[..<count])
    input = UnsafeRawBufferPointer(rebasing: input[count...])
    dataLeft -= UInt64(count)
    return piece
  }

  /// The data of the entry that was just given are not in the source, which goes on with what follows them.
  func leaveOutData() { dataLeft = 0 }

  /// Passes over what comes after the archive's end: up to that of the source, or until so many bytes have been passed over.
  func finish(upTo limit: UInt64 = .max) throws(LayerError) {
    let start = position
    repeat {
      try take(input.count)
      if position - start >= limit { return }
    } while try refill()
  }

  private func nextEntry() throws(LayerError) -> TarEntry? {
    var extended: TarExtended?
    var longName: [UInt8]?
    var longLink: [UInt8]?
    while true {
      guard try skip(), let block = try headerBlock() else {
        if extended != nil || longName != nil || longLink != nil { throw LayerError(.metadataWithoutEntry) }
        hasEnded = true
        return nil
      }
      let header = try layer { () throws(LayerFault) in try TarHeader(block) }
      switch header.type {
      case TarHeader.extended:
        if extended != nil { throw LayerError(.metadataTwice) }
        let data = try metadata(header)
        extended = try layer { () throws(LayerFault) in try TarExtended(data) }
      case TarHeader.globalExtended:
        // Go forgets an extended header that a global one follows, POSIX does not: nobody means to write that.
        if extended != nil || longName != nil || longLink != nil { throw LayerError(.metadataWithoutEntry) }
        let data = try metadata(header)
        // Like Docker, Apus gives a global header no effect; one that would have had an effect elsewhere is refused.
        if try layer({ () throws(LayerFault) in try TarExtended(data).movesEntries }) { throw LayerError(.globalHeaderChangesEntries) }
      case TarHeader.gnuLongName:
        if longName != nil { throw LayerError(.metadataTwice) }
        longName = try longText(header)
      case TarHeader.gnuLongLink:
        if longLink != nil { throw LayerError(.metadataTwice) }
        longLink = try longText(header)
      default:
        return try entry(header, extended, longName, longLink)
      }
    }
  }

  private func entry(_ header: TarHeader, _ extended: TarExtended?, _ longName: [UInt8]?, _ longLink: [UInt8]?) throws(LayerError) -> TarEntry {
    // The order of Go: what GNU's headers say beats what pax says.
    let name = longName ?? extended?.path ?? header.name
    let linkName = longLink ?? extended?.linkPath ?? header.linkName
    let path = Path(bytes: name)
    do throws(LayerFault) {
      let kind = try TarReader.kind(header.type, name)
      let size = UInt64(extended?.size ?? header.size)
      let entry = TarEntry(name: path, kind: kind, modified: extended?.modified ?? FileTime(seconds: header.modified))
      entry.mode = header.mode
      entry.user = try TarReader.number(extended?.user ?? header.user, .user)
      entry.group = try TarReader.number(extended?.group ?? header.group, .group)
      switch kind {
      case .file: entry.size = size
      case .hardLink, .symbolicLink: entry.linkName = Path(bytes: linkName)
      // A device number belongs to a device; elsewhere the fields may hold anything.
      case .characterDevice, .blockDevice:
        entry.deviceMajor = try TarReader.number(header.deviceMajor, .deviceMajor)
        entry.deviceMinor = try TarReader.number(header.deviceMinor, .deviceMinor)
      case .directory, .fifo: break
      }
      if let extended { entry.attributes = extended.attributes }
      dataLeft = entry.size
      padding = (512 - dataLeft % 512) % 512
      return entry
    } catch {
      throw LayerError(error, entry: path)
    }
  }

  private static func kind(_ type: UInt8, _ name: [UInt8]) throws(LayerFault) -> TarKind {
    switch type {
    // Archives from before 1988 tell a directory by its last slash.
    case TarHeader.oldFile: return name.last == 0x2F ? .directory : .file
    case 0x30, TarHeader.contiguousFile: return .file
    case 0x31: return .hardLink
    case 0x32: return .symbolicLink
    case 0x33: return .characterDevice
    case 0x34: return .blockDevice
    case 0x35: return .directory
    case 0x36: return .fifo
    case TarHeader.gnuSparse: throw .sparse
    default: throw .unknownType(type)
    }
  }

  /// A number that the kernel takes as a user, group or device number; all bits set would mean "leave it as it is" to chown(2).
  private static func number(_ value: Int64, _ field: TarField) throws(LayerFault) -> UInt32 {
    if value < 0 { throw .negativeNumber(field: field) }
    guard let number = UInt32(exactly: value), number != UInt32.max else { throw .badNumber(field: field) }
    return number
  }

  /// The data of an entry that describes the next one.
  private func metadata(_ header: TarHeader) throws(LayerError) -> [UInt8] {
    guard header.size <= metadataLimit else { throw LayerError(.metadataTooLong(limit: metadataLimit)) }
    dataLeft = UInt64(header.size)
    padding = (512 - dataLeft % 512) % 512
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(header.size))
    while let piece = try piece() {
      bytes.append(contentsOf: piece)
      try keep?(piece)
    }
    return bytes
  }

  /// The data of a GNU long name: up to its NULs, of which there may be some at its end but none before.
  private func longText(_ header: TarHeader) throws(LayerError) -> [UInt8]? {
    var text = try metadata(header)
    while text.last == 0 { text.removeLast() }
    if text.contains(0) { throw LayerError(.nulInName) }
    // Go takes an empty one for none.
    return text.isEmpty ? nil : text
  }

  /// The next block that is not the end: nil at two blocks of zeros and, as old archives have none, at the end of the bytes.
  private func headerBlock() throws(LayerError) -> [UInt8]? {
    guard let block = try wholeBlock() else { return nil }
    if block.contains(where: { $0 != 0 }) { return block }
    guard let second = try wholeBlock() else { return nil }
    if second.contains(where: { $0 != 0 }) { throw LayerError(.oneZeroBlock) }
    return nil
  }

  /// A block; nil at the end of the bytes. Part of one is an archive that was cut off.
  private func wholeBlock() throws(LayerError) -> [UInt8]? {
    var block: [UInt8] = []
    while block.count < TarHeader.blockSize {
      if input.isEmpty, try !refill() {
        if block.isEmpty { return nil }
        throw LayerError(.truncated)
      }
      let count = min(TarHeader.blockSize - block.count, input.count)
      block.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[..<count]))
      try take(count)
    }
    return block
  }

  /// Passes over the rest of the present entry; false when the archive ends with its data. The zeros that fill up the last block may then be missing, as in
  /// layers of `umoci insert`: Go takes that for an end.
  private func skip() throws(LayerError) -> Bool {
    let zeros = padding
    padding = 0
    if try !passOver(dataLeft) { throw LayerError(.truncated) }
    dataLeft = 0
    return try passOver(zeros)
  }

  /// Passes over so many bytes; false when there are not so many.
  private func passOver(_ count: UInt64) throws(LayerError) -> Bool {
    var left = count
    while left > 0 {
      if input.isEmpty {
        if let skipSource {
          guard try skipSource(left) else { return false }
          inputEnd += left
          return true
        }
        if try !refill() { return false }
      }
      let count = Int(min(UInt64(input.count), left))
      try take(count)
      left -= UInt64(count)
    }
    return true
  }

  /// Passes over bytes of the input.
  private func take(_ count: Int) throws(LayerError) {
    try keep?(UnsafeRawBufferPointer(rebasing: input[..<count]))
    input = UnsafeRawBufferPointer(rebasing: input[count...])
  }

  private func fill() throws(LayerError) {
    if try !refill() { throw LayerError(.truncated) }
  }

  private func refill() throws(LayerError) -> Bool {
    input = try source()
    inputEnd += UInt64(input.count)
    return !input.isEmpty
  }
}

/// Runs `body`, whose fault is not one entry's.
@inline(__always)
func layer<Value>(_ body: () throws(LayerFault) -> Value) throws(LayerError) -> Value {
  do throws(LayerFault) {
    return try body()
  } catch {
    throw LayerError(error)
  }
}
