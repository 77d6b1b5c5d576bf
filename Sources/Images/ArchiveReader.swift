internal import Linux

/// The bytes of an archive, for the one who has it read.
struct ReaderInput {
  /// Fills (some of) the buffer and gives the number of bytes, 0 at the end.
  let fill: (UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
  /// Passes over bytes, of a listing; whether there were so many.
  var skip: (UInt64) -> Bool = { _ in false }
  /// Gets the archive as it was in these bytes, decompressed, of which so many have been read by then.
  var take: (UnsafeRawBufferPointer, _ consumed: UInt64) throws(LayerError) -> Void = { (_, _) throws(LayerError) in }
}

/// The entries of an archive that a process without rights reads (`ReaderLoop`).
///
/// What that process says is not believed. It cannot make this one read or write anything outside of the shared memory, it can only tell of another archive than
/// the one it was given: as whoever made the archive could have done as well. What the blob's digest vouches for is hashed here, before that process sees it.
final class ArchiveReader: EntryReader {
  private let task: ReaderTask
  private let input: ReaderInput
  private let keep: ByteSink
  private let memory: SharedMemory
  private let process: ReaderProcess
  private let packet: UnsafeMutableRawBufferPointer
  private var records: RecordStream
  /// What of the present block has not been told about.
  private var block = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Bytes that were given to it.
  private var bytesFilled: UInt64 = 0
  private var isFilled = false
  private var dataLeft: UInt64 = 0
  private var dataPosition: UInt64 = 0
  private var hasEnded = false

  /// `keep` gets every byte of the archive, in its order, but those that `piece` gives and those that are passed over.
  init(_ task: ReaderTask, _ input: ReaderInput, start: ReaderStart, keep: @escaping ByteSink = { (_) throws(LayerError) in }) throws(LayerError) {
    self.task = task
    self.input = input
    self.keep = keep
    let (memory, process) = try ArchiveReader.started(task, start)
    self.memory = memory
    self.process = process
    records = RecordStream(limits: task.limits)
    packet = UnsafeMutableRawBufferPointer.allocate(byteCount: ReaderLoop.packetSize, alignment: 16)
    super.init()
    for index in 0..<task.inputs { try fill(index) }
  }

  deinit {
    // Before the memory goes that it works in.
    process.finish()
    packet.deallocate()
  }

  private static func started(_ task: ReaderTask, _ start: ReaderStart) throws(LayerError) -> (SharedMemory, ReaderProcess) {
    do throws(Errno) {
      let memory = try task.makeMemory()
      return (memory, try start(task, memory))
    } catch {
      throw LayerError(.system(SystemError("start", "a process that reads it", error)))
    }
  }

  override var position: UInt64 { dataPosition }

  override func next() throws(LayerError) -> TarEntry? {
    if hasEnded { return nil }
    do throws(LayerError) {
      while true {
        switch try receive() {
        case .entry(let entry, let position):
          // A block of headers has no data that come later.
          dataLeft = task.purpose == .layer || task.purpose == .staging ? entry.size : 0
          dataPosition = position
          return entry
        case .keep(let count): try keep(try take(count))
        case .data(let count): try passOver(count)
        case .skip(let count): try order(.skipped(input.skip(count)))
        case .end:
          hasEnded = true
          return nil
        case .block, .done, .fault: break
        }
      }
    } catch {
      hasEnded = true
      throw error
    }
  }

  override func piece() throws(LayerError) -> UnsafeRawBufferPointer? {
    if dataLeft == 0 || hasEnded { return nil }
    do throws(LayerError) {
      while true {
        switch try receive() {
        case .data(let count): return try data(count)
        case .block, .done, .fault: break
        case .keep, .entry, .skip, .end: throw LayerError(.readerConfused)
        }
      }
    } catch {
      hasEnded = true
      throw error
    }
  }

  private func passOver(_ count: Int) throws(LayerError) { _ = try data(count) }

  private func data(_ count: Int) throws(LayerError) -> UnsafeRawBufferPointer {
    guard UInt64(count) <= dataLeft else { throw LayerError(.readerConfused) }
    dataLeft -= UInt64(count)
    dataPosition += UInt64(count)
    return try take(count)
  }

  /// So many bytes of the block.
  private func take(_ count: Int) throws(LayerError) -> UnsafeRawBufferPointer {
    guard count <= block.count else { throw LayerError(.readerConfused) }
    let taken = UnsafeRawBufferPointer(rebasing: block[..<count])
    block = UnsafeRawBufferPointer(rebasing: block[count...])
    return taken
  }

  // MARK: the process

  /// The next record; blocks, buffers that are done with, and faults have been seen to.
  private func receive() throws(LayerError) -> ReaderRecord {
    let record = try nextRecord()
    switch record {
    case .block(let index, let count, let consumed):
      guard index < task.inputs + task.outputs, count <= task.bufferSize else { throw LayerError(.readerConfused) }
      block = UnsafeRawBufferPointer(task.buffer(index, of: memory, count: count))
      try input.take(block, min(consumed, bytesFilled))
    case .done(let index):
      guard index < task.inputs + task.outputs else { throw LayerError(.readerConfused) }
      if index < task.inputs { try fill(index) } else { try order(.free(index)) }
    case .fault(let error): throw error
    default: break
    }
    return record
  }

  private func nextRecord() throws(LayerError) -> ReaderRecord {
    while true {
      do throws(LayerFault) {
        if let record = try records.next() { return record }
      } catch {
        throw LayerError(error)
      }
      let count = try connected { () throws(Errno) in try process.receive(into: packet) }
      if count == 0 { throw gone() }
      records.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(packet)[..<count]))
    }
  }

  private func fill(_ index: Int) throws(LayerError) {
    if isFilled { return }
    let count = try input.fill(task.buffer(index, of: memory))
    isFilled = count == 0
    bytesFilled += UInt64(count)
    try order(.filled(index, count))
  }

  private func order(_ order: ReaderOrder) throws(LayerError) {
    do throws(Errno) {
      try process.send(order)
    } catch {
      // One that has said what is wrong and ended is not there any more; one that was killed has said nothing, and that is found next.
      if error != .brokenPipe && error != .connectionReset { throw LayerError(.system(SystemError("write", "to the process that reads it", error))) }
    }
  }

  private func connected<Value>(_ body: () throws(Errno) -> Value) throws(LayerError) -> Value {
    do throws(Errno) {
      return try body()
    } catch {
      throw LayerError(.system(SystemError("read", "from the process that reads it", error)))
    }
  }

  private func gone() -> LayerError {
    guard let signal = process.wait() else { return LayerError(.readerConfused) }
    return LayerError(.readerKilled(signal: signal))
  }
}
