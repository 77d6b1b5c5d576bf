internal import JSON
internal import Linux
internal import OCI

/// What can be read of the program of a container that runs. What cannot be, because it has just ended or the kernel is too old, is nil.
final class RunningProcess {
  private let handle: ProcessHandle
  private let statusFile: [UInt8]

  init(_ handle: consuming ProcessHandle) {
    self.handle = handle
    statusFile = (try? self.handle.open("status", .readOnly).readAll(limit: 1 << 16)) ?? []
  }

  /// The bytes of a file of /proc/PID.
  @inline(never)
  private func contents(_ file: String) -> [UInt8]? { try? handle.open(Path(file), .readOnly).readAll(limit: 1 << 16) }

  // MARK: files

  /// What a file says: its words with a space between two of them, and its lines with a semicolon.
  func words(of file: String) -> String? {
    // The module's own since Linux 5.8; before, it is the only one that there is.
    guard let contents = contents(file) ?? (file.begins(with: "attr/") ? contents("attr/current") : nil) else { return nil }
    return joined(contents.split(separator: 0x0A).map { RunningProcess.plain($0) }, with: "; ")
  }

  /// A field of /proc/PID/status (proc_pid_status(5)).
  func status(_ field: Literal) -> String? { status(field.description) }

  func status(_ field: String) -> String? { RunningProcess.field(field, in: statusFile) }

  static func field(_ name: String, in status: [UInt8]) -> String? {
    for line in status.split(separator: 0x0A) {
      let parts = line.split(separator: 0x3A, maxSplits: 1)
      if parts.count == 2, name.utf8.elementsEqual(parts[0]) { return plain(parts[1]) }
    }
    return nil
  }

  /// The words of a line with a space between two of them. The labels of security modules may end with a NUL.
  private static func plain(_ line: ArraySlice<UInt8>) -> String {
    joined(line.split { $0 <= 0x20 }.map { string($0) }, with: " ")
  }

  /// The real user and group, and the supplementary groups, in the numbers of the one who asks.
  var user: String? {
    guard let user = status("Uid"), let group = status("Gid"), let groups = status("Groups") else { return nil }
    let numbers: Text = "uid \(cut(user, at: " ").before), gid \(cut(group, at: " ").before)"
    return groups.utf8.isEmpty ? numbers.string : Text("\(numbers), additionalGids \(groups)").string
  }

  /// A resource limit, from /proc/PID/limits; `resource` is the number of the C constant `RLIMIT_…`.
  func limit(_ resource: Int32) -> String? { contents("limits").flatMap { RunningProcess.limit(resource, in: $0) } }

  /// The kernel writes a line for each in the order of their numbers, below a heading; the name, of several words, takes 26 bytes.
  static func limit(_ resource: Int32, in contents: [UInt8]) -> String? {
    let lines = contents.split(separator: 0x0A)
    guard resource >= 0, Int(resource) + 1 < lines.count else { return nil }
    let words = lines[Int(resource) + 1].dropFirst(26).split { $0 == 0x20 }
    return words.count < 2 ? nil : Text("hard \(string(words[1])), soft \(string(words[0]))").string
  }

  // MARK: namespaces and mounts

  /// The namespace of this kind, such as `pid:[4026531836]`; that of apus isolates nothing.
  func namespace(_ file: Path) -> String? {
    guard let own = try? FileDescriptor.open(Path("/proc/self").appending(file.bytes), .path).status() else { return nil }
    guard let found = try? handle.open(file, .path).status() else { return nil }
    let name = string(file.bytes.dropFirst(3))
    return found.isSameFile(as: own) ? "none" : Text("\(name):[\(found.inode)]").string
  }

  /// The paths in a list for which `holds` is true, in their order.
  func those(of list: JSONValue, _ isHeld: (Path) -> Bool) -> String {
    joined(list.elements().map { $0.string() }.filter { isHeld(Path($0)) }, with: " ")
  }

  /// Whether a path is on a mount, or a file system, that cannot be written; as little can one that is not there.
  func isReadOnly(_ path: Path) -> Bool {
    holds(path) { (place) throws(Errno) in try place.fileSystemStatus().mountFlags.contains(.readOnly) }
  }

  /// Whether a path is the null device, or on a file system with nothing in it and no room for anything; as little is to be seen of one that is not there.
  func isMasked(_ path: Path) -> Bool {
    holds(path) { (place) throws(Errno) in
      let status = try place.status()
      if status.type == .characterDevice { return status.specialMajor == 1 && status.specialMinor == 3 }
      let mounted = try place.fileSystemStatus()
      return mounted.type == FileSystemStatus.tmpfs && mounted.mountFlags.contains(.readOnly) && mounted.filesAvailable == 0
    }
  }

  @inline(never)
  private func holds(_ path: Path, _ body: (borrowing FileDescriptor) throws(Errno) -> Bool) -> Bool {
    do throws(Errno) {
      return try body(RootDirectory(handle.open("root", .path | .directory)).open(path, .path))
    } catch {
      return error == .noSuchFileOrDirectory || error == .notDirectory
    }
  }
}
