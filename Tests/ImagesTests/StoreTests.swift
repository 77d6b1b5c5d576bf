import Linux
import OCI
import Testing

@testable import Images

@Suite("the store of images")
struct StoreTests {
  private func store(_ scratch: Scratch) throws -> Store { try Store(at: scratch.path.appending("store")) }

  private func layerPath(_ image: StoredImage, _ index: Int) -> Path {
    Path(bytes: image.layers[index].bytes.split(separator: 0x2F).dropFirst(2).joined(separator: [0x2F]))
  }

  @Test("a sound image is imported, listed and found, its layers unpacked, the uppermost first")
  func sound() throws {
    let scratch = try Scratch("sound")
    let layout = try LayoutBuilder([[.directory("etc"), .file("etc/a", "one")], [.file("etc/b", "two")]]).write(to: scratch, "hello")
    let store = try store(scratch)
    let result = try store.importLayout(from: layout)
    #expect(result.record.name == "hello")
    #expect(result.unpackedLayers == 2 && result.sharedLayers == 0 && result.noteCount == 0)
    #expect(try store.list().images == [result.record])
    let image = try store.image(named: "hello")
    #expect(image.config.execution.cmd == ["/bin/sh"])
    #expect(image.layers.count == 2)
    #expect(try scratch.text(layerPath(image, 1).appending("etc/a")) == "one")
    #expect(try scratch.text(layerPath(image, 0).appending("etc/b")) == "two")
    #expect(try scratch.names(below: "store/tmp").isEmpty)
  }
}
