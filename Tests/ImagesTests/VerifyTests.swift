import Linux
import OCI
import Testing

@testable import Images

/// An image of two layers in a store, and what verification says of it.
private struct Verified {
  let scratch: Scratch
  let store: Store
  let layout: Path

  static let base: [Entry] = [
    .directory("d/", mode: 0o750), .file("d/a", "one"), .file("d/suid", "program", mode: 0o4755), .link("d/l", "a"), .hardLink("d/h", "d/a"),
    Entry(name: "d/p", type: "6", mode: 0o620), .directory("gone/"), .file("gone/x"), .directory("merged/", mode: 0o711), .file("merged/x"),
    .file("xattr").with("SCHILY.xattr.user.a", "b"), .directory("d/", mode: 0o755),
  ]
  static let above: [Entry] = [.file("top", "two"), .file(".wh.gone", ""), .file("merged/y"), .file("d/.wh.a"), .file("d/.wh.never")]

  init(_ test: String, _ layers: [[Entry]] = [base, above]) throws {
    scratch = try Scratch(test)
    store = try testStore(at: scratch.path.appending("store"))
    layout = try LayoutBuilder(layers).write(to: scratch, "app")
    try store.importLayout(from: layout)
  }

  /// The path of a file of the layer, the base being 0, in the scratch directory.
  func path(_ layer: Int, _ name: String) throws -> Path {
    let record = try store.record(named: "app")
    return Path("store/layers/\(record.layers[layer].hex)/\(name)")
  }

  func verify(repairing: Bool = false) throws -> VerifiedImage {
    var found: [VerifiedImage] = []
    try store.verifyImages([store.record(named: "app")], repairing: repairing) { found.append($0) }
    return try #require(found.first)
  }

  /// What was found, without the layer's state.
  func findings() throws -> [String] { try verify().layers.flatMap { $0.findings } }
}

@Suite("layers are verified", .enabled(if: isRoot, "needs root: whiteouts are device nodes"))
struct VerifyTests {
  @Test("what was imported is sound, before and after a repair, and nothing of it changes")
  func sound() throws {
    let verified = try Verified("sound")
    for repairing in [false, true, false] {
      let image = try verified.verify(repairing: repairing)
      #expect(image.isSound && image.layers.map { $0.state } == [.sound, .sound])
      #expect(image.layers.flatMap { $0.findings } == [])
    }
    #expect(try verified.scratch.names(below: "store/tmp").isEmpty)
  }

  @Test("more whiteouts than an import takes are of damaged headers", arguments: [3, 2] as [UInt64])
  func whiteouts(limit: UInt64) throws {
    let verified = try Verified("whiteouts")
    let layer = try verified.store.record(named: "app").layers[1]
    var limits = Limits()
    limits.whiteouts = limit
    let root = try verified.scratch.directory.open(verified.path(1, ""), [.readOnly, .directory])
    let check = LayerCheck(root: root, lower: nil, limits: limits, start: readerInThread)
    let headers = try verified.scratch.directory.open(Path("store/headers/\(layer.hex)"), .readOnly)
    let size = try headers.status().size
    let kept = Extent(headers, count: size)
    let report = try check.run(layer, diffID: layer, repairing: false) { kept }
    #expect((report.state == .withoutHeaders) == (limit < 3))
  }

