import Linux
import OCI
import Testing

@testable import Images

@Suite("files that another layer has already are shared by links")
struct SharedFilesTests {
  private let scratch: Scratch
  private let store: Store
  private static let big = String(repeating: "0123456789abcdef", count: 12_000)

  init() throws {
    scratch = try Scratch("shared")
    store = try testStore(at: scratch.path.appending("store"))
  }

  /// Imports an image of one layer with these entries and another file of its own; gives the path of the layer.
  private func layer(_ name: String, _ entries: [Entry]) throws -> Path {
    try store.importLayout(from: LayoutBuilder([entries + [.file("only-\(name)", name)]]).write(to: scratch, name))
    return Path("store/layers/\(try store.record(named: name).layers[0].hex)")
  }

  private func status(_ name: String, _ layer: Path) throws -> FileStatus { try scratch.directory.status(of: layer.appending(name)) }

  private func isShared(_ name: String, _ left: Path, _ right: Path) throws -> Bool { try status(name, left).isSameFile(as: status(name, right)) }

  private func isSound() throws -> Bool {
    var isSound = true
    try store.verifyImages(store.list().images, repairing: false) { if !$0.isSound { isSound = false } }
    return isSound
  }

  @Test("the same file at the same place becomes a link, in layer after layer; the layers stay sound when others go")
  func same() throws {
    let entries: [Entry] = [.directory("d/", mode: 0o700), .file("d/big", Self.big, mode: 0o4755), .link("l", "d"), .file("l/through", Self.big)]
    let layers = try ["a", "b", "c"].map { try layer($0, entries) }
    for name in ["d/big", "d/through"] {
      for other in layers.dropFirst() { #expect(try isShared(name, layers[0], other)) }
      #expect(try status(name, layers[0]).links == 3)
    }
    #expect(try isSound())
    try store.removeImage(named: "a")
    #expect(try isSound() && status("d/big", layers[1]).links == 2 && scratch.text(layers[2].appending("d/big")) == Self.big)
    // The time of a directory is not that of the link in it.
    #expect(try status("d", layers[2]).modified == FileTime(seconds: 1_000_000_000))
  }

  @Test("small files are not worth it")
  func small() throws {
    let text = String(repeating: "x", count: 16 << 10)
    let entries: [Entry] = [.file("large", text), .file("small", String(text.dropLast())), .file("empty", "")]
    let (first, second) = (try layer("a", entries), try layer("b", entries))
    #expect(try isShared("large", first, second) && !isShared("small", first, second) && !isShared("empty", first, second))
  }

  @Test("contents that differ, at the start, in the middle or at the end, are written, and the other layer's stay", arguments: [0, 70_000, 191_999])
  func contents(place: Int) throws {
    let first = try layer("a", [.file("f", Self.big)])
    var other = Array(Self.big.utf8)
    other[place] = 0x2A
    let text = String(decoding: other, as: UTF8.self)
    let second = try layer("b", [.file("f", text)])
    #expect(try !isShared("f", first, second))
    #expect(try scratch.text(second.appending("f")) == text && scratch.text(first.appending("f")) == Self.big)
    #expect(try status("f", second).mode == 0o100644 && isSound())
  }

  @Test("another owner, mode, time or size makes another file, and attributes do")
  func attributes() throws {
    let first = try layer("a", [.file("f", Self.big), .file("g", Self.big).with("SCHILY.xattr.user.a", "b")])
    var later = Entry.file("f", Self.big)
    later.modified += 1
    let others: [Entry] = [
      .file("f", Self.big, mode: 0o600), later, .file("f", Self.big + "x"), .file("f", Self.big).with("mtime", "1000000000.5"),
      .file("f", Self.big).with("SCHILY.xattr.user.a", "b"), .file("f", Self.big).with("uid", "7"), .file("f", Self.big).with("gid", "7"),
    ]
    for (number, entry) in others.enumerated() { #expect(try !isShared("f", first, layer("b\(number)", [entry])), "\(number)") }
    #expect(try !isShared("g", first, layer("c", [.file("g", Self.big)])))
    #expect(try !isShared("g", first, layer("d", [.file("g", Self.big).with("SCHILY.xattr.user.a", "b")])))
    #expect(try isSound())
  }

  @Test("links in another layer lead nowhere: what they point to is not looked at")
  func links() throws {
    try scratch.write("outside/f", Array(Self.big.utf8))
    let outside = try scratch.directory.open("outside/f", .readOnly)
    try outside.changeMode(0o644)
    try outside.changeTimes(FileTime(seconds: 1_000_000_000))
    _ = try layer(
      "a",
      [
        .link("d", scratch.path.appending("outside").description), .link("f", "\(scratch.path)/outside/f"), .directory("e/"), .file("e/f", Self.big),
        .link("g", "e"),
      ])
    let second = try layer("b", [.directory("d/"), .file("d/f", Self.big), .file("f", Self.big), .directory("g/"), .file("g/f", Self.big)])
    #expect(try outside.status().links == 1 && status("g/f", second).links == 1)
    #expect(try isSound())
  }

  @Test("a file with several names in its layer is not shared, so that names stay together and apart as they were")
  func groups() throws {
    let group: [Entry] = [.file("p", Self.big), .hardLink("q", "p")]
    let first = try layer("a", group)
    let apart = try layer("b", [.file("p", Self.big), .file("q", Self.big)])
    #expect(try status("p", first).links == 2 && status("p", apart).links == 1 && !isShared("p", apart, first))
    let same = try layer("c", group)
    #expect(try status("p", same).links == 2 && status("p", same).isSameFile(as: status("q", same)) && !isShared("p", same, first))
    #expect(try isSound())
  }

  @Test("a shared file that gets another name in its layer becomes one of its own")
  func becomesGroup() throws {
    let entries: [Entry] = [.directory("d/"), .file("d/p", Self.big, mode: 0o4711)]
    let first = try layer("a", entries)
    let second = try layer("b", entries + [.directory("e/"), .hardLink("e/q", "d/p"), .hardLink("e/r", "d/p")])
    #expect(try status("d/p", first).links == 1 && status("d/p", second).links == 3)
    for name in ["e/q", "e/r"] { #expect(try status(name, second).isSameFile(as: status("d/p", second))) }
    #expect(try status("d/p", second).mode == 0o104711 && status("d", second).modified == FileTime(seconds: 1_000_000_000))
    #expect(try scratch.text(second.appending("e/r")) == Self.big && isSound())
  }

  @Test("a file with more names than layers that are looked at have is left alone")
  func elsewhere() throws {
    let first = try layer("a", [.file("f", Self.big)])
    try scratch.directory.link(first.appending("f"), to: scratch.directory, "elsewhere")
    let second = try layer("b", [.file("f", Self.big)])
    #expect(try !isShared("f", first, second))
  }

  @Test("a damaged file is not shared, and taking its layer away leaves the one that came after")
  func damage() throws {
    let first = try layer("a", [.file("f", Self.big)])
    try damage(first)
    let second = try layer("b", [.file("f", Self.big)])
    #expect(try !isShared("f", first, second))
    try store.verifyImages(store.list().images, repairing: true) { _ in }
    #expect(scratch.status(first) == nil)
    #expect(try scratch.text(second.appending("f")) == Self.big)
  }

  @Test("damage of a shared file is found in each layer that has it; all of them go, and an import heals them")
  func sharedDamage() throws {
    let first = try layer("a", [.file("f", Self.big)])
    let second = try layer("b", [.file("f", Self.big)])
    #expect(try isShared("f", first, second))
    try damage(second)
    var states: [LayerReport.State] = []
    try store.verifyImages(store.list().images, repairing: true) { states += $0.layers.map { $0.state } }
    #expect(states == [.quarantined, .quarantined] && scratch.status(first) == nil && scratch.status(second) == nil)
    for name in ["a", "b"] { try store.importLayout(from: scratch.path.appending(name)) }
    #expect(try isSound() && isShared("f", first, second))
  }

  @Test("attributes of a shared file are put right once for all of its layers")
  func repair() throws {
    let first = try layer("a", [.file("f", Self.big)])
    let second = try layer("b", [.file("f", Self.big)])
    try scratch.directory.open(first.appending("f"), .readOnly).changeMode(0o777)
    var states: [LayerReport.State] = []
    try store.verifyImages(store.list().images, repairing: true) { states += $0.layers.map { $0.state } }
    #expect(states == [.repaired, .sound])
    #expect(try isSound() && status("f", second).mode == 0o100644)
  }

  private func damage(_ layer: Path) throws {
    let file = try scratch.directory.open(layer.appending("f"), .readWrite)
    try file.writeAll(Array("DAMAGED".utf8))
    try file.changeTimes(FileTime(seconds: 1_000_000_000))
  }

  @Test("a file that comes twice is refused, shared or not")
  func duplicate() throws {
    _ = try layer("a", [.file("f", Self.big)])
    let layout = try LayoutBuilder([[.file("f", Self.big), .file("f", Self.big)]]).write(to: scratch, "b")
    #expect(message { try store.importLayout(from: layout) }?.contains("entry f: is in the archive twice") == true)
    #expect(try scratch.names(below: "store/tmp").isEmpty && isSound())
  }

  @Test("the layers that were imported last are looked at, and no more than sixteen")
  func recent() throws {
    for number in 0..<18 {
      let path = try layer("i\(number)", [])
      let name = try #require(path.components.last)
      try store.headers.changeTimes(of: Path(bytes: name), FileTime(seconds: Int64(1000 + number)))
    }
    let recent = try store.recentLayers()
    #expect(recent.count == 16)
    #expect(try recent[0].descriptor.statusIfPresent(of: "only-i17") != nil && recent[15].descriptor.statusIfPresent(of: "only-i2") != nil)
  }

  @Test("what is exported is the same, bit for bit, before and after a file is shared")
  func export() throws {
    let entries: [Entry] = [.file("f", Self.big), .file("g", Self.big + "g")]
    let first = try layer("a", entries)
    try store.exportImage(named: "a", to: scratch.directory.open("before", .writeOnly | .create, mode: 0o600))
    let second = try layer("b", entries)
    try store.exportImage(named: "a", to: scratch.directory.open("after", .writeOnly | .create, mode: 0o600))
    #expect(try isShared("f", first, second) && scratch.text("before").utf8.elementsEqual(scratch.text("after").utf8))
  }
}
