internal import Linux

/// A table of processes as ps(1) of procps prints it: columns with titles, one line for each process.
public struct ProcessTable: Sendable {
  let columns: [Column]

  /// One column.
  enum Column: Sendable, Equatable {
    /// The user under the title UID, as with -f.
    case uid
    case user, userNumber
    case pid, ppid, pgid, sid
    /// Whole percents of a processor over the process's life.
    case processorPercent
    /// With a tenth.
    case processorTenths
    case memoryTenths
    case virtualSize, residentSize, threads, nice
    case startTime
    /// The same under the title START.
    case bsdStartTime
    case terminal
    case state, flags
    /// Hours, minutes and seconds of processor time.
    case time
    /// Minutes and seconds.
    case bsdTime
    /// The program's arguments, under the title CMD.
    case command
    /// The same under the title COMMAND.
    case bsdCommand
    /// The program's name, under the title CMD.
    case name
    /// The same under the title COMMAND.
    case bsdName
  }

  /// The table that `ps OPTIONS` prints; without options that of `ps -ef`. Of the options of ps those that say which processes are shown mean nothing here: `-e`,
  /// `-A` and `a`. What else is understood is `-f`, `x`, `u`, `w` and `-o COLUMNS`.
  public init(options: [String]) throws(RuntimeError) {
    var isFull = options.isEmpty
    var isBSD = false
    var isUserOriented = false
    var chosen: [Column] = []
    var words = options[...]
    while let word = words.popFirst() {
      var letters = Array(word.utf8)[...]
      let hasDash = letters.first == 0x2D
      if hasDash { letters.removeFirst() }
      if letters.isEmpty { throw ProcessTable.unknown(word) }
      while let letter = letters.popFirst() {
        switch letter {
        // A, e, a, w
        case 0x41, 0x65, 0x61, 0x77: break
        // f
        case 0x66 where hasDash: isFull = true
        // x
        case 0x78: isBSD = true
        // u
        case 0x75: isUserOriented = true
        // o
        case 0x6F:
          let list = letters.isEmpty ? words.popFirst() : String(decoding: Array(letters), as: UTF8.self)
          guard let list else { throw RuntimeError("ps: option -o needs a list of columns") }
          for name in list.utf8.split(whereSeparator: { $0 == 0x2C || $0 == 0x20 }) { chosen.append(try Column(named: Array(name))) }
          letters = []
        default: throw ProcessTable.unknown(word)
        }
      }
    }
    columns =
      if !chosen.isEmpty {
        chosen
      } else if isUserOriented {
        [
          .user, .pid, .processorTenths, .memoryTenths, .virtualSize, .residentSize, .terminal, .flags, .bsdStartTime, .bsdTime, .bsdCommand,
        ]
      } else if isFull {
        [.uid, .pid, .ppid, .processorPercent, .startTime, .terminal, .time, .command]
      } else if isBSD {
        [.pid, .terminal, .flags, .bsdTime, .bsdCommand]
      } else {
        [.pid, .terminal, .time, .name]
      }
  }

  private static func unknown(_ word: String) -> RuntimeError {
    RuntimeError("ps: option \(word) is not supported; -e, -A, -f, a, x, u, w and -o COLUMNS are")
  }

  /// The table, with its titles.
  func text(_ processes: [ProcessInfo], _ surroundings: ProcessSurroundings) -> String {
    var text = line(surroundings) { $0.title }
    for process in processes { text += line(surroundings) { $0.text(process, surroundings) } }
    return text
  }

  private func line(_ surroundings: ProcessSurroundings, _ cell: (Column) -> String) -> String {
    var line: [UInt8] = []
    for (index, column) in columns.enumerated() {
      if index > 0 { line.append(0x20) }
      let content = Array(cell(column).utf8)
      let padding = [UInt8](repeating: 0x20, count: max(0, column.width(surroundings) - content.count))
      if column.isLeft {
        line += content
        // Nothing stands behind the last column.
        if index < columns.count - 1 { line += padding }
      } else {
        line += padding + content
      }
    }
    return String(decoding: line, as: UTF8.self) + "\n"
  }
}

