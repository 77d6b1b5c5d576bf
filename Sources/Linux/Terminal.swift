internal import CLinux

/// Rows and columns of a terminal.
public struct WindowSize: Sendable, Equatable {
  public var rows: UInt16
  public var columns: UInt16
  public init(rows: UInt16, columns: UInt16) {
    self.rows = rows
    self.columns = columns
  }
}

/// The settings of a terminal, to be restored.
public struct TerminalSettings {
  fileprivate var raw = clinux_terminal_settings()
}

/// Calls on a terminal by its descriptor number: standard input and output belong to nobody here.
public enum Terminal {
  /// Whether `descriptor` is a terminal. The C function is `isatty`.
  public static func isTerminal(_ descriptor: Int32) -> Bool { clinux_is_terminal(descriptor) == 0 }

  /// Lets every key through as it is, and gives the settings from before. The C functions are `tcgetattr`, `cfmakeraw`, `tcsetattr`.
  public static func makeRaw(_ descriptor: Int32) throws(Errno) -> TerminalSettings {
    var settings = TerminalSettings()
    _ = try checked { clinux_make_raw(descriptor, &settings.raw) }
    return settings
  }

  /// Has the terminal pass line feeds on as they are. The C functions are `tcgetattr` and `tcsetattr`, without `ONLCR`.
  public static func stopMappingNewlines(_ multiplexer: borrowing FileDescriptor) throws(Errno) {
    let number = multiplexer.rawValue
    _ = try checked { clinux_stop_mapping_newlines(number) }
  }

  /// The C function is `tcsetattr`.
  public static func restore(_ descriptor: Int32, _ settings: TerminalSettings) throws(Errno) {
    var settings = settings
    _ = try checked { clinux_restore_terminal(descriptor, &settings.raw) }
  }

  /// The C function is `ioctl` with `TIOCGWINSZ`.
  public static func windowSize(_ descriptor: Int32) throws(Errno) -> WindowSize {
    var size = WindowSize(rows: 0, columns: 0)
    _ = try checked { clinux_get_window(descriptor, &size.rows, &size.columns) }
    return size
  }

  /// The C function is `ioctl` with `TIOCSWINSZ`.
  public static func setWindowSize(_ descriptor: Int32, _ size: WindowSize) throws(Errno) {
    _ = try checked { clinux_set_window(descriptor, size.rows, size.columns) }
  }

  /// Opens the other side of the pseudo-terminal `multiplexer`, after unlocking it. The C function is `ioctl` with `TIOCSPTLCK` and `TIOCGPTPEER` (Linux 4.13).
  public static func openPeer(of multiplexer: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    let number = multiplexer.rawValue
    _ = try checked { clinux_unlock_terminal(number) }
    return FileDescriptor(owning: try checked { clinux_open_terminal_peer(number) })
  }

  /// Makes `terminal` the controlling terminal of this session. The C function is `ioctl` with `TIOCSCTTY`.
  public static func setControlling(_ terminal: Int32) throws(Errno) { _ = try checked { clinux_set_controlling_terminal(terminal) } }
}

/// The numbers of the standard descriptors.
public enum StandardDescriptor {
  /// Opens /dev/null in the place of each that is closed. The next file to be opened would get its number, and what is meant for standard error would go there.
  public static func openMissing() throws(Errno) {
    while true {
      let null = try FileDescriptor.open("/dev/null", .readWrite)
      if null.rawValue > error { return }
      // Open across exec, as a standard descriptor is.
      try null.place(at: null.rawValue)
      _ = null.release()
    }
  }

  public static var input: Int32 { 0 }
  public static var output: Int32 { 1 }
  public static var error: Int32 { 2 }
}

extension FileDescriptor {
  /// Makes `number`, open across exec, another name of this open file. The C function is `dup3`.
  public borrowing func place(at number: Int32) throws(Errno) { try placeDescriptor(rawValue, at: number) }
}

/// `FileDescriptor.place` for a descriptor that no value here owns.
public func placeDescriptor(_ own: Int32, at number: Int32) throws(Errno) { _ = try checked { clinux_place(own, number) } }
