import Linux
import OCI
import Testing

@testable import Images

/// In hexadecimal digits.
private func digits(_ bytes: some Collection<UInt8>) -> String {
  var text = ""
  for byte in bytes { text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
  return text
}

@Suite("what an EROFS file is made of")
struct ErofsFormatTests {
  private let scratch: Scratch
  private let status: FileStatus

  init() throws {
    scratch = try Scratch("erofs-format")
    try scratch.write("f", [])
    let file = try scratch.directory.open("f", .readOnly)
    try file.changeMode(0o640)
    try file.changeTimes(FileTime(seconds: 0x0102_0304_05, nanoseconds: 9))
    status = try scratch.directory.status(of: "f")
  }

  @Test("the checksum is the kernel's CRC-32C, which is not inverted at the end")
  func checksum() {
    #expect(crc32c(Array("123456789".utf8)) == ~0xE306_9283)
  }

  @Test("the superblock and the rest of its block are behind 1,024 bytes, and it has the checksum of both")
  func superblock() throws {
    let identity = try Digest("sha256:00112233445566778899aabbccddeeff" + String(repeating: "0", count: 32))
    var bytes = ErofsSuperblock(root: 0x1234, inodes: 7, blocks: 0x0A0B, identity: identity).bytes()
    #expect(bytes.count == 3072)
    #expect(digits(bytes[0..<4]) == "e2e1f5e0")
    #expect(digits(bytes[8..<32]) == "030000000c00341207000000000000000000000000000000")
    #expect(digits(bytes[36..<48]) == "0b0a00000000000000000000")
    #expect(bytes[48..<64].elementsEqual("0011223344556677".utf8))
    let stored = digits(bytes[4..<8].reversed())
    for index in 4..<8 { bytes[index] = 0 }
    #expect(stored == String(crc32c(bytes), radix: 16))
  }

  @Test("an inode has 64 bytes, and data that its block has room for comes with it")
  func inode() throws {
    var inode = ErofsInode(status, size: 4096 + 4032, attributes: [])
    (inode.links, inode.serial, inode.block) = (3, 5, 0x1122)
    let bytes = inode.bytes()
    #expect(bytes.count == 64 && inode.rest == 4032 && inode.sizeWithRest == 4096)
    #expect(digits(bytes[..<8]) == "0500" + "0000" + "a081" + "0000")
    #expect(digits(bytes[8..<24]) == "c01f000000000000" + "22110000" + "05000000")
    #expect(digits(bytes[32..<48]) == "0504030201000000" + "09000000" + "03000000")
    let plain = ErofsInode(status, size: 4033, attributes: [])
    #expect(plain.rest == 0 && plain.sizeWithRest == 64 && plain.bytes()[0] == 1)
    let empty = ErofsInode(status, size: 0, attributes: [])
    #expect(empty.rest == 0 && empty.bytes()[0] == 1)
  }

  @Test("attributes follow the inode, each up to a multiple of four; others than those of layers and values that are too long are refused")
  func attributes() {
    var attributes = ErofsAttributes()
    #expect(attributes.bytes.isEmpty)
    let isAdded = attributes.add("user.k", Array("abc".utf8)) && attributes.add("security.capability", [1, 2, 3, 4])
    #expect(isAdded)
    #expect(digits(attributes.bytes) == String(repeating: "0", count: 24) + "01010300" + "6b616263" + "0a060400" + "6361706162696c697479" + "01020304" + "0000")
    #expect(ErofsInode(status, size: 0, attributes: attributes.bytes).bytes()[2] == 8)
    for (name, length, isTaken) in [
      ("trusted.k", 0, false), ("user.", 0, false), ("user.long", 65536, false), ("user.a", 65535, true), ("user.b", 65535, false),
    ] as [(Path, Int, Bool)] {
      let isAdded = attributes.add(name, [UInt8](repeating: 0, count: length))
      #expect(isAdded == isTaken, "\(name)")
    }
  }

  @Test("a directory has an entry for each name, and the names behind them")
  func directory() {
    let kinds: [(Path, FileType, UInt64)] = [("!", .directory, 0x31), (".", .directory, 0x21), ("b", .regular, 0x30), ("\u{E9}", .symbolicLink, 0x1032)]
    let bytes = ErofsEntry.blocks(kinds.map { ErofsEntry(name: $0, type: $1, inode: $2) })
    func entry(_ inode: String, _ name: String, _ type: String) -> String { "\(inode)000000000000\(name)00\(type)00" }
    let entries: [String] = [entry("3100", "30", "02"), entry("2100", "31", "02"), entry("3000", "32", "01"), entry("3210", "33", "07")]
    let expected: String = entries.joined() + digits(Array("!.b\u{E9}".utf8))
    #expect(digits(bytes) == expected)
  }

  @Test("no entry is in two blocks, and all blocks but the last are whole")
  func largeDirectory() {
    let names = (0..<300).map { "name-\(1000 + $0)" + String(repeating: "x", count: $0 % 40) }
    let bytes = ErofsEntry.blocks(names.map { ErofsEntry(name: Path($0), type: .regular) })
    #expect(bytes.count > 2 * 4096)
    var count = 0
    for start in stride(from: 0, to: bytes.count, by: 4096) { count += (Int(bytes[start + 8]) | Int(bytes[start + 9]) << 8) / 12 }
    #expect(count == 300)
    #expect(bytes.suffix(28).elementsEqual(names[299].utf8))
  }

  @Test("places are multiples of 32, none of up to a block is in two blocks, and holes are filled")
  func space() {
    var space = ErofsSpace()
    let places = [64, 4096, 4000, 2000, 5000, 2001, 3000].map { space.place($0) }
    #expect(places == [4096, 8192, 4160, 12288, 16384, 14304, 21408])
    #expect(space.blocks(4097) == 6)
    #expect(space.size == 32768)
  }
}

@Suite("layers become an EROFS file")
struct ErofsWriterTests {
  /// What comes of the layers, the base first; also in another order of their directories.
  private func written(_ test: String, _ layers: [[Entry]]) throws -> ErofsReader {
    let scratch = try Scratch(test)
    var lower = LowerLayers()
    for (index, entries) in layers.enumerated() {
      let root = try scratch.directory.ensureDirectory(Path("\(index)"), mode: 0o755)
      try root.changeTimes(FileTime(seconds: 7))
      let writer = LayerWriter(root: try root.duplicate(), lower: lower, limits: Limits())
      _ = try writer.apply(reader(tar(entries)), progress: {})
      lower.roots.insert(OpenDirectory(try root.duplicate()), at: 0)
    }
    let identity = try Digest("sha256:" + String(repeating: "5a", count: 32))
    let size = try ErofsWriter.write(
      lower, identity: identity, to: try scratch.directory.open("image", [.writeOnly, .create, .exclusive], mode: 0o600))
    let bytes = try scratch.directory.open("image", .readOnly).readAll(limit: 64 << 20)
    #expect(UInt64(bytes.count) == size && bytes.count % 4096 == 0)
    let found = ErofsReader(bytes)
    #expect(found.number(at: 1024 + 36, 4) == bytes.count / 4096)
    #expect(found.number(at: 1024 + 16, 8) == Set(found.nodes.values.map { $0.number }).count)
    return found
  }

  @Test("files of every kind have their contents, modes, times and links")
  func kinds() throws {
    let long = String(repeating: "t", count: 3000)
    let longer = String(repeating: "u", count: 4080)
    let found = try written(
      "erofs-kinds",
      [
        [
          Entry(name: "d", type: "5", mode: 0o1777, modified: 1000).with("mtime", "1000.25"), .file("d/f", "hello", mode: 0o4755), .hardLink("d/h", "d/f"),
          .hardLink("e", "d/f"), .link("d/l", "/nowhere"), Entry.link("d/long", "").with("linkpath", long),
          Entry.link("d/longer", "").with("linkpath", longer), Entry(name: "d/p", type: "6", mode: 0o620),
          .file("empty", ""), .file("block", String(repeating: "b", count: 4096)), .file("both", String(repeating: "c", count: 8200)),
          .file("plain", String(repeating: "p", count: 4090)), .directory("d/sub"), .directory("d/sub/sub"),
        ]
      ])
    #expect(
      found.paths == [
        "", "block", "both", "d", "d/f", "d/h", "d/l", "d/long", "d/longer", "d/p", "d/sub", "d/sub/sub", "e", "empty", "plain",
      ])
    let nodes = found.nodes
    #expect(nodes["d"]?.mode == 0o041777)
    #expect(nodes["d"]?.modified == 1000)
    #expect(nodes["d"]?.nanoseconds == 250_000_000)
    #expect(nodes["d"]?.links == 3)
    #expect(nodes["d/f"]?.data == "hello")
    #expect(nodes["d/f"]?.mode == 0o104755)
    #expect(nodes["d/f"]?.links == 3)
    #expect(nodes["d/f"]?.modified == 1_000_000_000)
    #expect(nodes["d/h"] == nodes["d/f"])
    #expect(nodes["e"] == nodes["d/f"])
    #expect(nodes["d/l"]?.data == "/nowhere")
    #expect(nodes["d/long"]?.data == long)
    #expect(nodes["d/longer"]?.data == longer)
    #expect(nodes["d/p"]?.mode == 0o010620)
    #expect(nodes["empty"]?.data == "")
    #expect(nodes["block"]?.data == String(repeating: "b", count: 4096))
    #expect(nodes["both"]?.data == String(repeating: "c", count: 8200))
    #expect(nodes["plain"]?.data == String(repeating: "p", count: 4090))
    #expect(nodes[""]?.links == 3)
  }

  @Test("attributes of files and directories are there, in one order", .enabled(if: isRoot, "needs root: security.capability"))
  func attributes() throws {
    let found = try written(
      "erofs-attributes",
      [[Entry.directory("d").with("SCHILY.xattr.user.d", "1"), Entry.file("d/f").with("SCHILY.xattr.user.b", "two").with("SCHILY.xattr.user.a", "one")]])
    #expect(found.nodes["d"]?.attributes == ["user.d": "1"])
    #expect(found.nodes["d/f"]?.attributes == ["user.a": "one", "user.b": "two"])
    #expect(found.nodes["d/f"]?.data == "x")
  }

  @Test(
    "layers are merged as overlayfs merges them: whiteouts and opaque directories hide, and are not there themselves",
    .enabled(if: isRoot, "needs root: whiteouts"))
  func merged() throws {
    let found = try written(
      "erofs-merged",
      [
        [
          .directory("a", mode: 0o700), .file("a/1", "old"), .file("a/2"), .directory("b"), .file("b/1"), .directory("c"), .file("c/1"), .file("f", "file"),
          .directory("g"), .file("g/1"),
        ],
        [.file("a/.wh.2", ""), .file("b/.wh..wh..opq", ""), .file("b/2"), .file(".wh.c", ""), .directory("f"), .file("f/1"), .file("g/2")],
        [.directory("a", mode: 0o711), .file("a/1", "new"), .directory("c"), .file("c/2"), .file("b/3"), .file(".wh.g", ""), .file("z")],
      ])
    #expect(found.paths == ["", "a", "a/1", "b", "b/2", "b/3", "c", "c/2", "f", "f/1", "z"])
    #expect(found.nodes["a/1"]?.data == "new")
    #expect(found.nodes["a"]?.mode == 0o040711)
    #expect(found.nodes.values.allSatisfy { $0.attributes.isEmpty })
  }

  @Test("a file with several names of which one is hidden has the others", .enabled(if: isRoot, "needs root: whiteouts"))
  func hiddenNames() throws {
    let found = try written("erofs-links", [[.file("a"), .hardLink("b", "a"), .hardLink("c", "a")], [.file(".wh.b", ""), .file("c", "other")]])
    #expect(found.nodes["a"]?.links == 1)
    #expect(found.nodes["c"]?.links == 1)
    #expect(found.nodes["b"] == nil)
  }

  @Test("a directory with hundreds of names, and one of many levels")
  func large() throws {
    let deep = "d" + String(repeating: "/d", count: 39)
    let found = try written("erofs-large", [(0..<400).map { .file("many/file-\($0)", "\($0)") } + [.file("\(deep)/f", "deep")]])
    #expect(found.nodes["many/file-399"]?.data == "399")
    #expect(found.nodes["\(deep)/f"]?.data == "deep")
    #expect(found.nodes.count == 400 + 1 + 41 + 1)
  }

  @Test("the same layers give the same bytes, in whatever order their directories have them")
  func deterministic() throws {
    let entries: [Entry] = (0..<60).map { .file("d/\($0 * 7 % 60)", "\($0 * 7 % 60)") }
    let inOrder = [Entry(name: "d", type: "5", modified: 5)] + entries
    let reversed = [Entry(name: "d", type: "5", modified: 5)] + entries.reversed()
    #expect(try written("erofs-once", [inOrder]).bytes == written("erofs-twice", [reversed]).bytes)
  }
}
