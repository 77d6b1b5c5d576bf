import Testing

@testable import Linux

@Suite("attributes of files")
struct AttributesTests {
  @Test("mode and times of a file and times of a link are set as given, also before 1970")
  func modeAndTimes() throws {
    let scratch = try Scratch("times")
    try scratch.write("file", "x")
    let file = try scratch.directory.open("file", .readOnly)
    try file.changeMode(0o4751)
    try file.changeTimes(FileTime(seconds: 1_234_567_890, nanoseconds: 123_456_789))
    #expect(try file.status().mode == 0o104751)
    #expect(try file.status().modified == FileTime(seconds: 1_234_567_890, nanoseconds: 123_456_789))
    try scratch.directory.makeLink("link", to: "file")
    try scratch.directory.changeTimes(of: "link", FileTime(seconds: -10, nanoseconds: 5))
    #expect(try scratch.directory.status(of: "link").modified == FileTime(seconds: -10, nanoseconds: 5))
    #expect(try file.status().modified.seconds == 1_234_567_890)
  }

  @Test("a hard link is the same file, and a link to a link is the link")
  func hardLinks() throws {
    let scratch = try Scratch("hard")
    try scratch.write("file", "x")
    try scratch.directory.makeLink("symbolic", to: "file")
    try scratch.directory.link("file", to: scratch.directory, "same")
    try scratch.directory.link("symbolic", to: scratch.directory, "copy")
    #expect(try scratch.directory.status(of: "same").isSameFile(as: scratch.directory.status(of: "file")))
    #expect(try scratch.directory.status(of: "copy").type == .symbolicLink)
  }

  @Test("a FIFO is made")
  func fifo() throws {
    let scratch = try Scratch("fifo")
    try scratch.directory.makeNode("pipe", .fifo, mode: 0o600)
    #expect(try scratch.directory.status(of: "pipe").type == .fifo)
  }

  @Test("one lock at a time: a second open file does not get it until it is given back or closed")
  func lock() throws {
    let scratch = try Scratch("lock")
    try scratch.write("lock", "")
    let first = try scratch.directory.open("lock", .readOnly)
    try first.lock()
    let second = try scratch.directory.open("lock", .readOnly)
    #expect(try !second.tryLock())
    try first.unlock()
    #expect(try second.tryLock())
    do {
      let third = try scratch.directory.open("lock", .readOnly)
      #expect(try !third.tryLock())
      try second.unlock()
      try third.lock()
    }
    #expect(try first.tryLock())
  }
}
