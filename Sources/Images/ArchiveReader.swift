internal import Linux
internal import OCI

/// The entries of an archive that a process without rights reads.
final class ArchiveReader: EntryReader {
  private let client: ReaderClient
  private let keep: ByteSink
  /// Whether data of entries come.
  private let hasData: Bool
  private var dataLeft: UInt64 = 0
  private var dataPosition: UInt64 = 0
  private var hasEnded = false

  /// `keep` gets every byte of the archive, in its order, but those that `piece` gives and those that are passed over.
  init(_ task: ReaderTask, _ input: ReaderInput, start: ReaderStart, keep: @escaping ByteSink = { (_) throws(LayerError) in }) throws(LayerError) {
    client = try ReaderClient(task, input, start: start)
    self.keep = keep
    hasData = task.purpose == .layer || task.purpose == .staging
  }

  override var position: UInt64 { dataPosition }

  override func next() throws(LayerError) -> TarEntry? {
    if hasEnded { return nil }
    do throws(LayerError) {
      while true {
        switch try client.receive() {
        case .entry(let entry, let position):
          dataLeft = hasData ? entry.size : 0
          dataPosition = position
          return entry
        case .keep(let count): try keep(try client.take(count))
        case .data(let count): _ = try data(count)
        case .end:
          hasEnded = true
          return nil
        case .block, .done, .skip, .fault: break
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
        switch try client.receive() {
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

  private func data(_ count: Int) throws(LayerError) -> UnsafeRawBufferPointer {
    guard UInt64(count) <= dataLeft else { throw LayerError(.readerConfused) }
    dataLeft -= UInt64(count)
    dataPosition += UInt64(count)
    return try client.take(count)
  }
}

/// The bytes that a process without rights decompresses.
final class UnpackedBytes {
  private let client: ReaderClient
  private var hasEnded = false

  init(
    _ compression: LayerCompression, limits: Limits, start: ReaderStart, fill: @escaping (UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
  )
    throws(LayerError)
  {
    client = try ReaderClient(ReaderTask(purpose: .unpacking, compression: compression, limits: limits), ReaderInput(fill: fill), start: start)
  }

  /// Compressed bytes of what was read so far.
  var consumed: UInt64 { client.consumed }

  /// Fills (some of) the buffer, out of the memory of that process, and gives the number of bytes: 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    while client.block.isEmpty && !hasEnded {
      switch try client.receive() {
      case .end: hasEnded = true
      case .block, .done, .fault: break
      case .keep, .data, .entry, .skip: throw LayerError(.readerConfused)
      }
    }
    let piece = try client.take(min(client.block.count, buffer.count))
    buffer.copyMemory(from: piece)
    return piece.count
  }
}
