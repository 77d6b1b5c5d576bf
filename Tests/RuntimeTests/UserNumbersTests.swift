import Foundation
import Linux
import Testing

@testable import Runtime

@Suite("numbers of users for containers")
struct UserNumbersTests {
  /// A directory of this test's own, removed in the end.
  private struct Scratch: ~Copyable {
    let name = "/tmp/apus-users-\(UInt64.random(in: 0...UInt64.max))"
    var path: Path { Path(name) }
    func write(_ text: String) throws { try text.write(toFile: "\(name)/users", atomically: false, encoding: .utf8) }
    deinit { try? FileManager.default.removeItem(atPath: name) }
  }

  @Test func eachIsGivenOnceAndIsOnRecord() throws {
    let scratch = Scratch()
    let taken = try (0..<3).map { _ in try UserNumbers.take(in: scratch.path) }
    #expect(taken == [UserNumbers.first, UserNumbers.first + 1, UserNumbers.first + 2])
    #expect(try String(contentsOfFile: "\(scratch.name)/users", encoding: .utf8) == "\(UserNumbers.first + 3)\n")
  }

  @Test func theLastIsGivenAndNoneAfterIt() throws {
    let scratch = Scratch()
    _ = try UserNumbers.take(in: scratch.path)
    try scratch.write("\(UserNumbers.last)\n")
    #expect(try UserNumbers.take(in: scratch.path) == UserNumbers.last)
    let path = scratch.path
    #expect { try UserNumbers.take(in: path) } throws: { ($0 as? RuntimeError)?.message.contains("no numbers of users are left") ?? false }
  }

  @Test(arguments: ["", "\n", "1073741824", "-1\n", "99999999999\n", "1073741824\n1\n", "a\n"])
  func whatApusHasNotWrittenIsRefused(_ text: String) throws {
    let scratch = Scratch()
    _ = try UserNumbers.take(in: scratch.path)
    try scratch.write(text)
    let path = scratch.path
    #expect { try UserNumbers.take(in: path) } throws: { ($0 as? RuntimeError)?.message.contains("\(path.description)/users: ") ?? false }
  }

  @Test(arguments: ["0\n", "1000\n"])
  func aNumberOfTheHostsOwnUsersIsNotGiven(_ text: String) throws {
    let scratch = Scratch()
    _ = try UserNumbers.take(in: scratch.path)
    try scratch.write(text)
    let path = scratch.path
    #expect(throws: RuntimeError.self) { try UserNumbers.take(in: path) }
  }

  @Test func aDirectoryThatOthersMayWriteToIsRefused() throws {
    let scratch = Scratch()
    _ = try UserNumbers.take(in: scratch.path)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: scratch.name)
    let path = scratch.path
    #expect { try UserNumbers.take(in: path) } throws: { ($0 as? RuntimeError)?.message.contains("others may write to it") ?? false }
  }
}
