internal import Linux

extension ContainerCgroup {
  /// Kills every process of the container, those of groups below too, and waits until they have ended.
  ///
  /// By `cgroup.kill` (Linux 5.14) the kernel does it at once. Before, the group is frozen, so that it cannot fork faster than it is killed and no process id
  /// can pass to another process meanwhile, and each process gets SIGKILL; where there is no freezer, this is repeated until the group is empty. Processes that
  /// the kernel does not let go within `milliseconds` are an error that names them.
  public func kill(milliseconds: Int32 = 5000) throws(CgroupError) {
    guard let group = tracking else { return }
    var patience = Patience(milliseconds: milliseconds)
    if group.hierarchy.generation == .v2, try group.writeIfPresent("cgroup.kill", "1") {
      while true {
        // SIGKILL is on its way to all by now: nobody freezes anything any more.
        try thawAll(but: group)
        if try group.isEmpty() { return }
        guard patience.wait() else { throw try group.stuck() }
      }
    }
    // All processes are in that of the freezer as well.
    let stopped = try freezer() ?? group
    while true {
      let isEmpty = try stopped.killAll()
      try thawAll(but: stopped)
      if isEmpty { return }
      guard patience.wait() else { throw try stopped.stuck() }
    }
  }

  /// Thaws what is frozen in the v1 freezer, the container's own group and those that it has made below it and frozen by itself, unless that is `done`: a
  /// frozen process of v1 dies when it is thawed; one of v2 dies as it is.
  func thawAll(but done: GroupDirectory) throws(CgroupError) {
    for group in groups where group.isLegacyFreezer && group !== done { try group.thawAll() }
  }

  /// Removes the groups and those that the container made below them; a group that is gone already is no error.
  ///
  /// A process that has just died may keep its group busy for a moment: removal is tried again for two seconds.
  public func remove() throws(CgroupError) {
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
      try GroupWalk.visit(directory, enter: { (group) throws(Errno) in try GroupDirectory.collect(group, into: &found) })
    } catch {
      throw CgroupError("read the processes of", Text(description), error)
    }
    return found
  }

  /// Adds the processes of one open group.
  private static func collect(_ group: borrowing FileDescriptor, into found: inout [Int32]) throws(Errno) {
    do throws(Errno) {
      let bytes = try group.open("cgroup.procs", .readOnly | .noFollow).readAll(limit: 1 << 22)
      for line in bytes.split(separator: 0x0A) {
        if let id = decimal(line).flatMap({ Int32(exactly: $0) }) { found.append(id) }
      }
    } catch {
      // A threaded v2 group has no list (EOPNOTSUPP), its processes are in that of the group above.
      if !error.meansGone && error != .notSupported { throw error }
    }
  }

  /// Whether no process is left in this group and below it.
  func isEmpty() throws(CgroupError) -> Bool {
    if hierarchy.generation == .v2, let events = try read("cgroup.events"), let populated = value(of: "populated", in: events) { return populated == 0 }
    return try processes().isEmpty
  }

  /// Whether this is a group of the v1 freezer.
  var isLegacyFreezer: Bool { hierarchy.generation == .v1 && hierarchy.controllers.contains(.freezer) }

  /// Sends SIGKILL to all once, frozen meanwhile so that none forks; whether there was none left.
  func killAll() throws(CgroupError) -> Bool {
    if isLegacyFreezer {
      _ = try writeIfPresent("freezer.state", "FROZEN")
    } else if hierarchy.generation == .v2 {
      _ = try writeIfPresent("cgroup.freeze", "1")
    }
    var count = 0
    do throws(CgroupError) {
      count = try send(.kill)
    } catch {
      // Nobody else would do it.
      if isLegacyFreezer { try? thawAll() }
      throw error
    }
    if isLegacyFreezer { try thawAll() }
    return count == 0
  }

  /// Thaws this group of the v1 freezer and those below it.
  func thawAll() throws(CgroupError) {
    let file = hierarchy.fileName("freezer.state")
    do throws(Errno) {
      try GroupWalk.visit(
        directory,
        enter: { (group) throws(Errno) in
          do throws(Errno) {
            try group.open(file, .writeOnly | .noFollow).writeValue("THAWED")
          } catch {
            if !error.meansGone { throw error }
          }
        })
    } catch {
      throw CgroupError("thaw", Text(description), error)
    }
  }

  /// The error that names what is left.
  func stuck() throws(CgroupError) -> CgroupError {
    var names = ""
    for process in try processes().prefix(8) { names += names.utf8.isEmpty ? String(process) : Text(", \(process)").string }
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
        guard error == .busy || error == .notEmpty else { throw CgroupError("remove the control group", Text(description), error) }
      }
      do throws(Errno) {
        // What is busy is left: the whole is tried again.
        try GroupWalk.visit(
          directory,
          leave: { (above, name) throws(Errno) in
            do throws(Errno) {
              try above.removeDirectory(name)
            } catch {
              if !error.meansGone && error != .busy && error != .notEmpty { throw error }
            }
          })
      } catch {
        throw CgroupError("remove the control groups below", Text(description), error)
      }
      guard patience.wait() else { throw CgroupError("remove the control group", Text(description), .busy) }
    }
  }
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
