import Testing

@testable import Linux

/// A directory tree of its own for one test, removed at its end.
final class Scratch {
  private let parent: FileDescriptor
  private let name: Path
  let path: String
  let directory: FileDescriptor

  init(_ test: String) throws {
    let parent = try FileDescriptor.open("/tmp", [.readOnly, .directory])
    let name = Path("apus-unit-\(test)-\(UInt32.random(in: 0...UInt32.max))")
    try parent.makeDirectory(name, mode: 0o700)
    self.directory = try parent.open(name, [.readOnly, .directory])
    self.parent = parent
    self.name = name
    path = "/tmp/\(name.description)"
  }

  deinit { try? parent.removeTree(name) }

  func write(_ path: Path, _ text: String) throws {
    let file = try directory.open(path, [.writeOnly, .create, .exclusive], mode: 0o600)
    try file.writeAll(Array(text.utf8))
  }

  func root(_ path: Path) throws -> RootDirectory { RootDirectory(try directory.open(path, [.path, .directory])) }
}

private func text(_ file: borrowing FileDescriptor) throws -> String { String(decoding: try file.readAll(limit: 100), as: UTF8.self) }

private func errno(_ call: () throws -> Void) -> Errno? {
  do {
    try call()
    return nil
  } catch {
    return error as? Errno
  }
}

/// Every case is put to the kernel's walk and to the one in user space: they must agree.
@Suite("a path inside a root")
struct RootDirectoryTests {
  enum Walk: CaseIterable { case kernel, userSpace }

  private func open(_ walk: Walk, _ root: borrowing RootDirectory, _ path: Path, _ flags: OpenFlags = .readOnly) throws -> FileDescriptor {
    switch walk {
    case .kernel: try root.openByKernel(path, flags, mode: 0o600)
    case .userSpace: try root.openByWalk(path, flags, mode: 0o600)
    }
  }

  @Test("follows links inside the root", arguments: Walk.allCases)
  func followsInside(walk: Walk) throws {
    let scratch = try Scratch("inside")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    try scratch.directory.makeDirectory("root/a", mode: 0o700)
    try scratch.write("root/a/file", "inside")
    let root = try scratch.root("root")
    try root.descriptor.reopen([.readOnly, .directory]).makeLink("absolute", to: "/a/file")
    try root.descriptor.reopen([.readOnly, .directory]).makeLink("relative", to: "a/../a/./file")
    for path in ["absolute", "/absolute", "relative", "a/file", "//a//file", "a/../absolute"] as [Path] {
      #expect(try text(open(walk, root, path)) == "inside", "\(path.description)")
    }
  }

  @Test("an absolute link, `..` and a chain of both stop at the root", arguments: Walk.allCases)
  func neverLeaves(walk: Walk) throws {
    let scratch = try Scratch("leave")
    try scratch.write("secret", "outside")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    let root = try scratch.root("root")
    let inside = try root.descriptor.reopen([.readOnly, .directory])
    try inside.makeLink("up", to: "../secret")
    try inside.makeLink("updir", to: "..")
    try inside.makeLink("slash", to: "/")
    for path in ["up", "../secret", "../../../../secret", "updir/secret", "slash/../secret", "updir/updir/secret"] as [Path] {
      #expect(errno { _ = try open(walk, root, path) } == .noSuchFileOrDirectory, "\(path.description)")
    }
  }

  @Test("a loop of links ends", arguments: Walk.allCases)
  func loop(walk: Walk) throws {
    let scratch = try Scratch("loop")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    let root = try scratch.root("root")
    let inside = try root.descriptor.reopen([.readOnly, .directory])
    try inside.makeLink("a", to: "b")
    try inside.makeLink("b", to: "a")
    #expect(errno { _ = try open(walk, root, "a") } == .tooManyLinks)
    #expect(errno { _ = try open(walk, root, "a/c") } == .tooManyLinks)
  }

  @Test("with noFollow the last link is not followed", arguments: Walk.allCases)
  func noFollow(walk: Walk) throws {
    let scratch = try Scratch("nofollow")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    let root = try scratch.root("root")
    try root.descriptor.reopen([.readOnly, .directory]).makeLink("link", to: "/etc/passwd")
    #expect(errno { _ = try open(walk, root, "link", [.readOnly, .noFollow]) } == .tooManyLinks)
    let handle = try open(walk, root, "link", [.path, .noFollow])
    #expect(try handle.status().type == .symbolicLink)
  }

  @Test("a file is created inside the root, even through a dangling link", arguments: Walk.allCases)
  func create(walk: Walk) throws {
    let scratch = try Scratch("create")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    let root = try scratch.root("root")
    let inside = try root.descriptor.reopen([.readOnly, .directory])
    try inside.makeLink("dangling", to: "/../made")
    let file = try open(walk, root, "dangling", [.writeOnly, .create])
    try file.writeAll(Array("x".utf8))
    #expect(try inside.status(of: "made").size == 1)
    #expect(errno { _ = try scratch.directory.status(of: "made") } == .noSuchFileOrDirectory)
    #expect(errno { _ = try open(walk, root, "dangling", [.writeOnly, .create, .exclusive]) } == .fileExists)
  }

