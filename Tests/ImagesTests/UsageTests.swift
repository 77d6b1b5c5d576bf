import Linux
import OCI
import Testing

@testable import Images

@Suite("what the store takes of the medium")
struct UsageTests {
  @Test("layers count once, shared ones are no image's own, and what no container needs can be had back")
  func sharing() throws {
    let scratch = try Scratch("usage")
    let store = try testStore(at: scratch.path.appending("store"))
    let big = String(repeating: "x", count: 1 << 20)
    let base: [Entry] = [.file("base", big), .hardLink("other", "base")]
    try store.importLayout(from: LayoutBuilder([base, [.file("a", big)]]).write(to: scratch, "a"))
    try store.importLayout(from: LayoutBuilder([base]).write(to: scratch, "b"))
    try store.tagImage(named: "a", as: "c")
    func row(_ usage: StoreUsage, _ number: Int) -> StoreUsage.Row { usage.rows[number] }
    var usage = try store.usage()
    #expect(usage.rows.map { "\($0.what)" } == ["layers", "documents", "containers", "quarantine", "temporary", "reserve"])
    let layers = row(usage, 0)
    // Two files of a mebibyte, and some directories and headers.
    #expect(layers.count == 2 && layers.bytes >= 2 << 20 && layers.bytes < 2 << 20 + 128 << 10 && layers.reclaimable == layers.bytes)
    #expect(usage.images.map { $0.name } == ["a", "b", "c"] && usage.images.map { $0.containers } == [0, 0, 0])
    #expect(usage.images[0].bytes == layers.bytes && usage.images[2].bytes == layers.bytes)
    #expect(usage.images[0].unique >= 1 << 20 && usage.images[0].unique < layers.bytes && usage.images[0].unique == usage.images[2].unique)
    #expect(usage.images[1].unique == 0 && usage.images[1].bytes == layers.bytes - usage.images[0].unique)
    // A container needs the layers of its image, whatever its name.
    let id = try ContainerID("c1")
    _ = try store.makeContainerLayer(id: id, for: store.image(named: "b"))
    try scratch.write("store/containers/c1/upper/written", [UInt8](repeating: 1, count: 1 << 20))
    usage = try store.usage()
    #expect(row(usage, 0).reclaimable == usage.images[0].unique)
    #expect(row(usage, 2).count == 1 && row(usage, 2).bytes >= 1 << 20)
    #expect(usage.images.map { $0.containers } == [0, 1, 0])
  }

  @Test("a file that two layers share counts once, and can be had back only with both", arguments: ["a", "b"])
  func shared(kept: String) throws {
    let scratch = try Scratch("usage-shared")
    let store = try testStore(at: scratch.path.appending("store"))
    for name in ["a", "b"] {
      let entries: [Entry] = [.file("big", String(repeating: "x", count: 1 << 20)), .file("own-\(name)", name)]
      try store.importLayout(from: LayoutBuilder([entries]).write(to: scratch, name))
    }
    var layers = try store.usage().rows[0]
    #expect(layers.bytes >= 1 << 20 && layers.bytes < 2 << 20 && layers.reclaimable == layers.bytes)
    _ = try store.makeContainerLayer(id: ContainerID("c1"), for: store.image(named: kept))
    layers = try store.usage().rows[0]
    #expect(layers.reclaimable > 0 && layers.reclaimable < 1 << 20)
  }
}
