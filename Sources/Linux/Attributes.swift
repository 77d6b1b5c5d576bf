internal import CLinux

extension FileDescriptor {
  /// Sets the permission bits, the set-id and the sticky bit (0o7777); not for `O_PATH` descriptors. The C function is `fchmod`.
  public borrowing func changeMode(_ mode: UInt32) throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_fchmod(number, mode) }
  }

  /// Sets owner and group; it clears the set-id bits and `security.capability`, so mode and attributes come after it. The C function is `fchownat` with
  /// `AT_EMPTY_PATH`.
  public borrowing func changeOwner(user: UInt32, group: UInt32) throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_fchownat(number, "", user, group, emptyPath) }
  }

  /// Sets owner and group of a name in this directory; a link is not followed. The C function is `fchownat` with `AT_SYMLINK_NOFOLLOW`.
  public borrowing func changeOwner(of path: Path, user: UInt32, group: UInt32) throws(Errno) {
    let number = rawValue
    _ = try checked { path.withCString { clinux_fchownat(number, $0, user, group, noFollowLink) } }
  }

  /// Sets the times of last access and change of the open file. The C function is `futimens`.
  public borrowing func changeTimes(_ time: FileTime) throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_utimensat(number, nil, time.seconds, time.nanoseconds, 0) }
  }

  /// Sets the times of last access and change of a name in this directory; a link is not followed. The C function is `utimensat` with `AT_SYMLINK_NOFOLLOW`.
  public borrowing func changeTimes(of path: Path, _ time: FileTime) throws(Errno) {
    let number = rawValue
    _ = try checked { path.withCString { clinux_utimensat(number, $0, time.seconds, time.nanoseconds, noFollowLink) } }
  }

  /// Makes a second name for a file; a link is not followed but linked itself. The C function is `linkat`.
  public borrowing func link(_ from: Path, to directory: borrowing FileDescriptor, _ name: Path) throws(Errno) {
    let source = rawValue
    let target = directory.rawValue
    _ = try checked { from.withCString { from in name.withCString { clinux_linkat(source, from, target, $0, 0) } } }
  }

  /// Makes another name for this open file, which is no directory. The C function is `linkat` with `AT_EMPTY_PATH`, which takes CAP_DAC_READ_SEARCH.
  public borrowing func link(to directory: borrowing FileDescriptor, _ name: Path) throws(Errno) {
    let (source, target) = (rawValue, directory.rawValue)
    _ = try checked { name.withCString { clinux_linkat(source, "", target, $0, emptyPath) } }
  }

  /// Sets an extended attribute of the open file. The C function is `fsetxattr`.
  public borrowing func setAttribute(_ name: Path, _ value: [UInt8]) throws(Errno) {
    let number = rawValue
    _ = try checked { name.withCString { name in value.withUnsafeBytes { clinux_fsetxattr(number, name, $0.baseAddress, $0.count) } } }
  }

  /// The same for text. Allocates nothing.
  public borrowing func setAttribute(_ name: Path, _ value: String) throws(Errno) {
    let number = rawValue
    var value = value
    _ = try checked { value.withUTF8 { value in name.withCString { clinux_fsetxattr(number, $0, value.baseAddress, value.count) } } }
  }

  /// Takes an extended attribute away; without it `.noData`. The C function is `fremovexattr`.
  public borrowing func removeAttribute(_ name: Path) throws(Errno) {
    let number = rawValue
    _ = try checked { name.withCString { clinux_fremovexattr(number, $0) } }
  }

  /// An extended attribute of the open file; without it `.noData`. The kernel allows 65,536 bytes; a value longer than
  /// `limit` throws ERANGE. The C function is `fgetxattr`.
  public borrowing func attribute(_ name: Path, limit: Int = 65536) throws(Errno) -> [UInt8] {
    let number = rawValue
    return try filledBytes(atMost: limit) { value in name.withCString { clinux_fgetxattr(number, $0, value.baseAddress, value.count) } }
  }

  /// The names of the extended attributes that this process may see; none where the file system has no such thing. The C function is `flistxattr`.
  public borrowing func attributeNames() throws(Errno) -> [Path] {
    let number = rawValue
    var names: [CChar] = []
    var count = 0
    do throws(Errno) {
      // Nearly all files have none.
      if try checked({ clinux_flistxattr(number, nil, 0) }) == 0 { return [] }
      names = [CChar](repeating: 0, count: 65536)
      count = try checked { names.withUnsafeMutableBufferPointer { clinux_flistxattr(number, $0.baseAddress, $0.count) } }
    } catch {
      if error == .notSupported { return [] }
      throw error
    }
    return names[..<count].split(separator: 0).map { name in Path(bytes: name.lazy.map { UInt8(bitPattern: $0) }) }
  }
}

/// A lock on a whole file among processes; it ends with `unlock`, with the last descriptor of the open file, and so with the process, however that ends.
extension FileDescriptor {
  /// Waits until nobody else holds the lock. The C function is `flock` with `LOCK_EX`.
  public borrowing func lock() throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_flock(number, 2) }
  }

  /// Takes the lock if nobody else holds it. The C function is `flock` with `LOCK_EX | LOCK_NB`.
  public borrowing func tryLock() throws(Errno) -> Bool {
    let number = rawValue
    do throws(Errno) {
      _ = try checked { clinux_flock(number, 2 | 4) }
      return true
    } catch {
      if error == .wouldBlock { return false }
      throw error
    }
  }

  /// Gives the lock back, for every copy of the descriptor. The C function is `flock` with `LOCK_UN`.
  public borrowing func unlock() throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_flock(number, 8) }
  }
}

extension FileDescriptor {
  /// Locks the file for this process if no other one has, and tells whether it did. A process that is cloned from this one does not get the lock, so it ends
  /// with this process alone, however that ends. It also ends when this process closes any descriptor of the file, so a lock of one's own is never tried again.
  /// The C function is `fcntl` with `F_SETLK`.
  public borrowing func lockForProcess() throws(Errno) -> Bool {
    let number = rawValue
    do throws(Errno) {
      _ = try checked { clinux_lock_for_process(number) }
      return true
    } catch {
      if error == .wouldBlock || error == .permissionDenied { return false }
      throw error
    }
  }
}

extension FileDescriptor {
  /// Whether another process holds the lock of `lockForProcess`; takes nothing. The C function is `fcntl` with `F_GETLK`.
  public borrowing func isLockedByOtherProcess() throws(Errno) -> Bool {
    let number = rawValue
    return try checked { clinux_locking_process(number) } != 0
  }
}

/// Makes `user` the owner of the pipe that `descriptor` stands for, so that a program of that user can open it again by name, as /dev/stdout does; runc does so
/// too. Anything but an anonymous pipe stays as it is: a file that output was redirected to belongs to the caller. The C function is `fchown`.
public func giveAnonymousPipe(_ descriptor: Int32, to user: UInt32) throws(Errno) {
  var status = clinux_statfs()
  // A descriptor that was closed before apus started is no pipe either. 0x50495045 is `PIPEFS_MAGIC`.
  guard clinux_fstatfs(descriptor, &status) == 0, status.type == 0x5049_5045 else { return }
  _ = try checked { clinux_fchownat(descriptor, "", user, .max, emptyPath) }
}
