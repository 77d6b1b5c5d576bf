import Testing

@testable import Linux

@Suite("channels")
struct ChannelTests {
  @Test("what was said before the end is heard, also when something was left unread there")
  func lastWords() throws {
    var pair = try Channel.makePair()
    try pair.first.send([1])
    try pair.second.send([7, 8, 9])
    // Without having read the first packet.
    pair.second.close()
    #expect(try pair.first.receive().bytes == [7, 8, 9])
    #expect(try pair.first.receive().bytes.isEmpty)
  }

  @Test("somebody waits at a name for as long as the socket there is open, whatever stays of the name")
  func awaited() throws {
    let scratch = try Scratch("channel")
    #expect(try !Channel.isAwaited(at: "gate", in: scratch.directory))
    var listener: FileDescriptor? = try Channel.listen(at: "gate", in: scratch.directory)
    // More often than the queue is long.
    for _ in 0..<40 { #expect(try Channel.isAwaited(at: "gate", in: scratch.directory)) }
    #expect(listener.number >= 0)
    listener = nil
    #expect(try scratch.directory.status(of: "gate").type == .socket)
    #expect(try !Channel.isAwaited(at: "gate", in: scratch.directory))
  }

  @Test("the end of what was written to a file is read, wherever its position is")
  func end() throws {
    let file = try MemoryFile.empty(name: "test")
    try file.writeAll(Array("0123456789".utf8))
    #expect(try file.readEnd(limit: 4) == Array("6789".utf8))
    #expect(try file.readEnd(limit: 40) == Array("0123456789".utf8))
  }

  @Test("a file in memory is read from its start")
  func held() throws {
    #expect(try MemoryFile.holding([1, 2, 3], name: "test").readAll(limit: 10) == [1, 2, 3])
  }
}
