import Foundation
import Linux
import Testing

@Suite("trees are copied with everything")
struct CopyTreeTests {
  private let folder: URL
  private var source: URL { folder.appending(path: "source") }
  private var target: URL { folder.appending(path: "target") }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "apus-copy-\(UUID().uuidString)")
    for place in [folder.appending(path: "source"), folder.appending(path: "target")] {
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    }
  }

  private func copy() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileDescriptor.open(Path(source.path), [.path, .directory]).copyContents(to: try FileDescriptor.open(Path(target.path), [.path, .directory]))
    try check()
  }

  private func check() throws {
    let place = try FileDescriptor.open(Path(target.path), [.readOnly, .directory])
    #expect(try place.open("a/b/file", .readOnly).readAll(limit: 1 << 22) == [UInt8](repeating: 7, count: 3_000_000))
    #expect(try place.open("a/b/file", .readOnly).status().mode & 0o7777 == 0o4751)
    #expect(try place.open("a", .readOnly).status().mode & 0o7777 == 0o1711)
    #expect(try place.readLink("link") == "/no/where")
    #expect(try place.status(of: "a/pipe").type == .fifo)
    #expect(try place.status(of: "a/pipe").mode & 0o777 == 0o640)
    let old = try FileDescriptor.open(Path(source.path), [.readOnly, .directory])
    for name: Path in ["a", "a/b", "a/b/file", "link", "a/pipe"] {
      let (before, after) = (try old.status(of: name), try place.status(of: name))
      #expect(before.modified == after.modified && before.user == after.user && before.group == after.group, "\(name.description)")
    }
    #expect(try place.status().modified == old.status().modified)
  }

  @Test("files, directories, links and FIFOs, with modes and times")
  func tree() throws {
    let place = try FileDescriptor.open(Path(source.path), [.readOnly, .directory])
    try place.makeDirectory("a", mode: 0o700)
    try place.makeDirectory("a/b", mode: 0o755)
    let file = try place.open("a/b/file", [.writeOnly, .create], mode: 0o600)
    try file.writeAll([UInt8](repeating: 7, count: 3_000_000))
    try file.changeMode(0o4751)
    try place.makeLink("link", to: "/no/where")
    try place.makeNode("a/pipe", .fifo, mode: 0o640)
    try place.open("a/pipe", .path).changeModeThroughProc(0o640)
    try place.open("a", .readOnly).changeMode(0o1711)
    for name: Path in ["a/b/file", "a/b", "a/pipe", "a", "link"] { try place.changeTimes(of: name, FileTime(seconds: 1_000_000_000, nanoseconds: 5)) }
    try copy()
  }
}
