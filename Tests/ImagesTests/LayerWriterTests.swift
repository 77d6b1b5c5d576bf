import Linux
import Testing

@testable import Images

/// Applies layers, one above the other, to directories `0`, `1`, ... of a scratch directory.
private struct Applied {
  let scratch: Scratch
  var summaries: [LayerSummary] = []

  init(_ test: String, _ layers: [[Entry]], limits: Limits = Limits()) throws { try self.init(in: try Scratch(test), layers, limits: limits) }

  init(in scratch: Scratch, _ layers: [[Entry]], limits: Limits = Limits()) throws {
    self.scratch = scratch
    // What a layer that leads out of its root would find.
    try scratch.write("outside/secret", Array("secret".utf8))
    var lower = LowerLayers()
    for (index, entries) in layers.enumerated() {
      let root = try scratch.directory.ensureDirectory(Path("\(index)"), mode: 0o755)
      let writer = LayerWriter(root: try root.duplicate(), lower: lower, limits: limits)
      summaries.append(try writer.apply(reader(tar(entries), limits: limits), progress: {}))
      lower.roots.insert(OpenDirectory(try root.duplicate()), at: 0)
    }
  }

  func attribute(_ path: Path, _ name: Path) throws -> String? {
    let file = try scratch.directory.open(path, [.readOnly, .nonBlocking])
    return (try? file.attribute(name)).map { String(decoding: $0, as: UTF8.self) }
  }

  func isOpaque(_ path: Path) throws -> Bool { try attribute(path, "trusted.overlay.opaque") == "y" }
}

/// What the error says that applying `entries` ends with; nothing beside the layer may have changed by then.
private func refusal(_ entries: [Entry], limits: Limits = Limits(), below: [[Entry]] = []) throws -> String? {
  let scratch = try Scratch("refused")
  let text = message { _ = try Applied(in: scratch, below + [entries], limits: limits) }
  #expect(
    try scratch.names(below: ".").filter { !$0.utf8.starts(with: "\(below.count)/".utf8) && below.isEmpty }
      == (below.isEmpty ? ["outside/", "outside/secret"] : []))
  #expect(try scratch.text("outside/secret") == "secret")
  return text
}

@Suite("a layer is applied")
struct LayerWriterTests {
  @Test("files of every kind get their content, mode, and times; a directory's time survives what is put into it")
  func kinds() throws {
    let applied = try Applied(
      "kinds",
      [
        [
          Entry(name: "./", type: "5", mode: 0o750, modified: 500), Entry(name: "d/", type: "5", mode: 0o1777, modified: 1000),
          .file("d/f", "hello", mode: 0o4755),
          Entry(name: "d/e/", type: "5", modified: 2000), .file("d/e/g"), .link("d/l", "/nowhere"), .hardLink("d/h", "d/f"),
          Entry(name: "d/p", type: "6", mode: 0o620),
          .file("d/late"),
        ]
      ])
    let scratch = applied.scratch
    #expect(try scratch.names(below: "0") == ["d/", "d/e/", "d/e/g", "d/f", "d/h", "d/l", "d/late", "d/p"])
    #expect(try scratch.text("0/d/h") == "hello")
    #expect(scratch.status("0/d/f")?.mode == 0o104755)
    #expect(scratch.status("0/d/f")?.links == 2)
    #expect(scratch.status("0/d/f")?.modified == FileTime(seconds: 1_000_000_000))
    #expect(scratch.status("0")?.mode == 0o040750)
    #expect(scratch.status("0")?.modified == FileTime(seconds: 500))
    #expect(scratch.status("0/d")?.mode == 0o041777)
    #expect(scratch.status("0/d")?.modified == FileTime(seconds: 1000))
    #expect(scratch.status("0/d/e")?.modified == FileTime(seconds: 2000))
    #expect(scratch.status("0/d/p")?.mode == 0o010620)
    #expect(try scratch.directory.readLink("0/d/l") == "/nowhere")
    #expect(applied.summaries[0].entries == 9)
  }

  @Test("owners are set, of links too, and set-id bits survive it", .enabled(if: isRoot, "needs root: chown to another user"))
  func owners() throws {
    var file = Entry.file("f", mode: 0o6755)
    (file.user, file.group) = (1234, 5678)
    var link = Entry.link("l", "f")
    (link.user, link.group) = (99, 98)
    let applied = try Applied("owners", [[file, link]])
    let status = try #require(applied.scratch.status("0/f"))
    #expect(status.user == 1234 && status.group == 5678 && status.mode == 0o106755)
    let linkStatus = try #require(applied.scratch.status("0/l"))
    #expect(linkStatus.user == 99 && linkStatus.group == 98)
  }

