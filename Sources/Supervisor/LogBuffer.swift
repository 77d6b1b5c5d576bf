/// Records that wait to be written together, and those that are being written.
///
/// Holds two arrays of half its size each: one is filled while the other one, the batch, is on its way to the medium. Both are allocated when they are needed
/// first, and memory that was never filled is never touched: a container that says little costs little.
///
/// It decides when to write, and nothing else: whoever drives it writes the batch and tells what became of it. Times are milliseconds of the monotonic clock.
public final class LogBuffer {
  /// For so long may records wait at most. Without records there is nothing to wait for, and no time.
  public static var longestWait: UInt64 { 60_000 }
  /// For so long is a batch awaited before what comes meanwhile is dropped: a container that says much is held up by no more, whatever the medium does.
  public static var patience: UInt64 { 100 }
  /// So long after a failure it is tried again.
  public static var retry: UInt64 { 10_000 }

  /// Bytes of each of the two arrays.
  let half: Int
  /// Bytes that have to be free for the next record.
  private let reserve: Int
  private var filling: [UInt8] = []
  /// Records that are being written, or could not be.
  private var batch: [UInt8] = []
  /// So many bytes of the batch are in a file.
  private var written = 0
  /// Since when the batch is being written; nil: it is not.
  private var writesSince: UInt64?
  /// When the oldest record came that is not in the batch.
  private var oldest: UInt64 = 0
  /// When a batch that failed is tried again.
  private var retryAt: UInt64 = 0
  private var isAsked = false

  /// - size: bytes of both arrays.
  /// - reserve: the bytes for which there has to be room, so that a record is taken: it, what is written together with it, and what comes at the end.
  init(size: Int, reserve: Int) {
    half = size / 2
    self.reserve = reserve
  }

  public var isEmpty: Bool { filling.isEmpty && batch.isEmpty }

  /// Bytes of both arrays, at most their size.
  var bytes: Int { filling.count + batch.count }

  /// The next record may not fit: what is there has to be written, or the record is dropped.
  var isFull: Bool { filling.count + reserve > half }

  /// The medium does not take what is there: it has been waited for too long, or it has failed.
  func isStalled(at now: UInt64) -> Bool {
    if let writesSince { return now.since(writesSince) >= LogBuffer.patience }
    return !batch.isEmpty && now < retryAt
  }

  /// Writes a record behind the others. There must be room for it.
  func append(_ header: LogHeader, _ text: ArraySlice<UInt8>, at now: UInt64) {
    if filling.capacity < half { filling.reserveCapacity(half) }
    if filling.isEmpty { oldest = now }
    header.append(to: &filling)
    filling.append(contentsOf: text)
    filling.append(0x0A)
  }

  /// All that is there is to be written as soon as possible: somebody wants to read it, or the container has crashed or ended.
  public func ask() {
    if !filling.isEmpty { isAsked = true }
    retryAt = 0
  }

  /// When there is something to do, if nothing else happens: to write, or to go on although the medium has stalled; nil: never, or after `finish`.
  public func wakeTime(at now: UInt64) -> UInt64? {
    if let writesSince { return isFull && !isStalled(at: now) ? writesSince.adding(LogBuffer.patience) : nil }
    if !batch.isEmpty { return retryAt }
    if filling.isEmpty { return nil }
    return isFull || isAsked ? 0 : oldest.adding(LogBuffer.longestWait)
  }

  /// Whether a batch is to be written now. If so, `rest` has it, and `finish` has to be told when it is written or has failed.
  public func begin(at now: UInt64) -> Bool {
    guard writesSince == nil, let time = wakeTime(at: now), time <= now else { return false }
    if batch.isEmpty {
      swap(&filling, &batch)
      isAsked = false
    }
    writesSince = now
    return true
  }

  /// What is left of the batch: whole records, but for the first one where that is in the file in part.
  public var rest: ArraySlice<UInt8> { batch[written...] }

  /// The file ends within a record, whose other bytes `rest` begins with.
  public var isWithinRecord: Bool { written > 0 && batch[written - 1] != 0x0A }

  /// So many bytes of `rest` are in the file.
  public func wrote(_ count: Int) { written += max(0, min(count, batch.count - written)) }

  /// Nothing more is written of the batch now. If something is left, that has failed, and is tried again later.
  public func finish(at now: UInt64) {
    if writesSince == nil { return }
    writesSince = nil
    if written < batch.count {
      retryAt = now.adding(LogBuffer.retry)
      return
    }
    batch.removeAll(keepingCapacity: true)
    written = 0
    retryAt = 0
  }
}
