import Linux
import Testing

@testable import Supervisor

/// A record of this second.
private func record(_ second: UInt64, _ text: String, _ kind: LogHeader.Kind = .full, _ stream: LogStream = .output) -> [UInt8] {
  var bytes: [UInt8] = []
  LogHeader(time: Timestamp(seconds: second), stream: stream, kind: kind).append(to: &bytes)
  return bytes + text.utf8 + [0x0A]
}

private func texts(_ bytes: [UInt8]) -> [String] { records(bytes).records.map(\.text) }

@Suite("logs are read back")
struct LogReaderTests {
  @Test("in pieces of any size", arguments: [1, 2, 7, 39, 40, 41, 46, 100, 1000])
  func pieces(_ size: Int) {
    let bytes = record(1, "a") + record(2, "", .partial) + record(3, "said", .note) + record(4, String(repeating: "x", count: 300), .full, .error)
    let reader = LogReader()
    var texts: [String] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      reader.add(bytes[start..<min(start + size, bytes.count)])
      while let record = reader.next() { texts.append(String(decoding: record.text, as: UTF8.self)) }
    }
    reader.end()
    #expect(texts == ["a", "", "said", String(repeating: "x", count: 300)] && reader.damaged == 0)
  }

  @Test("what is no record is passed over and counted, and hides nothing")
  func damaged() {
    let zeros = [UInt8](repeating: 0, count: 70_000)
    let bytes = record(1, "a") + zeros + [0x0A] + record(2, "b") + Array("\nx\n".utf8) + record(3, "c") + record(4, "cut off").dropLast()
    let found = records(bytes)
    #expect(found.records.map(\.text) == ["a", "b", "c"] && found.damaged == 4)
  }

  @Test("the longest record is read, a longer one is none")
  func longest() {
    let most = Int(LogSizes.longestPart)
    let found = records(record(1, String(repeating: "x", count: most), .note, .error) + record(1, String(repeating: "x", count: most + 1), .note, .error))
    #expect(found.records.map { $0.text.utf8.count } == [most] && found.damaged == 1)
  }

  @Test(
    "a selection is from a moment on, and before another one",
    arguments: [(nil, nil, [1, 2, 3]), (2, nil, [2, 3]), (nil, 3, [1, 2]), (2, 3, [2]), (3, 2, []), (4, nil, [])] as [(UInt64?, UInt64?, [UInt64])])
  func selection(_ since: UInt64?, _ until: UInt64?, _ expected: [UInt64]) {
    let selection = LogSelection(since: since.map { Timestamp(seconds: $0) }, until: until.map { Timestamp(seconds: $0) })
    #expect([1, 2, 3].filter { selection.includes(Timestamp(seconds: $0)) } == expected)
  }

  @Test("nanoseconds count in a selection")
  func nanoseconds() {
    let moment = Timestamp(seconds: 5, nanoseconds: 10)
    #expect(LogSelection(since: moment).includes(moment) && !LogSelection(until: moment).includes(moment))
    #expect(
      !LogSelection(since: moment).includes(Timestamp(seconds: 5, nanoseconds: 9))
        && LogSelection(until: moment).includes(Timestamp(seconds: 5, nanoseconds: 9)))
  }
}

@Suite("the last lines of a log")
struct LogTailTests {
  /// What is read of files, which are from the oldest to the newest: the last lines, found in blocks of a size.
  private func tail(_ lines: UInt64, _ files: [[UInt8]], block: Int = 64, _ selection: LogSelection = LogSelection()) -> [String] {
    let tail = LogTail(lines, selection)
    var read: [UInt8] = []
    for file in files.reversed() {
      tail.begin()
      var end = file.count
      var found: UInt64?
      while found == nil && end > 0 {
        let start = max(0, end - block)
        found = tail.addBefore(file[start..<end])
        end = start
      }
      found = found ?? tail.all()
      read = file.suffix(Int(found ?? UInt64(file.count))) + read
      if found != nil { break }
    }
    return records(read).records.filter { selection.includes($0.header.time) }.map(\.text)
  }

  private let files = [record(1, "a") + record(2, "b"), [], record(3, "c1", .partial) + record(3, "c2") + record(4, "n", .note, .error) + record(5, "d")]

  @Test(
    "begin with the first part of the first of them", arguments: [1, 40, 64, 1000],
    [
      (0, []), (1, ["d"]), (2, ["n", "d"]), (3, ["c1", "c2", "n", "d"]),
      (4, ["b", "c1", "c2", "n", "d"]), (5, ["a", "b", "c1", "c2", "n", "d"]), (.max, ["a", "b", "c1", "c2", "n", "d"]),
    ] as [(UInt64, [String])])
  func last(_ block: Int, _ expected: (lines: UInt64, texts: [String])) { #expect(tail(expected.lines, files, block: block) == expected.texts) }

  @Test("are those of the selected ones")
  func selected() {
    let until = LogSelection(until: Timestamp(seconds: 5))
    #expect(tail(1, files, until) == ["n"] && tail(2, files, until) == ["c1", "c2", "n"])
    let odd = record(9, "a") + record(1, "b") + record(9, "c") + record(1, "d")
    #expect(tail(1, [odd], LogSelection(since: Timestamp(seconds: 2))) == ["c"] && tail(2, [odd], LogSelection(since: Timestamp(seconds: 2))) == ["a", "c"])
  }

  @Test("are whole ones, in a file that has been damaged")
  func damaged() {
    let file = record(1, "a") + Array("\0\0\n".utf8) + record(2, "b") + record(3, "cut off").dropLast(3)
    #expect(tail(1, [file]) == ["b"] && tail(2, [file]) == ["a", "b"] && tail(0, [file]) == [])
    #expect(tail(1, [Array(record(1, "x").dropLast())]) == [])
  }

  @Test("are found in a compressed file by their number")
  func compressed() {
    for (wanted, last, expected) in [(3, 1, 4), (6, 0, 0), (7, 0, nil), (1, 1, nil)] as [(UInt64, UInt64, UInt64?)] {
      let tail = LogTail(wanted, LogSelection())
      if last > 0 {
        // All of the newer file is wanted, and maybe no more than that.
        let skipped = tail.add(last)
        if wanted == last { #expect(skipped == 0) } else { #expect(skipped == nil && tail.add(6) == expected) }
      } else {
        #expect(tail.add(6) == expected)
      }
    }
  }

  @Test("are the same, wherever blocks end and whatever there is", arguments: 0..<20)
  func anything(_ seed: UInt64) {
    var random = Random(state: seed)
    var file: [UInt8] = []
    var ends: [Int] = []
    for number in 0..<60 as Range<UInt64> {
      switch random.below(6) {
      case 0: file += record(number, "p", .partial)
      case 1: file += [UInt8](repeating: 0, count: Int(random.below(90))) + [0x0A]
      default:
        file += record(number, String(repeating: "x", count: Int(random.below(80))))
        ends.append(file.count)
      }
    }
    for lines in 1..<ends.count {
      let expected = texts(Array(file[ends[ends.count - 1 - lines]...]))
      #expect(tail(UInt64(lines), [file], block: Int(1 + random.below(200))) == expected)
    }
  }
}
