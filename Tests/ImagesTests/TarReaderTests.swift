import Linux
import Testing

@testable import Images

@Suite("a tar archive is read")
struct TarReaderTests {
  private func only(_ bytes: [UInt8]) throws -> TarEntry {
    let all = try readAll(bytes)
    #expect(all.count == 1)
    return try #require(all.first).entry
  }

  @Test("the zeros after the last entry's data may be missing, and those after them, as in layers of umoci insert")
  func withoutPadding() throws {
    let whole = Entry.file("a").bytes + Entry.file("b", "data").bytes
    for missing in [0, 1, 507, 508] {
      let entries = try readAll(Array(whole.dropLast(missing)))
      #expect(entries.map { $0.entry.name.description } == ["a", "b"], "\(missing)")
      #expect(entries.last?.data == Array("data".utf8))
    }
    #expect(message { _ = try readAll(Array(whole.dropLast(509))) } == "the archive ends too early")
    let extended = Entry(name: "pax", type: "x", data: Entry.record("path", Array("b".utf8))).bytes
    #expect(message { _ = try readAll(Entry.file("a").bytes + extended.dropLast(500)) } == "an extended tar header has no entry after it")
  }

  @Test("in pieces of any size, with the same result", arguments: [1, 7, 511, 512, 513, 4096])
  func pieces(size: Int) throws {
    let entries = [Entry.file("a", "first"), .directory("d/"), .file("d/b", String(repeating: "y", count: 1500)), .link("l", "../a"), .hardLink("h", "a")]
    let all = try readAll(tar(entries), piece: size)
    #expect(all.map { $0.entry.name.description } == ["a", "d/", "d/b", "l", "h"])
    #expect(all.map { $0.entry.kind } == [.file, .directory, .file, .symbolicLink, .hardLink])
    #expect(all.map { $0.data.count } == [5, 0, 1500, 0, 0])
    #expect(all[3].entry.linkName == "../a")
    #expect(all[4].entry.linkName == "a")
  }

  @Test("data that nobody reads are passed over")
  func skipping() throws {
    let reader = reader(tar([.file("a", String(repeating: "x", count: 3000)), .file("b")]))
    #expect(try reader.next()?.name == "a")
    #expect(try reader.next()?.name == "b")
    #expect(try reader.next() == nil)
    #expect(try reader.next() == nil)
  }

  @Test("the prefix of ustar stands before the name; GNU and v7 have none")
  func prefix() throws {
    func block(_ magic: String) -> [UInt8] {
      var block = Entry(name: "name", magic: magic).header
      for (index, byte) in "pre/fix".utf8.enumerated() { block[345 + index] = byte }
      return Entry.signed(block) + [UInt8](repeating: 0, count: 1024)
    }
    #expect(try only(block("ustar\u{0}00")).name == "pre/fix/name")
    #expect(try only(block("")).name == "name")
    // Where GNU has a time, "pre/fix" is none: what Go before 1.8 wrote is read differently by different readers.
    #expect(message { _ = try readAll(block("ustar  \u{0}")) } == "the tar header's atime is not a number in range")
  }

  @Test("an old archive tells a directory by its slash, a ustar one by its type")
  func oldDirectory() throws {
    #expect(try only(tar([Entry(name: "d/", type: "\u{0}", magic: "")])).kind == .directory)
    #expect(try only(tar([Entry(name: "d", type: "\u{0}", magic: "")])).kind == .file)
    #expect(try only(tar([Entry(name: "f", type: "7")])).kind == .file)
  }

  @Test("numbers in base 256 are read, negative ones too, and refused when they do not fit")
  func base256() throws {
    func block(_ offset: Int, _ field: [UInt8]) -> [UInt8] {
      var block = Entry(name: "n", type: "5").header
      for (index, byte) in field.enumerated() { block[offset + index] = byte }
      return Entry.signed(block) + [UInt8](repeating: 0, count: 1024)
    }
    #expect(try only(block(108, [0x80, 0, 0, 0, 0x80, 0, 0, 1])).user == 0x8000_0001)
    #expect(try only(block(136, [UInt8](repeating: 0xFF, count: 11) + [0xF6])).modified == FileTime(seconds: -10))
    #expect(message { _ = try readAll(block(124, [0xFF] + [UInt8](repeating: 0xFF, count: 11))) } == "the tar header's size is negative")
    #expect(message { _ = try readAll(block(124, [0x80, 0, 0, 1] + [UInt8](repeating: 0, count: 8))) } == "the tar header's size is not a number in range")
    #expect(message { _ = try readAll(block(108, [0x80, 0, 0, 1, 0, 0, 0, 0])) } == "entry n: the tar header's uid is not a number in range")
    // -1 means "leave as it is" to chown(2): the file would stay root's.
    #expect(message { _ = try readAll(block(108, [0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])) } == "entry n: the tar header's uid is not a number in range")
    #expect(message { _ = try readAll(block(108, [UInt8](repeating: 0xFF, count: 8))) } == "entry n: the tar header's uid is negative")
  }

