internal import JSON
internal import Linux

/// Where errors, warnings and debug messages go besides standard error, and in which form; as runc does it, whose callers read the last error of the file.
struct Log {
  /// How a line is written.
  enum Format {
    /// `time="..." level=error msg="..."`.
    case text
    /// `{"level":"error","msg":"...","time":"..."}`.
    case json
  }

  /// How much a message matters.
  enum Level {
    case debug, warning, error

    var name: String {
      switch self {
      case .debug: "debug"
      case .warning: "warning"
      case .error: "error"
      }
    }
  }

  var format = Format.text
  /// The file's descriptor, open as long as the program runs; nil without --log.
  var file: Int32?
  /// Whether debug messages are wanted.
  var isVerbose = false

  /// One line, with its line feed.
  @inline(never)
  static func line(_ level: Level, _ message: String, at time: Timestamp, _ format: Format) -> [UInt8] {
    switch format {
    case .text:
      return Array(Text("time=\"\(time.text)\" level=\(level.name) msg=\(quoted(message))\n").string.utf8)
    case .json:
      var writer = JSONWriter(.compact)
      writer.object { members in
        members.member("level", level.name)
        members.member("msg", message)
        members.member("time", time.text)
      }
      return writer.bytes() + [0x0A]
    }
  }

  /// The message in quotation marks; what would end them, or the line, is escaped.
  private static func quoted(_ message: String) -> String {
    String(decoding: [0x22] + escapingControls(message, andQuotes: true) + [0x22], as: UTF8.self)
  }
}

/// The log of this program. It has one thread and one standard error.
nonisolated(unsafe) private var log = Log()

/// Opens the log that the options ask for. Until then, messages go to standard error alone.
func openLog(_ arguments: ParsedArguments) throws(Failure) {
  log.isVerbose = arguments.flag(.debug)
  if let name = arguments.value(.logFormat) {
    if name.equals("json") {
      log.format = .json
    } else if !name.equals("text") {
      throw .usage("option --log-format: \(name) is neither text nor json")
    }
  }
  guard let name = arguments.value(.log) else { return }
  log.file = try failing { () throws(SystemError) in
    try during("open", Text(name)) { () throws(Errno) in
      try FileDescriptor.open(Path(name), .writeOnly | .create | .append | .noControllingTerminal, mode: 0o644).release()
    }
  }
}

/// Tells why the command ends: on standard error in any case, for whoever called it, and in the log.
@inline(never)
func fail(_ message: String) {
  _ = writeToLog(.error, message)
  if log.file == nil, log.format == .json { return }
  report(message)
}

/// Tells of what was asked for and has no effect, without harm: in the log, or on standard error, which may be the container's as well, if there is none.
@inline(never)
func warn(_ message: String) {
  if !writeToLog(.warning, message) { report(Text("warning: \(message)").string) }
}

/// Tells what is done, with --debug only.
@inline(never)
func debug(_ message: Text) {
  if log.isVerbose, !writeToLog(.debug, message.string) { report(Text("debug: \(message)").string) }
}

/// Writes a line to the log, or as JSON to standard error; false when there is no log or it cannot be written.
@inline(never)
private func writeToLog(_ level: Log.Level, _ message: String) -> Bool {
  guard let file = log.file ?? (log.format == .json ? StandardDescriptor.error : nil) else { return false }
  do throws(Errno) {
    // One write for a line: several programs append to the file of an engine.
    try writeAll(Log.line(level, message, at: .now(), log.format), to: file)
    return true
  } catch {
    return false
  }
}
