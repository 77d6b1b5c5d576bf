import Linux
import Testing

@testable import Runtime

@Suite("the table of ps")
struct ProcessTableTests {
  /// 2026-11-23 12:00 in UTC; the machine was started a day before.
  private let surroundings = ProcessSurroundings(
    now: 1_795_435_200, bootTime: 1_795_435_200 - 86_400, memory: 1 << 30, width: 5,
    users: Array("root:x:0:0::/root:/bin/sh\nlongusername:x:1000:1000:::\nbroken\nbad\u{1B}[0m:x:1001:1:::\n".utf8))

  /// A process that was started an hour ago and has used ten minutes of a processor.
  private func stat(_ name: String, _ state: String) -> [UInt8] {
    let numbers = "1 4711 4711 34818 4711 4194560 1 2 3 4 50000 10000 0 0 20 -5 3 0 8280000 2322432 345 18446744073709551615 1 1"
    return Array("4711 (\(name)) \(state) \(numbers)\n".utf8)
  }

  private func process(name: String = "sh", state: String = "S", arguments: String = "/bin/sh\0-c\0echo a\0") throws -> ProcessInfo {
    let info = try #require(ProcessInfo(stat: stat(name, state)))
    info.add(status: Array("Name:\tsh\nUid:\t1\t0\t0\t0\nVmRSS:\t    1380 kB\n".utf8))
    info.arguments = Array(arguments.utf8)
    return info
  }

  private func lines(_ options: [String], _ processes: ProcessInfo...) throws -> [String] {
    try ProcessTable(options: options).text(processes, surroundings).split(separator: "\n").map(String.init)
  }

  @Test("without options it is that of ps -ef")
  func full() throws {
    let expected = ["UID        PID  PPID  C STIME TTY          TIME CMD", "root      4711     1 16 11:00 pts/2    00:10:00 /bin/sh -c echo a"]
    for options in [[], ["-ef"], ["-e", "-f"], ["-A", "-f"]] { #expect(try lines(options, process()) == expected) }
    #expect(try lines([]) == [expected[0]])
  }

  @Test("the forms of other options")
  func forms() throws {
    #expect(try lines(["-e"], process()) == ["  PID TTY          TIME CMD", " 4711 pts/2    00:10:00 sh"])
    #expect(try lines(["-e", "-x"], process()) == ["  PID TTY      STAT   TIME COMMAND", " 4711 pts/2    S<sl+  10:00 /bin/sh -c echo a"])
    let user = [
      "USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND",
      "root      4711 16.6  0.1   2268  1380 pts/2    S<sl+ 11:00  10:00 /bin/sh -c echo a",
    ]
    for options in [["aux"], ["-aux"], ["auxww"], ["u"]] { #expect(try lines(options, process()) == user) }
    #expect(try lines(["-o", "pid,nlwp,ni,s"], process()) == ["  PID NLWP  NI S", " 4711    3  -5 S"])
    #expect(try lines(["-eopid,comm"], process()) == ["  PID COMMAND", " 4711 sh"])
  }

  @Test(
    "what is not understood is refused", arguments: [["-l"], ["f"], ["--forest"], ["-"], ["-o"], ["-o", "pid,nothing"], ["-p", "1"], ["-ef", "x", "-Z"]])
  func refused(options: [String]) {
    #expect(throws: RuntimeError.self) { try ProcessTable(options: options) }
  }

  @Test("commands stay in their line and do nothing to a terminal")
  func commands() throws {
    func command(_ arguments: String, name: String = "a) b (c", state: String = "S") throws -> String {
      try process(name: name, state: state, arguments: arguments).command
    }
    #expect(try command("a\0b\nc\0\u{1B}[31m\0\u{9B}1m\0ü\0\0") == "a b?c ?[31m ?1m ü")
    #expect(try command("") == "[a) b (c]")
    #expect(try command("x\0", state: "Z") == "[a) b (c] <defunct>")
    let broken = try process()
    broken.arguments = [0x61, 0xC2, 0, 0x9B, 0x62]
    #expect(broken.command == "a\u{FFFD} \u{FFFD}b")
  }

  @Test("users, terminals and times")
  func details() throws {
    let info = try process()
    func user(_ number: UInt32) -> String {
      info.user = number
      return info.userName(surroundings)
    }
    #expect(user(0) == "root" && user(1000) == "longuse+" && user(1001) == "bad?[0m" && user(77) == "77")
    func terminal(_ number: UInt32) -> String {
      info.terminal = number
      return info.terminalName
    }
    #expect(terminal(0) == "?" && terminal(0x8802) == "pts/2" && terminal(0x8902) == "pts/258" && terminal(0x0401) == "tty1" && terminal(0x0440) == "ttyS0")
    #expect(terminal(0x0501) == "console" && terminal(0xCC40) == "ttyAMA0" && terminal(0x0A05) == "10:5")
    info.processorTime = 100 * (86_400 * 3 + 3661)
    #expect(info.time == "3-01:01:01")
    info.startTime = 0
    #expect(info.start(surroundings) == "Nov22")
    var earlier = surroundings
    earlier.bootTime -= 86_400 * 400
    #expect(info.start(earlier) == "2025")
  }

  @Test("a state that is no letter is refused: it is shown as it is", arguments: ["\u{13}", "9", "SS", "\u{1B}"])
  func stateIsALetter(_ state: String) {
    #expect(ProcessInfo(stat: stat("sh", state)) == nil)
  }

  @Test("a status that is none is refused", arguments: ["", "1 (a", "1 a) S", "x (a) S 1", "4711 (sh) S 1 2 3", ") S ("])
  func broken(text: String) {
    #expect(ProcessInfo(stat: Array(text.utf8)) == nil)
  }

  @Test("this process itself is read")
  func own() throws {
    let info = try #require(try ProcessInfo.read(processID()))
    #expect(info.id == processID() && info.user == effectiveUser() && !info.arguments.isEmpty && info.residentSize > 0)
    let here = try ProcessSurroundings.here()
    #expect(here.bootTime > 0 && here.memory > 0 && here.width >= 5)
    #expect(try ProcessInfo.read(Int32.max) == nil)
  }
}
