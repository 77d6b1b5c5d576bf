internal import Linux
internal import OCI

/// What the process without rights does: it decompresses and parses an archive whose bytes it gets in shared memory, and tells what is in it over a channel.
///
/// Orders that come over the channel have eight bytes: the kind (`ReaderOrder`), a buffer's number, two that are zero, and a number of bytes.
final class ReaderLoop {
  private let task: ReaderTask
  private let memory: SharedMemory
  /// Its own end is the second one.
  private let pair: ChannelPair
  private var records = RecordWriter()
  /// Bytes since the last record that are neither data nor an entry.
  private var kept = 0
  /// Buffers that were filled and have not been begun, and those that are free for what comes out of decompression.
  private var filled: [(index: Int, count: Int)] = []
  private var free: [Int]
  /// The answer to the last `skip`.
  private var hasSkipped: Bool?
  /// Bytes of the buffers that were begun.
  private var bytesFilled: UInt64 = 0
  private var hasEnded = false
  /// The buffers that were written to, a bit for each (`ReaderTask.fresh`).
  private var written: UInt64 = 0

  init(_ task: ReaderTask, _ memory: SharedMemory, _ pair: consuming ChannelPair) {
    self.task = task
    self.memory = memory
    self.pair = pair
    free = Array(task.inputs..<(task.inputs + task.outputs))
  }

  /// Bytes of records in a packet, at most: one that every socket takes, whatever net.core.wmem_default is.
  static var packetSize: Int { Channel.packetLimit }

  /// Reads to the end or the first fault, tells that, and waits until nobody listens any more: the channel is not closed before everything was heard.
  func run() {
    do throws(LayerError) {
      if task.purpose == .unpacking { try unpack() } else { try read() }
      try tell(.end)
    } catch {
      try? tell(.fault(error))
    }
    wait()
  }

  /// Says why there is nothing that reads.
  func giveUp(_ fault: LayerFault) {
    try? tell(.fault(LayerError(fault)))
    wait()
  }

  private func wait() {
    do throws(LayerError) {
      try flush()
      while true { try receive() }
    } catch {
      // Nobody is there any more.
    }
  }

  private func unpack() throws(LayerError) {
    let source = try unpackedSource()
    while try !source().isEmpty {}
  }

  private func read() throws(LayerError) {
    let reader = try makeReader()
    while let entry = try reader.next() {
      try tell(.entry(entry, position: reader.position))
      switch task.purpose {
      case .listing, .unpacking: break
      case .headers: if hasContents(entry) { reader.leaveOutData() }
      case .layer: if hasContents(entry) { try tellData(reader) }
      case .staging: if entry.kind == .file { try tellData(reader) }
      }
    }
    switch task.purpose {
    case .listing, .unpacking: break
    case .headers, .layer: try reader.finish()
    // Whoever writes the pipe would be killed by a signal otherwise, and a checksum at the end would not be looked at. An archive is filled up with zeros to
    // some kilobytes; more than a mebibyte of anything is left alone.
    case .staging: try reader.finish(upTo: 1 << 20)
    }
  }

  /// Whether its data become those of a file in the unpacked layer. What is wrong with its name is for the one who unpacks it to say.
  private func hasContents(_ entry: TarEntry) -> Bool { (try? LayerArchive.file(entry, task.limits)).flatMap { $0 } != nil }

  private func tellData(_ reader: TarReader) throws(LayerError) {
    while let piece = try reader.piece() { try tell(.data(piece.count)) }
  }

  private func makeReader() throws(LayerError) -> TarReader {
    let skip = { (count: UInt64) throws(LayerError) in try self.skip(count) }
    return TarReader(
      limits: task.limits, skip: task.purpose == .listing ? skip : nil, keep: { (bytes) throws(LayerError) in self.kept += bytes.count },
      source: task.compression == .none ? plainSource() : try unpackedSource())
  }

  // MARK: buffers

  private func plainSource() -> ByteSource {
    var present: Int?
    return { () throws(LayerError) in
      let (index, input) = try self.nextInput(after: present)
      present = index
      if let index { try self.tell(.block(index, count: input.count, consumed: self.bytesFilled)) }
      return input
    }
  }

