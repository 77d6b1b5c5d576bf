public import Linux

/// Reads the records of a file that comes in pieces of any size, from its beginning or from the beginning of any record.
///
/// Holds one record at most, up to `LogSizes.longestRecord` bytes, and only if it lies in two pieces. What is no record, or longer, is counted and passed over:
/// zeros that a loss of power has left must not hide what comes behind them.
public final class LogReader {
  /// Lines that are no records.
  public private(set) var damaged: UInt64 = 0
  private let splitter = LineSplitter(limit: LogSizes.longestRecord - 1)
  private var rest: ArraySlice<UInt8> = []

  public init() {}

  /// The next piece. What there was before must have been read.
  public func add(_ piece: ArraySlice<UInt8>) { rest = piece }

  /// The next record; nil: another piece is needed. Its text is to be let go of before the next one is asked for, which costs a copy otherwise.
  public func next() -> LogRecord? {
    while let line = splitter.next(&rest) {
      if line.isStart && line.isEnd, let record = LogRecord(line.text) { return record }
      if line.isEnd { damaged = damaged.adding(1) }
    }
    return nil
  }

  /// The file has no more bytes, and will not get any: what is left was not written to its end.
  public func end() {
    if splitter.end() != nil { damaged = damaged.adding(1) }
  }
}

/// Which records somebody wants to see.
public struct LogSelection: Sendable {
  /// The first moment that counts, and the first that does not any more. A record from before the device was told the time is of 1970.
  public var since: Timestamp?
  public var until: Timestamp?

  public init(since: Timestamp? = nil, until: Timestamp? = nil) {
    self.since = since
    self.until = until
  }

  public func includes(_ time: Timestamp) -> Bool {
    if let since, time.precedes(since) { return false }
    if let until { return time.precedes(until) }
    return true
  }
}

/// Finds where the last lines begin, so many of those that are selected. Each record that ends a line counts as one, and a note does as well.
///
/// Files are asked from the newest to the oldest: one that can be read at any place is handed over in blocks from its end to its beginning (`addBefore`,
/// `begin`), and one that is compressed is read from its beginning, its lines are counted (`LogSelection.includes`) and told together (`add`). Records are in
/// the order of writing, and their times need not be, so that all have to be looked at until there are enough. Holds 45 bytes.
public final class LogTail {
  private let selection: LogSelection
  /// So many lines are wanted still.
  private var left: UInt64
  /// The first bytes behind the block that is looked at, as many as a header has at most.
  private var behind: [UInt8] = []
  /// Bytes from the beginning of `behind` to the end of the file.
  private var distance: UInt64 = 0
  /// How far from the end the first record begins that is wanted.
  private var start: UInt64 = 0
  /// What is behind the last line feed of a file is no record yet.
  private var isRecord = false

  public init(_ lines: UInt64, _ selection: LogSelection) {
    left = lines
    self.selection = selection
    behind.reserveCapacity(LogHeader.longest)
  }

  /// Another file, an older one.
  public func begin() {
    behind.removeAll(keepingCapacity: true)
    distance = 0
    start = 0
    isRecord = false
  }

  /// The bytes of the file before those that have been handed over.
  ///
  /// - Returns: how many bytes from its end the file has to be read; nil: what is before these bytes is needed, or `all` if nothing is.
  public func addBefore(_ block: ArraySlice<UInt8>) -> UInt64? {
    var end = block.endIndex
    while true {
      let place = behindLastLineFeed(in: block[..<end])
      if place == block.startIndex { break }
      if let found = look(block[place...], distance + UInt64(block.endIndex - place)) { return found }
      end = place - 1
    }
    distance += UInt64(block.count)
    behind = first(block)
    return nil
  }

  /// The file has no bytes before those.
  ///
  /// - Returns: how many bytes from its end it has to be read; nil: all of it, and of the file before it as well.
  public func all() -> UInt64? {
    if let found = look([], distance) { return found }
    return left == 0 ? start : nil
  }

  /// A file that was read from its beginning has so many lines that are selected.
  ///
  /// - Returns: after how many of these the wanted ones begin; nil: all are wanted, and of the file before it as well.
  public func add(_ lines: UInt64) -> UInt64? {
    if lines >= left { return lines - left }
    left -= lines
    return nil
  }

  /// A record that begins with these bytes and those behind them, so far from the end of the file.
  private func look(_ bytes: ArraySlice<UInt8>, _ place: UInt64) -> UInt64? {
    if !isRecord {
      // What follows the last line feed.
      isRecord = true
      start = place
      return left == 0 ? start : nil
    }
    if let header = LogHeader(bytes.count < LogHeader.longest ? first(bytes)[...] : bytes), header.kind != .partial, selection.includes(header.time) {
      if left == 0 { return start }
      left -= 1
    }
    start = place
    return nil
  }

  /// As many bytes as a header has at most, of these and of what is behind the block.
  private func first(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var first = Array(bytes.prefix(LogHeader.longest))
    first.append(contentsOf: behind.prefix(LogHeader.longest - first.count))
    return first
  }
}
