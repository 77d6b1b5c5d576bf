import Testing

@testable import Linux

@Suite("/proc/PID/stat tells which process it is")
struct ProcessStatusTests {
  private func line(_ name: String, _ state: String = "S", start: String = "4711") -> [UInt8] {
    Array("17 (\(name)) \(state) 1 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 \(start) 999 1 2\n".utf8)
  }

  @Test("a name may hold spaces and parentheses", arguments: ["sh", "a b", ") S 1 (", "((", ")"])
  func names(_ name: String) {
    #expect(ProcessStatus(parsing: line(name)) == ProcessStatus(state: 0x53, startTime: 4711))
  }

  @Test("a process that waits for its parent to look has ended", arguments: [("Z", true), ("X", true), ("R", false), ("T", false), ("D", false)])
  func ended(_ state: String, _ hasEnded: Bool) {
    #expect(ProcessStatus(parsing: line("sh", state))?.hasEnded == hasEnded)
  }

  @Test(
    "what a signal or a tracer has stopped stands, and what waits for a device does not", arguments: [("T", true), ("t", true), ("D", false), ("R", false)])
  func stopped(_ state: String, _ isStopped: Bool) {
    #expect(ProcessStatus(parsing: line("sh", state))?.isStopped == isStopped)
    #expect(ProcessStatus(parsing: line("sh", state))?.waits == (state == "D"))
  }

  @Test("what is no such line is not taken", arguments: ["", "17", "17 (sh)", "17 (sh) S 1 2 3", "17 (sh S 1"])
  func broken(_ text: String) {
    #expect(ProcessStatus(parsing: Array(text.utf8)) == nil)
    #expect(ProcessStatus(parsing: line("sh", start: "x")) == nil)
  }

  @Test("this process is found by its start time, and not by another one")
  func handles() throws {
    let own = try #require(try ProcessStatus.read(processID()))
    let isFound = try ProcessHandle.find(processID(), startTime: own.startTime) != nil
    #expect(isFound)
    let isOther = try ProcessHandle.find(processID(), startTime: own.startTime + 1) != nil
    #expect(!isOther)
  }

  @Test("this process is in its own PID namespace")
  func members() throws {
    let found = try ProcessHandle.find(processID(), startTime: nil)
    let members = try found?.namespaceMembers() ?? []
    #expect(members.contains(processID()))
  }
}
