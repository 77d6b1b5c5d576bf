import JSON
import Linux
import OCI
import Testing
import Trust

@testable import Images

@Suite("an image is exported")
struct ExportTests {
  private let scratch: Scratch
  private let store: Store

  private static let base: [Entry] = [.directory("d/"), .file("d/a", "one"), .hardLink("h", "d/a"), .file(String(repeating: "n", count: 90), "")]
  private static let above: [Entry] = [.file(".wh.h", "data"), .file("b", String(repeating: "two", count: 40_000))]

  init() throws {
    scratch = try Scratch("export")
    store = try testStore(at: scratch.path.appending("store"))
  }

  /// Exports to `out.tar`; gives what is in it, by name.
  private func exported(_ name: String) throws -> [String: [UInt8]] {
    try store.exportImage(named: name, to: scratch.directory.open("out.tar", [.writeOnly, .create, .truncate], mode: 0o600))
    let bytes = try scratch.directory.open("out.tar", .readOnly).readAll(limit: 1 << 24)
    var files: [String: [UInt8]] = [:]
    let archive = reader(bytes)
    while let entry = try archive.next() {
      var contents: [UInt8] = []
      while let piece = try archive.piece() { contents += piece }
      files[entry.name.description] = contents
    }
    #expect(bytes.count % 512 == 0 && bytes.suffix(1024).allSatisfy { $0 == 0 })
    return files
  }

  private func blob(_ digest: Digest) -> String { "blobs/sha256/\(digest.hex)" }

  @Test("the layers are the archives, uncompressed, the configuration is the same, and so is what the archive becomes in another store")
  func compressed() throws {
    var builder = LayoutBuilder([Self.base, Self.above, Self.base])
    builder.layers[1].compressed = false
    try store.importLayout(from: builder.write(to: scratch, "acme/app"), name: "acme/app:1")
    let record = try store.record(named: "acme/app:1")
    let files = try exported("acme/app:1")
    for layer in builder.layers {
      let found = Trust.digest(of: layer.archive, .sha256)
      let name = blob(try #require(found))
      #expect(files[name] == layer.archive)
    }
    // The third layer is the first one's archive, which is there once.
    #expect(files.count == 2 + 2 + 2)
    #expect(try files[blob(record.config)] == store.configuration(of: record))
    #expect(files[blob(record.manifest)] == nil)
    let other = try testStore(at: scratch.path.appending("other"))
    let again = try other.importLayout(from: scratch.path.appending("out.tar"))
    #expect(again.record.name == "acme/app:1" && again.record.config == record.config && again.record.layers == record.layers)
    // From then on it is always the same.
    let first = try scratch.directory.open("out.tar", .readOnly).readAll(limit: 1 << 24)
    try other.exportImage(named: "acme/app:1", to: scratch.directory.open("out2.tar", [.writeOnly, .create], mode: 0o600))
    #expect(try scratch.directory.open("out2.tar", .readOnly).readAll(limit: 1 << 24) == first)
  }

  @Test("a manifest of uncompressed layers stays what it is")
  func uncompressed() throws {
    var builder = LayoutBuilder([Self.base])
    builder.layers[0].compressed = false
    try store.importLayout(from: builder.write(to: scratch, "app"))
    let record = try store.record(named: "app")
    #expect(try exported("app")[blob(record.manifest)] == store.document(record.manifest))
  }

  @Test("what has changed is not exported as if it had not")
  func damaged() throws {
    try store.importLayout(from: LayoutBuilder([Self.base]).write(to: scratch, "app"))
    let layer = try store.record(named: "app").layers[0]
    try scratch.write(Path("store/layers/\(layer.hex)/d/a"), Array("two".utf8))
    #expect(message { _ = try exported("app") }?.contains("its uncompressed content has digest") == true)
    try scratch.directory.unlink(Path("store/layers/\(layer.hex)/d/a"))
    #expect(message { _ = try exported("app") } == "layer \(layer.text): entry d/a: is missing")
    try scratch.directory.unlink(Path("store/headers/\(layer.hex)"))
    #expect(message { _ = try exported("app") }?.contains("has to be imported again first") == true)
    #expect(message { _ = try exported("no-such") } == "there is no image named no-such")
  }
}
