import Foundation

/// Another process that holds the process lock (fcntl(2) F_SETLK) of a file: a lock of the test's own process would not keep that process out.
public final class LockHolder {
  private let process = Process()
  private let input = Pipe()

  /// Comes back when the lock is held.
  public init(_ file: String) throws {
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [
      "-c", "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()", file,
    ]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = output.fileHandleForReading.readData(ofLength: 4)
  }

  /// Ends the process, and the lock with it.
  public func end() {
    input.fileHandleForWriting.closeFile()
    process.waitUntilExit()
  }
}
