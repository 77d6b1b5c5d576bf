import Linux
import Testing

@testable import Supervisor

@Suite("records wait to be written together")
struct LogBufferTests {
  private let buffer = LogBuffer(size: 2000, reserve: 200)

  private func add(_ count: Int = 10, at now: UInt64 = 0) {
    buffer.append(LogHeader(time: Timestamp(seconds: 0), stream: .output, kind: .full), [UInt8](repeating: 0x61, count: count)[...], at: now)
  }

  private func write(at now: UInt64) {
    buffer.wrote(buffer.rest.count)
    buffer.finish(at: now)
  }

  @Test("nothing is ever due while nothing is there")
  func idle() {
    #expect(buffer.wakeTime(at: 0) == nil && !buffer.begin(at: .max) && buffer.isEmpty)
    buffer.ask()
    #expect(buffer.wakeTime(at: 0) == nil && !buffer.begin(at: .max))
    add(at: 5)
    #expect(buffer.begin(at: 60_005))
    write(at: 60_006)
    #expect(buffer.wakeTime(at: 0) == nil && !buffer.begin(at: .max) && buffer.isEmpty)
  }

  @Test("a minute after the oldest record all are written")
  func oldest() {
    add(at: 1000)
    add(at: 50_000)
    #expect(buffer.wakeTime(at: 0) == 61_000 && !buffer.begin(at: 60_999))
    #expect(buffer.begin(at: 61_000) && buffer.rest.count == 102)
    add(at: 61_000)
    write(at: 61_001)
    #expect(buffer.wakeTime(at: 0) == 121_000)
  }

  @Test("a half that is nearly full is written at once")
  func full() {
    while !buffer.isFull { add(100, at: 7) }
    #expect(buffer.begin(at: 7) && buffer.rest.count <= 1000 && buffer.rest.count > 1000 - 200 - 141)
    #expect(!buffer.isFull)
  }

  @Test("who asks gets all that is there, and what comes later waits again")
  func asked() {
    add(at: 3)
    buffer.ask()
    #expect(buffer.wakeTime(at: 0) == 0 && buffer.begin(at: 3))
    add(at: 4)
    write(at: 5)
    #expect(buffer.wakeTime(at: 0) == 60_004)
    buffer.ask()
    #expect(buffer.begin(at: 6))
  }

  @Test("there is one batch at a time, and it stays as it is")
  func oneBatch() {
    add(at: 0)
    buffer.ask()
    #expect(buffer.begin(at: 0))
    let batch = Array(buffer.rest)
    while !buffer.isFull { add(at: 1) }
    buffer.ask()
    #expect(!buffer.begin(at: 1_000_000) && Array(buffer.rest) == batch)
    write(at: 1_000_000)
    #expect(buffer.begin(at: 1_000_000))
  }

  @Test("a medium is awaited for a moment, and has stalled then")
  func stalled() {
    while !buffer.isFull { add() }
    #expect(!buffer.isStalled(at: 0) && buffer.begin(at: 0))
    #expect(buffer.wakeTime(at: 0) == nil)
    while !buffer.isFull { add() }
    #expect(!buffer.isStalled(at: 99) && buffer.wakeTime(at: 99) == 100)
    #expect(buffer.isStalled(at: 100) && buffer.wakeTime(at: 100) == nil)
    write(at: 200)
    #expect(!buffer.isStalled(at: 200) && buffer.begin(at: 200))
  }

  @Test("what failed is tried again later, from where it ended, or when somebody asks")
  func failed() {
    add(10, at: 0)
    add(10, at: 0)
    buffer.ask()
    #expect(buffer.begin(at: 0) && !buffer.isWithinRecord)
    buffer.wrote(60)
    buffer.finish(at: 10)
    #expect(buffer.isStalled(at: 10) && buffer.isWithinRecord && buffer.rest.count == 42 && buffer.wakeTime(at: 0) == 10_010 && !buffer.begin(at: 10_009))
    add(at: 20)
    #expect(buffer.begin(at: 10_010) && buffer.rest.count == 42)
    buffer.finish(at: 10_020)
    buffer.ask()
    #expect(buffer.begin(at: 10_021))
    write(at: 10_022)
    #expect(!buffer.isWithinRecord && buffer.begin(at: 10_023) && buffer.rest.count == 51)
  }
}
