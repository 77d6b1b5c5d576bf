import JSON
import Linux
import OCI
import Testing

@testable import Images

/// An archive of a directory as `tar -C DIRECTORY .` makes it.
private func archive(of directory: String, in scratch: Scratch, first: [Entry] = [], without: String = "") throws -> [UInt8] {
  var entries = first
  for name in try scratch.names(below: Path(directory)) {
    if name.hasSuffix("/") {
      entries.append(.directory(name))
    } else if name != without {
      entries.append(Entry(name: name, data: try scratch.directory.open(Path("\(directory)/\(name)"), .readOnly).readAll(limit: 1 << 20)))
    }
  }
  return tar(entries)
}

/// An archive as `docker save` of Docker 24 and before makes it; sound unless a test changes it.
private struct SavedBuilder {
  var layers: [[UInt8]]
  var tags: String? = #"["app:1"]"#
  var architecture = Platform.device.architecture
  /// What is stored for the layers instead.
  var stored: [[UInt8]]?
  var config: String?
  var more: [Entry] = []

  init(_ layers: [[Entry]]) { self.layers = layers.map { tar($0) } }

  var configText: [UInt8] {
    let diffIDs = layers.map { "\"\(LayoutBuilder.digest($0))\"" }.joined(separator: ",")
    return Array(
      #"{"os":"linux","architecture":"\#(architecture)","config":{"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":[\#(diffIDs)]}}"#.utf8)
  }

  var configName: String { config ?? "\(LayoutBuilder.digest(configText).dropFirst(7)).json" }

  var listing: String {
    let names = layers.indices.map { "\"id\($0)/layer.tar\"" }.joined(separator: ",")
    return #"{"Config":"\#(configName)","RepoTags":\#(tags ?? "null"),"Layers":[\#(names)]}"#
  }

  var entries: [Entry] {
    var entries = [Entry(name: configName, data: configText)]
    for (number, layer) in (stored ?? layers).enumerated() {
      entries.append(.directory("id\(number)/"))
      entries.append(.file("id\(number)/VERSION", "1.0"))
      entries.append(Entry(name: "id\(number)/layer.tar", data: layer))
    }
    return entries + more
  }

  var bytes: [UInt8] { tar(entries + [Entry.file("manifest.json", "[\(listing)]\n")]) }
}

@Suite("an image in an archive")
struct ArchiveTests {
  private let sound = LayoutBuilder([[.file("a", "one")], [.file("b", "two")]])
  private let saved = SavedBuilder([[.file("a", "one")], [.file("b", "two")]])

