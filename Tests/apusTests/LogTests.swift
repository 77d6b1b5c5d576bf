import Linux
import Testing

@testable import apus

@Suite("lines of the log")
struct LogTests {
  private func line(_ message: String, _ format: Log.Format, _ level: Log.Level = .error) -> String {
    String(decoding: Log.line(level, message, at: Timestamp(seconds: 0), format), as: UTF8.self)
  }

  @Test("JSON has level, message and time, in the order of runc")
  func json() {
    #expect(line("open \"x\": no\n", .json) == #"{"level":"error","msg":"open \"x\": no\n","time":"1970-01-01T00:00:00Z"}"# + "\n")
    #expect(line("", .json, .warning).hasPrefix(#"{"level":"warning","msg":"","#) && line("", .json, .debug).hasPrefix(#"{"level":"debug""#))
  }

  @Test("text quotes the message; control characters and quotation marks do not get out")
  func text() {
    #expect(line("a \"b\" \\ \n\u{1b}[0m \u{9b} ä", .text) == #"time="1970-01-01T00:00:00Z" level=error msg="a \"b\" \\ \x0a\x1b[0m \xc2\x9b ä""# + "\n")
  }
}