extension ProcessTable.Column {
  /// The column that -o calls so.
  init(named name: [UInt8]) throws(RuntimeError) {
    let names: [(StaticString, ProcessTable.Column)] = [
      ("user", .user), ("euser", .user), ("uname", .user), ("uid", .userNumber), ("euid", .userNumber), ("pid", .pid), ("ppid", .ppid), ("pgid", .pgid),
      ("pgrp", .pgid), ("sid", .sid), ("sess", .sid), ("session", .sid), ("c", .processorPercent), ("pcpu", .processorTenths), ("%cpu", .processorTenths),
      ("pmem", .memoryTenths), ("%mem", .memoryTenths), ("vsz", .virtualSize), ("vsize", .virtualSize), ("rss", .residentSize), ("rssize", .residentSize),
      ("nlwp", .threads), ("thcount", .threads), ("ni", .nice), ("nice", .nice), ("stime", .startTime), ("start_time", .startTime),
      ("bsdstart", .bsdStartTime), ("tty", .terminal), ("tt", .terminal), ("tname", .terminal), ("s", .state), ("state", .state), ("stat", .flags),
      ("time", .time), ("cputime", .time), ("bsdtime", .bsdTime), ("args", .bsdCommand), ("command", .bsdCommand), ("cmd", .command), ("comm", .bsdName),
      ("ucmd", .name), ("ucomm", .bsdName),
    ]
    for (known, column) in names where known.withUTF8Buffer({ name.elementsEqual($0) }) {
      self = column
      return
    }
    throw RuntimeError("ps: there is no column \(String(decoding: name, as: UTF8.self))")
  }

  var title: String {
    switch self {
    case .uid, .userNumber: "UID"
    case .user: "USER"
    case .pid: "PID"
    case .ppid: "PPID"
    case .pgid: "PGID"
    case .sid: "SID"
    case .processorPercent: "C"
    case .processorTenths: "%CPU"
    case .memoryTenths: "%MEM"
    case .virtualSize: "VSZ"
    case .residentSize: "RSS"
    case .threads: "NLWP"
    case .nice: "NI"
    case .startTime: "STIME"
    case .bsdStartTime: "START"
    case .terminal: "TTY"
    case .state: "S"
    case .flags: "STAT"
    case .time, .bsdTime: "TIME"
    case .command, .name: "CMD"
    case .bsdCommand, .bsdName: "COMMAND"
    }
  }

  /// As wide as procps makes it.
  func width(_ surroundings: ProcessSurroundings) -> Int {
    switch self {
    case .uid, .user, .terminal, .time: 8
    case .pid, .ppid, .pgid, .sid: surroundings.width
    case .processorPercent: 2
    case .processorTenths, .memoryTenths, .flags, .threads: 4
    case .virtualSize, .bsdTime: 6
    case .residentSize, .startTime, .bsdStartTime, .userNumber: 5
    case .nice: 3
    case .state: 1
    case .name, .bsdName: 15
    case .command, .bsdCommand: 27
    }
  }

  var isLeft: Bool {
    switch self {
    case .uid, .user, .terminal, .flags, .state, .command, .bsdCommand, .name, .bsdName: true
    default: false
    }
  }

  func text(_ process: ProcessInfo, _ surroundings: ProcessSurroundings) -> String {
    switch self {
    case .uid, .user: process.userName(surroundings)
    case .userNumber: "\(process.user)"
    case .pid: "\(process.id)"
    case .ppid: "\(process.parent)"
    case .pgid: "\(process.group)"
    case .sid: "\(process.session)"
    case .processorPercent: "\(min(99, process.processorTenths(surroundings) / 10))"
    case .processorTenths: tenths(process.processorTenths(surroundings))
    case .memoryTenths: tenths(surroundings.memory == 0 ? 0 : process.residentSize / (surroundings.memory / 1000 + 1))
    case .virtualSize: "\(process.virtualSize / 1024)"
    case .residentSize: "\(process.residentSize / 1024)"
    case .threads: "\(process.threads)"
    case .nice: "\(process.nice)"
    case .startTime, .bsdStartTime: process.start(surroundings)
    case .terminal: process.terminalName
    case .state: String(decoding: [process.state], as: UTF8.self)
    case .flags: process.flags
    case .time: process.time
    case .bsdTime: "\(process.processorTime / 6000):\(twoDigits(process.processorTime / 100 % 60))"
    case .command, .bsdCommand: process.command
    case .name, .bsdName: process.state == 0x5A ? "\(process.shownName) <defunct>" : process.shownName
    }
  }

  private func tenths(_ number: UInt64) -> String { "\(number / 10).\(number % 10)" }
}