  private func unpackedSource() throws(LayerError) -> ByteSource {
    var present: Int?
    let unpacker = Unpacker(task.compression) { () throws(LayerError) in
      let (index, input) = try self.nextInput(after: present)
      present = index
      return input
    }
    guard let unpacker else { throw LayerError(.noMemory) }
    var block: Int?
    return { () throws(LayerError) in
      if let block { try self.tell(.done(block)) }
      block = nil
      try self.flush()
      while self.free.isEmpty { try self.receive() }
      let index = self.free.removeFirst()
      let buffer = self.task.fresh(index, of: self.memory, &self.written)
      let count = try unpacker.read(into: buffer)
      if count > 0 {
        block = index
        try self.tell(.block(index, count: count, consumed: self.bytesFilled - UInt64(unpacker.input.count)))
      }
      return UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }
  }

  /// The next buffer that was filled; none at the end.
  private func nextInput(after present: Int?) throws(LayerError) -> (Int?, UnsafeRawBufferPointer) {
    if let present { try tell(.done(present)) }
    try flush()
    while filled.isEmpty && !hasEnded { try receive() }
    guard !hasEnded else { return (nil, UnsafeRawBufferPointer(start: nil, count: 0)) }
    let (index, count) = filled.removeFirst()
    hasEnded = count == 0
    bytesFilled += UInt64(count)
    return (hasEnded ? nil : index, UnsafeRawBufferPointer(task.buffer(index, of: memory, count: count)))
  }

  // MARK: the channel

  private func tell(_ record: ReaderRecord) throws(LayerError) {
    if kept > 0 { records.append(.keep(kept)) }
    kept = 0
    records.append(record)
    if records.bytes.count >= ReaderLoop.packetSize { try flush() }
  }

  private func flush() throws(LayerError) {
    if kept > 0 { records.append(.keep(kept)) }
    kept = 0
    defer { records.removeAll() }
    try connected { () throws(Errno) in
      var failure: Errno?
      self.records.bytes.withUnsafeBytes { bytes in
        var rest = bytes
        while !rest.isEmpty && failure == nil {
          let packet = UnsafeRawBufferPointer(rebasing: rest.prefix(ReaderLoop.packetSize))
          do throws(Errno) { try self.pair.second.send(packet) } catch { failure = error }
          rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(packet.count))
        }
      }
      if let failure { throw failure }
    }
  }

  /// Waits for an order.
  private func receive() throws(LayerError) {
    try connected { () throws(Errno) in
      guard let order = try ReaderOrder.receive(from: self.pair.second) else { throw Errno.brokenPipe }
      switch order {
      case .filled(let index, let count): self.filled.append((index, count))
      case .free(let index): self.free.append(index)
      case .skipped(let isThere): self.hasSkipped = isThere
      }
    }
  }

  /// What goes wrong here nobody hears of.
  private func connected(_ body: () throws(Errno) -> Void) throws(LayerError) {
    do throws(Errno) {
      try body()
    } catch {
      throw LayerError(.system(SystemError("reach", "", error)))
    }
  }

  private func skip(_ count: UInt64) throws(LayerError) -> Bool {
    try tell(.skip(count))
    try flush()
    hasSkipped = nil
    while true {
      if let hasSkipped { return hasSkipped }
      try receive()
    }
  }
}

/// What the process that reads is told.
enum ReaderOrder {
  /// So many bytes of the archive were put into a buffer; none is its end.
  case filled(Int, Int)
  /// A buffer may be written to again.
  case free(Int)
  /// Whether there were as many bytes as were to be passed over.
  case skipped(Bool)

  func send(over channel: borrowing Channel) throws(Errno) {
    var packet: UInt64 = 0
    switch self {
    case .filled(let index, let count): packet = UInt64(index) << 8 | UInt64(count) << 32
    case .free(let index): packet = 1 | UInt64(index) << 8
    case .skipped(let isThere): packet = 2 | (isThere ? 1 << 8 : 0)
    }
    var failure: Errno?
    withUnsafeBytes(of: &packet) { bytes in
      do throws(Errno) { try channel.send(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Nil when nobody is there who could send one.
  static func receive(from channel: borrowing Channel) throws(Errno) -> ReaderOrder? {
    var packet: UInt64 = 0
    var count = 0
    var failure: Errno?
    withUnsafeMutableBytes(of: &packet) { bytes in
      do throws(Errno) { count = try channel.receive(into: bytes) } catch { failure = error }
    }
    if let failure { throw failure }
    if count == 0 { return nil }
    let index = Int(packet >> 8 & 0xFF)
    switch packet & 0xFF {
    case 0: return .filled(index, Int(packet >> 32))
    case 1: return .free(index)
    default: return .skipped(index == 1)
    }
  }
}
