import Linux
import OCI
import TestSupport
import Testing

@testable import Runtime

@Suite("the state directory")
struct StateDirectoryTests {
  /// A path of this test's own, removed in the end.
  private struct Scratch: ~Copyable {
    let name = Path("apus-state-\(UInt64.random(in: 0...UInt64.max))")
    var path: Path { Path("/tmp").appending(name.bytes) }

    deinit {
      do throws(Errno) {
        try FileDescriptor.open("/tmp", [.readOnly, .directory]).removeTree(name)
      } catch { Issue.record("remove \(name.description): \(error.message)") }
    }
  }

  private func nothingLeft(_ record: ContainerRecord) throws(RuntimeError) { throw RuntimeError("cleaned up \(record.id)") }
  private func noWarning(_ sentence: String) { Issue.record("warned: \(sentence)") }

  /// What a process leaves that is killed: the directory, the lock that nobody holds, and the record if it came to that.
  private func leave(_ record: ContainerRecord?, as name: Path = "left", in scratch: borrowing Scratch) throws {
    let state = try FileDescriptor.open(scratch.path, [.readOnly, .directory])
    let left = try state.ensureDirectory(name, mode: 0o700)
    _ = try left.open("lock", [.readWrite, .create], mode: 0o600)
    if let record { try left.open("record", [.writeOnly, .create], mode: 0o600).writeAll(record.json) }
  }

  private func record(_ id: String, process: Int32? = nil) -> ContainerRecord {
    ContainerRecord(id: id, cgroupsPath: "/apus/\(id)", process: process, bundle: "/")
  }

  @Test("it is made for its owner alone, and taken again")
  func made() throws {
    let scratch = Scratch()
    for _ in 0..<2 {
      _ = try StateDirectory(scratch.path)
      #expect(try FileDescriptor.open(scratch.path, .path).status().mode & 0o777 == 0o700)
    }
  }

  @Test("one that others may write to is refused, because they could forge records")
  func writable() throws {
    let scratch = Scratch()
    _ = try StateDirectory(scratch.path)
    try FileDescriptor.open(scratch.path, .path).changeModeThroughProc(0o770)
    #expect(refusal { () throws(RuntimeError) in _ = try StateDirectory(scratch.path) }?.contains("can be written by others") == true)
  }

