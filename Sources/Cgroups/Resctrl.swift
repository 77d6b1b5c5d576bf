public import Linux

/// The mounted resctrl file system: classes of service as directories.
public final class Resctrl {
  let directory: FileDescriptor
  /// For messages.
  let path: String
  /// A plain directory of a test: the files in it are made when they are written.
  private let isSubstitute: Bool

  /// The file system where it is mounted; nil when it is not.
  public static func find() throws(CgroupError) -> Resctrl? {
    let table: [UInt8]
    do throws(SystemError) {
      table = try readFile("/proc/self/mountinfo", limit: 16 << 20)
    } catch {
      throw .system(error)
    }
    guard let point = resctrlMountPoint(table) else { return nil }
    let directory = try attempt("open", point) { () throws(Errno) in try FileDescriptor.open(point, .readOnly | .directory) }
    let type = try attempt("statfs", point) { () throws(Errno) in try directory.fileSystemStatus().type }
    if type != FileSystemStatus.resctrl { throw .refused("\(point.description) is not the resctrl file system: another one is mounted there") }
    return Resctrl(directory: directory, path: point.description, isSubstitute: false)
  }

  /// The error of a container that asks for a class where there is none.
  public static var missing: CgroupError {
    .refused("linux.intelRdt: no resctrl file system is mounted: mount one on /sys/fs/resctrl (resctrl, CONFIG_X86_CPU_RESCTRL)")
  }

  /// A plain directory in its place, for tests.
  convenience init(substitute path: Path) throws(Errno) {
    self.init(directory: try FileDescriptor.open(path, .readOnly | .directory), path: path.description, isSubstitute: true)
  }

  private init(directory: consuming FileDescriptor, path: String, isSubstitute: Bool) {
    self.directory = directory
    self.path = path
    self.isSubstitute = isSubstitute
  }

  /// Whether the class of `plan` is there.
  public func has(_ plan: IntelRdtPlan) throws(CgroupError) -> Bool { try has(plan.directory) }

  /// Makes the class of the plan and its monitoring group, as far as they are not there, and sets what is asked for; gives the group that processes join.
  ///
  /// When something fails, what was made here is removed again. `makes` tells that the caller has put on record that the class is new: one that has come
  /// meanwhile is somebody's then.
  public func make(_ plan: IntelRdtPlan, makes: Bool) throws(CgroupError) -> ResctrlGroup {
    if makes { try makeDirectory(plan.directory) }
    do throws(CgroupError) {
      if makes {
        try write(plan.lines, plan)
      } else {
        if try !has(plan.directory) { throw .refused("linux.intelRdt.closID: there is no class \(plan.group) in \(path)") }
        try requirePromised(plan)
        try write(plan.linesForExisting, plan)
      }
      if let monitor = plan.monitorDirectory { try makeMonitor(monitor) }
      return try ResctrlGroup(class: open(plan.directory), monitor: plan.monitorDirectory.map { (place) throws(CgroupError) in try open(place) })
    } catch {
      try? remove(plan, makes: makes)
      throw error
    }
  }

  /// Removes the monitoring group of the plan, and the class if the container has made it; what is gone already is no error.
  public func remove(_ plan: IntelRdtPlan, makes: Bool) throws(CgroupError) {
    // The class takes its monitoring groups with it.
    guard let place = makes ? plan.directory : plan.monitorDirectory else { return }
    do throws(Errno) {
      try directory.removeDirectory(place)
    } catch {
      if error != .noSuchFileOrDirectory { throw failure("remove", place, error) }
    }
  }

  /// The class and the monitoring group of a container that is there, for a further process; nil when the class is gone.
  public func group(of plan: IntelRdtPlan) throws(CgroupError) -> ResctrlGroup? {
    if try !has(plan.directory) { return nil }
    return try ResctrlGroup(class: open(plan.directory), monitor: plan.monitorDirectory.map { (place) throws(CgroupError) in try open(place) })
  }

  /// Changes a class while the container runs.
  public func update(_ plan: IntelRdtPlan, lines: [String]) throws(CgroupError) { try write(lines, plan) }

  /// Whether the machine has this kind of control, such as `L3` or `MB`.
  public func hasControl(_ name: Literal) throws(CgroupError) -> Bool { try has(Path("info/\(name)")) }

  /// The contents of a file below the mount point; nil when there is no such file.
  func contents(_ file: Path) throws(CgroupError) -> [UInt8]? {
    do throws(Errno) {
      return try directory.open(file, .readOnly | .noFollow).readAll(limit: 1 << 20)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw failure("read", file, error)
    }
  }

