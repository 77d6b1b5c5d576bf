import Linux
import Testing

@testable import Supervisor

@Suite("the files of a log")
struct LogFilesTests {
  private let sizes = LogSizes(policy(size: 4096), bytes: .max)
  private let medium = LogMedium()

  private func batch(_ count: Int, _ length: Int = 100) -> [UInt8] {
    (0..<count).flatMap { _ in [UInt8](repeating: 0x61, count: length - 1) + [0x0A] }
  }

  private func name(_ step: LogStep?) -> String {
    switch step {
    case nil: "nothing"
    case .mend: "mend"
    case .append(let count): "append \(count)"
    case .rotate(let number): "rotate \(number)"
    case .delete(let file): "delete \(file.name)"
    case .compress(let number, let most): "compress \(number) \(most)"
    case .publish(let number): "publish \(number)"
    }
  }

  /// The steps with which a batch is written.
  private func steps(_ files: LogFiles, _ batch: [UInt8]) -> [String] {
    var rest = batch[...]
    var names: [String] = []
    while let step = files.next(rest) {
      names.append(name(step))
      let written = medium.perform(step, rest) ?? 0
      files.did(step, size: UInt64(written))
      if case .append = step { rest = rest.dropFirst(written) }
    }
    #expect(rest.isEmpty)
    return names
  }

  private func upkeep(_ files: LogFiles) -> [String] {
    var names: [String] = []
    while let step = files.nextUpkeep() {
      names.append(name(step))
      medium.finish(step, files)
    }
    return names
  }

  @Test(
    "have names that say what they are",
    arguments: [("current.log", LogFile.Kind.current, 0), ("1.log", .full, 1), ("17.log.gz", .compressed, 17), ("18.log.gz.part", .unfinished, 18)]
      as [(String, LogFile.Kind, UInt64)])
  func names(_ name: String, _ kind: LogFile.Kind, _ number: UInt64) throws {
    let file = try #require(LogFile(name: name, size: 5))
    #expect(file.kind == kind && file.number == number && file.size == 5 && file.name == name)
  }

