import Linux
import Testing

@testable import Supervisor

@Suite("what becomes of what a container says")
struct ContainerLogTests {
  private let medium = LogMedium()

  private func log(_ policy: LogPolicy) -> ContainerLog { ContainerLog(LogSizes(policy, bytes: .max), at: 0) }

  private func say(_ log: ContainerLog, _ text: String, _ stream: LogStream = .output, at now: UInt64 = 0) -> Int {
    log.take(Array(text.utf8)[...], of: stream, time: Timestamp(seconds: now / 1000), at: now).count
  }

  /// What is in the log, a record as `o|text` (`+` for one that goes on), `e|text` or `note: text`.
  private func end(_ log: ContainerLog, at now: UInt64 = 0) -> [String] {
    #expect(log.end(time: Timestamp(seconds: 9), at: now))
    let files = medium.open(LogSizes(policy(size: 1 << 20), bytes: .max))
    while log.buffer.begin(at: now) { medium.write(log, files, at: now) }
    return records(medium.contents).records.map { record in
      if record.header.kind == .note { return "note: " + record.text }
      return (record.header.stream == .output ? "o" : "e") + (record.header.kind == .partial ? "+" : "|") + record.text
    }
  }

  @Test("the streams do not mix within a line")
  func streams() {
    let log = log(policy())
    for (text, stream) in [("a", .output), ("x", .error), ("b", .output), ("y\nz", .error), ("c\nd", .output)] as [(String, LogStream)] {
      #expect(say(log, text, stream) == 0)
    }
    #expect(end(log) == ["e|xy", "o|abc", "o|d", "e|z"])
  }

