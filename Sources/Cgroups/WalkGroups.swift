internal import Linux

/// A way through an open group and all groups below it. However deep a container has nested them, one descriptor is in use, and the names that are still to be
/// visited: there is no recursion that it could drive to the end of the stack, and no path that could become too long.
struct GroupWalk {
  /// Calls `enter` for the group and each below it, the outer before the inner, and `leave` for each below it when those below that are done, with the group
  /// above and the name in it. What vanishes meanwhile is passed over.
  static func visit(
    _ top: borrowing FileDescriptor, enter: (borrowing FileDescriptor) throws(Errno) -> Void = { (_) throws(Errno) in },
    leave: (_ above: borrowing FileDescriptor, _ name: Path) throws(Errno) -> Void = { (_, _) throws(Errno) in }
  ) throws(Errno) {
    // A descriptor of its own, because a directory is read from the start only once.
    var here = try top.open(".", .readOnly | .directory)
    try enter(here)
    var pending = [try namesBelow(here)]
    var path: [Path] = []
    while !pending.isEmpty {
      if let name = pending[pending.count - 1].popLast() {
        guard let below = try openIfThere(name, in: here) else { continue }
        here = below
        try enter(here)
        pending.append(try namesBelow(here))
        path.append(name)
      } else {
        pending.removeLast()
        guard let name = path.popLast() else { return }
        // Groups cannot be moved to another place in their hierarchy, so this is where the walk came from.
        here = try here.open("..", .readOnly | .directory)
        try leave(here, name)
      }
    }
  }

  private static func openIfThere(_ name: Path, in group: borrowing FileDescriptor) throws(Errno) -> FileDescriptor? {
    do throws(Errno) {
      return try group.open(name, .readOnly | .directory | .noFollow)
    } catch {
      if error.meansGone { return nil }
      throw error
    }
  }

  private static func namesBelow(_ group: borrowing FileDescriptor) throws(Errno) -> [Path] {
    do throws(Errno) {
      var names: [Path] = []
      for entry in try group.entries() where entry.type == .directory { names.append(entry.name) }
      return names
    } catch {
      if error.meansGone { return [] }
      throw error
    }
  }
}

extension Errno {
  /// Whether the group that a call was about is gone: ENODEV is what a file of a removed one says.
  var meansGone: Bool { self == .noSuchFileOrDirectory || self == .noDevice }
}
