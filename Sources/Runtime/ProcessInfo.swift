internal import Linux

/// What `ps` shows of a process.
final class ProcessInfo {
  var id: Int32
  /// Of its file, at most 15 bytes.
  var name: String
  /// `R`, `S`, `D`, `T`, `Z` and so on.
  var state: UInt8
  var parent: Int32
  var group: Int32
  var session: Int32
  /// The device number of its terminal, as `st_rdev` has it; 0 is none.
  var terminal: UInt32
  /// The process group that its terminal listens to.
  var foregroundGroup: Int32
  /// Clock ticks, a hundredth of a second each, in user and in kernel mode.
  var processorTime: UInt64
  var nice: Int64
  var threads: UInt64
  /// Clock ticks after boot.
  var startTime: UInt64
  /// Bytes.
  var virtualSize: UInt64
  /// Bytes.
  var residentSize: UInt64 = 0
  /// The effective user.
  var user: UInt32 = 0
  /// As it was run; empty for a zombie.
  var arguments: [UInt8] = []

  /// From the bytes of /proc/PID/stat (proc_pid_stat(5)); nil for anything else. The name, in parentheses, may hold spaces and parentheses itself.
  @inline(never)
  init?(stat bytes: [UInt8]) {
    guard let begin = bytes.firstIndex(of: 0x28), let end = bytes.lastIndex(of: 0x29), begin < end else { return nil }
    let fields = bytes[(end + 1)...].split(whereSeparator: { $0 == 0x20 || $0 == 0x0A })
    guard fields.count >= 21, fields[0].count == 1, let letter = fields[0].first, (0x41...0x5A).contains(letter & 0xDF) else { return nil }
    // The first field here is the third of the page.
    func number(_ index: Int) -> Int64 {
      let field = fields[index - 3]
      let isNegative = field.first == 0x2D
      let magnitude = decimal(isNegative ? field.dropFirst() : field).flatMap { Int64(exactly: $0) } ?? 0
      return isNegative ? 0 - magnitude : magnitude
    }
    func natural(_ index: Int) -> UInt64 { decimal(fields[index - 3]) ?? 0 }
    func identifier(_ index: Int) -> Int32 { Int32(exactly: number(index)) ?? 0 }
    guard let id = decimal(bytes[..<begin].dropLast()).flatMap({ Int32(exactly: $0) }) else { return nil }
    self.id = id
    name = string(bytes[(begin + 1)..<end])
    state = letter
    parent = identifier(4)
    group = identifier(5)
    session = identifier(6)
    terminal = UInt32(truncatingIfNeeded: number(7))
    foregroundGroup = identifier(8)
    processorTime = natural(14) &+ natural(15)
    nice = number(19)
    threads = natural(20)
    startTime = natural(22)
    virtualSize = natural(23)
  }

  /// Takes from the bytes of /proc/PID/status what the other file does not tell, or in pages, whose size is the machine's.
  func add(status: [UInt8]) {
    for line in status.split(separator: 0x0A) {
      let words = line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
      // The first number is the real user, the second the effective one.
      if words.count > 2, words[0].elementsEqual("Uid:".utf8) { user = decimal(words[2]).flatMap { UInt32(exactly: $0) } ?? 0 }
      if words.count > 1, words[0].elementsEqual("VmRSS:".utf8) { residentSize = (decimal(words[1]) ?? 0).multipliedReportingOverflow(by: 1024).partialValue }
    }
  }

  /// Reads /proc/PID; nil when the process is gone.
  static func read(_ id: Int32) throws(Errno) -> ProcessInfo? {
    do throws(Errno) {
      // All through one descriptor, so that it is one process.
      let directory = try FileDescriptor.open(Path("/proc/\(id)"), .readOnly | .directory)
      guard let info = ProcessInfo(stat: try directory.open("stat", .readOnly).readAll(limit: 4096)) else { throw .inputOutput }
      info.add(status: try directory.open("status", .readOnly).readAll(limit: 1 << 16))
      info.arguments = try directory.open("cmdline", .readOnly).readAll(limit: 1 << 21)
      return info
    } catch {
      if error == .noSuchFileOrDirectory || error == .noSuchProcess { return nil }
      throw error
    }
  }
}

/// What `ps` needs to know of the machine.
struct ProcessSurroundings: Sendable {
  /// Seconds since 1970.
  var now: Int64
  /// When the machine was started, in seconds since 1970.
  var bootTime: Int64
  /// Bytes of memory.
  var memory: UInt64
  /// Digits of a process id.
  var width: Int
  /// The contents of /etc/passwd.
  var users: [UInt8]

  /// Those of this machine.
  @inline(never)
  static func here() throws(SystemError) -> ProcessSurroundings {
    let stat = try readFile("/proc/stat", limit: 1 << 22)
    let meminfo = try readFile("/proc/meminfo", limit: 1 << 16)
    let ids = try readFile("/proc/sys/kernel/pid_max", limit: 64)
    // A device may have no such file.
    let users = (try? readFile("/etc/passwd", limit: 1 << 20)) ?? []
    return ProcessSurroundings(
      now: Int64(truncatingIfNeeded: Timestamp.now().seconds), bootTime: Int64(exactly: number(after: "btime", in: stat)) ?? 0,
      memory: number(after: "MemTotal:", in: meminfo).multipliedReportingOverflow(by: 1024).partialValue,
      width: max(5, ids.split(separator: 0x0A).first?.count ?? 5), users: users)
  }

  private static func number(after key: Literal, in contents: [UInt8]) -> UInt64 {
    for line in contents.split(separator: 0x0A) {
      let words = line.split(separator: 0x20)
      if words.count > 1, words[0].matches(key), let number = decimal(words[1]) { return number }
    }
    return 0
  }

  /// The name of a user; nil when there is none.
  func name(of user: UInt32) -> String? {
    for line in users.split(separator: 0x0A) {
      let fields = line.split(separator: 0x3A, maxSplits: 3, omittingEmptySubsequences: false)
      if fields.count > 2, !fields[0].isEmpty, decimal(fields[2]) == UInt64(user) { return string(fields[0]) }
    }
    return nil
  }
}
