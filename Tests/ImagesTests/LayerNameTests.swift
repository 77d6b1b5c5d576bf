import Linux
import Testing

@testable import Images

@Suite("the name of an entry")
struct LayerNameTests {
  static let good: [(Path, LayerName)] = [
    ("a", .file(parent: [], name: "a")), ("./a/", .file(parent: [], name: "a")), ("/etc//passwd", .file(parent: ["etc"], name: "passwd")),
    ("./", .root), ("/", .root), (".", .root), ("a/./b", .file(parent: ["a"], name: "b")), ("a/...", .file(parent: ["a"], name: "...")),
    ("a/.wh.b", .whiteout(parent: ["a"], name: "b")), (".wh.b", .whiteout(parent: [], name: "b")), ("a/.wh..wh..opq", .opaque(directory: ["a"])),
    (".wh..wh..opq", .opaque(directory: [])), (".wh..wh.plnk/1.2", .aufs), (".wh..wh.aufs", .aufs), ("a/.wh..wh.orph", .aufs),
    ("a/.wh", .file(parent: ["a"], name: ".wh")),
    ("a/.wh.b.", .whiteout(parent: ["a"], name: "b.")),
  ]

  @Test("is taken apart", arguments: good)
  func takenApart(name: Path, expected: LayerName) throws { #expect(try LayerName.parse(name, limits: Limits()) == expected) }

  static let bad: [(Path, String)] = [
    ("", "its name is empty"), ("../etc/passwd", "leads out of the archive"), ("/../x", "leads out of the archive"), ("a/../../b", "leads out of the archive"),
    ("..", "leads out of the archive"), ("a/../b", "has .. in its name"), ("a/..", "has .. in its name"), ("a/.wh.", "is a whiteout of nothing"),
    ("a/.wh..", "is a whiteout of a directory's own or parent entry"), ("a/.wh...", "is a whiteout of a directory's own or parent entry"),
    ("a/.wh.b/c", "is below a whiteout"), ("a/.wh..wh..opq/c", "is below a whiteout"),
    (Path(String(repeating: "n", count: 256)), "a part of its name is longer than 255 bytes"),
    (Path(String(repeating: "a/", count: 257)), "is more than 256 directories deep"),
    (Path(String(repeating: "abc/", count: 1024)), "its name is longer than 4095 bytes"),
  ]

  @Test("is refused when it leads out or means nothing", arguments: bad)
  func refused(name: Path, expected: String) {
    #expect(message { _ = try LayerName.parse(name, limits: Limits()) } == expected)
  }
}