  @Test("an entry through a link goes where the link leads inside the layer, however it is written")
  func linksInside() throws {
    let applied = try Applied(
      "links",
      [
        [
          .directory("usr"), .directory("usr/lib"), .link("lib", "usr/lib"), .link("abs", "/usr/lib"), .link("up", "../../../usr/lib"), .link("chain", "abs"),
          .file("lib/a"), .file("abs/b"), .file("up/c"), .file("chain/d"), .link("dangling", "made/later"), .file("dangling/e"), .hardLink("h", "lib/a"),
        ]
      ])
    #expect(
      try applied.scratch.names(below: "0") == [
        "abs", "chain", "dangling", "h", "lib", "made/", "made/later/", "made/later/e", "up", "usr/", "usr/lib/", "usr/lib/a", "usr/lib/b", "usr/lib/c",
        "usr/lib/d",
      ])
  }

  @Test("a link out of the layer is a link, and writing through it stays inside")
  func linkOut() throws {
    let applied = try Applied(
      "out", [[.link("evil", "../outside"), .file("evil/pwned"), .link("root", "/"), .file("root/x"), .link("dot", "/."), .file("dot/y")]])
    #expect(try applied.scratch.names(below: "outside") == ["secret"])
    #expect(try applied.scratch.names(below: "0") == ["dot", "evil", "outside/", "outside/pwned", "root", "x", "y"])
  }

  @Test("an absolute name counts from the root of the layer")
  func absolute() throws {
    let applied = try Applied("absolute", [[.file("/apus-test-absolute")]])
    #expect(try applied.scratch.names(below: "0") == ["apus-test-absolute"])
  }

  @Test("a directory that comes again takes the new attributes and keeps its contents")
  func repeatedDirectory() throws {
    let applied = try Applied("again", [[.directory("d", mode: 0o700), .file("d/f"), Entry(name: "d", type: "5", mode: 0o755, modified: 77), .file("d/g")]])
    #expect(try applied.scratch.names(below: "0/d") == ["f", "g"])
    #expect(applied.scratch.status("0/d")?.mode == 0o040755)
    #expect(applied.scratch.status("0/d")?.modified == FileTime(seconds: 77))
  }

  @Test("an entry below a file replaces the file")
  func belowFile() throws {
    let applied = try Applied("belowfile", [[.file("a", "file"), .file("a/b", "inside")]])
    #expect(try applied.scratch.text("0/a/b") == "inside")
  }

  @Test("a directory without an entry looks as in the layers below, or else is 0755")
  func impliedDirectories() throws {
    let applied = try Applied(
      "implied", [[Entry(name: "tmp", type: "5", mode: 0o1777, modified: 4000), .file("new/f")], [.file("tmp/x"), .file("new/g"), .file("other/h")]])
    #expect(applied.scratch.status("0/new")?.mode == 0o040755)
    #expect(applied.scratch.status("1/tmp")?.mode == 0o041777)
    #expect(applied.scratch.status("1/tmp")?.modified == FileTime(seconds: 4000))
    #expect(applied.scratch.status("1/other")?.mode == 0o040755)
  }

  @Test("extended attributes: `user.*` is set, what could forge overlayfs's own or host labels is left out and told")
  func attributes() throws {
    let entry = Entry.file("f").with("SCHILY.xattr.user.note", "v").with("SCHILY.xattr.user.overlay.opaque", "y").with(
      "SCHILY.xattr.trusted.overlay.redirect", "/etc"
    )
    .with("SCHILY.xattr.security.selinux", "x")
    let applied = try Applied("xattr", [[entry, Entry.directory("d").with("SCHILY.xattr.trusted.overlay.opaque", "y")]])
    #expect(try applied.attribute("0/f", "user.note") == "v")
    #expect(try applied.scratch.directory.open("0/f", .readOnly).attributeNames() == ["user.note"])
    #expect(try applied.scratch.directory.open("0/d", .readOnly).attributeNames().isEmpty)
    #expect(
      applied.summaries[0].notes.map { $0.message } == [
        "f: the extended attribute user.overlay.opaque is left out", "f: the extended attribute trusted.overlay.redirect is left out",
        "f: the extended attribute security.selinux is left out", "d: the extended attribute trusted.overlay.opaque is left out",
      ])
  }

  @Test("a file capability is kept, though the owner is set as well", .enabled(if: isRoot, "needs root: file capabilities"))
  func capability() throws {
    // struct vfs_cap_data, revision 2: CAP_NET_BIND_SERVICE permitted and effective.
    var entry = Entry.file("f", mode: 0o755)
    entry.extended.append(("SCHILY.xattr.security.capability", [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    let applied = try Applied("capability", [[entry]])
    #expect(try applied.scratch.directory.open("0/f", .readOnly).attribute("security.capability").count == 20)
  }

  @Test("device nodes are left out and told")
  func devices() throws {
    let applied = try Applied("devices", [[Entry(name: "dev/sda", type: "4", device: (8, 0)), Entry(name: "dev/null", type: "3", device: (1, 3)), .file("f")]])
    #expect(applied.summaries[0].notes.map { $0.message } == ["dev/sda: device nodes are left out", "dev/null: device nodes are left out"])
    #expect(try applied.scratch.names(below: "0") == ["f"])
  }

  @Test("of the name of an attribute that is left out no more is kept than is shown")
  func longAttribute() {
    var summary = LayerSummary()
    summary.note(attribute: Path(String(repeating: "a", count: 1 << 20)), "x")
    #expect(summary.notes.map { $0.message } == ["x: the extended attribute \(String(repeating: "a", count: 256))... is left out"])
    if case .attribute(let name) = summary.notes[0].kind { #expect(name.bytes.count < 300) }
  }

  static let bad: [(String, [Entry], String)] = [
    ("up", [.file("../outside/x")], "entry ../outside/x: leads out of the archive"),
    ("link over a link", [.link("a", "b"), .link("a", "c")], "entry a: is in the archive twice"),
    ("file twice", [.file("a"), .file("a")], "entry a: is in the archive twice"),
    ("file over a link", [.link("a", "../outside/secret"), .file("a", "pwned")], "entry a: is in the archive twice"),
    ("directory over a link", [.link("a", "../outside"), .directory("a")], "entry a: is in the archive twice"),
    ("file over a directory", [.directory("a"), .file("a")], "entry a: is in the archive twice"),
    ("file over an implied directory", [.file("a/b"), .file("a")], "entry a: is in the archive twice"),
    ("fifo over a link", [.link("a", "b"), Entry(name: "a", type: "6")], "entry a: is in the archive twice"),
    ("hard link over a file", [.file("a"), .file("b"), .hardLink("b", "a")], "entry b: is in the archive twice"),
    ("hard link out", [.hardLink("h", "../outside/secret")], "entry h: is a link to ../outside/secret, which leads out of the archive"),
    (
      "hard link through a link out", [.link("l", "../outside"), .hardLink("h", "l/secret")],
      "entry h: is a hard link to l/secret, which the layer does not have before it"
    ),
    ("hard link to what comes later", [.hardLink("h", "a"), .file("a")], "entry h: is a hard link to a, which the layer does not have before it"),
    ("hard link to a directory", [.directory("a"), .hardLink("h", "a")], "entry h: is a hard link to a, which is a directory"),
    ("hard link to the root", [.hardLink("h", "/")], "entry h: is a hard link to /, which is a directory"),
    ("link to nothing", [.link("a", "")], "entry a: is a link to nothing"),
    ("root as a file", [.file("./")], "entry ./: replaces the root of the layer by something that is no directory"),
    ("root as a link", [.link(".", "../outside")], "entry .: replaces the root of the layer by something that is no directory"),
    ("loop of links", [.link("a", "b"), .link("b", "a"), .file("a/c")], "entry a/c: its parent is a chain of more than 40 symbolic links"),
    ("link to a file as a parent", [.file("f"), .link("l", "f"), .file("l/x")], "entry l/x: its parent is a link to something that is no directory"),
    ("bare whiteout", [.file("a/.wh.")], "entry a/.wh.: is a whiteout of nothing"),
    ("control characters", [.file("a\u{1B}[2J/../..")], "entry a?[2J/../..: leads out of the archive"),
  ]

  @Test("what is wrong is refused, and nothing outside is touched", arguments: bad)
  func refused(name: String, entries: [Entry], expected: String) throws {
    #expect(try refusal(entries) == expected, "\(name)")
  }

  @Test("a hard link to a file that only a layer below has is refused: it would be that layer's own file")
  func hardLinkBelow() throws {
    #expect(try refusal([.hardLink("h", "a")], below: [[.file("a")]]) == "entry h: is a hard link to a, which the layer does not have before it")
  }

  @Test("quotas of entries, depth and whiteouts hold")
  func quotas() throws {
    var limits = Limits()
    limits.entries = 2
    #expect(try refusal([.file("a"), .file("b")], limits: limits) == nil)
    #expect(try refusal([.file("a"), .file("b"), .file("c")], limits: limits) == "more than 2 entries")
    limits = Limits()
    limits.depth = 3
    #expect(try refusal([.file("a/b/c")], limits: limits) == nil)
    #expect(try refusal([.file("a/b/c/d")], limits: limits) == "entry a/b/c/d: is more than 3 directories deep")
    // Links can make a way longer than its name.
    #expect(try refusal([.file("a/b/c"), .link("l", "a/b"), .file("l/d/e")], limits: limits) == nil)
    #expect(try refusal([.directory("a/b/c"), .link("l", "a/b/c"), .file("l/d/e")], limits: limits) == "entry l/d/e: is more than 3 directories deep")
    limits = Limits()
    limits.whiteouts = 1
    #expect(try refusal([.file(".wh.a")], limits: limits) == nil)
    #expect(try refusal([.file(".wh.a"), .file(".wh.b")], limits: limits) == "entry .wh.b: more than 1 whiteouts")
  }
}

@Suite("whiteouts become overlayfs's own", .enabled(if: isRoot, "needs root: trusted.overlay.opaque and device nodes"))
struct WhiteoutTests {
  private func isWhiteout(_ applied: Applied, _ path: Path) -> Bool { applied.scratch.status(path)?.isWhiteout ?? false }

  private let base: [Entry] = [.directory("d"), .file("d/a"), .file("d/b"), .directory("d/e"), .file("d/e/f"), .file("g")]

  @Test("what is below is hidden, a file and a directory alike")
  func hides() throws {
    let applied = try Applied("wh", [base, [.file("d/.wh.a"), .file("d/.wh.e"), .file(".wh.g")]])
    #expect(try applied.scratch.names(below: "1") == ["d/", "d/a", "d/e", "g"])
    for path in ["1/d/a", "1/d/e", "1/g"] as [Path] { #expect(isWhiteout(applied, path)) }
  }

  @Test("what the layer itself has stays, whichever comes first")
  func ownStays() throws {
    for entries in [[.file("d/.wh.a"), .file("d/a", "new")], [.file("d/a", "new"), .file("d/.wh.a")]] as [[Entry]] {
      let applied = try Applied("own", [base, entries])
      #expect(try applied.scratch.text("1/d/a") == "new")
    }
  }

  @Test("a directory that is hidden and made anew is opaque (umoci#546)")
  func madeAnew() throws {
    for entries in [[.file("d/.wh.e"), .file("d/e/new")], [.file("d/e/new"), .file("d/.wh.e")]] as [[Entry]] {
      let applied = try Applied("anew", [base, entries])
      #expect(try applied.scratch.names(below: "1") == ["d/", "d/e/", "d/e/new"])
      #expect(try applied.isOpaque("1/d/e"))
      #expect(try !applied.isOpaque("1/d"))
    }
  }

  @Test("an opaque marker counts wherever it stands, and makes whiteouts below it needless (umoci#232)")
  func opaque() throws {
    let applied = try Applied("opaque", [base, [.file("d/e/.wh.f"), .file("d/.wh.a"), .file("d/new"), .file("d/.wh..wh..opq")]])
    #expect(try applied.scratch.names(below: "1") == ["d/", "d/new"])
    #expect(try applied.isOpaque("1/d"))
  }

  @Test("nothing is written for what is not there: overlayfs would show the whiteout")
  func needless() throws {
    let applied = try Applied(
      "needless", [base, [.file("d/.wh.none"), .file("none/.wh.x"), .file("none/.wh..wh..opq"), .file(".wh.d")], [.file("d/.wh.a"), .file(".wh.g")]])
    #expect(try applied.scratch.names(below: "1") == ["d"])
    // The whole of `d` is hidden by the layer between.
    #expect(try applied.scratch.names(below: "2") == ["g"])
    #expect(try Applied("base", [[.file(".wh.x"), .file("d/.wh..wh..opq")]]).scratch.names(below: "0").isEmpty)
  }

  @Test("a whiteout below a link of its layer hides what stands where the link leads, also when only the layers below have that")
  func throughLink() throws {
    let applied = try Applied(
      "whlink",
      [[.file("usr/lib/a"), .file("usr/lib/b")], [.link("lib", "x/../usr/lib"), .file("lib/.wh.a")], [.link("l", "/usr/lib"), .file("l/.wh..wh..opq")]])
    #expect(try applied.scratch.names(below: "1") == ["lib", "usr/", "usr/lib/", "usr/lib/a"])
    #expect(isWhiteout(applied, "1/usr/lib/a"))
    #expect(try applied.isOpaque("2/usr/lib"))
  }

  @Test("a layer with overlayfs's own form of a whiteout is understood")
  func nativeForm() throws {
    let applied = try Applied("native", [base, [Entry(name: "g", type: "3", device: (0, 0))]])
    #expect(isWhiteout(applied, "1/g"))
    #expect(applied.summaries[1].noteCount == 0)
  }

  @Test("bookkeeping of AUFS is ignored")
  func aufs() throws {
    let applied = try Applied("aufs", [base, [.directory(".wh..wh.plnk"), .file(".wh..wh.plnk/1.2"), .file(".wh..wh.aufs"), .file("d/x")]])
    #expect(try applied.scratch.names(below: "1") == ["d/", "d/x"])
  }
}