  @Test("pax records beat the header; the last of a key counts, and an empty one leaves the header's")
  func pax() throws {
    let entry = try only(
      tar([
        Entry.file("short", "12345").with("path", "first").with("path", String(repeating: "long/", count: 60) + "name").with("mtime", "1234.5678").with(
          "uid", "7000000"
        )
        .with("gid", "").with("comment", "ignored").with("SCHILY.xattr.user.a", "b=c\n")
      ]))
    #expect(entry.name.bytes.count == 304)
    #expect(entry.modified == FileTime(seconds: 1234, nanoseconds: 567_800_000))
    #expect(entry.user == 7_000_000)
    #expect(entry.group == ownGroup)
    #expect(entry.attributes == [TarAttribute(name: "user.a", value: Array("b=c\n".utf8))])
  }

  @Test("times before 1970 and beyond nanoseconds")
  func paxTimes() throws {
    #expect(try TarExtended.time(Array("-1.25".utf8)[...]) == FileTime(seconds: -2, nanoseconds: 750_000_000))
    #expect(try TarExtended.time(Array("-3".utf8)[...]) == FileTime(seconds: -3))
    #expect(try TarExtended.time(Array("1.1234567899".utf8)[...]) == FileTime(seconds: 1, nanoseconds: 123_456_789))
    #expect(try TarExtended.time(Array("9223372036854775807".utf8)[...]) == FileTime(seconds: .max))
    for bad in ["", "."] { #expect((try? TarExtended.time(Array(bad.utf8)[...])) == FileTime?.none) }
    for bad in ["1.x", "--1", "9223372036854775808", "1e5", " 1", "-"] {
      #expect(message { _ = try TarExtended.time(Array(bad.utf8)[...]) } == "the tar header's mtime is not a number in range", "\(bad)")
    }
  }

  @Test("a size in pax decides where the next entry is, whatever the header says (CVE-2025-62518)")
  func paxSize() throws {
    let hidden = Entry.file("smuggled").bytes
    var outer = Entry(name: "outer", data: hidden, size: 0).with("size", "\(hidden.count)")
    #expect(try readAll(tar([outer])).map { $0.entry.name.description } == ["outer"])
    // The header that describes the next one is not itself resized by pax, nor is GNU's long name.
    outer.extended = []
    let longName = Entry(name: "././@LongLink", type: "L", data: Array("renamed\u{0}".utf8))
    let bytes = Entry(name: "pax", type: "x", data: Entry.record("size", Array("\(hidden.count)".utf8))).bytes + longName.bytes + outer.bytes
    #expect(try readAll(bytes).map { $0.entry.name.description } == ["renamed"])
  }

  @Test("GNU's long names win over pax, and may end in NULs")
  func gnuLong() throws {
    let name = String(repeating: "n", count: 200)
    let bytes =
      Entry(name: "././@LongLink", type: "L", data: Array("\(name)\u{0}".utf8)).bytes
      + Entry(name: "././@LongLink", type: "K", data: Array("target".utf8)).bytes
      + tar([Entry.link("short", "short").with("path", "pax")])
    let entry = try only(bytes)
    #expect(entry.name == Path(name))
    #expect(entry.linkName == "target")
  }

  @Test("an archive may end without its zeros, between two entries; what follows two blocks of zeros is not looked at")
  func ends() throws {
    #expect(try readAll(Entry.file("a").bytes).count == 1)
    #expect(try readAll(Entry.file("a").bytes + [UInt8](repeating: 0, count: 512)).count == 1)
    #expect(try readAll([]).isEmpty)
    #expect(try readAll(tar([.file("a")]) + Entry.file("b").bytes).count == 1)
  }

  @Test("an extended header within its limit is taken, and one byte more is not")
  func paxLimit() throws {
    var limits = Limits()
    limits.metadata = 600
    func archive(_ count: Int) -> [UInt8] {
      let record = Entry.record("comment", [UInt8](repeating: 0x78, count: count - 13))
      return Entry(name: "pax", type: "x", data: record).bytes + tar([.file("a")])
    }
    #expect(try readAll(archive(600), limits: limits).count == 1)
    #expect(message { _ = try readAll(archive(601), limits: limits) } == "an extended tar header is longer than 600 bytes")
    // The size alone is enough: nothing is read or reserved for it.
    let huge = Entry(name: "pax", type: "x", size: 0o77777777777).bytes
    #expect(message { _ = try readAll(huge) } == "an extended tar header is longer than 1048576 bytes")
  }

  static let bad: [(String, [UInt8], String)] = [
    ("cut in a header", Array(Entry.file("a").bytes.prefix(300)), "the archive ends too early"),
    ("cut in the data", Array(Entry.file("a", String(repeating: "x", count: 600)).bytes.prefix(900)), "the archive ends too early"),
    ("bad checksum", [0x62] + Entry.file("a").bytes.dropFirst(), "a tar header has a wrong checksum"),
    ("one block of zeros", [UInt8](repeating: 0, count: 512) + Entry.file("a").bytes, "a tar header is empty"),
    ("unknown type", tar([Entry(name: "a", type: "Z")]), "entry a: tar entries of type 90 are not known"),
    (
      "old GNU sparse file", tar([Entry(name: "a", type: "S")]), "entry a: sparse files are not supported (image-spec, layer.md: they should not be used)"
    ),
    (
      "pax sparse file", tar([Entry.file("a").with("GNU.sparse.major", "1")]),
      "sparse files are not supported (image-spec, layer.md: they should not be used)"
    ),
    ("NUL in a pax path", tar([Entry.file("a").with("path", "a\u{0}b")]), "a name has a NUL byte in it"),
    ("NUL in a pax link", tar([Entry.link("a", "b").with("linkpath", "a\u{0}b")]), "a name has a NUL byte in it"),
    ("NUL in an attribute's name", tar([Entry.file("a").with("SCHILY.xattr.user.\u{0}x", "b")]), "a name has a NUL byte in it"),
    ("NUL in a GNU name", Entry(name: "l", type: "L", data: Array("a\u{0}b".utf8)).bytes + tar([.file("a")]), "a name has a NUL byte in it"),
    ("negative pax size", tar([Entry.file("a").with("size", "-1")]), "the tar header's size is negative"),
    ("huge pax size", tar([Entry.file("a").with("size", "9223372036854775808")]), "the tar header's size is not a number in range"),
    ("pax size beyond the end", tar([Entry.file("a").with("size", "9223372036854775807")]), "the archive ends too early"),
    ("pax uid of -1", tar([Entry.file("a").with("uid", "4294967295")]), "entry a: the tar header's uid is not a number in range"),
    ("letters for a mode", Entry.signed(letters(100)) + [UInt8](repeating: 0, count: 512), "the tar header's mode is not a number in range"),
    ("two extended headers", pax + tar([Entry.file("a").with("path", "b")]), "an entry has two extended tar headers of the same kind"),
    ("an extended header and a global one", pax + Entry(name: "g", type: "g").bytes + tar([.file("a")]), "an extended tar header has no entry after it"),
    ("an extended header at the end", pax, "an extended tar header has no entry after it"),
    (
      "a global header with a path", Entry(name: "g", type: "g", data: Entry.record("path", [0x78])).bytes + tar([.file("a")]),
      "a global tar header sets the name or size of entries"
    ),
    ("a record without a key", extended("6 =ab\n"), "an extended tar header is malformed"),
    ("a record without a line end", extended("8 ab=cd "), "an extended tar header is malformed"),
    ("a record longer than the header", extended("99 ab=c\n"), "an extended tar header is malformed"),
    ("a record with a huge length", extended("99999999999999999999 a=b\n"), "an extended tar header is malformed"),
    ("a record without a length", extended(" ab=cd\n"), "an extended tar header is malformed"),
    ("a record of nothing", extended("5 a=\n3 \n"), "an extended tar header is malformed"),
    ("a record with a sign", extended("+8 ab=c\n"), "an extended tar header is malformed"),
    ("a record without a value", extended("6 abc\n"), "an extended tar header is malformed"),
  ]

  private static var pax: [UInt8] { Entry(name: "pax", type: "x", data: Entry.record("mtime", [0x31])).bytes }
  private static func extended(_ text: String) -> [UInt8] { Entry(name: "pax", type: "x", data: Array(text.utf8)).bytes + tar([.file("a")]) }
  private static func letters(_ offset: Int) -> [UInt8] {
    var block = Entry.file("a").header
    block[offset] = 0x7A
    return block
  }

  @Test("what is wrong is refused, and said", arguments: bad)
  func refused(name: String, bytes: [UInt8], expected: String) {
    #expect(message { _ = try readAll(bytes) } == expected, "\(name)")
    #expect(message { _ = try readAll(bytes, piece: 3) } == expected, "\(name)")
  }

  @Test("after an error nothing more is read")
  func staysDead() throws {
    let reader = reader(tar([Entry(name: "a", type: "Z"), .file("b")]))
    #expect(message { _ = try reader.next() } != nil)
    #expect(try reader.next() == nil)
  }
}
