internal import Linux

/// The groups that a further process of a running container joins.
public struct JoinTarget {
  private let groups: [GroupDirectory]

  fileprivate init(_ groups: [GroupDirectory]) { self.groups = groups }

  /// The v2 group's directory, for CLONE_INTO_CGROUP; valid as long as this value. Nil when there is no v2 group.
  public var cloneTarget: Int32? { groups.first { $0.hierarchy.generation == .v2 }?.directory.rawValue }

  /// As `ContainerCgroup.add`.
  public func add(_ id: Int32, alsoUnified: Bool) throws(CgroupError) {
    for group in groups where alsoUnified || group.hierarchy.generation == .v1 { try group.add(id) }
  }
}

/// A group below the container's own, in one hierarchy or in all.
public struct Subgroup: Sendable {
  /// The controller whose hierarchy is meant, as a v1 mount option names it; nil is every hierarchy.
  var controller: String?
  /// Below the container's group; empty is that group itself.
  var path: Path

  /// From the arguments of `exec --cgroup`: one path, or paths for v1 hierarchies as `CONTROLLER[,CONTROLLER...]:PATH`. Refused in runc's words.
  public static func parse(_ arguments: [String]) throws(CgroupError) -> [Subgroup] {
    var subgroups: [Subgroup] = []
    for argument in arguments {
      let bytes = Array(argument.utf8)
      guard let colon = bytes.firstIndex(of: 0x3A) else {
        if arguments.count != 1 { throw .refused("invalid --cgroup argument: \(argument) (missing <controller>: prefix)") }
        subgroups.append(Subgroup(controller: nil, path: try relative(bytes[...], argument)))
        continue
      }
      let path = try relative(bytes[(colon + 1)...], argument)
      for word in bytes[..<colon].split(separator: 0x2C, omittingEmptySubsequences: false) {
        if word.isEmpty { throw .refused("invalid --cgroup argument: \(argument) (empty <controller> prefix)") }
        let controller = string(word)
        if subgroups.contains(where: { $0.controller?.equals(controller) ?? false }) {
          throw .refused("invalid --cgroup argument(s): controller \(controller) specified multiple times")
        }
        subgroups.append(Subgroup(controller: controller, path: path))
      }
    }
    return subgroups
  }

  /// The path without empty names and `.`; a way out of the container's group is refused.
  private static func relative(_ bytes: ArraySlice<UInt8>, _ argument: String) throws(CgroupError) -> Path {
    let given = Path(bytes: bytes)
    if given.hasParentReference { throw .refused("bad sub cgroup path: \(argument)") }
    var path: Path = ""
    for name in given.components { path = path.appending(name) }
    return path
  }
}

extension ContainerCgroup {
  /// What a further process of the container joins: the container's groups, or `subgroups` of them, which have to be there.
  ///
  /// A v2 group that hands controllers down to groups below has no processes of its own: a container such as one with systemd has moved all of them further down.
  /// Unless the group is asked for, the process then joins that of `initProcess`, the container's first process, as in runc.
  public func target(of initProcess: Int32, below subgroups: [Subgroup] = []) throws(CgroupError) -> JoinTarget {
    for subgroup in subgroups {
      guard let name = subgroup.controller else { continue }
      let isKnown = groups.contains { $0.hierarchy.isNamed(Array(name.utf8)[...]) }
      if !isKnown { throw .refused("the container has no control group of the controller \(name)") }
    }
    var joined: [GroupDirectory] = []
    for group in groups {
      let subgroup = subgroups.first { subgroup in
        guard let name = subgroup.controller else { return true }
        return group.hierarchy.isNamed(Array(name.utf8)[...])
      }
      if let subgroup {
        joined.append(try group.group(below: subgroup.path))
      } else if group.hierarchy.generation == .v2, try group.handsDown() {
        joined.append(try group.group(below: try ownPath(of: initProcess, in: group)))
      } else {
        joined.append(group)
      }
    }
    return JoinTarget(joined)
  }

  /// Where the process is below the container's v2 group; empty when it is in it, or elsewhere.
  private func ownPath(of process: Int32, in group: GroupDirectory) throws(CgroupError) -> Path {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try readFile(Path("/proc/\(process)/cgroup"), limit: 1 << 20)
    } catch {
      throw .system(error)
    }
    return unifiedPath(in: bytes, below: group.hierarchy.root, path)
  }
}

/// From the contents of /proc/PID/cgroup, the path of the process's v2 group below that of the container, whose path is `container` below the group `root`.
func unifiedPath(in contents: [UInt8], below root: Path, _ container: CgroupPath) -> Path {
  let prefix: Literal = "0::"
  for line in contents.split(separator: 0x0A) where line.prefix(3).matches(prefix) {
    let path = line.dropFirst(3)
    var above = root.bytes.count == 1 ? [] : Array(root.bytes)
    above.append(contentsOf: container.path.bytes)
    // What is longer by a name begins with a slash there.
    guard path.count > above.count + 1, isPrefix(above[...], of: path) else { return "" }
    let below = Path(bytes: path.dropFirst(above.count + 1))
    return below.hasParentReference ? "" : below
  }
  return ""
}

extension GroupDirectory {
  /// Moves process `id`, or with 0 the one that calls, into the group.
  func add(_ id: Int32) throws(CgroupError) {
    var patience = Patience(milliseconds: 150)
    while true {
      do throws(Errno) {
        // Its name has no controller's prefix to be left out. Between clone and exec nothing is allocated for it.
        try directory.open("cgroup.procs", .writeOnly | .noFollow).writeValue(String(id))
        return
      } catch {
        // A process that is just being made (TASK_NEW) cannot be moved yet.
        if error == .invalidArgument && id != 0 && patience.wait() { continue }
        throw CgroupError("move process", "\(id) to \(description)", error)
      }
    }
  }

  /// Whether groups below have controllers, so that this one can have no processes.
  fileprivate func handsDown() throws(CgroupError) -> Bool { try read("cgroup.subtree_control")?.contains { $0 > 0x20 } ?? false }

  /// The group `path` below this one, which has to be there.
  fileprivate func group(below path: Path) throws(CgroupError) -> GroupDirectory {
    guard let last = path.components.last else { return self }
    let place = Text("\(description)/\(path)").string
    let opened = try attempt("open", Text(place)) { () throws(Errno) in try directory.open(path, .readOnly | .directory | .noFollow) }
    try hierarchy.verify(opened, place)
    let above = try attempt("open", Text(description)) { () throws(Errno) in try directory.duplicate() }
    return GroupDirectory(hierarchy: hierarchy, index: index, name: Path(bytes: last), parent: above, directory: opened, description: place)
  }
}