extension ProcessInfo {
  /// What does not fit is cut, and a plus shows it.
  func userName(_ surroundings: ProcessSurroundings) -> String {
    guard let name = surroundings.name(of: user) else { return "\(user)" }
    let bytes = Array(name.utf8)
    return printable(bytes.count > 8 ? bytes[..<7] + [0x2B] : bytes[...])
  }

  /// Tenths of a percent of one processor since the process was started.
  func processorTenths(_ surroundings: ProcessSurroundings) -> UInt64 {
    let age = surroundings.now - surroundings.bootTime - Int64(truncatingIfNeeded: startTime / 100)
    return age <= 0 ? 0 : processorTime.multipliedReportingOverflow(by: 10).partialValue / UInt64(age)
  }

  /// The hour of today, the day of this year, or the year.
  func start(_ surroundings: ProcessSurroundings) -> String {
    let started = surroundings.localTime(surroundings.bootTime + Int64(truncatingIfNeeded: startTime / 100))
    let now = surroundings.localTime(surroundings.now)
    if started.year != now.year { return "\(started.year)" }
    if started.dayOfYear == now.dayOfYear { return "\(twoDigits(UInt64(started.hour))):\(twoDigits(UInt64(started.minute)))" }
    let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    let at = (Int(started.month) - 1) * 3
    return months.withUTF8Buffer { String(decoding: Array($0[at..<(at + 3)]), as: UTF8.self) } + twoDigits(UInt64(started.day))
  }

  /// The name of the terminal below /dev (Documentation/admin-guide/devices.txt).
  var terminalName: String {
    let major = terminal >> 8 & 0xFFF
    let minor = (terminal & 0xFF) | (terminal >> 12 & 0xFFF00)
    switch (major, minor) {
    case (0, 0): return "?"
    case (136...143, _): return "pts/\((major - 136) * 256 + minor)"
    case (4, 0..<64): return "tty\(minor)"
    case (4, _): return "ttyS\(minor - 64)"
    case (5, 1): return "console"
    case (204, 64...79): return "ttyAMA\(minor - 64)"
    case (229, _): return "hvc\(minor)"
    default: return "\(major):\(minor)"
    }
  }

  /// The state, and what ps(1) adds to it: `<` and `N` for its niceness, `s` for the leader of a session, `l` for threads, `+` for the foreground.
  var flags: String {
    var letters = [state]
    if nice < 0 { letters.append(0x3C) }
    if nice > 0 { letters.append(0x4E) }
    if session == id { letters.append(0x73) }
    if threads > 1 { letters.append(0x6C) }
    if terminal != 0, foregroundGroup == group { letters.append(0x2B) }
    return String(decoding: letters, as: UTF8.self)
  }

  var time: String {
    let seconds = processorTime / 100
    let clock = "\(twoDigits(seconds / 3600 % 24)):\(twoDigits(seconds / 60 % 60)):\(twoDigits(seconds % 60))"
    return seconds < 86_400 ? clock : "\(seconds / 86_400)-\(clock)"
  }

  /// The arguments with spaces between; the name in brackets for a process that has none.
  var command: String {
    if state == 0x5A { return "[\(shownName)] <defunct>" }
    var end = arguments.count
    while end > 0, arguments[end - 1] == 0 { end -= 1 }
    if end == 0 { return "[\(shownName)]" }
    return printable(arguments[..<end])
  }

  var shownName: String { printable(Array(name.utf8)[...]) }
}

/// Text that stays in its line and does nothing to a terminal: what ends an argument is a space, every other control character a question mark.
private func printable(_ bytes: ArraySlice<UInt8>) -> String {
  // What is not UTF-8 is repaired first, so that no half of a character is left to join what follows.
  let text = Array(String(decoding: Array(bytes), as: UTF8.self).utf8)
  var shown: [UInt8] = []
  for (index, byte) in text.enumerated() {
    // U+0080 to U+009F are control characters, too: C2 and a byte below A0.
    if byte == 0xC2, index + 1 < text.count, text[index + 1] < 0xA0 { continue }
    if byte >= 0x80, byte < 0xA0, index > 0, text[index - 1] == 0xC2 {
      shown.append(0x3F)
    } else if byte == 0 {
      shown.append(0x20)
    } else {
      shown.append(byte < 0x20 || byte == 0x7F ? 0x3F : byte)
    }
  }
  return String(decoding: shown, as: UTF8.self)
}

private func twoDigits(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
