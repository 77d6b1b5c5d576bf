public import Linux
internal import Wording

/// A file of a container's log.
public struct LogFile: Sendable {
  public enum Kind: UInt8, Sendable {
    /// `current.log`, to which is written.
    case current
    /// `17.log`: full.
    case full
    /// `17.log.gz`: compressed, and whole.
    case compressed
    /// `17.log.gz.part`: what is being compressed, or was when something ended it.
    case unfinished
  }

  public var kind: Kind
  /// The later one has the higher number; 0 for the current one.
  public var number: UInt64
  /// Bytes.
  public var size: UInt64

  public init(_ kind: Kind, number: UInt64 = 0, size: UInt64 = 0) {
    self.kind = kind
    self.number = number
    self.size = size
  }

  /// - Returns: nil for a name that is none of a log, which is left alone.
  public init?(name: String, size: UInt64) {
    self.size = size
    number = 0
    kind = .current
    if name.equals("current.log") { return }
    let (digits, ending) = cut(name, at: ".")
    // A number that nobody reaches has no successor that could be reached.
    guard let ending, let value = UInt64(exactly: wholeNumber(digits) ?? 0), value > 0, value < LogFile.lastNumber, String(value).equals(digits) else {
      return nil
    }
    number = value
    if ending.equals("log") {
      kind = .full
    } else if ending.equals("log.gz") {
      kind = .compressed
    } else if ending.equals("log.gz.part") {
      kind = .unfinished
    } else {
      return nil
    }
  }

  static var lastNumber: UInt64 { 1 << 62 }

  public var name: String {
    let ending: Literal
    switch kind {
    case .current: return "current.log"
    case .full: ending = "log"
    case .compressed: ending = "log.gz"
    case .unfinished: ending = "log.gz.part"
    }
    return Text("\(number).\(ending)").string
  }
}

/// What is done with the files of a log, one after the other.
public enum LogStep: Sendable {
  /// Write `LogFiles.mending` to the end of the current file: a line feed, and the note that a record was cut off.
  case mend
  /// Write so many bytes of the batch to the end of the current file, which is made if it is missing.
  case append(Int)
  /// Rename the current file to that of this number, which is not there. Nothing has to be forced to the medium.
  case rotate(UInt64)
  /// Remove a file.
  case delete(LogFile)
  /// Compress the file of this number into the unfinished one, and force that to the medium; if it gets more than `most` bytes, give up.
  case compress(UInt64, most: UInt64)
  /// Rename the unfinished file of this number to the compressed one.
  case publish(UInt64)
}

/// The files of a container's log: what is to be done next with them, so that they stay within their bounds.
///
/// `next` is asked for what is written, and `nextUpkeep` for what has time. Both give one step, and are told with `did` that it was done; so what comes next
/// follows from the files that are there. Whoever dies between two steps, or is told that one has failed, makes this anew from the directory and goes on: a
/// record is in the batch until it is in a file, a file is renamed and not copied, and it is only deleted when it is the oldest of too many, or when its
/// compressed form is whole.
///
/// All files together have at most `LogSizes.total` bytes at any moment, with what is being compressed. Files with other names are not touched, and do not
/// count. Holds one `LogFile` for each file that is there: some three more than there may be, unless somebody else has made some.
public final class LogFiles {
  /// Bytes of a file, without the room for a note that it was cut off, and how many there are.
  private let limit: UInt64
  private let count: UInt64
  /// Bytes of the current one.
  public private(set) var current: UInt64 = 0
  /// The others, without those that are unfinished, by their numbers; where there are two of a number, the full one comes first.
  public private(set) var files: [LogFile] = []
  /// Unfinished ones that an earlier process has left.
  private var leftovers: [LogFile] = []
  /// The one that has been compressed, and is not published yet.
  private var compressed: LogFile?
  /// Bytes that the unfinished file has, or may get.
  private var unfinished: UInt64 = 0
  /// Bytes that all files but the current one may have together.
  private let roomOfFull: UInt64
  /// The current file ends within a record.
  private var isCutOff: Bool
  /// No file up to this number is compressed: it was tried, and did not make it small.
  private var triedUpTo: UInt64 = 0
  private var highest: UInt64 = 0

  /// - found: the files of the directory, in any order.
  /// - endsWithLineFeed: what the last byte of the current file is; true if there is none.
  public init(_ sizes: LogSizes, found: [LogFile], endsWithLineFeed: Bool) {
    limit = sizes.file - UInt64(1 + LogHeader.longest + LogNote.longest + 1)
    count = sizes.files
    roomOfFull = sizes.total - sizes.file
    isCutOff = !endsWithLineFeed
    for index in indices(found.count, { found[$0].precedes(found[$1]) }) {
      let file = found[index]
      highest = max(highest, file.number)
      switch file.kind {
      case .current: current = file.size
      case .full, .compressed: files.append(file)
      case .unfinished: leftovers.append(file)
      }
    }
  }

