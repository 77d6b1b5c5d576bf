/// What /proc/PID/stat tells of a process (proc_pid_stat(5)).
public struct ProcessStatus: Equatable, Sendable {
  /// `R`, `S`, `D`, `T`, `Z`, `X` and so on, as ASCII.
  public var state: UInt8
  /// When it was started: clock ticks after boot. With the process id it names one process for ever, which the id alone does not.
  public var startTime: UInt64

  public init(state: UInt8, startTime: UInt64) {
    self.state = state
    self.startTime = startTime
  }

  /// Whether it has ended: `Z` waits for its parent to look, `X` and `x` are about to vanish.
  public var hasEnded: Bool { state == 0x5A || state == 0x58 || state == 0x78 }

  /// Whether it stands: `T` after a stop signal, `t` for a tracer.
  public var isStopped: Bool { state == 0x54 || state == 0x74 }

  /// Whether it waits for something that no signal but SIGKILL interrupts, if any: `D`.
  public var waits: Bool { state == 0x44 }

  /// From the file's bytes; nil for anything else. The program's name, in parentheses, may hold spaces and parentheses itself: the last one ends it.
  public init?(parsing bytes: [UInt8]) {
    guard let end = bytes.lastIndex(of: 0x29) else { return nil }
    let fields = bytes[(end + 1)...].split(whereSeparator: { $0 == 0x20 || $0 == 0x0A })
    // The first field here is the third of the file, the start time its twenty-second.
    guard fields.count > 19, fields[0].count == 1, let start = decimal(fields[19]) else { return nil }
    state = fields[0][fields[0].startIndex]
    startTime = start
  }
}
