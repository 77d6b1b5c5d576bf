import Linux
import TestSupport
import Testing

@testable import Images

/// What an archive in memory has; its data is passed over, or read.
private func contents(_ archive: [UInt8], limits: Limits = Limits(), skipping: Bool = true) throws(LayerError) -> ArchiveContents {
  let pieces = Pieces(archive, of: 1024)
  let skip = { (count: UInt64) throws(LayerError) in pieces.skip(count) }
  let reader = TarReader(limits: limits, skip: skipping ? skip : nil) { () throws(LayerError) in pieces.next() }
  return try ArchiveContents(reader, limits: limits) { (_) throws(LayerError) in reader.position }
}

@Suite("what an archive has, by name")
struct ArchiveContentsTests {
  private let archive = tar([
    .directory("blobs/"), .file("./blobs/a", "first"), .file("big", String(repeating: "0123456789", count: 1000)), .link("id/layer.tar", "../blobs/a"),
    .hardLink("hard", "id/layer.tar"), .link("absolute", "/big"), Entry(name: "pipe", type: "6"), .file("last", "last"),
  ])

  @Test("each file is where its bytes are, whether data is read or passed over", arguments: [true, false])
  func places(skipping: Bool) throws {
    let found = try contents(archive, skipping: skipping)
    for (name, text) in [("blobs/a", "first"), ("last", "last"), ("big", String(repeating: "0123456789", count: 1000))] {
      let entry = try #require(found.find(Path(name)))
      #expect(archive[Int(entry.start)..<Int(entry.start + entry.size)].elementsEqual(text.utf8))
    }
  }

  @Test("a link stands for what it names: from its directory if it is symbolic, from the top if it is hard")
  func links() throws {
    let found = try contents(archive)
    #expect(found.find("id/layer.tar")?.name == "blobs/a")
    #expect(found.find("hard")?.name == "blobs/a")
    #expect(found.find("absolute")?.name == "big")
  }

  @Test("directories, FIFOs and what is not there are no files")
  func absent() throws {
    let found = try contents(archive)
    #expect(found.find("blobs") == nil)
    #expect(found.find("pipe") == nil)
    #expect(found.find("nothing") == nil)
  }

  @Test("links that lead round, or nowhere, are no files")
  func loops() throws {
    let found = try contents(tar([.link("a", "b"), .link("b", "a"), .link("self", "self"), .link("lost", "nothing")]))
    for name in ["a", "b", "self", "lost"] { #expect(found.find(Path(name)) == nil) }
    let chain = try contents(tar((0..<9).map { .link("\($0)", "\($0 + 1)") } + [.file("9")]))
    #expect(chain.find("2") != nil)
    #expect(chain.find("0") == nil)
  }

  @Test("every entry counts, also one that is no file")
  func entries() throws {
    let archive = tar([.directory("a/"), Entry(name: "pipe", type: "6"), .file("b")])
    var limits = Limits()
    limits.entries = 3
    #expect(try contents(archive, limits: limits).find("b") != nil)
    limits.entries = 2
    #expect(message { _ = try contents(archive, limits: limits) } == "more than 2 entries")
  }

  @Test(
    "refused",
    arguments: [
      ([.file("a"), .file("./a")], "entry a: is in the archive twice"),
      ([.file("a"), .link("a", "b")], "entry a: is in the archive twice"),
      ([.file("../a")], "entry ../a: leads out of the archive"),
      ([.file("a/../b")], "entry a/../b: has .. in its name"),
      ([.link("a/b", "../../c")], "entry a/b: is a link to ../../c, which leads out of the archive"),
      ([.link("a", "")], "entry a: is a link to nothing"),
      ([Entry(name: "a", type: "S")], "entry a: sparse files are not supported (image-spec, layer.md: they should not be used)"),
    ] as [([Entry], String)])
  func refused(_ entries: [Entry], _ expected: String) {
    #expect(message { _ = try contents(tar(entries)) } == expected)
  }

  @Test("an archive that is cut off in a file's data is refused, whether data is read or passed over", arguments: [true, false])
  func truncated(skipping: Bool) {
    let cut = Array(tar([.file("a", String(repeating: "x", count: 5000))])[..<3000])
    #expect(message { _ = try contents(cut, skipping: skipping) } == "the archive ends too early")
  }

  @Test("a size beyond everything is no overflow")
  func hugeSize() {
    let entry = Entry(name: "a").with("size", "9223372036854775807")
    #expect(message { _ = try contents(tar([entry])) } == "the archive ends too early")
    #expect(message { _ = try contents(tar([entry]), skipping: false) } == "the archive ends too early")
  }

  @Test("names are bounded, in number and length")
  func bounds() {
    var limits = Limits()
    limits.archiveEntries = 3
    #expect(message { _ = try contents(tar([.file("a"), .file("b"), .directory("c"), .file("d")]), limits: limits) } == nil)
    #expect(message { _ = try contents(tar((0..<4).map { .file("\($0)") }), limits: limits) } == "entry 3: more than 3 entries")
    let long = String(repeating: "abcdefgh/", count: 30)
    #expect(message { _ = try contents(tar([Entry.file("a").with("path", long + "x")])) }?.hasSuffix(": its name is longer than 255 bytes") ?? false)
    #expect(message { _ = try contents(tar([Entry.link("a", "x").with("linkpath", long)])) } == "entry a: its name is longer than 255 bytes")
  }
}
