internal import Linux

extension GroupDirectory {
  /// Makes the group `path` in `hierarchy`, and those above it that are missing; each directory is opened from the one above and verified.
  ///
  /// On v2, `controllers` are enabled from the mount point down, where they are not yet.
  static func make(
    _ path: CgroupPath, in hierarchy: CgroupHierarchy, at index: Int, enabling controllers: UnifiedControllers
  ) throws(CgroupError) -> GroupDirectory {
    var names = path.names
    guard let last = names.popLast() else { throw .refused("the control group path is empty") }
    var above = try hierarchy.openMountPoint()
    var walked = hierarchy.mountPoint
    if hierarchy.generation == .v2 { try enable(controllers, below: above, walked) }
    for name in names {
      walked = walked.appending(name.bytes)
      let next = try step(into: name, of: above, hierarchy, walked)
      above = next
      if hierarchy.generation == .v2 { try enable(controllers, below: above, walked) }
    }
    let description = walked.appending(last.bytes).description
    do throws(Errno) {
      try above.makeDirectory(last, mode: 0o755)
    } catch {
      if error != .fileExists { throw CgroupError("make the control group", Text(description), error) }
      try removeLeftover(path, in: hierarchy, at: index)
    }
    let directory = try step(into: last, of: above, hierarchy, walked.appending(last.bytes))
    return GroupDirectory(hierarchy: hierarchy, index: index, name: last, parent: above, directory: directory, description: description)
  }

  /// The group `path` in `hierarchy`; nil when it is not there. These file systems have no links, so one walk by the kernel below a verified mount point is
  /// safe.
  static func find(_ path: CgroupPath, in hierarchy: CgroupHierarchy, at index: Int) throws(CgroupError) -> GroupDirectory? {
    var names = path.names
    guard let last = names.popLast() else { return nil }
    let top = try hierarchy.openMountPoint()
    var above: Path = "."
    for name in names { above = above.appending(name.bytes) }
    let description = hierarchy.describe(path)
    guard let parent = try openIfPresent(above, below: top, description) else { return nil }
    guard let directory = try openIfPresent(last, below: parent, description) else { return nil }
    try hierarchy.verify(directory, description)
    return GroupDirectory(hierarchy: hierarchy, index: index, name: last, parent: parent, directory: directory, description: description)
  }

