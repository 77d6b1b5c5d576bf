internal import Linux

/// Numbers of users that containers run as where nothing else tells their processes from those of others. Each is given once and never again, because files of an
/// earlier container may still belong to it.
enum UserNumbers {
  /// Above what Debian gives to subordinate users (600,100,000) and Android to the users of its applications, and below where numbers of 31 bits end. systemd leaves
  /// this to containers (systemd.io/UIDS-GIDS).
  static var first: UInt32 { 0x4000_0000 }
  static var last: UInt32 { 0x6FFF_FFFF }

  /// Takes the next number, on record in `directory`, which lasts; it is made when it is missing. What a process takes that is killed then is never given again.
  static func take(in path: Path) throws(RuntimeError) -> UInt32 {
    let directory = try open(path)
    let lock = try attempt("lock", "\(path)/users.lock") { () throws(Errno) in
      let lock = try directory.open("users.lock", .readWrite | .create | .noFollow, mode: 0o600)
      try lock.lock()
      return lock
    }
    let number = try next(in: directory, path)
    guard number >= first, number <= last else { throw RuntimeError("\(path)/users: no numbers of users are left for containers") }
    try attempt("write", "\(path)/users") { () throws(Errno) in
      try directory.replaceFile("users", Array(Text("\(number + 1)\n").string.utf8), mode: 0o600, isDurable: true)
      try lock.unlock()
    }
    return number
  }

  private static func open(_ path: Path) throws(RuntimeError) -> FileDescriptor {
    let directory = try attempt("make", path) { () throws(Errno) in
      try RootDirectory(try FileDescriptor.open("/", .path | .directory)).makeDirectories(path, mode: 0o700).open(".", .readOnly | .directory)
    }
    let status = try attempt("examine", path) { () throws(Errno) in try directory.status() }
    // Whoever can write here could have two containers get one number.
    guard status.user == effectiveUser(), status.mode & 0o022 == 0 else {
      throw RuntimeError("\(path): cannot hold the numbers of users, because others may write to it")
    }
    return directory
  }

  /// The number on record; the first when there is no record yet.
  private static func next(in directory: borrowing FileDescriptor, _ path: Path) throws(RuntimeError) -> UInt32 {
    var bytes: [UInt8] = []
    do throws(Errno) {
      bytes = try directory.open("users", .readOnly | .noFollow).readAll(limit: 64)
    } catch {
      if error == .noSuchFileOrDirectory { return first }
      throw RuntimeError("read", "\(path)/users", error)
    }
    guard bytes.last == 0x0A, let number = decimal(bytes.dropLast()), let number = UInt32(exactly: number) else {
      throw RuntimeError("\(path)/users: is not the number that Apus has written there")
    }
    return number
  }
}
