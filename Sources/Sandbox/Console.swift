internal import Linux

/// The container's own terminal.
enum Console {
  /// Makes a pseudo-terminal in the container's devpts, which is mounted at /dev/pts of `root`, and puts it on /dev/console
  /// when `isMounted`. Gives both sides.
  ///
  /// By descriptors alone, without /proc, which may be the container's: nobody can put a file into a devpts. What is opened there is verified (devpts, 5:2), and
  /// its other side is opened through it, not by a path in the image (CVE-2025-52565).
  static func make(in root: borrowing RootDirectory, size: WindowSize?, isMounted: Bool) throws(SandboxError) -> ConsolePair {
    let path: Path = "/dev/pts/ptmx"
    let directory = RootDirectory(try attempt("open", "/dev/pts") { () throws(Errno) in try root.open("/dev/pts", .path | .directory) })
    // Its root: what is bound of a devpts has another number.
    guard try isDevpts(directory.descriptor), try status(directory.descriptor).inode == 1 else { throw notMultiplexer }
    let multiplexer = try attempt("open", path) { () throws(Errno) in
      try directory.openOnSameMount("ptmx", .readWrite | .noFollow | .noControllingTerminal)
    }
    let found = try status(multiplexer)
    guard try isDevpts(multiplexer), found.type == .characterDevice, found.specialMajor == 5, found.specialMinor == 2 else { throw notMultiplexer }
    let terminal = try attempt("open the other side of", path) { () throws(Errno) in try Terminal.openPeer(of: multiplexer) }
    if let size {
      try attempt("set the size of", "the terminal") { () throws(Errno) in try Terminal.setWindowSize(multiplexer.rawValue, size) }
    }
    if isMounted { try place(terminal, in: root) }
    return ConsolePair(multiplexer: multiplexer, terminal: terminal)
  }

  private static var notMultiplexer: SandboxError {
    SandboxError("process.terminal: /dev/pts/ptmx in the container is not the terminal multiplexer; a devpts must be mounted at /dev/pts")
  }

  private static func isDevpts(_ file: borrowing FileDescriptor) throws(SandboxError) -> Bool {
    try attempt("examine the file system of", "/dev/pts") { () throws(Errno) in try file.fileSystemStatus().type == FileSystemStatus.devpts }
  }

  private static func status(_ file: borrowing FileDescriptor) throws(SandboxError) -> FileStatus {
    try attempt("examine", "/dev/pts") { () throws(Errno) in try file.status() }
  }

  private static func place(_ terminal: borrowing FileDescriptor, in root: borrowing RootDirectory) throws(SandboxError) {
    let directory = try attempt("open", "/dev") { () throws(Errno) in try root.open("/dev", .path | .directory) }
    try attempt("make", "/dev/console") { () throws(Errno) in
      do throws(Errno) {
        _ = try directory.open("console", .readOnly | .create | .exclusive | .noFollow, mode: 0o600)
      } catch {
        if error != .fileExists { throw error }
      }
      let place = try directory.open("console", .path | .noFollow)
      guard try place.status().type != .symbolicLink else { throw Errno.tooManyLinks }
      try bindMount(terminal, on: place, recursive: false)
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
