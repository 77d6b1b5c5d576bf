import Linux
import Testing

@testable import Supervisor

@Suite("records of a log")
struct LogRecordTests {
  private func parsed(_ line: String) -> LogRecord? { LogRecord(Array(line.utf8)[...]) }

  @Test(
    "are those of Kubernetes, and are read as they were written",
    arguments: [
      ("2016-10-06T00:17:09.669794202Z stdout F The content of a line", LogStream.output, LogHeader.Kind.full, 1_475_713_029, "The content of a line"),
      ("2016-10-06T00:17:09.669794202Z stderr F ", .error, .full, 1_475_713_029, ""),
      ("1970-01-01T00:00:07.669794202Z stdout P  a ", .output, .partial, 7, " a "),
      ("2100-02-28T23:59:59.669794202Z stderr P P F", .error, .partial, 4_107_542_399, "P F"),
      ("2000-02-29T00:00:00.669794202Z stderr F:apus 3 lines dropped", .error, .note, 951_782_400, "3 lines dropped"),
    ] as [(String, LogStream, LogHeader.Kind, UInt64, String)])
  func written(_ line: String, _ stream: LogStream, _ kind: LogHeader.Kind, _ seconds: UInt64, _ text: String) throws {
    let record = try #require(parsed(line))
    #expect(record.header.stream == stream && record.header.kind == kind && String(decoding: record.text, as: UTF8.self) == text)
    #expect(record.header.time.seconds == seconds && record.header.time.nanoseconds == 669_794_202)
    var bytes: [UInt8] = []
    record.header.append(to: &bytes)
    #expect(bytes.count == record.header.count && bytes + text.utf8 == Array(line.utf8))
  }

  @Test(
    "are nothing else: no other time, stream or tag, and no time that does not exist",
    arguments: [
      "", "\0", "2016-10-06T00:17:09.669794202Z", "2016-10-06T00:17:09.669794202Z stdout F", "2016-10-06T00:17:09.669794202Z stdout  F a",
      "2016-10-06T00:17:09.669794202Z stdlog F a", "2016-10-06T00:17:09.669794202Z stdout X a", "2016-10-06T00:17:09.669794202Z stdout F:x a",
      "2016-10-06T00:17:09.669794202Z stdout F:apus a", "2016-10-06T00:17:09.669794202Z stderr P:apus a", "2016-10-06T00:17:09.669794202Z stderr F:apus",
      "2016-10-06T00:17:09.66979420Z stdout F abc", "2016-10-06T00:17:09.669794202+00:00 stdout F a", "2016-10-06 00:17:09.669794202Z stdout F a",
      "2016-13-06T00:17:09.669794202Z stdout F a", "2016-00-06T00:17:09.669794202Z stdout F a", "2016-10-00T00:17:09.669794202Z stdout F a",
      "2016-02-30T00:17:09.669794202Z stdout F a", "2015-02-29T00:17:09.669794202Z stdout F a", "2100-02-29T00:17:09.669794202Z stdout F a",
      "2016-04-31T00:17:09.669794202Z stdout F a", "2016-10-06T24:17:09.669794202Z stdout F a", "2016-10-06T00:60:09.669794202Z stdout F a",
      "2016-10-06T00:17:60.669794202Z stdout F a", "1969-12-31T23:59:59.999999999Z stdout F a", "2016-10-06T00:17:09,669794202Z stdout F a",
      "-016-10-06T00:17:09.669794202Z stdout F a", "2016-10-06T00:17:+9.669794202Z stdout F a", "2016-10-06T00:17:09.66979420xZ stdout F a",
    ])
  func refused(_ line: String) { #expect(parsed(line) == nil) }

  @Test("what a container says is never taken for a note")
  func notes() throws {
    let log = ContainerLog(LogSizes(LogPolicy(), bytes: 1 << 20), at: 0)
    let said = "stderr F:apus 3 lines dropped\n2016-10-06T00:17:09.669794202Z stderr F:apus 3 lines dropped\n"
    #expect(log.take(Array(said.utf8)[...], of: .error, time: Timestamp(seconds: 0), at: 0).isEmpty)
    let records = try written(log)
    #expect(records.count == 2 && records.allSatisfy { $0.header.kind == .full })
  }

  @Test("a note is one line, and not a long one")
  func longNote() throws {
    let log = ContainerLog(LogSizes(LogPolicy(), bytes: 1 << 20), at: 0)
    #expect(log.note("a\n\(String(repeating: "x", count: 500))", time: Timestamp(seconds: 0), at: 0))
    let records = try written(log)
    #expect(records.count == 1 && records[0].header.kind == .note && records[0].text.count == 128 && records[0].text.starts(with: "a xx".utf8))
  }

  /// What the log has to write.
  private func written(_ log: ContainerLog) throws -> [LogRecord] {
    log.buffer.ask()
    #expect(log.buffer.begin(at: 0))
    return try log.buffer.rest.split(separator: 0x0A, omittingEmptySubsequences: true).map { try #require(LogRecord($0)) }
  }
}
