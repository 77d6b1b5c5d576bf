internal import Linux

/// A table of processes as ps(1) of procps prints it: columns with titles, one line for each process.
public struct ProcessTable: Sendable {
  let columns: [Column]

  /// What a column tells, in the order of the table of columns.
  enum Cell: UInt8 {
    case uid, user, userNumber
    case pid, ppid, pgid, sid
    case processorPercent, processorTenths, memoryTenths
    case virtualSize, residentSize, threads, nice
    case startTime, bsdStartTime
    case terminal
    case state, flags
    case time, bsdTime
    case command, bsdCommand
    case name, bsdName
  }

  /// One column.
  struct Column {
    let cell: Cell
    let title: String
    /// As wide as procps makes it; nil is the width of a process id.
    let width: Int?
    let isLeft: Bool
  }

  /// The table that `ps OPTIONS` prints; without options that of `ps -ef`. Of the options of ps those that say which processes are shown mean nothing here: `-e`,
  /// `-A` and `a`. What else is understood is `-f`, `x`, `u`, `w` and `-o COLUMNS`.
  @inline(never)
  public init(options: [String]) throws(RuntimeError) {
    var isFull = options.isEmpty
    var isBSD = false
    var isUserOriented = false
    var chosen: [Cell] = []
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
          let list = letters.isEmpty ? words.popFirst() : string(letters)
          guard let list else { throw RuntimeError("ps: option -o needs a list of columns") }
          for name in list.utf8.split(whereSeparator: { $0 == 0x2C || $0 == 0x20 }) { chosen.append(try Cell(named: name)) }
          letters = []
        default: throw ProcessTable.unknown(word)
        }
      }
    }
    if chosen.isEmpty {
      chosen =
        if isUserOriented {
          [.user, .pid, .processorTenths, .memoryTenths, .virtualSize, .residentSize, .terminal, .flags, .bsdStartTime, .bsdTime, .bsdCommand]
        } else if isFull {
          [.uid, .pid, .ppid, .processorPercent, .startTime, .terminal, .time, .command]
        } else if isBSD {
          [.pid, .terminal, .flags, .bsdTime, .bsdCommand]
        } else {
          [.pid, .terminal, .time, .name]
        }
    }
    columns = chosen.map { Column($0) }
  }

  private static func unknown(_ word: String) -> RuntimeError {
    RuntimeError("ps: option \(word) is not supported; -e, -A, -f, a, x, u, w and -o COLUMNS are")
  }

  /// The table, with its titles.
  func text(_ processes: [ProcessInfo], _ surroundings: ProcessSurroundings) -> String {
    var lines: [UInt8] = []
    add(columns.map { $0.title }, to: &lines, surroundings)
    for process in processes { add(columns.map { $0.cell.text(process, surroundings) }, to: &lines, surroundings) }
    return string(lines[...])
  }

  @inline(never)
  private func add(_ cells: [String], to lines: inout [UInt8], _ surroundings: ProcessSurroundings) {
    for (index, column) in columns.enumerated() {
      if index > 0 { lines.append(0x20) }
      let content = Array(cells[index].utf8)
      let padding = [UInt8](repeating: 0x20, count: max(0, (column.width ?? surroundings.width) - content.count))
      if !column.isLeft { lines += padding }
      lines += content
      // Nothing stands behind the last column.
      if column.isLeft && index < columns.count - 1 { lines += padding }
    }
    lines.append(0x0A)
  }
}

extension ProcessTable {
  /// Each column's title, its width (`-`: that of a process id), the side on which it stands, and its names for -o. A column under the title of another option is
  /// one of its own.
  fileprivate static var table: Literal {
    """
    UID     8  left
    USER    8  left  user euser uname
    UID     5  right uid euid
    PID     -  right pid
    PPID    -  right ppid
    PGID    -  right pgid pgrp
    SID     -  right sid sess session
    C       2  right c
    %CPU    4  right pcpu %cpu
    %MEM    4  right pmem %mem
    VSZ     6  right vsz vsize
    RSS     5  right rss rssize
    NLWP    4  right nlwp thcount
    NI      3  right ni nice
    STIME   5  right stime start_time
    START   5  right bsdstart
    TTY     8  left  tty tt tname
    S       1  left  s state
    STAT    4  left  stat
    TIME    8  right time cputime
    TIME    6  right bsdtime
    CMD     27 left  cmd
    COMMAND 27 left  args command
    CMD     15 left  ucmd
    COMMAND 15 left  comm ucomm
    """
  }

  /// The words of each row.
  fileprivate static var rows: [[ArraySlice<UInt8>]] {
    Array(table.bytes).rows
  }
}

extension ProcessTable.Column {
  init(_ cell: ProcessTable.Cell) {
    let row = ProcessTable.rows[Int(cell.rawValue)]
    self.cell = cell
    title = string(row[0])
    width = decimal(row[1]).flatMap { Int(exactly: $0) }
    isLeft = row[2].first == 0x6C
  }
}

extension ProcessTable.Cell {
  /// The column that -o calls so.
  init(named name: ArraySlice<UInt8>) throws(RuntimeError) {
    let row = ProcessTable.rows.firstIndex { $0.dropFirst(3).contains(name) }
    guard let row, let cell = ProcessTable.Cell(rawValue: UInt8(row)) else {
      throw RuntimeError("ps: there is no column \(string(name))")
    }
    self = cell
  }