  @Test("lines above the rate are dropped and counted, and that is told before the next one")
  func rate() {
    let log = log(policy(rate: 2))
    _ = say(log, "a\nb\nc\nd\n", at: 0)
    _ = say(log, "e\n", at: 100)
    _ = say(log, "f\ng\n", .error, at: 1000)
    _ = say(log, "h\n", at: 1100)
    #expect(
      end(log, at: 1200) == ["o|a", "o|b", "note: 3 lines dropped: more than 2 in a second", "e|f", "e|g", "note: 1 line dropped: more than 2 in a second"])
  }

  @Test("a line without an end is held up by the rate as well, counts once, and is ended in the log")
  func endless() {
    let log = log(policy(line: 16, rate: 2))
    let part = String(repeating: "x", count: 16)
    _ = say(log, String(repeating: part, count: 50), at: 0)
    _ = say(log, "x\nnext\n", at: 1000)
    let dropped = "note: 1 line dropped: more than 2 in a second"
    #expect(end(log, at: 1000) == ["o+" + part, "o+" + part, dropped, "o|", "o|next"])
  }

  @Test("a line that lacks its end is ended at the end of the log, too")
  func endlessEnd() {
    let log = log(policy(line: 16, rate: 1))
    _ = say(log, String(repeating: "x", count: 40), at: 0)
    _ = say(log, "a\n", .error, at: 1000)
    #expect(end(log, at: 1000) == ["o+" + String(repeating: "x", count: 16), "note: 1 line dropped: more than 1 in a second", "e|a", "o|"])
  }

  @Test(
    "a line without an end that an earlier process left is ended before the next one",
    arguments: [
      ("stdout P a\n", ["o|", "o|b", "e|c"]), ("stderr P a\n", ["o|b", "e|", "e|c"]), ("stdout P a\n@stdout F b\n@stderr F:apus x\n", ["o|b", "e|c"]),
      ("stdout P a\n@stderr F b\n", ["o|", "o|b", "e|c"]), ("stdout F a\n@stdout P cut off", ["o|", "o|b", "e|c"]),
      ("stdout P a\n@stdout F cut off", ["o|b", "e|c"]),
      ("stdout P a\n@std", ["o|", "o|b", "e|c"]), ("", ["o|b", "e|c"]),
    ] as [(String, [String])])
  func goesOn(_ end: String, _ expected: [String]) {
    let log = log(policy())
    log.goOn(after: Array(("the end of something\n@" + end).replacing("@", with: "1970-01-01T00:00:00.000000000Z ").utf8)[...])
    _ = say(log, "b\n")
    _ = say(log, "c\n", .error)
    #expect(self.end(log) == expected)
  }

  @Test("a container that says much is held up while it can be written, and no longer than a moment where it cannot")
  func heldUp() {
    let log = log(policy())
    let text = (0..<500).map { "line \($0)\n" }.joined()
    let left = say(log, text, at: 0)
    #expect(left > 0 && left < text.utf8.count)
    // Nothing is lost: it is to be written, and then it goes on.
    #expect(say(log, text, at: 50_000) == text.utf8.count && log.buffer.begin(at: 50_000))
    // While that is written the other half is filled.
    let more = say(log, String(text.suffix(left)), at: 50_000)
    #expect(more > 0 && more < left && !log.buffer.begin(at: 50_050))
    #expect(say(log, String(text.suffix(more)), at: 50_099) == more && log.buffer.wakeTime(at: 50_099) == 50_100)
    // From here on the medium has stalled, and what comes is dropped.
    #expect(say(log, String(text.suffix(more)), at: 50_100) == 0)
    #expect(say(log, "late\n", .error, at: 50_200) == 0)
    #expect(log.buffer.wakeTime(at: 50_200) == nil)
    let files = medium.open(LogSizes(policy(size: 1 << 20), bytes: .max))
    medium.write(log, files, at: 60_000)
    #expect(log.buffer.begin(at: 60_000))
    medium.write(log, files, at: 60_000)
    #expect(say(log, "after\n", at: 60_001) == 0)
    let said = end(log, at: 60_002)
    let kept = said.prefix { $0.hasPrefix("o|line") }
    #expect(Array(kept) == (0..<kept.count).map { "o|line \($0)" })
    #expect(said.dropFirst(kept.count) == ["note: \(501 - kept.count) lines dropped: the medium was too slow", "o|after"])
  }

  @Test("the memory never gets larger than the policy says", arguments: [4096, 8192, 65_536] as [UInt64])
  func bounded(_ buffer: UInt64) {
    let log = log(policy(line: 4096, buffer: buffer, rate: 100_000))
    var random = Random(state: buffer)
    for now in 0..<200 as Range<UInt64> {
      let text = (0..<random.below(60)).map { _ in String(repeating: "y", count: Int(random.below(300))) + random.one(of: ["", "\n"]) }.joined()
      let stream = random.chance(50) ? LogStream.output : .error
      var left = say(log, text, stream, at: now)
      if left > 0 {
        // Either it can be written, and then never is, or it is dropped.
        _ = log.buffer.begin(at: now)
        left = say(log, String(text.suffix(left)), stream, at: now + 200)
        if left > 0, log.buffer.begin(at: now) { left = say(log, String(text.suffix(left)), stream, at: now + 400) }
      }
      if random.chance(1) { #expect(log.note("x", time: Timestamp(seconds: 0), at: now) || log.buffer.isFull) }
      #expect(log.buffer.bytes <= Int(buffer))
    }
    _ = log.end(time: Timestamp(seconds: 0), at: 10_000)
    #expect(log.buffer.bytes <= Int(buffer))
  }

  @Test("the last lines are there whatever is dropped")
  func lastLines() {
    let log = log(policy(rate: 1))
    for number in 0..<1000 { _ = say(log, "line \(number)\n", number % 2 == 0 ? .output : .error) }
    _ = say(log, "panic: no", .error)
    #expect(log.lastLines.lines(3) == Array("line 997\nline 998\nline 999\n".utf8))
    _ = end(log)
    #expect(log.lastLines.lines(2) == Array("line 999\npanic: no\n".utf8))
    #expect(log.lastLines.lines(0).isEmpty && log.lastLines.lines(.max).count >= 2048 && log.lastLines.lines(.max).count <= 4096)
  }

  @Test("nothing is due while nothing is said")
  func idle() {
    let log = log(policy(rate: 5))
    #expect(log.buffer.wakeTime(at: 0) == nil)
    _ = say(log, "a\n", at: 1000)
    #expect(log.buffer.wakeTime(at: 0) == 61_000 && log.buffer.begin(at: 61_000))
    medium.write(log, medium.open(LogSizes(policy(), bytes: .max)), at: 61_000)
    #expect(log.buffer.wakeTime(at: 0) == nil && log.buffer.isEmpty)
  }
}
