import Linux
import OCI
import Testing

@testable import Images

@Suite("the store keeps the headers of its layers")
struct StoreHeadersTests {
  private let scratch: Scratch
  private let store: Store

  init() throws {
    scratch = try Scratch("headers")
    store = try testStore(at: scratch.path.appending("store"))
  }

  /// The archive of an image's uppermost layer as the store makes it again.
  private func archive(_ name: String) throws -> [UInt8] {
    let image = try store.image(named: name)
    let chainID = try #require(image.record.layers.last)
    let root = try store.layers.open(Store.layerName(chainID), [.readOnly, .directory])
    let headers = try #require(try store.openHeaders(chainID))
    var made: [UInt8] = []
    try LayerArchive(headers: headers, root: root, start: readerInThread) { (bytes) throws(LayerError) in made += bytes }.make()
    return made
  }

  @Test("each layer has its headers, compressed or not, and they go with it")
  func together() throws {
    let base: [Entry] = [.file("base")]
    var builder = LayoutBuilder([base, [.directory("d/"), .file("d/a", "contents")]])
    builder.layers[1].compressed = false
    try store.importLayout(from: builder.write(to: scratch, "a"))
    try store.importLayout(from: LayoutBuilder([base]).write(to: scratch, "b"))
    #expect(try store.names(in: store.headers, "").map { $0.description }.sorted() == store.names(in: store.layers, "").map { $0.description }.sorted())
    #expect(try archive("a") == builder.layers[1].archive)
    #expect(try archive("b") == builder.layers[0].archive)
    try store.removeImage(named: "a")
    #expect(try store.names(in: store.headers, "").count == 1)
    try store.removeImage(named: "b")
    #expect(try store.names(in: store.headers, "").isEmpty)
  }

  @Test("a layer of an older store gets its headers when its image is imported again")
  func older() throws {
    let builder = LayoutBuilder([[.directory("d/"), .file("d/a", "contents"), .file(".wh.gone", "data")]])
    let layout = try builder.write(to: scratch, "a")
    try store.importLayout(from: layout)
    try store.removeContents(of: store.headers)
    let result = try store.importLayout(from: layout)
    #expect(result.sharedLayers == 1)
    #expect(try archive("a") == builder.layers[0].archive)
    #expect(try scratch.names(below: "store/tmp").isEmpty)
  }

  @Test("headers without a layer, as a killed import leaves them, are collected")
  func leftover() throws {
    try scratch.write(Path("store/headers/\(String(repeating: "ab", count: 32))"), [1])
    try scratch.write("store/tmp/import/half", [1])
    _ = try testStore(at: scratch.path.appending("store"))
    #expect(try store.names(in: store.headers, "").isEmpty)
  }

  @Test("so are those of a layer that a killed import would have kept, had it come to that")
  func leftoverOfImport() throws {
    let hex = String(repeating: "ab", count: 32)
    let layer = try Digest("sha256:\(hex)")
    try scratch.write("store/importing", ContainerRecord(image: "a", layers: [layer]).stored())
    try scratch.write(Path("store/headers/\(hex)"), [1])
    try scratch.write("store/tmp/import/half", [1])
    _ = try testStore(at: scratch.path.appending("store"))
    #expect(try store.names(in: store.headers, "").isEmpty)
    #expect(store.layersOfImport() == [layer])
  }
}

extension Store {
  fileprivate func removeContents(of directory: borrowing FileDescriptor) throws {
    for name in try names(in: directory, "") { try directory.unlink(name) }
  }
}
