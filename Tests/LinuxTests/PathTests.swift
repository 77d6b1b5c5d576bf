import Linux
import Testing

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