  /// What the class must have already, since others may use it.
  private func requirePromised(_ plan: IntelRdtPlan) throws(CgroupError) {
    if plan.promised.isEmpty || plan.isOwn { return }
    let contents = try contents(plan.directory.appending("schemata")) ?? []
    for line in plan.promised where !schemata(contents, have: line) {
      throw .refused("linux.intelRdt: the class \(plan.group) in \(path) is there with other values than \(line)")
    }
  }

  /// Writes all lines at once: the kernel takes all or none.
  private func write(_ lines: [String], _ plan: IntelRdtPlan) throws(CgroupError) {
    if lines.isEmpty { return }
    var text = ""
    for line in lines { text += line + "\n" }
    let file = plan.directory.appending("schemata")
    do throws(Errno) {
      try directory.open(file, isSubstitute ? .writeOnly | .create | .noFollow : .writeOnly | .noFollow, mode: 0o644).writeValue(text)
    } catch {
      throw failure("write the lines of linux.intelRdt to", file, error)
    }
  }

  private func makeDirectory(_ place: Path) throws(CgroupError) {
    do throws(Errno) {
      try directory.makeDirectory(place, mode: 0o755)
    } catch {
      throw failure("make", place, error)
    }
  }

  private func makeMonitor(_ place: Path) throws(CgroupError) {
    if isSubstitute { try? directory.makeDirectory(place.parent, mode: 0o755) }
    do throws(Errno) {
      try directory.makeDirectory(place, mode: 0o755)
    } catch {
      // Left from a container of this id that ended badly; it counts anew with the first process.
      if error != .fileExists { throw failure("make the monitoring group", place, error) }
    }
  }

  private func open(_ place: Path) throws(CgroupError) -> ResctrlDirectory {
    do throws(Errno) {
      return ResctrlDirectory(
        try directory.open(place, .readOnly | .directory | .noFollow), description: Text("\(path)/\(place)").string, isSubstitute: isSubstitute)
    } catch {
      throw failure("open", place, error)
    }
  }

  private func has(_ place: Path) throws(CgroupError) -> Bool {
    do throws(Errno) {
      _ = try directory.open(place, .path | .noFollow)
      return true
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw failure("look for", place, error)
    }
  }

  /// The error with what the kernel says of it in `info/last_cmd_status`.
  private func failure(_ operation: Literal, _ place: Path, _ errno: Errno) -> CgroupError {
    let error = SystemError(operation, "\(path)/\(place.description)", errno)
    guard let status = try? directory.open("info/last_cmd_status", .readOnly).readAll(limit: 4096), let line = status.split(separator: 0x0A).first,
      !line.elementsEqual("ok".utf8)
    else { return .system(error) }
    return .refused("\(error.message) (\(string(line)))")
  }
}

/// The groups of the resctrl file system that the processes of a container are in.
public struct ResctrlGroup {
  fileprivate let `class`: ResctrlDirectory
  fileprivate let monitor: ResctrlDirectory?

  /// Moves process `id`, or with 0 the one that calls, into the groups: first into the class, because a monitoring group takes only what is in its class.
  public func add(_ id: Int32) throws(CgroupError) {
    try self.class.add(id)
    try monitor?.add(id)
  }
}

/// One open directory of the resctrl file system.
private final class ResctrlDirectory {
  private let directory: FileDescriptor
  private let description: String
  private let isSubstitute: Bool

  init(_ directory: consuming FileDescriptor, description: String, isSubstitute: Bool) {
    self.directory = directory
    self.description = description
    self.isSubstitute = isSubstitute
  }

  func add(_ id: Int32) throws(CgroupError) {
    try attempt("move process", "\(id) to \(description)") { () throws(Errno) in
      try directory.open("tasks", isSubstitute ? .writeOnly | .create | .append | .noFollow : .writeOnly | .noFollow, mode: 0o644).writeValue(
        Text("\(id)\n").string)
    }
  }
}

extension IntelRdtPlan {
  /// Below the mount point.
  var directory: Path { Path(group.utf8.isEmpty ? "." : group) }

  /// The monitoring group below the mount point.
  var monitorDirectory: Path? { monitor.map { directory.appending("mon_groups").appending($0) } }
}

/// Where the mount table shows a resctrl file system; nil when it shows none.
func resctrlMountPoint(_ mountInfo: [UInt8]) -> Path? {
  let table = MountTable(mountInfo)
  for entry in table.entries where entry.type.matches("resctrl") && table.isVisible(entry) {
    if let point = unescaped(entry.mountPoint) { return Path(bytes: point) }
  }
  return nil
}
