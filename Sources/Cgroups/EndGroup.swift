internal import Linux

extension ContainerCgroup {
  /// Kills every process of the container, those of groups below too, and waits until they have ended.
  ///
  /// By `cgroup.kill` (Linux 5.14) the kernel does it at once. Before, the group is frozen, so that it cannot fork faster than it is killed and no process id
  /// can pass to another process meanwhile, and each process gets SIGKILL; where there is no freezer, this is repeated until the group is empty. Processes that
  /// the kernel does not let go within `milliseconds` are an error that names them.
  public borrowing func kill(milliseconds: Int32 = 5000) throws(CgroupError) {
    guard let group = tracking else { return }
    var patience = Patience(milliseconds: milliseconds)
    if group.hierarchy.generation == .v2, try group.writeIfPresent("cgroup.kill", "1") {
      while try !group.isEmpty() {
        guard patience.wait() else { throw try group.stuck() }
      }
      return
    }
    while try !group.killAll() {
      guard patience.wait() else { throw try group.stuck() }
    }
  }

  /// Removes the groups and those that the container made below them; a group that is gone already is no error.
  ///
  /// A process that has just died may keep its group busy for a moment: removal is tried again for two seconds.
  public borrowing func remove() throws(CgroupError) {
    var first: CgroupError?
    for group in groups {
      do throws(CgroupError) {
        try group.remove()
      } catch {
        // The others are removed all the same.
        if first == nil { first = error }
      }
    }
    if let first { throw first }
  }
}

extension GroupDirectory {
  /// The processes of this group and of those below it; 0 stands for one that this pid namespace does not see.
  func processes() throws(CgroupError) -> [Int32] {
    var found: [Int32] = []
    do throws(Errno) {
      try GroupDirectory.collect(directory, depth: 0, into: &found)
    } catch {
      throw .system(SystemError("read the processes of", description, error))
    }
    return found
  }

  /// Adds the processes of an open group and of those below it; what vanishes meanwhile has none.
  private static func collect(_ group: borrowing FileDescriptor, depth: Int, into found: inout [Int32]) throws(Errno) {
    do throws(Errno) {
      let bytes = try group.open("cgroup.procs", [.readOnly, .noFollow]).readAll(limit: 1 << 22)
      for line in bytes.split(separator: 0x0A) {
        if let id = decimal(line).flatMap({ Int32(exactly: $0) }) { found.append(id) }
      }
      // A second descriptor, because a directory is read from the start only once.
      for entry in try group.open(".", [.readOnly, .directory]).entries() where entry.type == .directory {
        if depth >= depthLimit { throw .nameTooLong }
        let below = try group.open(entry.name, [.readOnly, .directory, .noFollow])
        try collect(below, depth: depth + 1, into: &found)
      }
    } catch {
      // ENODEV is what a file of a removed group says; a threaded v2 group has no list (EOPNOTSUPP), its processes are in that of the group above.
      if error != .noSuchFileOrDirectory && error != .noDevice && error != .notSupported { throw error }
    }
  }

  /// Whether no process is left in this group and below it.
  func isEmpty() throws(CgroupError) -> Bool {
    if hierarchy.generation == .v2, let events = try read("cgroup.events"), let populated = value(of: "populated", in: events) { return populated == 0 }
    return try processes().isEmpty
  }

  /// Sends SIGKILL to all once; whether there was none left.
  func killAll() throws(CgroupError) -> Bool {
    let isV1Freezer = hierarchy.generation == .v1 && hierarchy.controllers.contains(.freezer)
    var frozen = false
    if isV1Freezer {
      frozen = try writeIfPresent("freezer.state", "FROZEN")
    } else if hierarchy.generation == .v2 {
      _ = try writeIfPresent("cgroup.freeze", "1")
    }
    let count = try send(.kill)
    // A frozen process of v1 dies when it is thawed; one of v2 dies as it is.
    if frozen { _ = try writeIfPresent("freezer.state", "THAWED") }
    return count == 0
  }

  /// The error that names what is left.
  func stuck() throws(CgroupError) -> CgroupError {
    var names = ""
    for process in try processes().prefix(8) { names += names.utf8.isEmpty ? "\(process)" : ", \(process)" }
    return .refused("the processes of the control group \(description) do not end: \(names)")
  }

  /// Removes the group and those below it.
  func remove() throws(CgroupError) {
    var patience = Patience(milliseconds: 2000)
    while true {
      do throws(Errno) {
        try parent.removeDirectory(name)
        return
      } catch {
        if error == .noSuchFileOrDirectory { return }
        guard error == .busy || error == .notEmpty else { throw .system(SystemError("remove the control group", description, error)) }
      }
      do throws(Errno) {
        try GroupDirectory.removeBelow(directory, depth: 0)
      } catch {
        throw .system(SystemError("remove the control groups below", description, error))
      }
      guard patience.wait() else { throw .system(SystemError("remove the control group", description, .busy)) }
    }
  }

  /// Removes the groups below an open one as far as they are empty, innermost first. What is busy is left: who calls tries again with the whole.
  private static func removeBelow(_ group: borrowing FileDescriptor, depth: Int) throws(Errno) {
    for entry in try group.open(".", [.readOnly, .directory]).entries() where entry.type == .directory {
      do throws(Errno) {
        if depth >= depthLimit { throw .nameTooLong }
        let below = try group.open(entry.name, [.readOnly, .directory, .noFollow])
        try removeBelow(below, depth: depth + 1)
        try group.removeDirectory(entry.name)
      } catch {
        if error != .noSuchFileOrDirectory && error != .busy && error != .notEmpty { throw error }
      }
    }
  }

  /// How deep groups may be nested: more than anybody has, and it bounds the recursion.
  private static var depthLimit: Int { 64 }
}

/// Waits longer each time, up to a limit in total.
struct Patience {
  var left: Int32
  var next: Int32 = 1

  init(milliseconds: Int32) { left = milliseconds }

  /// Waits; false when there is no time left.
  mutating func wait() -> Bool {
    if left <= 0 { return false }
    let span = min(next, left)
    _ = try? waitForInput([], timeoutMilliseconds: span)
    left -= span
    next = min(next * 2, 32)
    return true
  }
}