  /// Imports an archive, as it is and compressed: what cannot be read in place is staged, and comes to the same.
  private func imported(
    _ bytes: [UInt8], as file: String = "app.tar", name: String? = nil, limits: Limits = Limits()
  ) throws -> (
    records: [ImageRecord], error: String?
  ) {
    var outcomes: [(records: [ImageRecord], error: String?)] = []
    for (number, stored) in [bytes, gzip(bytes), zstd(bytes)].enumerated() {
      let scratch = try Scratch("archive")
      let file = "\(file)\(["", ".gz", ".zst"][number])"
      try scratch.write(Path(file), stored)
      let store = try testStore(at: scratch.path.appending("store"))
      var results: [ImportResult] = []
      let text = message { results = try store.importImages(from: .path(scratch.path.appending(file)), name: name, limits: limits) }
      #expect(try scratch.names(below: "store/tmp").isEmpty)
      if text != nil { #expect(try scratch.names(below: "store/layers").isEmpty) }
      outcomes.append((results.map { $0.record }, text.map { replacing($0, scratch.path.appending(file).description, by: "FILE") }))
    }
    for outcome in outcomes.dropFirst() {
      #expect(outcome.records == outcomes[0].records)
      #expect(outcome.error == outcomes[0].error)
    }
    return outcomes[0]
  }

  private func replacing(_ text: String, _ part: String, by other: String) -> String {
    cut(text, part).map { "\($0.0)\(other)\($0.1)" } ?? text
  }

  private func cut(_ text: String, _ part: String) -> (String, String)? {
    let (bytes, mark) = (Array(text.utf8), Array(part.utf8))
    guard bytes.count >= mark.count, let start = (0...(bytes.count - mark.count)).first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
    return (String(decoding: bytes[..<start], as: UTF8.self), String(decoding: bytes[(start + mark.count)...], as: UTF8.self))
  }

  private func layoutArchive(_ builder: LayoutBuilder, first: [Entry] = [], without: String = "") throws -> [UInt8] {
    let scratch = try Scratch("layout")
    try builder.write(to: scratch)
    return try archive(of: "layout", in: scratch, first: first, without: without)
  }

  @Test("a layout in an archive is the image that it is in a directory, named after the file")
  func layout() throws {
    let scratch = try Scratch("same")
    let store = try testStore(at: scratch.path.appending("store"))
    let record = try store.importLayout(from: try sound.write(to: scratch)).record
    let result = try imported(layoutArchive(sound), as: "app.tar")
    #expect(result.error == nil)
    #expect(result.records.map { $0.manifest } == [record.manifest])
    #expect(result.records.map { $0.layers } == [record.layers])
    #expect(result.records.map { $0.name } == ["app"])
    #expect(try imported(layoutArchive(sound), name: "other").records.map { $0.name } == ["other"])
  }

  @Test("an archive of old Docker is an image whose manifest is made, and always the same")
  func dockerSave() throws {
    let result = try imported(saved.bytes)
    #expect(result.error == nil)
    #expect(result.records.map { $0.name } == ["app:1"])
    #expect(result.records.map { $0.config.text } == [LayoutBuilder.digest(saved.configText)])
    let layout = try imported(layoutArchive(sound))
    #expect(result.records[0].layers == layout.records[0].layers)
    #expect(result.records[0].size == UInt64(saved.layers[0].count + saved.layers[1].count))
  }

  @Test("a layer of it may be a link to another entry, and compressed")
  func dockerLinks() throws {
    var linked = saved.entries
    linked[3] = .link("id0/layer.tar", "../common.tar")
    linked[6] = .hardLink("id1/layer.tar", "second.tar")
    linked += [
      Entry(name: "common.tar", data: saved.layers[0]), Entry(name: "second.tar", data: saved.layers[1]), .file("manifest.json", "[\(saved.listing)]"),
    ]
    let plain = try imported(saved.bytes)
    let result = try imported(tar(linked))
    #expect(result.error == nil)
    #expect(result.records == plain.records)
    var packed = saved
    for pack in [gzip, { zstd($0) }] {
      packed.stored = saved.layers.map(pack)
      let compressed = try imported(packed.bytes)
      #expect(compressed.error == nil)
      #expect(compressed.records[0].layers == plain.records[0].layers)
      #expect(compressed.records[0].manifest != plain.records[0].manifest)
    }
  }

  @Test("an image with the same layer twice is taken whole")
  func sameLayerTwice() throws {
    let result = try imported(SavedBuilder([[.file("a")], [.file("a")]]).bytes)
    #expect(result.error == nil)
    #expect(result.records[0].layers.count == 2)
  }

  @Test("all images are taken, each under all its names, and --name is for one")
  func several() throws {
    var first = saved
    first.tags = #"["one:1","docker.io/library/one:latest"]"#
    var second = SavedBuilder([[.file("c")]])
    second.tags = nil
    second.more = []
    let entries =
      first.entries
      + second.entries.map { entry in
        var entry = entry
        entry.name = entry.name.replacing("id0", with: "other")
        return entry
      }
    let listing = "[\(first.listing),\(second.listing.replacing("id0", with: "other"))]"
    let both = tar(entries + [.file("manifest.json", listing)])
    let result = try imported(both, as: "three.tar")
    #expect(result.error == nil)
    #expect(result.records.map { $0.name } == ["one:1", "one:latest", "three"])
    #expect(result.records[0].manifest == result.records[1].manifest && result.records[0].manifest != result.records[2].manifest)
    #expect(try imported(both, name: "x").error == "FILE: has 3 images (one:1, one:latest, one without a name), and --name is for one")
    #expect(try imported(first.bytes, name: "x").records.map { $0.name } == ["x"])
    var limits = Limits()
    limits.images = 2
    #expect(try imported(both, limits: limits).error == "FILE: has more than 2 images")
  }

  @Test("an archive of new Docker is the layout in it, named as Docker shows it")
  func newDocker() throws {
    var builder = sound
    builder.editIndex = {
      $0.replacing(#""annotations":{"#, with: #""annotations":{"io.containerd.image.name":"docker.io/library/app:1.0","#)
    }
    let listing = Entry.file("manifest.json", "[\(saved.listing)]")
    let result = try imported(layoutArchive(builder, first: [listing]))
    #expect(result.error == nil)
    #expect(result.records.map { $0.name } == ["app:1.0"])
    #expect(try result.records[0].manifest == imported(layoutArchive(builder)).records[0].manifest)
  }

  @Test("Docker's own list counts where its index lacks images", arguments: [#"{"schemaVersion":2,"manifests":null}"#, #"{"schemaVersion":2,"manifests":[]}"#])
  func emptyIndex(_ index: String) throws {
    var builder = saved
    builder.more = [.file("index.json", index), .file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)]
    let result = try imported(builder.bytes)
    #expect(result.error == nil)
    #expect(result.records.map { $0.name } == ["app:1"])
    #expect(
      try imported(layoutArchive(sound, first: [.file("x")], without: "index.json")).error == "FILE: has no oci-layout with an index.json, and no manifest.json"
    )
  }

  @Test("what is changed in an archive of old Docker is found")
  func tampered() throws {
    var other = saved
    other.config = "\(LayoutBuilder.digest([]).dropFirst(7)).json"
    #expect(try imported(other.bytes).error == "entry \(other.configName): its content has digest \(LayoutBuilder.digest(saved.configText))")
    other = saved
    other.stored = [saved.layers[0], tar([.file("b", "evil")])]
    #expect(
      try imported(other.bytes).error
        == "layer \(LayoutBuilder.digest(saved.layers[1])): its content has digest \(LayoutBuilder.digest(tar([.file("b", "evil")])))")
    other.stored = [saved.layers[0], gzip(tar([.file("b", "evil")]))]
    #expect(try imported(other.bytes).error?.hasSuffix(", and the image's config says \(LayoutBuilder.digest(saved.layers[1]))") ?? false)
    other = saved
    other.architecture = "s390x"
    #expect(try imported(other.bytes).error?.hasSuffix(": image is for s390x, this device is \(Platform.device.architecture)") ?? false)
  }

  @Test(
    "what is wrong with Docker's list is told",
    arguments: [
      ("{}", "FILE/manifest.json: expected an array, found an object"),
      ("[{}]", "FILE/manifest.json: [0].Config: missing"),
      (#"[{"Config":"../x","Layers":[]}]"#, "entry ../x: is not in FILE"),
      (#"[{"Config":"nothing.json","Layers":[]}]"#, "entry nothing.json: is not in FILE"),
      (#"[{"Config":"CONFIG","Layers":["id0/layer.tar"]}]"#, "entry CONFIG: rootfs.diff_ids has 2 entries, and manifest.json has 1 layers"),
      (#"[{"Config":"CONFIG","Layers":["id0/layer.tar","/etc/passwd"]}]"#, "entry /etc/passwd: is not in FILE"),
      (#"[{"Config":"CONFIG","Layers":["id0/layer.tar","id1"]}]"#, "entry id1: is not in FILE"),
      ("[]", "FILE: has no oci-layout with an index.json, and no manifest.json"),
    ])
  func badList(_ listing: String, _ expected: String) throws {
    let text = listing.replacing("CONFIG", with: saved.configName)
    #expect(try imported(tar(saved.entries + [.file("manifest.json", text)])).error == expected.replacing("CONFIG", with: saved.configName))
  }

  @Test("what is no archive, or cut off, or twice, is told")
  func noArchive() throws {
    #expect(try imported(Array("hello".utf8)).error == "FILE: the archive ends too early")
    #expect(try imported([UInt8](repeating: 0x41, count: 2000)).error == "FILE: a tar header has a wrong checksum")
    #expect(try imported(tar([])).error == "FILE: has no oci-layout with an index.json, and no manifest.json")
    let whole = try layoutArchive(sound)
    #expect(try imported(Array(whole[..<(whole.count / 2 + 100)])).error == "FILE: the archive ends too early")
    #expect(try imported(layoutArchive(sound, first: [.file("index.json")])).error == "FILE: entry index.json: is in the archive twice")
    let scratch = try Scratch("xz")
    try scratch.write("app.tar.xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0] + whole)
    let store = try testStore(at: scratch.path.appending("store"))
    let text = message { _ = try store.importImages(from: .path(scratch.path.appending("app.tar.xz"))) }
    #expect(text?.hasSuffix(": it is compressed by xz, and only gzip and zstd are supported") ?? false)
    var limits = Limits()
    limits.archiveEntries = 3
    #expect(try imported(whole, limits: limits).error?.hasSuffix(": more than 3 entries") ?? false)
  }

  @Test("an archive that unpacks to many times its size is refused before it fills the medium")
  func bomb() throws {
    let scratch = try Scratch("bomb")
    try scratch.write("app.tar.gz", compressedZeros)
    var limits = Limits()
    limits.ratioFloor = 10000
    let store = try testStore(at: scratch.path.appending("store"))
    let text = message { _ = try store.importImages(from: .path(scratch.path.appending("app.tar.gz")), limits: limits) }
    #expect(text?.hasSuffix(": it unpacks to more than 200 times its size") ?? false)
  }

  @Test("an index with images of several names: all that fit, and what does not is told")
  func names() throws {
    let scratch = try Scratch("names")
    try sound.write(to: scratch)
    let entry = try scratch.text("layout/index.json").dropFirst(#"{"schemaVersion":2,"manifests":["#.utf8.count).dropLast(2)
    let foreign = entry.replacing(#""latest""#, with: #""foreign""#).replacing(
      #","annotations""#, with: #","platform":{"os":"linux","architecture":"s390x"},"annotations""#)
    let second = entry.replacing(#""latest""#, with: #""v2""#)
    let signature = entry.replacing(#""latest""#, with: #""sha256-x.sig""#).replacing(
      #","annotations""#, with: #","artifactType":"application/x","annotations""#)
    try scratch.write("layout/index.json", Array(#"{"schemaVersion":2,"manifests":[\#(entry),\#(signature),\#(foreign),\#(second)]}"#.utf8))
    let store = try testStore(at: scratch.path.appending("store"))
    var leftOut: [String] = []
    let results = try store.importImages(from: .path(scratch.path.appending("layout"))) { event in
      if case .leftOut(let sentence) = event { leftOut.append(sentence) }
    }
    #expect(results.map { $0.record.name } == ["layout", "layout:v2"])
    #expect(leftOut == ["\(scratch.path.description)/layout: image is for s390x, this device is \(Platform.device.architecture)"])
    #expect(results[1].sharedLayers == 2)
  }

  @Test("a thin layout lacks the layers that the store has already, as a directory and in an archive")
  func thin() throws {
    let scratch = try Scratch("thin")
    let base: [Entry] = [.file("base", "of all")]
    try LayoutBuilder([base]).write(to: scratch, "first")
    for (number, packed) in [false, true].enumerated() {
      try LayoutBuilder([base, [.file("new", "\(number)")]]).write(to: scratch, "second")
      let missing = LayoutBuilder.digest(gzip(tar(base)))
      try scratch.directory.unlink(Path("second/blobs/sha256/\(String(missing.dropFirst(7)))"))
      if packed { try scratch.write("second.tar", try archive(of: "second", in: scratch)) }
      let update = scratch.path.appending(packed ? "second.tar" : "second")
      let empty = try testStore(at: scratch.path.appending("empty"))
      #expect(message { _ = try empty.importLayout(from: update) } == "blob \(missing): is not in \(update.description)")
      #expect(try scratch.names(below: "empty/layers").isEmpty)
      let store = try testStore(at: scratch.path.appending("store"))
      try store.importLayout(from: scratch.path.appending("first"), name: "first")
      let result = try store.importLayout(from: update, name: "update")
      #expect(result.sharedLayers == 1 && result.unpackedLayers == 1)
      try scratch.directory.removeTree("second")
    }
  }

  @Test("a thin layout may lack documents that the store has, and no others")
  func thinDocuments() throws {
    let scratch = try Scratch("documents")
    let layers: [[Entry]] = [[.file("base", "of all")], [.file("new")]]
    try LayoutBuilder(layers).write(to: scratch, "first")
    let store = try testStore(at: scratch.path.appending("store"))
    let before = try store.importLayout(from: scratch.path.appending("first"), name: "first")
    // The same image under another name: nothing but the index is sent.
    try LayoutBuilder(layers).write(to: scratch, "again")
    for name in try scratch.names(below: "again/blobs/sha256") { try scratch.directory.unlink(Path("again/blobs/sha256/\(name)")) }
    let update = scratch.path.appending("again")
    let empty = try testStore(at: scratch.path.appending("empty"))
    #expect(message { _ = try empty.importLayout(from: update) } == "blob \(before.record.manifest.text): is not in \(update.description)")
    let result = try store.importLayout(from: update, name: "again")
    #expect(result.sharedLayers == 2 && result.record.manifest == before.record.manifest && result.record.config == before.record.config)
    // What is damaged in the store is not believed for being there.
    try scratch.write(Path("store/blobs/sha256/\(before.record.config.hex)"), Array("{}".utf8))
    #expect(
      message { _ = try store.importLayout(from: update, name: "third") }
        == "blob \(before.record.config.text) of the store: is damaged; import the image again")
  }

  @Test("names of files and of Docker")
  func proposedNames() throws {
    for (file, name) in [("a.tar", "a"), ("a.tar.gz", "a"), ("a.tgz", "a"), ("a.oci.tar", "a.oci"), ("plain", "plain")] {
      let scratch = try Scratch("name")
      try scratch.write(Path(file), try layoutArchive(sound))
      let store = try testStore(at: scratch.path.appending("store"))
      #expect(try store.importLayout(from: scratch.path.appending(file)).record.name == name)
    }
    #expect(ImageName.proposed(file: nil, reference: "latest") == nil)
    #expect(ImageName.proposed(file: nil, reference: "a:latest") == "a:latest")
    #expect(ImageName.asDockerShows("docker.io/library/a:1") == "a:1")
    #expect(ImageName.asDockerShows("docker.io/grafana/a:1") == "grafana/a:1")
    #expect(ImageName.asDockerShows("ghcr.io/a/b") == "ghcr.io/a/b")
  }
}