  @inline(never)
  func text(_ process: ProcessInfo, _ surroundings: ProcessSurroundings) -> String {
    switch self {
    case .uid, .user: process.userName(surroundings)
    case .processorTenths: tenths(process.processorTenths(surroundings))
    case .memoryTenths: tenths(surroundings.memory == 0 ? 0 : process.residentSize / (surroundings.memory / 1000 + 1))
    case .startTime, .bsdStartTime: process.start(surroundings)
    case .terminal: process.terminalName
    case .state: string([process.state])
    case .flags: process.flags
    case .time: process.time
    case .bsdTime: Text("\(process.processorTime / 6000):\(twoDigits(process.processorTime / 100 % 60))").string
    case .command, .bsdCommand: process.command
    case .name, .bsdName: process.state == 0x5A ? Text("\(process.shownName) <defunct>").string : process.shownName
    default: String(number(process, surroundings))
    }
  }

  /// What is no more than a number.
  private func number(_ process: ProcessInfo, _ surroundings: ProcessSurroundings) -> Int64 {
    switch self {
    case .userNumber: Int64(process.user)
    case .pid: Int64(process.id)
    case .ppid: Int64(process.parent)
    case .pgid: Int64(process.group)
    case .sid: Int64(process.session)
    case .processorPercent: Int64(min(99, process.processorTenths(surroundings) / 10))
    case .virtualSize: Int64(process.virtualSize / 1024)
    case .residentSize: Int64(process.residentSize / 1024)
    case .threads: Int64(clamping: process.threads)
    default: process.nice
    }
  }

  private func tenths(_ number: UInt64) -> String { Text("\(number / 10).\(number % 10)").string }
}

extension ProcessInfo {
  /// What does not fit is cut, and a plus shows it.
  func userName(_ surroundings: ProcessSurroundings) -> String {
    guard let name = surroundings.name(of: user) else { return String(user) }
    let bytes = Array(name.utf8)
    return printable(bytes.count > 8 ? bytes[..<7] + [0x2B] : bytes[...])
  }

  /// Tenths of a percent of one processor since the process was started.
  func processorTenths(_ surroundings: ProcessSurroundings) -> UInt64 {
    let age = surroundings.now - surroundings.bootTime - Int64(truncatingIfNeeded: startTime / 100)
    return age <= 0 ? 0 : processorTime.multipliedReportingOverflow(by: 10).partialValue / UInt64(age)
  }

  /// The hour of today, the day of this year, or the year, in UTC.
  func start(_ surroundings: ProcessSurroundings) -> String {
    let started = CalendarTime(secondsSince1970: surroundings.bootTime + Int64(truncatingIfNeeded: startTime / 100))
    let now = CalendarTime(secondsSince1970: surroundings.now)
    if started.year != now.year { return String(started.year) }
    if (started.month, started.day) == (now.month, now.day) { return Text("\(twoDigits(started.hour)):\(twoDigits(started.minute))").string }
    let months: Literal = "JanFebMarAprMayJunJulAugSepOctNovDec"
    let at = (Int(started.month) - 1) * 3
    return Text("\(string(Array(months.bytes)[at..<(at + 3)]))\(twoDigits(started.day))").string
  }

  /// The name of the terminal below /dev (Documentation/admin-guide/devices.txt).
  var terminalName: String {
    let major = terminal >> 8 & 0xFFF
    let minor = (terminal & 0xFF) | (terminal >> 12 & 0xFFF00)
    let (name, number): (Literal, UInt32) =
      switch (major, minor) {
      case (0, 0): ("?", 0)
      case (136...143, _): ("pts/", (major - 136) * 256 + minor)
      case (4, 0..<64): ("tty", minor)
      case (4, _): ("ttyS", minor - 64)
      case (5, 1): ("console", 0)
      case (204, 64...79): ("ttyAMA", minor - 64)
      case (229, _): ("hvc", minor)
      default: ("", minor)
      }
    if name.isEmpty { return Text("\(major):\(minor)").string }
    return major == 0 || major == 5 ? name.description : Text("\(name)\(number)").string
  }

  /// The state, and what ps(1) adds to it: `<` and `N` for its niceness, `s` for the leader of a session, `l` for threads, `+` for the foreground.
  var flags: String {
    var letters = [state]
    if nice < 0 { letters.append(0x3C) }
    if nice > 0 { letters.append(0x4E) }
    if session == id { letters.append(0x73) }
    if threads > 1 { letters.append(0x6C) }
    if terminal != 0, foregroundGroup == group { letters.append(0x2B) }
    return string(letters[...])
  }

  var time: String {
    let seconds = processorTime / 100
    let clock: Text = "\(twoDigits(seconds / 3600 % 24)):\(twoDigits(seconds / 60 % 60)):\(twoDigits(seconds % 60))"
    return seconds < 86_400 ? clock.string : Text("\(seconds / 86_400)-\(clock)").string
  }

  /// The arguments with spaces between; the name in brackets for a process that has none.
  var command: String {
    if state == 0x5A { return Text("[\(shownName)] <defunct>").string }
    var end = arguments.count
    while end > 0, arguments[end - 1] == 0 { end -= 1 }
    if end == 0 { return Text("[\(shownName)]").string }
    return printable(arguments[..<end])
  }

  var shownName: String { printable(Array(name.utf8)[...]) }
}

/// Text that stays in its line and does nothing to a terminal: what ends an argument is a space, every other control character a question mark.
private func printable(_ bytes: ArraySlice<UInt8>) -> String {
  // What is not UTF-8 is repaired first, so that no half of a character is left to join what follows.
  let text = Array(string(bytes).utf8)
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
  return string(shown[...])
}

private func twoDigits(_ number: UInt64) -> Text { number < 10 ? "0\(number)" : "\(number)" }
