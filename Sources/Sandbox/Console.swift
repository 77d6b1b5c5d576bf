internal import Linux

/// The container's own terminal.
enum Console {
  /// Makes a pseudo-terminal in the container's devpts, which is mounted at /dev/pts of `root`, and puts it on /dev/console
  /// when `isMounted`. Gives both sides.
  ///
  /// The multiplexer is verified by descriptor (devpts, 5:2), and its other side is opened through it, not by a path in the image (CVE-2025-52565).
  static func make(in root: borrowing RootDirectory, size: WindowSize?, isMounted: Bool) throws(SandboxError) -> ConsolePair {
    let path: Path = "/dev/pts/ptmx"
    let found = try attempt("open", path.description) { () throws(Errno) in try root.open(path, [.path, .noFollow]) }
    let type = try attempt("examine the file system of", path.description) { () throws(Errno) in try found.fileSystemStatus().type }
    let status = try attempt("examine", path.description) { () throws(Errno) in try found.status() }
    guard type == FileSystemStatus.devpts, status.type == .characterDevice, status.specialMajor == 5, status.specialMinor == 2 else {
      throw SandboxError("process.terminal: /dev/pts/ptmx in the container is not the terminal multiplexer; a devpts must be mounted at /dev/pts")
    }
    let multiplexer = try attempt("open", path.description) { () throws(Errno) in try found.reopen([.readWrite, .noControllingTerminal]) }
    let terminal = try attempt("open the other side of", path.description) { () throws(Errno) in try Terminal.openPeer(of: multiplexer) }
    if let size {
      try attempt("set the size of", "the terminal") { () throws(Errno) in try Terminal.setWindowSize(multiplexer.rawValue, size) }
    }
    if isMounted { try place(terminal, in: root) }
    return ConsolePair(multiplexer: multiplexer, terminal: terminal)
  }

  private static func place(_ terminal: borrowing FileDescriptor, in root: borrowing RootDirectory) throws(SandboxError) {
    let directory = try attempt("open", "/dev") { () throws(Errno) in try root.open("/dev", [.path, .directory]) }
    try attempt("make", "/dev/console") { () throws(Errno) in
      do throws(Errno) {
        _ = try directory.open("console", [.readOnly, .create, .exclusive, .noFollow], mode: 0o600)
      } catch {
        if error != .fileExists { throw error }
      }
      let place = try directory.open("console", [.path, .noFollow])
      guard try place.status().type != .symbolicLink else { throw Errno.tooManyLinks }
      try bindMount(terminal.processPath, on: place.processPath, recursive: false)
    }
  }
}

/// Both sides of a pseudo-terminal.
struct ConsolePair: ~Copyable {
  /// The side of the one who relays.
  var multiplexer: FileDescriptor
  /// The side of the container.
  var terminal: FileDescriptor
}