  @Test("contents, missing and additional files, other kinds of files: each is told, with its name, and the layer is damaged")
  func damage() throws {
    let changes: [(String, (Verified) throws -> Void)] = [
      ("the contents of its files have changed", { try $0.scratch.write($0.path(0, "d/a"), Array("two".utf8)) }),
      ("entry d/a: is missing", { try $0.scratch.directory.unlink($0.path(0, "d/a")) }),
      ("entry xattr: is no file of 1 bytes", { try $0.scratch.write($0.path(0, "xattr"), [1, 2]) }),
      (
        "entry d/l: leads elsewhere",
        {
          try $0.scratch.directory.unlink($0.path(0, "d/l"))
          try $0.scratch.directory.makeLink($0.path(0, "d/l"), to: "/etc/passwd")
        }
      ),
      (
        "entry d/h: is no other name of d/a",
        {
          try $0.scratch.directory.unlink($0.path(0, "d/h"))
          try $0.scratch.write($0.path(0, "d/h"), Array("one".utf8))
        }
      ),
      (
        "entry d/p: is another kind of file",
        {
          try $0.scratch.directory.unlink($0.path(0, "d/p"))
          try $0.scratch.write($0.path(0, "d/p"), [])
        }
      ),
      ("d/more: is not in the archive", { try $0.scratch.write($0.path(0, "d/more"), [1]) }),
      ("empty: is not in the archive", { try $0.scratch.directory.makeDirectory($0.path(0, "empty"), mode: 0o755) }),
      (
        "other: is not in the archive",
        { verified in
          try verified.scratch.directory.link(verified.path(0, "d/a"), to: verified.scratch.directory, verified.path(0, "other"))
        }
      ),
      ("gone: is not hidden any more", { try $0.scratch.directory.unlink($0.path(1, "gone")) }),
      ("merged: hides what is below it, and should not", { try $0.scratch.directory.open($0.path(1, "merged"), [.readOnly, .directory]).makeOpaque() }),
      ("x: is not in the archive", { try $0.scratch.directory.makeNode($0.path(1, "x"), .characterDevice, mode: 0) }),
    ]
    for (expected, change) in changes {
      let verified = try Verified("damage")
      try change(verified)
      let image = try verified.verify()
      #expect(!image.isSound && image.layers.contains { $0.state == .damaged }, "\(expected)")
      let findings = image.layers.flatMap { $0.findings }
      #expect(findings.contains { $0.contains(expected) }, "\(expected) in \(findings)")
    }
  }

  @Test("owner, mode, time, attributes: each is told, changed by nothing but a repair, and right after it")
  func attributes() throws {
    let verified = try Verified("attributes")
    let scratch = verified.scratch
    func file(_ layer: Int, _ name: String) throws -> FileDescriptor { try scratch.directory.open(verified.path(layer, name), [.readOnly, .nonBlocking]) }
    try file(0, "d/suid").changeOwner(user: 5, group: 6)
    try file(0, "d").changeMode(0o700)
    try file(0, "d/p").changeTimes(FileTime(seconds: 1))
    try file(0, "xattr").setAttribute("user.a", Array("c".utf8))
    try file(0, "xattr").setAttribute("user.more", Array("c".utf8))
    try file(1, "merged").changeMode(0o777)
    try scratch.directory.changeOwner(of: verified.path(0, "d/l"), user: 7, group: 0)
    let expected = [
      "d/suid: owner, mode are not as in the archive", "d/l: owner is not as in the archive", "d/p: time is not as in the archive",
      "xattr: attribute user.a, attribute user.more are not as in the archive", "d/: mode is not as in the archive", "merged: mode is not as in the archive",
      // The upper layer has it only because of a whiteout in it: it should look like the one below.
      "d: mode is not as in the archive",
    ]
    for _ in 0..<2 {
      let image = try verified.verify()
      #expect(!image.isSound && image.layers.map { $0.state } == [.differing, .differing])
      #expect(image.layers.flatMap { $0.findings } == expected)
    }
    let repaired = try verified.verify(repairing: true)
    #expect(repaired.isSound && repaired.layers.map { $0.state } == [.repaired, .repaired])
    let after = try verified.verify()
    #expect(after.layers.map { $0.state } == [.sound, .sound])
    #expect(scratch.status(try verified.path(0, "d/suid"))?.mode == 0o104755)
    #expect(scratch.status(try verified.path(1, "merged"))?.mode == 0o040711)
  }

  @Test("an opaque directory that has lost its mark gets it again")
  func opaque() throws {
    let verified = try Verified("opaque", [[.directory("d/"), .file("d/x")], [.directory("d/"), .file("d/.wh..wh..opq", ""), .file("d/y")]])
    let directory = try verified.scratch.directory.open(verified.path(1, "d"), [.readOnly, .directory])
    try directory.removeAttribute("trusted.overlay.opaque")
    #expect(try verified.findings() == ["d: does not hide what is below it"])
    #expect(try verified.verify(repairing: true).isSound)
    #expect(try directory.isOpaque() && verified.verify().layers.map { $0.state } == [.sound, .sound])
  }

