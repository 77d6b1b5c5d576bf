public import Linux
internal import Wording

/// Where a container wrote a line.
public enum LogStream: UInt8, Sendable {
  case output, error
}

/// What stands before the text of a record on the medium: the Kubernetes CRI logging format, which Podman calls k8s-file. Each record is one line:
///
///     2016-10-06T00:17:09.669794202Z stdout F text
///
/// The time has nine digits behind the second and is in UTC, so it has 30 bytes always. Then the stream and the tags, one space between, and one before the
/// text, which is anything but a line feed. The first tag is `F`, or `P` when the line goes on in the next record of the stream. Other tags follow behind a
/// colon and are ignored by those who do not know them. Ours is `apus`: such a record is not of the container. A container cannot write one, because what it
/// writes stands behind the tags.
public struct LogHeader: Sendable {
  public enum Kind: UInt8, Sendable {
    /// A line, or the last piece of one.
    case full
    /// A piece of a line that goes on.
    case partial
    /// Said by Apus: `F:apus`, on the stream of errors.
    case note
  }

  /// The clock's as it was, which is 1970 on a device that has not been told the time.
  public var time: Timestamp
  public var stream: LogStream
  public var kind: Kind

  public init(time: Timestamp, stream: LogStream, kind: Kind) {
    self.time = time
    self.stream = stream
    self.kind = kind
  }

  /// Bytes of the longest one, that of a note.
  public static var longest: Int { 45 }

  /// How many bytes it has.
  public var count: Int { kind == .note ? LogHeader.longest : 40 }

  /// The header that the bytes begin with; nil: they begin with none that we write. Looks at 45 bytes at most.
  @inline(never)
  public init?(_ record: ArraySlice<UInt8>) {
    let start = record.startIndex
    guard record.count >= 40, record[start + 30] == 0x20, record[start + 37] == 0x20, let time = Timestamp(preciseText: record[start..<(start + 30)]) else {
      return nil
    }
    let name = record[(start + 31)..<(start + 37)]
    let isError = name.matches("stderr")
    if !isError && !name.matches("stdout") { return nil }
    let tags = record[(start + 38)...]
    if tags.begins(with: "F ") {
      kind = .full
    } else if tags.begins(with: "P ") {
      kind = .partial
    } else if isError && tags.begins(with: "F:apus ") {
      kind = .note
    } else {
      return nil
    }
    self.time = time
    stream = isError ? .error : .output
  }

  /// Adds the bytes before the text.
  @inline(never)
  func append(to bytes: inout [UInt8]) {
    time.appendPreciseText(to: &bytes)
    let rest: Literal
    switch (stream, kind) {
    case (_, .note): rest = " stderr F:apus "
    case (.output, .full): rest = " stdout F "
    case (.output, .partial): rest = " stdout P "
    case (.error, .full): rest = " stderr F "
    case (.error, .partial): rest = " stderr P "
    }
    bytes.append(contentsOf: rest.bytes)
  }
}

/// A record, as it is read back.
public struct LogRecord: Sendable {
  public let header: LogHeader
  /// Without the line feed.
  public let text: ArraySlice<UInt8>

  /// - line: one line without its line feed.
  /// - Returns: nil when it is not a record as we write them. Nothing that is wrong is put right: a line that was cut off by a loss of power, or that became
  ///   zeros, is to be told apart from one that was written.
  public init?(_ line: ArraySlice<UInt8>) {
    guard let header = LogHeader(line) else { return nil }
    self.header = header
    text = line[(line.startIndex + header.count)...]
  }
}

/// What Apus says in a log itself; `dropped` and the like are the beginning of the text.
enum LogNote {
  /// Bytes of a note's text; more is cut off.
  static var longest: Int { 128 }

  /// Lines are missing here because more came than the policy lets through.
  static func aboveRate(_ lines: UInt64, _ rate: UInt64) -> Text { "\(dropped(lines)): more than \(rate) in a second" }

  /// Lines are missing here because the medium did not take them.
  static func stalled(_ lines: UInt64) -> Text { "\(dropped(lines)): the medium was too slow" }

  /// What stands before this note was being written when the power failed, or the monitor was killed.
  static var cutOff: Text { "the record before this one was cut off" }

  private static func dropped(_ lines: UInt64) -> String { Text("\(lines) \(lines == 1 ? "line" : "lines") dropped").string }
}
