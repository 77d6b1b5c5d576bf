import Linux
import OCI
import Testing

@testable import Images

@Suite("an image that is not as it should be is refused, and leaves nothing")
struct ImportTests {
  /// What the error of an import says, without the scratch directory's path; the store must be as empty as before.
  private func refusal(_ builder: LayoutBuilder, limits: Limits = Limits(), name: String? = nil, change: (Scratch) throws -> Void = { _ in }) throws -> String?
  {
    let scratch = try Scratch("import")
    let layout = try builder.write(to: scratch)
    try change(scratch)
    let store = try testStore(at: scratch.path.appending("store"))
    let before = try scratch.names(below: "store")
    let text = message { _ = try store.importLayout(from: layout, name: name, limits: limits) }
    if text != nil {
      #expect(try scratch.names(below: "store").filter { $0 != "reserve" && $0 != "blobs/" && !$0.utf8.starts(with: "blobs/sha".utf8) } == before)
      #expect(try store.list().images.isEmpty)
    }
    return text.map { replace(scratch.path.description, in: $0) }
  }

  private func replace(_ path: String, in text: String) -> String {
    text.utf8.starts(with: path.utf8) ? String(decoding: text.utf8.dropFirst(path.utf8.count + 1), as: UTF8.self) : text
  }

  private let sound = LayoutBuilder([[.file("a")]])
  private var blob: [UInt8] { gzip(tar([.file("a")])) }
  private var blobDigest: String { LayoutBuilder.digest(blob) }

  @Test("the same layout is taken when nothing is changed")
  func taken() throws {
    #expect(try refusal(sound) == nil)
    #expect(try refusal(sound, name: "registry.example:5000/a/b:1.0@x") == nil)
  }

