internal import Linux

/// The bytes that a process without rights reads, for the one who has it read them.
struct ReaderInput {
  /// Fills (some of) the buffer and gives the number of bytes, 0 at the end.
  let fill: (UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
  /// Passes over bytes, of a listing; whether there were so many.
  var skip: (UInt64) -> Bool = { _ in false }
  /// Is told of so many more bytes of what was read, decompressed, for which so many bytes in all were consumed.
  var take: (_ count: UInt64, _ consumed: UInt64) throws(LayerError) -> Void = { (_, _) throws(LayerError) in }
}

/// What the importing process has of a process that reads for it (`ReaderLoop`): the memory, the channel, and what was said.
///
/// Nothing of that is believed: every number is checked against what was given, and nothing outside of the shared memory is touched.
final class ReaderClient {
  private let task: ReaderTask
  private let input: ReaderInput
  private let memory: SharedMemory
  private let process: ReaderProcess
  private let packet: UnsafeMutableRawBufferPointer
  private var records: RecordStream
  /// What of the present block has not been taken.
  private(set) var block = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Bytes that the process was given, and those that it says it has consumed of them.
  private var bytesFilled: UInt64 = 0
  private(set) var consumed: UInt64 = 0
  private var isFilled = false
  /// The buffers that were written to, a bit for each (`ReaderTask.fresh`).
  private var written: UInt64 = 0

  init(_ task: ReaderTask, _ input: ReaderInput, start: ReaderStart) throws(LayerError) {
    self.task = task
    self.input = input
    do throws(Errno) {
      let memory = try SharedMemory(size: (task.inputs + task.outputs) * task.bufferSize)
      self.memory = memory
      process = try start(task, memory)
    } catch {
      throw LayerError(.system(SystemError("start", "a process that reads it", error)))
    }
    records = RecordStream(limits: task.limits)
    packet = UnsafeMutableRawBufferPointer.allocate(byteCount: ReaderLoop.packetSize, alignment: 16)
    for index in 0..<task.inputs { try fill(index) }
  }

  deinit {
    // Before the memory goes that it works in.
    _ = process.finish()
    packet.deallocate()
  }

  /// The next record; blocks, buffers that are done with, and faults have been seen to.
  func receive() throws(LayerError) -> ReaderRecord {
    let record = try nextRecord()
    switch record {
    case .block(let index, let count, let consumed):
      guard index < task.inputs + task.outputs, count <= task.bufferSize else { throw LayerError(.readerConfused) }
      block = UnsafeRawBufferPointer(task.buffer(index, of: memory, count: count))
      self.consumed = min(consumed, bytesFilled)
      try input.take(UInt64(count), self.consumed)
    case .done(let index):
      guard index < task.inputs + task.outputs else { throw LayerError(.readerConfused) }
      if index < task.inputs { try fill(index) } else { try order(.free(index)) }
    case .skip(let count): try order(.skipped(input.skip(count)))
    case .fault(let error): throw error
    case .keep, .data, .entry, .end: break
    }
    return record
  }

  /// So many bytes of the block, which are there until the next record.
  func take(_ count: Int) throws(LayerError) -> UnsafeRawBufferPointer {
    guard count <= block.count else { throw LayerError(.readerConfused) }
    let taken = UnsafeRawBufferPointer(rebasing: block[..<count])
    block = UnsafeRawBufferPointer(rebasing: block[count...])
    return taken
  }

  private func nextRecord() throws(LayerError) -> ReaderRecord {
    while true {
      do throws(LayerFault) {
        if let record = try records.next() { return record }
      } catch {
        throw LayerError(error)
      }
      var count = 0
      do throws(Errno) {
        count = try process.receive(into: packet)
      } catch {
        throw LayerError(.system(SystemError("read", "from the process that reads it", error)))
      }
      if count == 0 { throw LayerError(process.finish().map { .readerKilled(signal: $0) } ?? .readerConfused) }
      records.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(packet)[..<count]))
    }
  }

  private func fill(_ index: Int) throws(LayerError) {
    if isFilled { return }
    let count = try input.fill(task.fresh(index, of: memory, &written))
    isFilled = count == 0
    bytesFilled += UInt64(count)
    try order(.filled(index, count))
  }

  private func order(_ order: ReaderOrder) throws(LayerError) {
    do throws(Errno) {
      try process.send(order)
    } catch {
      // One that was killed is found to be so by the next record, or the lack of one.
      if error != .brokenPipe && error != .connectionReset { throw LayerError(.system(SystemError("write", "to the process that reads it", error))) }
    }
  }
}