  /// What is to be done so that the batch gets onto the medium, or the files into their bounds; nil: nothing.
  ///
  /// - batch: what is left of it. Where something of it has been written before, and not up to the end of a record, it begins within that record.
  /// - isWithinRecord: it does.
  public func next(_ batch: ArraySlice<UInt8>, isWithinRecord: Bool = false) -> LogStep? {
    if isCutOff && !isWithinRecord { return .mend }
    if let step = tidyStep { return step }
    if let file = surplus { return .delete(file) }
    if batch.isEmpty { return nil }
    let room = limit > current ? limit - current : 0
    var end = batch.endIndex
    if UInt64(batch.count) > room { end = behindLastLineFeed(in: batch.prefix(Int(room))) }
    if end == batch.startIndex && isWithinRecord { end = lineFeed(in: batch).map { $0 + 1 } ?? batch.endIndex }
    if end > batch.startIndex { return .append(end - batch.startIndex) }
    if current > 0 { return .rotate(highest + 1) }
    // A record that is larger than a file, which a policy cannot ask for.
    return .append((lineFeed(in: batch).map { $0 + 1 } ?? batch.endIndex) - batch.startIndex)
  }

  /// What is to be done when there is time; nil: nothing.
  public func nextUpkeep() -> LogStep? {
    if let step = tidyStep { return step }
    guard let last = files.last, last.kind == .full, last.number > triedUpTo, unfinished == 0, surplus == nil else { return nil }
    // Where there is no room beside the file for both, it stays as it is: with two files there is none.
    let most = min(last.size / 2, roomOfFull - bytes)
    if most == 0 || most < last.size / 16 { return nil }
    unfinished = most
    return .compress(last.number, most: most)
  }

  /// A step was done.
  ///
  /// - size: bytes that were written, by `mend`, `append` and `compress`.
  public func did(_ step: LogStep, size: UInt64 = 0) {
    switch step {
    case .mend:
      current += size
      isCutOff = false
    case .append:
      current += size
      isCutOff = false
    case .rotate(let number):
      files.append(LogFile(.full, number: number, size: current))
      highest = number
      current = 0
    case .delete(let file):
      if file.kind == .current { current = 0 }
      files = files.filter { $0.kind != file.kind || $0.number != file.number }
      if file.kind == .unfinished {
        leftovers = leftovers.filter { $0.number != file.number }
        unfinished = 0
      }
    case .compress(let number, _):
      unfinished = size
      // It may have been deleted meanwhile, because others came. If one is missing behind it, its compressed form goes as well.
      let oldest = files.first?.number ?? highest + 1
      if number + 1 >= oldest {
        compressed = LogFile(.compressed, number: number, size: size)
      } else {
        leftovers.append(LogFile(.unfinished, number: number, size: size))
      }
    case .publish:
      guard let file = compressed else { return }
      compressed = nil
      unfinished = 0
      triedUpTo = max(triedUpTo, file.number)
      var index = files.count
      while index > 0 && files[index - 1].number > file.number { index -= 1 }
      files.insert(file, at: index)
    }
  }

  /// A file was not compressed, because it did not get small, or because of an error; what there is of it has been deleted. It is not tried again.
  public func gaveUp(_ number: UInt64) {
    triedUpTo = max(triedUpTo, number)
    unfinished = 0
  }

  /// Bytes of all files but the current one.
  private var bytes: UInt64 {
    var sum = unfinished
    for file in files { sum = sum.adding(file.size) }
    return sum
  }

  /// What is to be done before anything else: one file has been compressed; one is left unfinished; or one is there in its compressed form as well.
  private var tidyStep: LogStep? {
    if let compressed { return .publish(compressed.number) }
    if let file = leftovers.last { return .delete(file) }
    for (index, file) in files.enumerated() where index > 0 && file.number == files[index - 1].number { return .delete(files[index - 1]) }
    return nil
  }

  /// The oldest file, if there is one too many, or if they are too large. No number is there twice, because leftovers go first.
  private var surplus: LogFile? { UInt64(files.count) >= count || bytes > roomOfFull ? files.first : nil }

  /// What the step `mend` writes.
  public static func mending(_ time: Timestamp) -> [UInt8] {
    var bytes: [UInt8] = [0x0A]
    LogHeader(time: time, stream: .error, kind: .note).append(to: &bytes)
    bytes.append(contentsOf: LogNote.cutOff.string.utf8)
    bytes.append(0x0A)
    return bytes
  }
}

extension LogFile {
  fileprivate func precedes(_ other: LogFile) -> Bool { number == other.number ? kind.rawValue < other.kind.rawValue : number < other.number }
}