  @Test("an id is taken as long as its container lives, and free afterwards")
  func taken() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    try leave(record("a"), as: "a", in: scratch)
    let holder = try LockHolder("\(scratch.path.description)/a/lock")
    #expect(refusal { () throws(RuntimeError) in _ = try state.create("a", cleanUp: nothingLeft, warn: noWarning) } == "container a exists already")
    try FileDescriptor.open(scratch.path, [.readOnly, .directory]).removeTree("a")
    holder.end()
    let again = try state.create("a", cleanUp: nothingLeft, warn: noWarning)
    try again.remove()
  }

  @Test("what a killed process left is cleaned up by its record, before the next container is made; what lives is left alone")
  func abandoned() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    try leave(record("living"), as: "living", in: scratch)
    let holder = try LockHolder("\(scratch.path.description)/living/lock")
    try leave(record("left", process: 5), in: scratch)
    var cleaned: [ContainerRecord] = []
    let next = try state.create("left", cleanUp: { (record) throws(RuntimeError) in cleaned.append(record) }, warn: noWarning)
    #expect(cleaned.map(\.json) == [record("left", process: 5).json])
    try next.remove()
    holder.end()
  }

  @Test("what is left of a directory whose remover was killed is removed, by the next container that is made and by the next remover of the same number")
  func halfRemoved() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    let entries = { try FileDescriptor.open(scratch.path, [.readOnly, .directory]).entries().map { $0.name.description }.sorted() }
    let directory = try FileDescriptor.open(scratch.path, [.readOnly, .directory])
    _ = try directory.ensureDirectory(".removed-1", mode: 0o700).open("record", [.writeOnly, .create], mode: 0o600)
    let first = try state.create("a", cleanUp: nothingLeft, warn: noWarning)
    #expect(try entries() == [".lock", "a"])
    _ = try directory.ensureDirectory(Path(".removed-\(processID())"), mode: 0o700).open("record", [.writeOnly, .create], mode: 0o600)
    try first.remove()
    #expect(try entries() == [".lock"])
  }

  @Test("of a container whose process was killed, nothing is left to find once it is ended; of another one there is")
  func endedLeftover() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    try leave(nil, as: "left", in: scratch)
    try leave(record("living"), as: "living", in: scratch)
    let holder = try LockHolder("\(scratch.path.description)/living/lock")
    #expect(try state.endLeftover(ContainerID("left")))
    #expect(try state.endLeftover(ContainerID("unknown")))
    #expect(try !state.endLeftover(ContainerID("living")))
    #expect(try FileDescriptor.open(scratch.path, [.readOnly, .directory]).entries().count == 2)
    holder.end()
  }

  @Test("a container that is kept is nobody's leftover, and is found and listed")
  func kept() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    let kept = record("kept")
    kept.isKept = true
    try leave(kept, as: "kept", in: scratch)
    let next = try state.create("b", cleanUp: nothingLeft, warn: noWarning)
    try next.write(record("b"))
    #expect(try state.list().map(\.text) == ["b", "kept"])
    #expect(try state.has(ContainerID("kept")))
    let container = try Container(ContainerID("kept"), in: state, locked: true)
    #expect(container.record.json == kept.json)
    try next.remove()
    #expect(try !state.has(ContainerID("b")))
    let gone = try ContainerID("b")
    #expect(refusal { () throws(RuntimeError) in _ = try Container(gone, in: state, locked: true) } == "container b does not exist")
  }

  @Test("a record is replaced as a whole")
  func rewritten() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    let container = try state.create("a", cleanUp: nothingLeft, warn: noWarning)
    for process in [nil, 5, 70_000] as [Int32?] {
      try container.write(record("a", process: process))
      let directory = try FileDescriptor.open(scratch.path.appending("a"), [.readOnly, .directory])
      #expect(try ContainerRecord.read(from: directory)?.json == record("a", process: process).json)
    }
    try container.remove()
  }

  @Test("what cannot be cleaned up is warned of, stays on record for the next one, and hinders no other container")
  func failedCleanUp() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    for name in ["first", "stuck", "unreadable"] as [Path] { try leave(record(name.description), as: name, in: scratch) }
    try FileDescriptor.open(scratch.path.appending("unreadable/record"), [.writeOnly, .truncate]).writeAll(Array("{".utf8))
    var cleaned: [String] = []
    var warnings: [String] = []
    func create(_ id: String) throws(RuntimeError) -> ContainerDirectory {
      (cleaned, warnings) = ([], [])
      return try state.create(
        id,
        cleanUp: { (record) throws(RuntimeError) in
          if record.id == "stuck" { throw RuntimeError("it does not end") }
          cleaned.append(record.id)
        }, warn: { warnings.append($0) })
    }
    let expected = [
      "what is left of container stuck stays for the next run to clean up: it does not end",
      "what is left of container unreadable stays for the next run to clean up: record of a container: line 1, column 2: expected a key in quotation marks, but the document ends",
    ]
    try create("next").remove()
    #expect(cleaned == ["first"] && warnings.sorted() == expected)
    #expect(refusal { () throws(RuntimeError) in _ = try create("stuck") } == "container stuck exists already")
    #expect(cleaned.isEmpty && warnings.sorted() == expected)
  }

  @Test("what is not a container of this program is left alone, and is no container: another runtime may have the same directory")
  func foreign() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    let place = try FileDescriptor.open(scratch.path, [.readOnly, .directory])
    for name in ["empty", "other", "locked"] as [Path] { try place.makeDirectory(name, mode: 0o711) }
    for name in ["other/state.json", "locked/lock", "locked/data"] as [Path] { _ = try place.open(name, [.writeOnly, .create], mode: 0o600) }
    try state.create("next", cleanUp: nothingLeft, warn: noWarning).remove()
    for name in ["empty", "other/state.json", "locked/lock", "locked/data"] as [Path] { _ = try place.status(of: name) }
    #expect(try state.list().isEmpty)
    for name in ["empty", "other", "locked"] {
      let id = try ContainerID(name)
      #expect(try !state.has(id))
      #expect(refusal { () throws(RuntimeError) in _ = try Container(id, in: state, locked: false) } == "container \(name) does not exist")
      #expect(refusal { () throws(RuntimeError) in _ = try state.create(name, cleanUp: nothingLeft, warn: noWarning) }?.contains("exists already") == true)
      try state.removeLeftover(id)
    }
    for name in ["empty", "other/state.json", "locked/lock", "locked/data"] as [Path] { _ = try place.status(of: name) }
  }

  @Test("a process killed while it made the directory has left nothing that stays")
  func halfMade() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    let place = try FileDescriptor.open(scratch.path, [.readOnly, .directory])
    try place.makeDirectory(".new", mode: 0o700)
    try state.create("first", cleanUp: nothingLeft, warn: noWarning).remove()
    try leave(nil, as: ".new", in: scratch)
    try state.create("second", cleanUp: nothingLeft, warn: noWarning).remove()
    #expect(try place.open(".", [.readOnly, .directory]).entries().map(\.name) == [".lock"])
  }

  @Test("what was left before it came to a record is no container, and can be removed by its name")
  func leftover() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    try leave(nil, in: scratch)
    _ = try FileDescriptor.open(scratch.path.appending("left/config.json"), [.writeOnly, .create], mode: 0o600)
    let id = try ContainerID("left")
    #expect(try !state.has(id) && state.list().isEmpty)
    #expect(refusal { () throws(RuntimeError) in _ = try Container(id, in: state, locked: true) } == "container left does not exist")
    try state.removeLeftover(id)
    #expect(try FileDescriptor.open(scratch.path, [.readOnly, .directory]).entries().map(\.name) == [".lock"])
  }

  @Test("a process killed before it wrote its record has left nothing else")
  func withoutRecord() throws {
    let scratch = Scratch()
    let state = try StateDirectory(scratch.path)
    try leave(nil, in: scratch)
    let next = try state.create("left", cleanUp: nothingLeft, warn: noWarning)
    try next.remove()
  }
}