  @Test("layers: content, size, DiffID, truncation, type")
  func layers() throws {
    var builder = sound
    // One bit of the file's content, which neither gzip's format nor the size tells.
    var changed = blob
    changed[15 + 512] ^= 1
    builder.layers[0].stored = changed
    #expect(try refusal(builder) == "layer \(blobDigest): its content has digest \(LayoutBuilder.digest(changed))")
    builder = sound
    builder.layers[0].size = blob.count + 1
    #expect(try refusal(builder) == "blob \(blobDigest): has \(blob.count) bytes, and its descriptor says \(blob.count + 1)")
    builder = sound
    builder.layers[0].diffID = LayoutBuilder.digest([])
    #expect(
      try refusal(builder)
        == "layer \(blobDigest): its uncompressed content has digest \(LayoutBuilder.digest(tar([.file("a")]))), and the image's config says \(LayoutBuilder.digest([]))"
    )
    builder = sound
    builder.layers[0].blob = Array(blob.dropLast(200))
    #expect(try refusal(builder) == "layer \(LayoutBuilder.digest(Array(blob.dropLast(200)))): the archive ends too early")
    builder = sound
    builder.layers[0].mediaType = "application/vnd.oci.image.layer.v1.tar+zstd"
    #expect(try refusal(builder) == "layer \(blobDigest): its content is gzip, and its media type says zstd")
    builder.layers[0].blob = zstd(builder.layers[0].archive)
    #expect(try refusal(builder) == nil)
    builder = sound
    builder.layers[0].compressed = false
    builder.layers[0].mediaType = "application/vnd.oci.image.layer.v1.tar+gzip"
    #expect(try refusal(builder) == "layer \(LayoutBuilder.digest(tar([.file("a")]))): its content is not gzip, or damaged")
  }

  @Test("an entry that leads out of the second layer: the first is not kept either")
  func leadsOut() throws {
    let evil = LayoutBuilder([[.file("good")], [.file("../../etc/passwd")]])
    let text = try refusal(evil)
    #expect(text == "layer \(LayoutBuilder.digest(gzip(tar([.file("../../etc/passwd")])))): entry ../../etc/passwd: leads out of the archive")
  }

  @Test("documents: missing, changed, not JSON, for another machine, disagreeing")
  func documents() throws {
    let other = Platform.device.architecture == "arm64" ? "amd64" : "arm64"
    var builder = sound
    builder.architecture = other
    let text = try #require(try refusal(builder))
    #expect(text.utf8.starts(with: "config sha256:".utf8) && text.hasSuffix(": image is for \(other), this device is \(Platform.device.architecture)"))
    builder = sound
    builder.oneDiffIDLess = true
    #expect(try refusal(builder)?.hasSuffix(": rootfs.diff_ids has 0 entries, and the manifest has 1 layers") ?? false)
    builder = sound
    builder.editIndex = { _ in "{\n  \"schemaVersion\": 2,\n  \"manifests\": [}" }
    #expect(try refusal(builder)?.utf8.starts(with: "layout/index.json: line 3, column 17: ".utf8) ?? false)
    builder = sound
    builder.editManifest = { String($0.dropLast()) + #","manifests":[]}"# }
    #expect(try refusal(builder)?.hasSuffix(": manifests: must not be given in an image manifest") ?? false)
    builder = sound
    builder.editConfig = { $0.replacing(#""type":"layers""#, with: #""type":"other""#) }
    #expect(try refusal(builder)?.hasSuffix(": rootfs.type: unknown value 'other'") ?? false)
    var limits = Limits()
    limits.layers = 0
    #expect(try refusal(sound, limits: limits)?.hasSuffix(": 1 layers, and 0 are the limit") ?? false)
  }

  @Test("blobs: missing, links, FIFOs, and documents that are too long")
  func blobs() throws {
    let hex = String(blobDigest.dropFirst(7))
    let path = Path("layout/blobs/sha256/\(hex)")
    #expect(try refusal(sound) { try $0.directory.unlink(path) }?.utf8.starts(with: "blob \(blobDigest): is not in ".utf8) ?? false)
    #expect(
      try refusal(sound) {
        try $0.directory.rename(path, to: $0.directory, "layout/real")
        try $0.directory.makeLink(path, to: "../../real")
      } == "blob \(blobDigest): is a symbolic link")
    #expect(
      try refusal(sound) {
        try $0.directory.unlink(path)
        try $0.directory.makeNode(path, .fifo, mode: 0o600)
      } == "blob \(blobDigest): is no regular file")
    #expect(
      try refusal(sound) { try $0.write("layout/index.json", [UInt8](repeating: 0x20, count: (4 << 20) + 1)) }
        == "layout/index.json: a document of more than 4194304 bytes")
    #expect(try refusal(sound) { try $0.directory.unlink("layout/oci-layout") }?.hasSuffix("layout: has no oci-layout with an index.json") ?? false)
  }

  @Test("names that cannot be a name")
  func names() throws {
    for name in ["", "-x", "../x", "a b", "a\u{0}b", "%2F", String(repeating: "a", count: 201)] {
      #expect(try refusal(sound, name: name)?.utf8.starts(with: "an image cannot be named ".utf8) ?? false, "\(name)")
    }
  }

  @Test("what nobody named is called after its directory, unless the layout has more than a tag")
  func proposedNames() {
    #expect(ImageName.proposed(file: "redis", reference: nil) == "redis")
    #expect(ImageName.proposed(file: "redis", reference: "latest") == "redis")
    #expect(ImageName.proposed(file: "redis", reference: "7.2") == "redis:7.2")
    #expect(ImageName.proposed(file: "redis", reference: "docker.io/library/redis:7") == "docker.io/library/redis:7")
  }

  @Test("an index within an index is opened, and an endless one is not")
  func nestedIndex() throws {
    let scratch = try Scratch("nested")
    let layout = try sound.write(to: scratch)
    let inner = Array(try scratch.text("layout/index.json").utf8)
    func nest(_ document: [UInt8]) throws -> [UInt8] {
      let digest = LayoutBuilder.digest(document)
      try scratch.write(Path("layout/blobs/sha256/\(String(digest.dropFirst(7)))"), document)
      return Array(
        #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"\#(digest)","size":\#(document.count)}]}"#.utf8)
    }
    var outer = try nest(nest(inner))
    try scratch.write("layout/index.json", outer)
    let store = try testStore(at: scratch.path.appending("store"))
    #expect(try store.importLayout(from: layout).unpackedLayers == 1)
    outer = try nest(nest(outer))
    try scratch.write("layout/index.json", outer)
    #expect(message { _ = try store.importLayout(from: layout) }?.hasSuffix("indexes within indexes, more than 4 levels deep") ?? false)
  }
}
