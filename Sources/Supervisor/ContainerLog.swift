public import Linux
public import Wording

/// What becomes of what a container writes: lines, of which those are dropped that are too many, and records of them that wait to be written together.
///
/// All of it works in the memory of its parts: one part of a line for each stream, the buffer, and the last lines (`LogSizes`). Times are milliseconds of the
/// monotonic clock for what waits, and the system's clock for what is written into the records.
///
/// The rate counts parts of lines, so that it holds for a line without an end. A line is dropped as a whole or not at all. If the parts of a long one are too
/// many in the middle of it, its beginning is in the log already: the rest is dropped, the line counts as dropped, and before the stream's next line comes an
/// empty record that ends it, so that the two are not taken for one.
///
/// What finds no room in memory because the medium does not take what is there is dropped, and not what waits already. So what was said before the medium
/// stalled has no gap, nothing that a follower has been shown is taken back, and there is one place for the note of it. The last lines before a crash do not
/// depend on it: `lastLines` has them whatever the medium does.
public final class ContainerLog {
  public let buffer: LogBuffer
  /// The last that the container said, whether it was dropped or not.
  public let lastLines = LastLines()
  private let output: Source
  private let error: Source
  private var rate: LineRate
  /// Lines that were dropped and not told of.
  private var aboveRate: UInt64 = 0
  private var stalled: UInt64 = 0

  /// One of the two streams.
  private final class Source {
    let stream: LogStream
    let splitter: LineSplitter
    /// The last record of the stream was of a part that is not the last one.
    var isOpen = false
    /// The rest of the line is dropped.
    var isDropped = false

    init(_ stream: LogStream, limit: Int) {
      self.stream = stream
      splitter = LineSplitter(limit: limit)
    }
  }

  public init(_ sizes: LogSizes, at now: UInt64) {
    // The notes before a record, and those at the end.
    buffer = LogBuffer(size: sizes.buffer, reserve: LogHeader.longest + max(sizes.part, LogNote.longest) + 1 + 2 * LogSizes.notes)
    output = Source(.output, limit: sizes.part)
    error = Source(.error, limit: sizes.part)
    rate = LineRate(sizes.rate, at: now)
  }

  /// Goes on with the files of an earlier process, which may have been killed when it had written parts of a line and not its end: such a line is ended before
  /// the next one of its stream, so that the two are not taken for one.
  ///
  /// - end: the last bytes of the newest file that has any, from whatever byte on; `LogSizes.longestRecord` and some more are enough.
  public func goOn(after end: ArraySlice<UInt8>) {
    let reader = LogReader()
    reader.add(end)
    readStreams(reader)
    // A record that was cut off will have its line feed.
    reader.add([0x0A])
    readStreams(reader)
  }

  private func readStreams(_ reader: LogReader) {
    while let record = reader.next() {
      if record.header.kind == .note { continue }
      let source = record.header.stream == .output ? output : error
      source.isOpen = record.header.kind == .partial
    }
  }

  /// Takes what a stream said.
  ///
  /// - Returns: what there is no room for yet; usually nothing. It has to be handed over again before anything else of the stream, once `buffer` has been
  ///   written, or at its `wakeTime`. Until then nothing needs to be read from the container: it is held up for `LogBuffer.patience` at most, and then lines
  ///   are dropped.
  public func take(_ bytes: ArraySlice<UInt8>, of stream: LogStream, time: Timestamp, at now: UInt64) -> ArraySlice<UInt8> {
    let source = stream == .output ? output : error
    var rest = bytes
    while !rest.isEmpty {
      if mustWait(at: now) { break }
      guard let part = source.splitter.next(&rest) else { break }
      add(part, source, time, at: now)
    }
    return rest
  }

  /// The container has ended: what it said last without a line feed is a line, and what was dropped is told.
  ///
  /// - Returns: false: there is no room yet; to be said again once `buffer` has been written, or at its `wakeTime`.
  public func end(time: Timestamp, at now: UInt64) -> Bool {
    if !endLine(output, time, at: now) || !endLine(error, time, at: now) { return false }
    // There is room for these always.
    tellDropped(time, at: now)
    close(output, time, at: now)
    close(error, time, at: now)
    buffer.ask()
    return true
  }