  @Test(
    "are no others",
    arguments: [
      "", ".", "log", "0.log", "01.log", "-1.log", "+1.log", "1", "1.", "1.log.", "1.log.gz.new", "x.log", "1.LOG", "current.log.gz", "9223372036854775807.log",
    ])
  func foreign(_ name: String) { #expect(LogFile(name: name, size: 5) == nil) }

  @Test("a file is filled with whole records, then the next is begun, and the oldest goes")
  func rotation() {
    let files = medium.open(sizes)
    #expect(steps(files, []).isEmpty)
    #expect(steps(files, batch(10)) == ["append 1000"])
    #expect(steps(files, batch(39)) == ["append 2900", "rotate 1", "append 1000"])
    #expect(steps(files, batch(60)) == ["append 2900", "rotate 2", "append 3100"])
    #expect(steps(files, batch(9)) == ["append 800", "rotate 3", "delete 1.log", "append 100"])
    #expect(medium.names == ["2.log", "3.log", "current.log"] && medium.most <= sizes.total)
    // Another process that begins with these goes on in the same way.
    #expect(steps(medium.open(sizes), batch(39)) == ["append 3800", "rotate 4", "delete 2.log", "append 100"])
  }

  @Test("with one file, it goes when it is full")
  func oneFile() {
    let files = medium.open(LogSizes(policy(size: 4096, files: 1), bytes: .max))
    #expect(steps(files, batch(40)) == ["append 3900", "rotate 1", "delete 1.log", "append 100"])
  }

  @Test("a record that was begun is ended where it was begun")
  func withinRecord() {
    let files = medium.open(sizes)
    #expect(steps(files, batch(39)) == ["append 3900"])
    let step = files.next(Array("rest of it\nnext\n".utf8)[...], isWithinRecord: true)
    #expect(name(step) == "append 16")
    #expect(name(files.next(([UInt8](repeating: 0x61, count: 50) + [0x0A] + batch(1))[...], isWithinRecord: true)) == "append 51")
  }

  @Test("a full file is compressed when there is room for both, and once only")
  func compression() {
    let files = medium.open(sizes)
    _ = steps(files, batch(50))
    #expect(upkeep(files) == ["compress 1 1950", "publish 1", "delete 1.log"])
    _ = steps(files, batch(39))
    #expect(upkeep(files) == ["compress 2 1950", "publish 2", "delete 2.log"])
    #expect(medium.names == ["1.log.gz", "2.log.gz", "current.log"] && medium.most <= sizes.total)
    _ = steps(files, batch(39))
    #expect(name(files.nextUpkeep()) == "compress 3 1950" && name(files.nextUpkeep()) == "nothing")
    files.gaveUp(3)
    #expect(upkeep(files).isEmpty)
    let two = medium.open(LogSizes(policy(size: 4096, files: 2), bytes: .max))
    #expect(steps(two, batch(30)).prefix(1) == ["delete 2.log.gz"])
    #expect(upkeep(two).isEmpty)
  }

  @Test("what was compressed stays if the file had to go meanwhile, unless later ones had to go as well", arguments: [false, true])
  func slowCompression(_ isLate: Bool) throws {
    let files = medium.open(sizes)
    _ = steps(files, batch(40))
    let compression = try #require(files.nextUpkeep())
    let whole = medium.files["1.log"]
    #expect(steps(files, batch(39)) == ["append 3800", "rotate 2", "delete 1.log", "append 100"])
    if isLate { #expect(steps(files, batch(39)) == ["append 3800", "rotate 3", "delete 2.log", "append 100"]) }
    medium.files["1.log.gz.part"] = whole
    medium.finish(compression, files)
    #expect(upkeep(files).first == (isLate ? "delete 1.log.gz.part" : "publish 1"))
    #expect(medium.names == (isLate ? ["3.log.gz", "current.log"] : ["1.log.gz", "2.log.gz", "current.log"]) && medium.most <= sizes.total)
  }

  @Test("what an earlier process has left is put right")
  func leftovers() {
    medium.files = [
      "3.log.gz.part": [1], "3.log": batch(30), "2.log": batch(30), "2.log.gz": batch(30), "1.log": batch(30), "current.log": batch(1), "note.txt": [2],
    ]
    #expect(steps(medium.open(sizes), batch(1)) == ["delete 3.log.gz.part", "delete 2.log", "delete 1.log", "append 100"])
    #expect(medium.files.keys.sorted() == ["2.log.gz", "3.log", "current.log", "note.txt"])
  }

  @Test("smaller bounds hold from the next record on")
  func smallerBounds() {
    medium.files = ["1.log": batch(200), "2.log": batch(10), "current.log": batch(100)]
    #expect(steps(medium.open(sizes), batch(1)) == ["delete 1.log", "rotate 3", "delete 2.log", "delete 3.log", "append 100"])
  }

  @Test("a record that was cut off is told, and what comes next is not taken for its end")
  func mended() {
    let record = Array("2016-10-06T00:17:09.669794202Z stdout F half".utf8)
    for end in [1, 20, 38, 42, 44] {
      medium.files = ["current.log": batch(1) + record.prefix(end)]
      #expect(steps(medium.open(sizes), []) == ["mend"])
      let log = ContainerLog(sizes, at: 0)
      _ = log.take(Array("next\n".utf8)[...], of: .output, time: Timestamp(seconds: 1), at: 0)
      log.buffer.ask()
      #expect(log.buffer.begin(at: 0))
      medium.write(log, medium.open(sizes), at: 0)
      let said = records(medium.contents).records.suffix(2)
      #expect(said.map(\.text) == ["the record before this one was cut off", "next"] && said.first?.header.kind == .note)
    }
  }

  @Test("wherever it is ended, no record is lost but the oldest ones, and the bound holds", arguments: 0..<12)
  func anywhere(_ seed: UInt64) throws {
    var random = Random(state: seed)
    let sizes = LogSizes(policy(size: random.one(of: [4096, 8192]), files: 1 + random.below(5)), bytes: .max)
    var files = medium.open(sizes)
    var (number, written) = (0, 0)
    var rest: [UInt8] = []
    var compression: LogStep?
    var source: [UInt8] = []
    for _ in 0..<300 {
      if rest.isEmpty {
        for _ in 0..<random.below(40) {
          rest += Array("1970-01-01T00:00:00.000000000Z stdout F \(number) \(String(repeating: "x", count: Int(random.below(200))))\n".utf8)
          number += 1
        }
      }
      // What is compressed takes its time, while other steps are done.
      if let step = compression {
        if random.chance(20) {
          if case .compress(let full, _) = step { medium.files["\(full).log.gz.part"] = source }
          medium.finish(step, files)
          compression = nil
        }
      } else if random.chance(30), let step = files.nextUpkeep() {
        if case .compress(let full, let most) = step {
          compression = step
          source = medium.files["\(full).log", default: []]
          medium.files["\(full).log.gz.part"] = Array(source.prefix(Int(most)))
        } else {
          medium.finish(step, files)
        }
      }
      if let step = files.next(rest[...]) {
        let count = medium.perform(step, rest[...]) ?? 0
        files.did(step, size: UInt64(count))
        if case .append = step {
          written += rest.prefix(count).count { $0 == 0x0A }
          rest.removeFirst(count)
        }
      }
      // Killed between two steps; or within one, which leaves a part of a file.
      if !random.chance(5) { continue }
      compression = nil
      files = medium.open(sizes)
      let found = records(medium.contents)
      #expect(found.damaged == 0)
      let numbers = try found.records.map { try #require(Int($0.text.prefix { $0 != " " })) }
      let first = numbers.first ?? written
      #expect(numbers == Array(first..<written))
    }
    #expect(written > 100 && medium.most <= sizes.total)
    #expect(UInt64(medium.names.count) <= sizes.files + 1)
  }
}
