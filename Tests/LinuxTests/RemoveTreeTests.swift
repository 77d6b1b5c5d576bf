import Foundation
import Testing

@testable import Linux

@Suite("a tree is removed")
struct RemoveTreeTests {
  /// A chain of `levels` directories named `d` below `name`, with a file in every tenth.
  private func makeChain(_ levels: Int, _ name: Path, in scratch: borrowing Scratch) throws {
    var here = try scratch.directory.ensureDirectory(name, mode: 0o700)
    for level in 0..<levels {
      if level % 10 == 0 { _ = try here.open("file", [.writeOnly, .create], mode: 0o600) }
      here = try here.ensureDirectory("d", mode: 0o700)
    }
  }

  @Test("5,000 levels deep: more than there are descriptors to hold a level each, and no name of it fits into a path")
  func deep() throws {
    let scratch = try Scratch("deep")
    try makeChain(5000, "tree", in: scratch)
    try scratch.directory.removeTree("tree")
    #expect(try scratch.directory.entries().isEmpty)
  }

  @Test("with more names in a directory than one look at it gives")
  func wide() throws {
    let scratch = try Scratch("wide")
    let tree = try scratch.directory.ensureDirectory("tree", mode: 0o700)
    let inner = try tree.ensureDirectory("inner", mode: 0o700)
    for number in 0..<5000 {
      try tree.makeLink(Path("l\(number)"), to: "x")
      try inner.makeDirectory(Path("d\(number)"), mode: 0o700)
    }
    try scratch.directory.removeTree("tree")
    #expect(try scratch.directory.entries().isEmpty)
  }

  @Test("names that the removal itself would use are no obstacle")
  func takenNames() throws {
    let scratch = try Scratch("taken")
    let tree = try scratch.directory.ensureDirectory("tree", mode: 0o700)
    for number in 1..<20 {
      let taken = try tree.ensureDirectory(Path(".removed-\(number)"), mode: 0o700)
      _ = try taken.open("file", [.writeOnly, .create], mode: 0o600)
    }
    try makeChain(30, "tree/chain", in: scratch)
    try scratch.directory.removeTree("tree")
    #expect(try scratch.directory.entries().isEmpty)
  }

  @Test("links in it are removed, not what they name; the name itself may be a link or a file, or gone")
  func links() throws {
    let scratch = try Scratch("links")
    let kept = try scratch.directory.ensureDirectory("kept", mode: 0o700)
    try scratch.write("kept/file", "x")
    let tree = try scratch.directory.ensureDirectory("tree", mode: 0o700)
    try tree.makeLink("link", to: "../kept")
    let inner = try tree.ensureDirectory("inner", mode: 0o700)
    try inner.makeLink("link", to: "../../kept")
    try scratch.directory.makeLink("name", to: "kept")
    for name in ["tree", "name", "gone"] as [Path] { try scratch.directory.removeTree(name) }
    #expect(try scratch.directory.entries().count == 1)
    #expect(try kept.entries().count == 1)
  }

  @Test("while another process goes on making things in it")
  func growing() throws {
    let scratch = try Scratch("growing")
    for _ in 0..<20 {
      let work = try scratch.directory.ensureDirectory("tree", mode: 0o700).ensureDirectory("work", mode: 0o700)
      let maker = Process()
      maker.executableURL = URL(fileURLWithPath: "/bin/sh")
      maker.arguments = ["-c", "cd \(scratch.path); n=0; while [ $n -lt 5000 ]; do :>tree/work/$n || exit; n=$((n+1)); done 2>/dev/null"]
      try maker.run()
      while maker.isRunning, try work.open(".", [.readOnly, .directory]).entries(atMost: 1).isEmpty {}
      try scratch.directory.removeTree("tree")
      maker.waitUntilExit()
      #expect(try scratch.directory.entries().isEmpty)
    }
  }

  @Test("by several at once, to none of whom it is an error that another was faster")
  func atOnce() throws {
    let scratch = try Scratch("at-once")
    let path = Path(scratch.path)
    let failures = Failures()
    for round in 0..<500 {
      let tree = try scratch.directory.ensureDirectory("tree", mode: 0o700)
      for name in ["record", "lock", "config.json"] { _ = try tree.open(Path(name), [.writeOnly, .create], mode: 0o600) }
      DispatchQueue.concurrentPerform(iterations: 3) { index in
        do throws(Errno) {
          // They come ever later after one another.
          usleep(UInt32(index * round / 5))
          try FileDescriptor.open(path, [.readOnly, .directory]).removeTree("tree")
        } catch {
          failures.add(error)
        }
      }
      #expect(try scratch.directory.entries().isEmpty)
    }
    #expect(failures.all.isEmpty)
  }

  /// What several threads find.
  private final class Failures: @unchecked Sendable {
    private let lock = NSLock()
    private var found: [Errno] = []

    func add(_ error: Errno) { lock.withLock { found.append(error) } }

    var all: [Errno] { lock.withLock { found } }
  }
}