  /// Writes something that Apus has to say of the container.
  ///
  /// - text: at most 128 bytes, more is cut off; for a line feed comes a space.
  /// - Returns: false: there is no room. To be tried again once `buffer` has been written, or not at all.
  public func note(_ text: Text, time: Timestamp, at now: UInt64) -> Bool {
    if buffer.isFull { return false }
    tellDropped(time, at: now)
    write(text, time, at: now)
    return true
  }

  private func endLine(_ source: Source, _ time: Timestamp, at now: UInt64) -> Bool {
    if mustWait(at: now) { return false }
    if let part = source.splitter.end() { add(part, source, time, at: now) }
    return true
  }

  private func mustWait(at now: UInt64) -> Bool { buffer.isFull && !buffer.isStalled(at: now) }

  private func add(_ part: LineSplitter.Part, _ source: Source, _ time: Timestamp, at now: UInt64) {
    lastLines.add(part.text, isEnd: part.isEnd)
    if part.isStart { source.isDropped = false }
    if source.isDropped { return }
    if buffer.isFull {
      stalled = stalled.adding(1)
      source.isDropped = true
      return
    }
    if !rate.passes(at: now) {
      aboveRate = aboveRate.adding(1)
      source.isDropped = true
      return
    }
    tellDropped(time, at: now)
    if part.isStart { close(source, time, at: now) }
    buffer.append(LogHeader(time: time, stream: source.stream, kind: part.isEnd ? .full : .partial), part.text, at: now)
    source.isOpen = !part.isEnd
  }

  private func tellDropped(_ time: Timestamp, at now: UInt64) {
    if aboveRate > 0 { write(LogNote.aboveRate(aboveRate, rate.rate), time, at: now) }
    if stalled > 0 { write(LogNote.stalled(stalled), time, at: now) }
    aboveRate = 0
    stalled = 0
  }

  private func write(_ text: Text, _ time: Timestamp, at now: UInt64) {
    var bytes = Array(text.string.utf8.prefix(LogNote.longest))
    for index in bytes.indices where bytes[index] == 0x0A { bytes[index] = 0x20 }
    buffer.append(LogHeader(time: time, stream: .error, kind: .note), bytes[...], at: now)
  }

  /// Ends a line of which the rest was dropped.
  private func close(_ source: Source, _ time: Timestamp, at now: UInt64) {
    if !source.isOpen { return }
    source.isOpen = false
    buffer.append(LogHeader(time: time, stream: source.stream, kind: .full), [], at: now)
  }
}

/// The last that a container said, for the verdict on a crash: between `size` and twice as many bytes of it, once it has said so much.
public final class LastLines {
  /// Some 25 lines.
  static var size: Int { 2048 }

  private var held: [UInt8] = []

  func add(_ text: ArraySlice<UInt8>, isEnd: Bool) {
    if held.isEmpty { held.reserveCapacity(2 * LastLines.size) }
    let text = text.suffix(LastLines.size - 1)
    let count = held.count + text.count + (isEnd ? 1 : 0)
    // A byte is moved once for each byte that is added, on average.
    if count > 2 * LastLines.size { held.removeFirst(held.count - (LastLines.size - text.count)) }
    held.append(contentsOf: text)
    if isEnd { held.append(0x0A) }
  }

  /// The last lines, at most so many, as they were said; the first one may lack its beginning.
  public func lines(_ most: Int) -> [UInt8] {
    var start = held.endIndex
    var left = most
    while start > held.startIndex {
      // A line feed at the very end ends the last line.
      if held[start - 1] == 0x0A && start < held.endIndex {
        left -= 1
        if left == 0 { break }
      }
      start -= 1
    }
    return most > 0 ? Array(held[start...]) : []
  }
}
