import Testing

@testable import Linux

@Suite("paths are bytes")
struct PathTests {
  @Test("empty names and dots are no components, parents are")
  func components() {
    #expect(Path("/a//./b/../c/").components.map { String(decoding: $0, as: UTF8.self) } == ["a", "b", "..", "c"])
    #expect(Path("/").components.isEmpty)
    #expect(Path("a/../b").hasParentReference)
    #expect(!Path("a/..b/c..").hasParentReference)
  }

  @Test("bytes that are not UTF-8 stay as they are")
  func notUTF8() {
    #expect(Array(Path(bytes: [0x61, 0xFF, 0x62]).bytes) == [0x61, 0xFF, 0x62])
  }

  @Test("appending puts exactly one slash between")
  func appending() {
    #expect(Path("/a/").appending("b") == "/a/b")
    #expect(Path("/a").appending("b") == "/a/b")
    #expect(Path("").appending("b") == "b")
  }

  @Test("a literal is the same as what is made of its bytes")
  func literals() {
    for (literal, made) in [("", Path(bytes: [])), ("/", Path(bytes: [0x2F])), ("a/é", Path("a/" + "é"))] as [(Path, Path)] {
      #expect(literal == made && made == literal)
      #expect(Array(literal.bytes) == Array(made.bytes) && literal.count == made.count)
      #expect(literal.isEmpty == made.isEmpty && literal.isAbsolute == made.isAbsolute)
      #expect(literal.description == made.description)
    }
    #expect("/a" as Path != "/ab" && "/ab" as Path != "/a" && "/a" as Path != Path("/b"))
  }

  @Test("a damaged file system has a sentence, which musl lacks")
  func damaged() { #expect(Errno(rawValue: 117).message.utf8.elementsEqual("the file system is damaged".utf8)) }

  @Test("a message begins small, an acronym does not")
  func messages() {
    #expect(SystemError("open", "memory.max in /x", .noSuchFileOrDirectory).message == "open memory.max in /x: no such file or directory")
    #expect(!Errno.inputOutput.message.hasPrefix("i/"))
  }
}

@Suite("paths in their normal form")
struct NormalPathTests {
  @Test(
    "components that say nothing go, and `..` takes the one before it",
    arguments: [
      ("/", "/"), ("", "."), (".", "."), ("/.", "/"), ("/..", "/"), ("//a//b/", "/a/b"), ("a/./b", "a/b"), ("/a/../b", "/b"), ("a/..", "."),
      ("../a", "../a"), ("a/../../b", "../b"), ("/../../a", "/a"), ("...", "..."), ("/a/.../b", "/a/.../b"),
    ])
  func normal(_ path: String, _ normal: String) { #expect(Path(path).normal == Path(normal)) }
}

@Suite("the path of an open file")
struct ProcessPathTests {
  @Test("has the descriptor's number", arguments: [0, 7, 10, 99, 100, 1_000_000, Int32.max])
  func number(_ number: Int32) {
    #expect(ProcessPath(number).withCString { String(cString: $0) } == "/proc/self/fd/\(number)")
  }
}

@Suite("options for mount(2)")
struct MountDataTests {
  @Test("are put together, and taken away again")
  func together() throws {
    var data = MountData()
    data.append("mode=")
    data.append(mode: 0o1777)
    let count = data.count
    data.append(context: "a:b,c")
    data.append(",x")
    var text = data.withCString { String(cString: $0) }
    #expect(text == #"mode=1777,context="a:b,c",x"#)
    data.shorten(to: count)
    data.append(",y")
    text = data.withCString { String(cString: $0) }
    #expect(text == "mode=1777,y")
    var small = MountData()
    small.append(mode: 0o5)
    text = small.withCString { String(cString: $0) }
    #expect(text == "0005")
  }

  @Test("that are too many are told")
  func bounds() {
    var data = MountData()
    data.append(Path(bytes: [UInt8](repeating: 0x61, count: 4095)))
    var isTooLong = data.isTooLong
    #expect(!isTooLong)
    data.append(",")
    isTooLong = data.isTooLong
    #expect(isTooLong)
  }
}