  @Test("the root itself can be opened", arguments: Walk.allCases)
  func rootItself(walk: Walk) throws {
    let scratch = try Scratch("self")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    let root = try scratch.root("root")
    let expected = try root.descriptor.status()
    for path in ["/", ".", "..", "/.."] as [Path] {
      #expect(try open(walk, root, path, [.readOnly, .directory]).status().isSameFile(as: expected), "\(path.description)")
    }
  }

  @Test("directories are made inside the root, also along a dangling link that points out of it")
  func makesDirectories() throws {
    let scratch = try Scratch("mkdir")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    try scratch.directory.makeDirectory("victim", mode: 0o700)
    let root = try scratch.root("root")
    let inside = try root.descriptor.reopen([.readOnly, .directory])
    try inside.makeLink("link", to: "../victim/deep")
    _ = try root.makeDirectories("link/a/b", mode: 0o755)
    #expect(try inside.status(of: "victim/deep/a/b").type == .directory)
    #expect(try scratch.directory.open("victim", [.readOnly, .directory]).entries().isEmpty)
  }

  @Test("a file in the way of a directory is an error, not replaced")
  func fileInTheWay() throws {
    let scratch = try Scratch("inway")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    try scratch.write("root/file", "x")
    let root = try scratch.root("root")
    #expect(errno { _ = try root.makeDirectories("file/a", mode: 0o755) } == .notDirectory)
  }

  @Test("what is missing is made as the walk in user space makes it", arguments: ["a/b/c", "/a/b/", "there/a", "//there//./a/b", "link/a", "a"] as [Path])
  func missing(_ path: Path) throws {
    let scratch = try Scratch("missing")
    for name in ["kernel", "walk"] as [Path] {
      try scratch.directory.makeDirectory(name, mode: 0o700)
      let root = try scratch.root(name)
      let inside = try root.descriptor.reopen([.readOnly, .directory])
      try inside.makeDirectory("there", mode: 0o700)
      try inside.makeLink("link", to: "/there")
      let made =
        name == "kernel"
        ? try root.makeMissing(path, file: nil, directories: 0o751) : try RootWalk(root: root.descriptor).directory(path, makeMissing: 0o751)
      #expect(try made.status().isSameFile(as: try root.open(path, .path).status()))
    }
    func tree(_ name: Path) throws -> [String] { try names(below: scratch.directory.open(name, [.readOnly, .directory])).sorted() }
    #expect(try tree("kernel") == tree("walk"))
  }

  private func names(below directory: borrowing FileDescriptor) throws -> [String] {
    var found: [String] = []
    for entry in try directory.entries() {
      found.append("\(entry.name.description) \(try directory.status(of: entry.name).mode)")
      if entry.type == .directory {
        found += try names(below: directory.open(entry.name, [.readOnly, .directory])).map { "\(entry.name.description)/\($0)" }
      }
    }
    return found
  }

  @Test("a file is made with the directories above it, and is not what was there")
  func missingFile() throws {
    let scratch = try Scratch("file")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    let root = try scratch.root("root")
    let made = try root.makeMissing("a/b/file", file: 0o640, directories: 0o750)
    let status = try made.status()
    #expect(status.type == .regular && status.size == 0)
    #expect(try scratch.directory.open("root/a/b", .path).status().type == .directory)
    #expect(errno { _ = try root.makeMissing("a/b/file", file: 0o640, directories: 0o750) } == .fileExists)
  }

  @Test("a link or `..` in what is missing is left to the walk in user space")
  func missingBehindLink() throws {
    let scratch = try Scratch("dangling")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    let root = try scratch.root("root")
    let inside = try root.descriptor.reopen([.readOnly, .directory])
    try inside.makeLink("dangling", to: "target")
    #expect(errno { _ = try root.makeMissing("dangling/a", file: nil, directories: 0o755) } == .notDirectory)
    #expect(errno { _ = try root.makeMissing("dangling", file: 0o644, directories: 0o755) } == .fileExists)
    #expect(errno { _ = try root.makeMissing("a/../b", file: nil, directories: 0o755) } == .invalidArgument)
    _ = try root.makeDirectories("dangling/a", mode: 0o755)
    #expect(try inside.status(of: "target/a").type == .directory)
  }

  @Test("the walk in user space leaves no descriptor open")
  func closesAll() throws {
    let scratch = try Scratch("fds")
    try scratch.directory.makeDirectory("root", mode: 0o700)
    let root = try scratch.root("root")
    _ = try root.makeDirectories("a/b/c", mode: 0o755)
    // Only what is open below this test's own directory: other tests run at the same time.
    let here = Array(try FileDescriptor.open("/proc/self/fd", [.readOnly, .directory]).readLink(Path("\(scratch.directory.rawValue)")).bytes)
    func count() throws -> Int {
      let numbers = try FileDescriptor.open("/proc/self/fd", [.readOnly, .directory])
      return try numbers.entries().filter { ((try? numbers.readLink($0.name))?.bytes.starts(with: here)) ?? false }.count
    }
    let before = try count()
    for path in ["a/b/c", "a/b/missing", "a/../a/b/.."] as [Path] { _ = errno { _ = try open(.userSpace, root, path, [.path]) } }
    #expect(try count() == before)
  }
}
