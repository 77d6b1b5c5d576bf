internal import Linux

/// Tells when processes of a container want for memory, as something to wait for with `waitForInput`.
public final class OutOfMemoryWatch {
  private let group: GroupDirectory
  private let notifier: FileDescriptor
  /// The file that tells; v1 asks for it to stay open.
  private let events: FileDescriptor
  /// How many kills have been told of.
  private var told: UInt64

  /// The number to wait for.
  public var rawValue: Int32 { notifier.rawValue }

  /// How often it has happened since it was asked last: on v2 each process that the kernel has killed for it, on v1 each time that the kernel has come to that.
  public func next() throws(CgroupError) -> UInt64 {
    do throws(Errno) {
      if group.hierarchy.generation == .v1 {
        var count: UInt64 = 0
        for (index, byte) in try notifier.takeNotice().prefix(8).enumerated() { count |= UInt64(byte) << UInt64(8 * index) }
        // The end of the group counts as one, too.
        return count > 0 && group.isPresent ? count : 0
      }
      while try !notifier.takeNotice().isEmpty {}
    } catch {
      throw CgroupError("read events of", Text(group.description), error)
    }
    guard let kills = try group.killsForMemory(), kills > told else { return 0 }
    let new = kills - told
    told = kills
    return new
  }

  fileprivate init(_ group: GroupDirectory) throws(CgroupError) {
    self.group = group
    let isUnified = group.hierarchy.generation == .v2
    let file = isUnified ? "memory.events" : "memory.oom_control"
    do throws(Errno) {
      let opened = try group.directory.open(group.hierarchy.fileName(file), .readOnly | .noFollow)
      let made = try isUnified ? FileDescriptor.makeChangeNotifier() : FileDescriptor.makeEventCounter()
      if isUnified {
        // The second changes with the last process.
        for name in [file, "cgroup.events"] { try made.watchChanges(of: Path("/proc/self/fd/\(group.directory.rawValue)/\(name)")) }
      } else {
        try group.write("cgroup.event_control", Text("\(made.rawValue) \(opened.rawValue)").string)
      }
      events = opened
      notifier = made
    } catch {
      throw CgroupError("watch", "\(file) in \(group.description)", error)
    }
    told = isUnified ? try group.killsForMemory() ?? 0 : 0
  }
}

extension ContainerCgroup {
  /// Watches for want of memory from now on; nil when no group of the container counts memory.
  public func watchOutOfMemory() throws(CgroupError) -> OutOfMemoryWatch? {
    for group in groups {
      if group.hierarchy.generation == .v2 {
        if try group.read("memory.events") != nil { return try OutOfMemoryWatch(group) }
      } else if group.hierarchy.controllers.contains(.memory) {
        return try OutOfMemoryWatch(group)
      }
    }
    return nil
  }

  /// Whether a process of the container is left. Without control groups it is not known, and true.
  public func hasProcesses() throws(CgroupError) -> Bool {
    guard let group = tracking else { return isDisabled }
    return try !group.isEmpty()
  }
}

extension GroupDirectory {
  /// How many processes of a v2 group the kernel has killed for want of memory; since Linux 4.13.
  fileprivate func killsForMemory() throws(CgroupError) -> UInt64? { try read("memory.events").flatMap { value(of: "oom_kill", in: $0) } }

  /// Whether the group is there still: a file of one that was removed cannot be opened.
  fileprivate var isPresent: Bool {
    do throws(Errno) {
      _ = try directory.open("cgroup.procs", .path | .noFollow)
      return true
    } catch {
      return false
    }
  }
}