  /// Opens the group `path` below an open one; nil when it is not there.
  private static func openIfPresent(_ path: Path, below directory: borrowing FileDescriptor, _ description: String) throws(CgroupError) -> FileDescriptor? {
    do throws(Errno) {
      return try directory.open(path, .readOnly | .directory | .noFollow)
    } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
      throw CgroupError("open", Text(description), error)
    }
  }

  /// Opens the group `name`, making it when it is missing.
  private static func step(
    into name: Path, of above: borrowing FileDescriptor, _ hierarchy: CgroupHierarchy, _ path: Path
  ) throws(CgroupError) -> FileDescriptor {
    let directory: FileDescriptor
    do throws(Errno) {
      directory = try above.ensureDirectory(name, mode: 0o755)
    } catch {
      throw CgroupError("make the control group", path, error)
    }
    try hierarchy.verify(directory, path.description)
    if hierarchy.generation == .v1 && hierarchy.controllers.contains(.cpuset) { try inheritProcessors(directory, from: above, hierarchy, path) }
    return directory
  }

  /// Removes what a container of the same path left when it was killed together with its monitor, so that the group is made anew and no old limit stays.
  private static func removeLeftover(_ path: CgroupPath, in hierarchy: CgroupHierarchy, at index: Int) throws(CgroupError) {
    guard let leftover = try find(path, in: hierarchy, at: index) else { return }
    if try !leftover.processes().isEmpty { throw .refused("container's cgroup is not empty: \(leftover.description) has processes") }
    try leftover.remove()
  }

  /// Enables `controllers` for the group `path` of v2, which is there already: from the mount point down, in every group above it.
  static func enable(_ controllers: UnifiedControllers, above path: CgroupPath, in hierarchy: CgroupHierarchy) throws(CgroupError) {
    var above = try hierarchy.openMountPoint()
    var walked = hierarchy.mountPoint
    try enable(controllers, below: above, walked)
    for name in path.names.dropLast() {
      walked = walked.appending(name.bytes)
      let next = try attempt("open", walked) { () throws(Errno) in try above.open(name, .readOnly | .directory | .noFollow) }
      above = next
      try enable(controllers, below: above, walked)
    }
  }

  /// Enables for the groups below the open directory the controllers that are not yet.
  ///
  /// The file is read first: a write, even of what is so already, locks out all changes to the tree and waits for groups that are being removed.
  private static func enable(_ controllers: UnifiedControllers, below directory: borrowing FileDescriptor, _ path: Path) throws(CgroupError) {
    if controllers.isEmpty { return }
    let file: Path = "cgroup.subtree_control"
    let contents: [UInt8]
    do throws(Errno) {
      contents = try directory.open(file, .readOnly | .noFollow).readAll(limit: 1 << 16)
    } catch {
      throw CgroupError("read", "cgroup.subtree_control in \(path.description)", error)
    }
    let enabled = contents.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A })
    func isMissing(_ word: String) -> Bool { !enabled.contains { word.utf8.elementsEqual($0) } }
    func write(_ words: String) throws(Errno) { try directory.open(file, .writeOnly | .noFollow).writeValue(words) }

    let missing = controllers.required.filter(isMissing)
    let wanted = controllers.wanted.filter(isMissing)
    if missing.isEmpty && wanted.isEmpty { return }
    if try hasProcesses(directory, path) {
      if !missing.isEmpty { throw refusal(of: additions(missing), in: path, .busy) }
      return
    }
    if !missing.isEmpty {
      let words = additions(missing)
      do throws(Errno) {
        try write(words)
      } catch {
        throw refusal(of: words, in: path, error)
      }
    }
    if wanted.isEmpty { return }
    do throws(Errno) {
      try write(additions(wanted))
    } catch {
      // One that this group cannot have keeps the others out as well.
      for word in wanted { try? write(additions([word])) }
    }
  }

  /// Whether the group has processes of its own, so that it cannot hand controllers down. Of some the kernel lets it all the same (cpu, cpuset and pids, which
  /// count threads): the groups below are then no place for a process any more (`domain invalid`, cgroup-v2.rst, "Threads"). The root may have both, and alone
  /// has no `cgroup.type` (Linux 4.14).
  private static func hasProcesses(_ directory: borrowing FileDescriptor, _ path: Path) throws(CgroupError) -> Bool {
    do throws(Errno) {
      _ = try directory.open("cgroup.type", .path | .noFollow)
      return try !directory.open("cgroup.procs", .readOnly | .noFollow).readAll(limit: 1 << 22).isEmpty
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      // A threaded group, whose processes are told of further up.
      if error == .notSupported { return true }
      throw CgroupError("read", "cgroup.procs in \(path.description)", error)
    }
  }

  /// The words as `cgroup.subtree_control` takes them.
  private static func additions(_ words: [String]) -> String {
    var text = ""
    for word in words { text += Text("\(text.utf8.isEmpty ? "" : " ")+\(word)").string }
    return text
  }

  private static func refusal(of words: String, in path: Path, _ error: Errno) -> CgroupError {
    let file: Text = "cgroup.subtree_control in \(path)"
    if error == .busy {
      return .refused(
        "cannot write \(words) to \(file): the group has processes of its own, and cgroup v2 has them only in groups without limits below")
    }
    if error == .noSuchFileOrDirectory { return .refused("cannot write \(words) to \(file): the group above does not hand the controller down") }
    return CgroupError("write", "\(words) to \(file)", error)
  }

  /// Gives a new group of the v1 cpuset hierarchy the processors and memory nodes of the one above: with none, no process can enter it (ENOSPC).
  private static func inheritProcessors(
    _ directory: borrowing FileDescriptor, from above: borrowing FileDescriptor, _ hierarchy: CgroupHierarchy, _ path: Path
  ) throws(CgroupError) {
    for file in ["cpuset.cpus", "cpuset.mems"] {
      let name = hierarchy.fileName(file)
      do throws(Errno) {
        // An empty list is a lone newline.
        if try directory.open(name, .readOnly | .noFollow).readAll(limit: 1 << 16).count > 1 { continue }
        let list = try above.open(name, .readOnly | .noFollow).readAll(limit: 1 << 16)
        try directory.open(name, .writeOnly | .noFollow).writeValue(string(list[...]))
      } catch {
        throw CgroupError("inherit", "\(file) for \(path)", error)
      }
    }
  }
}
