import Linux
import Testing

@testable import Supervisor

/// Whatever a container says, in whatever pieces, and whatever the medium does: what is read back is what was said, without the lines that the notes count.
@Suite("a log, whatever happens")
struct LogPropertyTests {
  /// A container that says lines with a number each.
  private final class Container {
    var said: [LogStream: [String]] = [.output: [], .error: []]
    /// What was written to a pipe and not read.
    var pipes: [LogStream: [UInt8]] = [.output: [], .error: []]

    func says(_ stream: LogStream, _ random: inout Random) {
      for _ in 0..<random.below(20) {
        let number = said[stream, default: []].count
        let length = random.chance(5) ? random.below(600) : random.below(60)
        let line = "\(number) " + (0..<length).map { _ in random.one(of: ["a", "ä", " ", "F", "\0", "🐦"]) }.joined()
        said[stream, default: []].append(line)
        pipes[stream, default: []] += Array(line.utf8) + [0x0A]
      }
    }
  }

  /// Checks the lines of a stream; returns how many are missing, or lack their end.
  private func missing(_ said: [String], _ read: [String]) throws -> Int {
    var whole = 0
    var last = -1
    for line in read {
      let number = try #require(Int(line.prefix { $0 != " " }))
      #expect(number > last && number < said.count)
      last = number
      if said[number] == line { whole += 1 } else { #expect(said[number].utf8.starts(with: line.utf8)) }
    }
    return said.count - whole
  }

  private func dropped(_ records: [(header: LogHeader, text: String)]) -> Int {
    records.reduce(0) { $0 + ($1.header.kind == .note ? Int($1.text.prefix { $0 != " " }) ?? 0 : 0) }
  }

  @Test("is what was said", arguments: 0..<16)
  func anything(_ seed: UInt64) throws {
    var random = Random(state: seed &* 7919)
    let sizes = LogSizes(
      policy(
        size: random.one(of: [4096, 20_000]), files: 1000, line: random.one(of: [16, 100, 1000]), buffer: random.one(of: [4096, 16_384]),
        rate: random.one(of: [0, 0, 50])),
      bytes: .max)
    let (log, medium, container) = (ContainerLog(sizes, at: 0), LogMedium(), Container())
    var files = medium.open(sizes)
    var now: UInt64 = 0
    var (isSlow, writes) = (false, false)
    for _ in 0..<120 {
      now += random.one(of: [0, 1, 30, 300])
      medium.time = Timestamp(seconds: now / 1000)
      let stream = random.chance(70) ? LogStream.output : .error
      container.says(stream, &random)
      for stream in [LogStream.output, .error] {
        let pipe = container.pipes[stream, default: []]
        let piece = pipe.prefix(Int(1 + random.below(3000)))
        let left = log.take(piece, of: stream, time: medium.time, at: now)
        container.pipes[stream] = Array(pipe.dropFirst(piece.count - left.count))
      }
      if random.chance(5) { isSlow.toggle() }
      if random.chance(3) { log.buffer.ask() }
      if !writes { writes = log.buffer.begin(at: now) }
      if writes && !isSlow {
        // Sometimes it is full, and takes a part of what it is given.
        medium.write(log, files, at: now, bytes: random.chance(10) ? Int(random.below(500)) : .max)
        writes = false
      }
      if random.chance(20) { medium.tidy(files) }
      if random.chance(5) && !writes { files = medium.open(sizes) }
      #expect(log.buffer.bytes <= sizes.buffer)
    }
    // The container ends, and the medium is well again.
    func write() {
      now += 20_000
      if writes || log.buffer.begin(at: now) { medium.write(log, files, at: now) }
      writes = false
    }
    for stream in [LogStream.output, .error] {
      var rest = container.pipes[stream, default: []][...]
      while !rest.isEmpty {
        rest = log.take(rest, of: stream, time: medium.time, at: now)
        write()
      }
    }
    while !log.end(time: medium.time, at: now) { write() }
    while !log.buffer.isEmpty { write() }
    let found = records(medium.contents)
    #expect(found.damaged == 0)
    var missing = 0
    for stream in [LogStream.output, .error] { missing += try self.missing(container.said[stream, default: []], lines(found.records, stream)) }
    #expect(missing == dropped(found.records))
    #expect(!found.records.isEmpty)
  }

  @Test("is all that was in the files when its monitor was killed, and what came after it", arguments: 0..<12)
  func killed(_ seed: UInt64) throws {
    var random = Random(state: seed &* 104_729)
    let sizes = LogSizes(policy(size: 4096, files: 1000, line: 100, buffer: 65_536), bytes: .max)
    let medium = LogMedium()
    var known: [String] = []
    for life in 0..<6 {
      let (log, files) = (ContainerLog(sizes, at: 0), medium.open(sizes))
      log.goOn(after: medium.contents.suffix(Int(500 + random.below(5000))))
      for _ in 0..<(1 + random.below(6)) {
        for _ in 0..<random.below(30) {
          let line = "\(known.count) \(life)" + String(repeating: "x", count: random.chance(20) ? 250 : 0)
          known.append(line)
          #expect(log.take(Array((line + "\n").utf8)[...], of: .output, time: medium.time, at: 0).isEmpty)
        }
        log.buffer.ask()
        if log.buffer.begin(at: 0) { #expect(medium.write(log, files, at: 0)) }
      }
      // A line that has no end yet; of some of its parts nobody knows how much gets into the files.
      _ = log.take([UInt8](repeating: 0x79, count: Int(random.below(1000)))[...], of: .output, time: medium.time, at: 0)
      log.buffer.ask()
      if log.buffer.begin(at: 0) {
        medium.write(log, files, at: 0, steps: Int(random.below(4)), bytes: random.chance(50) ? .max : Int(random.below(1500)))
      }
    }
    let log = ContainerLog(sizes, at: 0)
    log.goOn(after: medium.contents.suffix(1000))
    #expect(log.take(Array("the end\n".utf8)[...], of: .output, time: medium.time, at: 0).isEmpty && log.end(time: medium.time, at: 0))
    #expect(log.buffer.begin(at: 0) && medium.write(log, medium.open(sizes), at: 0))
    let found = records(medium.contents)
    let read = lines(found.records, .output)
    #expect(read.filter { !$0.allSatisfy { $0 == "y" } } == known + ["the end"])
    let cutOff = found.records.count { $0.header.kind == .note }
    #expect(found.damaged <= UInt64(cutOff) && cutOff <= 6)
  }
}
