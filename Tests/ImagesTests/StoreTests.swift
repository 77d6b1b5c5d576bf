import Linux
import OCI
import TestSupport
import Testing

@testable import Images

@Suite("the store of images")
struct StoreTests {
  private func store(_ scratch: Scratch) throws -> Store { try testStore(at: scratch.path.appending("store")) }

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

  @Test("layers are shared by the images that have them, and go with the last one")
  func sharing() throws {
    let scratch = try Scratch("sharing")
    let base: [Entry] = [.file("base")]
    let store = try store(scratch)
    try store.importLayout(from: LayoutBuilder([base, [.file("a")]]).write(to: scratch, "a"))
    let second = try store.importLayout(from: LayoutBuilder([base, [.file("b")]]).write(to: scratch, "b"))
    #expect(second.sharedLayers == 1 && second.unpackedLayers == 1)
    #expect(try store.names(in: store.layers, "").count == 3)
    #expect(try store.list().images.map { $0.name } == ["a", "b"])
    try store.removeImage(named: "a")
    #expect(try store.names(in: store.layers, "").count == 2)
    #expect(try store.image(named: "b").layers.count == 2)
    try store.removeImage(named: "b")
    #expect(
      try scratch.names(below: "store") == [
        "blobs/", "blobs/sha256/", "containers/", "headers/", "images/", "import.lock", "layers/", "lock", "reserve", "tmp/",
      ])
    #expect(message { try store.removeImage(named: "b") } == "there is no image named b")
    #expect(message { _ = try store.image(named: "../b") } == "there is no image named ../b")
  }

  @Test("an image that is imported again replaces the one of its name, and the old layers go")
  func replaced() throws {
    let scratch = try Scratch("replaced")
    let store = try store(scratch)
    try store.importLayout(from: LayoutBuilder([[.file("old")]]).write(to: scratch, "a"), name: "app")
    try store.importLayout(from: LayoutBuilder([[.file("new")]]).write(to: scratch, "b"), name: "app")
    let image = try store.image(named: "app")
    #expect(try scratch.names(below: layerPath(image, 0)) == ["new"])
    #expect(try store.names(in: store.layers, "").count == 1)
    // Manifest and config of the new one.
    #expect(try store.names(in: store.blobDirectory(.sha256), "").count == 2)
  }

  @Test("a container's layer is empty, looks like its root, and keeps the layers below while it is there")
  func containerLayers() throws {
    let scratch = try Scratch("container")
    let store = try store(scratch)
    try store.importLayout(from: LayoutBuilder([[Entry(name: "./", type: "5", mode: 0o711), .file("a")]]).write(to: scratch, "app"))
    let image = try store.image(named: "app")
    let id = try ContainerID("c1")
    let layer = try store.makeContainerLayer(id: id, for: image)
    let (upper, work, mountPoint) = (layer.upper, layer.work, layer.mountPoint)
    #expect([upper, work, mountPoint] == ["upper", "work", "root"].map { scratch.path.appending("store/containers/c1").appending($0) })
    #expect(scratch.status("store/containers/c1/upper")?.mode == 0o040711)
    #expect(try store.containersWithLayers() == [id])
    #expect(message { _ = try store.makeContainerLayer(id: id, for: image) } == "container c1: there is a writable layer of that name")
    try scratch.write("store/containers/c1/upper/written", [1])
    try store.removeImage(named: "app")
    #expect(try store.names(in: store.layers, "").count == 1)
    #expect(message { _ = try store.makeContainerLayer(id: try ContainerID("c2"), for: image) } == nil)
    try store.removeContainerLayer(id: try ContainerID("c2"))
    #expect(try store.names(in: store.layers, "").count == 1)
    try store.removeContainerLayer(id: id)
    #expect(try store.containersWithLayers().isEmpty)
    #expect(try store.names(in: store.layers, "").isEmpty)
    #expect(message { _ = try store.makeContainerLayer(id: id, for: image) } == "image app: has been removed")
    try store.removeContainerLayer(id: id)
  }

  @Test("a container's layer whose process is gone is removed, one that is in use is not")
  func abandoned() throws {
    let scratch = try Scratch("abandoned")
    let store = try store(scratch)
    try store.importLayout(from: LayoutBuilder([[.file("a")]]).write(to: scratch, "app"))
    let image = try store.image(named: "app")
    // The values, and the locks with them, end at once.
    _ = try store.makeContainerLayer(id: try ContainerID("used"), for: image)
    _ = try store.makeContainerLayer(id: try ContainerID("left"), for: image)
    // The lock belongs to a process, so it takes another one to hold it.
    let holder = try LockHolder("\(store.path.description)/containers/used/lock")
    try store.removeAbandonedLayers { _ in true }
    #expect(try store.containersWithLayers() == [try ContainerID("used")])
    holder.end()
    // Its process was killed, and others of it are still there.
    try store.removeAbandonedLayers { _ in false }
    #expect(try store.containersWithLayers() == [try ContainerID("used")])
    try store.removeAbandonedLayers { _ in true }
    #expect(try store.containersWithLayers().isEmpty)
  }

  @Test("what a killed import left is removed by the next one that opens the store: staging, layers and documents without an image")
  func leftovers() throws {
    let scratch = try Scratch("leftovers")
    try store(scratch).importLayout(from: LayoutBuilder([[.file("a")]]).write(to: scratch, "app"))
    let before = try scratch.names(below: "store")
    // Killed while it unpacked, and after some layers and documents had their names.
    try scratch.write("store/tmp/import/half/file", [1])
    try scratch.write(Path("store/layers/\(String(repeating: "ab", count: 32))/file"), [1])
    try scratch.write(Path("store/blobs/sha256/\(String(repeating: "cd", count: 32))"), [1])
    let reopened = try store(scratch)
    #expect(try scratch.names(below: "store") == before)
    #expect(try reopened.image(named: "app").layers.count == 1)
  }

  @Test("another process's import is not disturbed")
  func busy() throws {
    let scratch = try Scratch("busy")
    let first = try store(scratch)
    try first.withImportLock { () throws(ImageError) in
      do { try scratch.write("store/tmp/import/half", [1]) } catch { Issue.record(error) }
      _ = try testStore(at: scratch.path.appending("store"))
      #expect(scratch.status("store/tmp/import/half") != nil)
    }
    _ = try store(scratch)
    #expect(scratch.status("store/tmp/import") == nil)
  }

  @Test("a record that lost bytes is told of, and then nothing is thrown away on its word")
  func damagedRecord() throws {
    let scratch = try Scratch("damaged")
    let store = try store(scratch)
    try store.importLayout(from: LayoutBuilder([[.file("a")]]).write(to: scratch, "a"))
    try store.importLayout(from: LayoutBuilder([[.file("b")]]).write(to: scratch, "b"))
    let record = try scratch.text("store/images/a")
    try scratch.write("store/images/a", Array(record.utf8.dropLast(3)))
    #expect(try store.list().damaged == ["image record a: the record is damaged"])
    #expect(try store.list().images.map { $0.name } == ["b"])
    #expect(message { _ = try store.image(named: "a") } == "image record a: the record is damaged")
    try store.removeImage(named: "b")
    #expect(try store.names(in: store.layers, "").count == 2)
    try scratch.write("store/images/a", Array(record.utf8))
    _ = try self.store(scratch)
    #expect(try store.image(named: "a").layers.count == 1)
  }

  @Test("a container without its record keeps all layers; with the container they go")
  func damagedContainer() throws {
    let scratch = try Scratch("damagedcontainer")
    let store = try store(scratch)
    try store.importLayout(from: LayoutBuilder([[.file("a")]]).write(to: scratch, "a"))
    let id = try ContainerID("c")
    _ = try store.makeContainerLayer(id: id, for: store.image(named: "a"))
    try scratch.directory.unlink("store/containers/c/image")
    try store.removeImage(named: "a")
    #expect(try store.names(in: store.layers, "").count == 1)
    try store.removeContainerLayer(id: id)
    #expect(try store.names(in: store.layers, "").isEmpty)
    #expect(try store.names(in: store.temporary, "").isEmpty)
  }

  @Test("a document that flash has changed is found out")
  func damagedDocument() throws {
    let scratch = try Scratch("flash")
    let store = try store(scratch)
    let record = try store.importLayout(from: LayoutBuilder([[.file("a")]]).write(to: scratch, "a")).record
    let path = Path("store/blobs/sha256/\(record.config.hex)")
    var bytes = Array(try scratch.text(path).utf8)
    bytes[10] ^= 1
    try scratch.write(path, bytes)
    #expect(message { _ = try store.image(named: "a") } == "blob \(record.config.text) of the store: is damaged; import the image again")
    try scratch.directory.removeTree(Path("store/layers/\(record.layers[0].hex)"))
    try store.importLayout(from: scratch.path.appending("a"))
    #expect(try store.image(named: "a").layers.count == 1)
  }

  @Test("a directory that others may write to is no store")
  func writable() throws {
    let scratch = try Scratch("writable")
    try scratch.directory.ensureDirectory("store", mode: 0o700).changeMode(0o777)
    #expect(message { _ = try store(scratch) }?.hasSuffix("/store: cannot hold images, because others than its owner may write to it") ?? false)
    #expect(try scratch.names(below: "store").isEmpty)
  }

  @Test("progress is told within a file, too")
  func progress() throws {
    let scratch = try Scratch("progress")
    let layout = try LayoutBuilder([[Entry(name: "large", data: [UInt8](repeating: 0x78, count: 3 << 20))]]).write(to: scratch, "app")
    var told: [UInt64] = []
    try store(scratch).importLayout(from: layout) { event in if case .progress(let bytes) = event { told.append(bytes) } }
    #expect(told.map { $0 >> 20 } == [1, 2, 3])
  }

  @Test("the ChainID is that of the specification's definition")
  func chainID() throws {
    let first = try Digest("sha256:\(String(repeating: "1", count: 64))")
    let second = try Digest("sha256:\(String(repeating: "2", count: 64))")
    #expect(try ImportedImage.chainID(first, above: nil) == first)
    #expect(try ImportedImage.chainID(second, above: first).text == LayoutBuilder.digest(Array("\(first.text) \(second.text)".utf8)))
  }
}
