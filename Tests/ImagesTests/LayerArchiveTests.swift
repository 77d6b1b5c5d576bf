import Linux
import TestSupport
import Testing

@testable import Images

/// An archive that was applied to a directory, with its headers beside.
private struct Unpacked {
  let scratch: Scratch
  let archive: [UInt8]
  let kept: [UInt8]

  init(_ test: String, _ archive: [UInt8]) throws {
    scratch = try Scratch(test)
    self.archive = archive
    let headers = KeptHeaders(try scratch.directory.open("headers", [.writeOnly, .create, .exclusive], mode: 0o600))
    let root = try scratch.directory.ensureDirectory("layer", mode: 0o755)
    // Small ones, so that everything is cut somewhere.
    let pieces = Pieces(archive, of: 1024)
    let reader = TarReader(limits: Limits(), keep: { (bytes) throws(LayerError) in try headers.add(bytes) }) { () throws(LayerError) in pieces.next() }
    _ = try LayerWriter(root: try root.duplicate(), lower: LowerLayers(), limits: Limits()).apply(reader, progress: {})
    try reader.finish()
    try headers.finish()
    kept = try scratch.directory.open("headers", .readOnly).readAll(limit: 1 << 24)
  }

  /// The archive as it is made again.
  func again(_ limits: Limits = Limits()) throws -> [UInt8] {
    let headers = try scratch.directory.open("headers", .readOnly)
    let size = try headers.status().size
    var made: [UInt8] = []
    let root = try scratch.directory.open("layer", [.readOnly, .directory])
    try LayerArchive(headers: Extent(headers, count: size), root: root, limits: limits, start: readerInThread) { (bytes) throws(LayerError) in made += bytes }
      .make()
    return made
  }
}

private let small: [Entry] = [
  .directory("d/"), .file("d/a", "one"), .file("d/b", String(repeating: "x", count: 700)), .link("d/l", "a"), .hardLink("h", "d/a"),
]

@Suite("an archive is made again of its headers and the unpacked files")
struct LayerArchiveTests {
  @Test("files, links, and what has no file in the tree: whiteouts, bookkeeping with data, devices")
  func kinds() throws {
    let devices = [Entry(name: "dev/null", type: "3", device: (1, 3)), Entry(name: "hidden", type: "3", device: (0, 0))]
    let archive = tar(
      small + devices + [
        .file(".wh.gone", "data that nobody needs"), .file("d/.wh..wh..opq", ""), .file(".wh..wh.plnk", String(repeating: "y", count: 5000)),
        .file("empty", ""),
        Entry(name: "pipe", type: "6"), .file("last", String(repeating: "z", count: 100_000)),
      ])
    let unpacked = try Unpacked("again", archive)
    #expect(try unpacked.again() == archive)
    #expect(!unpacked.kept.contains(UInt8(ascii: "z")) && unpacked.kept.count < 2000)
  }

  @Test("extended headers, long names, entries of old archives, attributes")
  func dialects() throws {
    let long = String(repeating: "long/", count: 30) + "name"
    let archive = tar([
      Entry(name: "v7", type: "\0", data: [1, 2, 3], magic: ""), Entry(name: "old/", type: "\0", magic: ""), .file("short", "p").with("path", long),
      .file("attributes").with("SCHILY.xattr.user.a", "b").with("mtime", "1.5"), .file("contiguous", "c"),
    ])
    #expect(try Unpacked("dialects", archive).again() == archive)
  }

  @Test("no end, no zeros after the last entry, and anything behind the end", arguments: [0, 1, 2])
  func ends(_ number: Int) throws {
    let whole = tar(small + [.file("last", "123")])
    let ends = [whole.count - 1024 - 509, whole.count - 1024, whole.count]
    let archive = Array(whole[..<ends[number]]) + (number == 2 ? [UInt8](repeating: 7, count: 70_000) : [])
    #expect(try Unpacked("ends", archive).again() == archive)
  }