  @Test("with damage nothing is put right but the layer taken away; another import of the image brings it back")
  func quarantine() throws {
    let verified = try Verified("quarantine")
    let lost = try verified.path(0, "d/a")
    try verified.scratch.write(lost, Array("bad".utf8))
    let image = try verified.verify(repairing: true)
    #expect(image.layers.map { $0.state } == [.quarantined, .sound] && !image.isSound)
    #expect(try verified.scratch.names(below: "store/tmp").isEmpty)
    #expect(verified.scratch.status("store/quarantine") == nil)
    #expect(verified.scratch.status(lost) == nil)
    #expect(message { _ = try verified.store.image(named: "app") }?.contains("is gone; import the image again") == true)
    #expect(try verified.verify().layers.map { $0.state } == [.damaged, .sound])
    let result = try verified.store.importLayout(from: verified.layout)
    #expect(result.unpackedLayers == 1 && result.sharedLayers == 1)
    #expect(try verified.verify().isSound && verified.scratch.text(lost) == "one")
  }

  @Test("what a container has mounted stays until it is over, in quarantine")
  func used() throws {
    let verified = try Verified("used")
    let id = try ContainerID("c1")
    _ = try verified.store.makeContainerLayer(id: id, for: verified.store.image(named: "app"))
    let layer = try verified.store.record(named: "app").layers[0]
    for number in 0..<2 {
      try verified.scratch.write(verified.path(0, "d/a"), Array("bad".utf8))
      #expect(try verified.verify(repairing: true).layers[0].state == .quarantined)
      #expect(try verified.scratch.text(Path("store/quarantine/\(layer.hex)-\(number)/d/a")) == "bad")
      try verified.store.importLayout(from: verified.layout)
    }
    // Something is collected, but not this.
    try verified.scratch.write("store/tmp/import/half", [1])
    _ = try testStore(at: verified.store.path)
    #expect(try verified.scratch.names(below: "store/quarantine").contains("\(layer.hex)-0/"))
    try verified.store.removeContainerLayer(id: id)
    #expect(verified.scratch.status("store/quarantine") == nil)
    #expect(try verified.verify().isSound)
  }

  @Test("without headers, or with damaged ones, nothing is known; a repair leaves the layer, and the next import makes it known again")
  func headers() throws {
    let verified = try Verified("headers")
    let name = Path("store/headers/\(try verified.store.record(named: "app").layers[0].hex)")
    try verified.scratch.write(name, [0x1F, 0x8B, 1])
    #expect(try verified.findings() == ["what was kept of its archive's headers is damaged"])
    #expect(try verified.verify(repairing: true).layers.map { $0.state } == [.withoutHeaders, .sound])
    #expect(verified.scratch.status(name) == nil)
    #expect(try verified.verify().layers[0].findings[0].contains("cannot be verified until its image is imported again"))
    #expect(try verified.store.image(named: "app").layers.count == 2)
    #expect(try verified.store.importLayout(from: verified.layout).sharedLayers == 2)
    #expect(try verified.verify().isSound)
  }

  @Test("a damaged document is told of, and the layers that several images share are looked at once")
  func documents() throws {
    let verified = try Verified("documents")
    try verified.store.tagImage(named: "app", as: "other")
    let config = try verified.store.record(named: "app").config
    var count = 0
    try verified.store.verifyImages(verified.store.list().images, repairing: false) { image in
      count += 1
      #expect(image.isSound && image.layers.count == 2)
    }
    #expect(count == 2)
    try verified.scratch.write(Path("store/blobs/sha256/\(config.hex)"), Array("{}".utf8))
    #expect(try verified.verify().fault == "blob \(config.text) of the store: is damaged; import the image again")
  }

  @Test("times that a file system cannot have are those that it has instead", arguments: [(-0x8000_0001, -0x8000_0000), (1 << 40, 0x3_7FFF_FFFF), (5, 5)])
  func times(_ given: Int, _ kept: Int) {
    #expect(FileTime(seconds: Int64(kept)).isKept(of: FileTime(seconds: Int64(given), nanoseconds: 7)))
    #expect(!FileTime(seconds: 4).isKept(of: FileTime(seconds: Int64(given))))
    #expect(!FileTime(seconds: 0x7FFF_FFFF).isKept(of: FileTime(seconds: 5)))
  }
}