  @Test("names through links, and a directory that came twice")
  func links() throws {
    let archive = tar([
      .directory("usr/lib/"), .link("lib", "usr/lib"), .file("lib/a", "through"), .directory("usr/lib/", mode: 0o700), .file("usr/lib/b", "direct"),
    ])
    #expect(try Unpacked("links", archive).again() == archive)
  }

  @Test("a file that is gone, shorter, longer, or another kind of file now is told by its name")
  func damage() throws {
    func message(_ change: (Scratch) throws -> Void) throws -> String? {
      let unpacked = try Unpacked("damage", tar(small))
      try change(unpacked.scratch)
      return ImagesTests.message { _ = try unpacked.again() }
    }
    #expect(try message { try $0.directory.unlink("layer/d/a") } == "entry d/a: is missing")
    #expect(try message { try $0.write("layer/d/a", [1]) } == "entry d/a: is no file of 3 bytes")
    #expect(try message { try $0.write("layer/d/a", [1, 2, 3, 4]) } == "entry d/a: is no file of 3 bytes")
    #expect(
      try message {
        try $0.directory.unlink("layer/d/a")
        try $0.directory.makeLink("layer/d/a", to: "b")
      } == "entry d/a: is missing")
    #expect(
      try message {
        try $0.directory.unlink("layer/d/a")
        try $0.directory.makeNode("layer/d/a", .fifo, mode: 0o600)
      } == "entry d/a: is no file of 3 bytes")
    #expect(
      try message {
        try $0.directory.removeTree("layer/d")
        try $0.directory.makeLink("layer/d", to: "/etc")
      } == "entry d/a: is missing")
  }

  @Test("contents that changed make another archive, of the same size")
  func changed() throws {
    let unpacked = try Unpacked("changed", tar(small))
    try unpacked.scratch.write("layer/d/a", Array("two".utf8))
    let again = try unpacked.again()
    #expect(again != unpacked.archive && again.count == unpacked.archive.count)
  }

  @Test("headers that are damaged or cut off are known for that")
  func damagedHeaders() throws {
    let unpacked = try Unpacked("headers", tar(small))
    for position in stride(from: 0, to: unpacked.kept.count, by: 3) {
      var kept = unpacked.kept
      kept[position] ^= 0x10
      try unpacked.scratch.write("headers", kept)
      // Some bits do not matter: those of the header of gzip, and distances among zeros.
      let told = message {
        let again = try unpacked.again()
        #expect(again == unpacked.archive)
      }
      #expect(told == nil || told == "what was kept of its archive's headers is damaged" || told?.utf8.starts(with: "entry ".utf8) == true)
      try unpacked.scratch.write("headers", Array(unpacked.kept[..<position]))
      #expect(message { _ = try unpacked.again() } == "what was kept of its archive's headers is damaged")
    }
  }

  @Test("headers of more than an import takes are damaged: an import would have kept none of them")
  func beyondLimits() throws {
    let unpacked = try Unpacked("limits", tar([.file("a", ""), .file("b", ""), .file("c", String(repeating: "c", count: 100_000))]))
    var tight = Limits()
    (tight.entries, tight.bytes) = (3, 100_000)
    #expect(try unpacked.again(tight) == unpacked.archive)
    let damaged = "what was kept of its archive's headers is damaged"
    // Of headers and data there are so many each: of the former 1536 and what fills the archive up.
    for (entries, bytes) in [(2, 100_000), (3, 99_999), (3, 1535)] as [(UInt64, UInt64)] {
      (tight.entries, tight.bytes) = (entries, bytes)
      #expect(message { _ = try unpacked.again(tight) } == damaged)
    }
  }

  @Test("a file that an entry below it made a directory of is gone, and that is what the error says")
  func replaced() throws {
    let unpacked = try Unpacked("replaced", tar([.file("a", "one"), .file("a/b", "two")]))
    #expect(message { _ = try unpacked.again() } == "entry a: is a directory, because the archive has entries below it: what was in the file is gone")
  }
}
