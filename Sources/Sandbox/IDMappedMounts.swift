internal import Linux

/// The user namespaces that maps of owners are taken from. Each map that mounts share is made once, as long as they follow one another.
struct MapNamespaces: ~Copyable {
  private var last: (users: IDMap, groups: IDMap)?
  private var namespace: FileDescriptor?

  /// Shows the owners in a detached copy of `bind`'s source as its map says. mount_setattr(2) with `MOUNT_ATTR_IDMAP`, Linux 5.12.
  mutating func apply(_ map: PlannedIDMap, to copy: borrowing FileDescriptor, _ mount: PlannedMount, joined: JoinedNamespace?) throws(SandboxError) {
    let path = map.path(mount.origin)
    if let users = map.users, let groups = map.groups {
      if last?.users != users || last?.groups != groups {
        namespace = nil
        namespace = try MapNamespaces.make(users, groups, mount.origin)
        last = (users, groups)
      }
    } else {
      guard let joined else { throw SandboxError("\(path): the user namespace is apus's own, which maps nothing") }
      last = nil
      namespace = try attempt("open the namespace", joined.path) { () throws(Errno) in try FileDescriptor.open(joined.path, .readOnly) }
    }
    do throws(Errno) {
      try copy.mapOwners(namespace.number, recursive: map.isRecursive)
    } catch {
      throw MapNamespaces.refusal(path, copy, error)
    }
  }

  /// The kernel gives no reason but a number: which file systems can do it has grown from version to version.
  private static func refusal(_ path: Text, _ copy: borrowing FileDescriptor, _ error: Errno) -> SandboxError {
    switch error {
    case .noSystemCall: return SandboxError("\(path): this kernel cannot map the owners of a mount (mount_setattr(2), Linux 5.12)")
    case .invalidArgument:
      let magic = (try? copy.fileSystemStatus().type) ?? 0
      let name = FileSystemName(magic: magic).text
      return SandboxError("\(path): this kernel maps no owners on \(name) (ext4 and xfs since Linux 5.12, btrfs since 5.15, overlay 5.19, tmpfs 6.3)")
    case .notPermitted: return SandboxError("\(path): the file system is not apus's to map, or a mount of the source has its owners mapped already")
    default: return SandboxError("\(path): map the owners: \(error.message)")
    }
  }

  /// A user namespace with these numbers, in which no process stays.
  private static func make(_ users: IDMap, _ groups: IDMap, _ origin: String) throws(SandboxError) -> FileDescriptor {
    var pair = try attempt("make", "a channel to a user namespace") { () throws(Errno) in try Channel.makePair() }
    switch try attempt("clone into", "a user namespace for \(origin)", { () throws(Errno) in try cloneProcess(.user) }) {
    case .child:
      pair.first.close()
      if let own = try? FileDescriptor.open("/proc/self/ns/user", .readOnly) {
        try? pair.second.send(LaunchMessage.goOn, descriptor: own.rawValue)
        // Until the numbers are there: they are set through a process.
        _ = try? pair.second.receiveByte()
      }
      exitProcess(0)
    case .parent(let holder):
      pair.second.close()
      do throws(SandboxError) {
        var packet = try attempt("hear from", "a user namespace") { () throws(Errno) in try pair.first.receive() }
        guard let namespace = packet.takeDescriptor() else { throw SandboxError("\(origin): a user namespace for its owners could not be opened") }
        try UserNamespacePlan(isNew: true, users: users, groups: groups).write(to: holder, try ProcHandle.open(), origin)
        pair.first.close()
        _ = try? waitForExit(of: holder)
        return namespace
      } catch {
        try? kill(holder, .kill)
        _ = try? waitForExit(of: holder)
        throw error
      }
    }
  }
}

/// What a person calls a file system, by its magic number (linux/magic.h).
struct FileSystemName {
  let text: String

  init(magic: UInt64) {
    let known: [(UInt64, Literal)] = [
      (0x9fa0, "proc"), (0x6265_6572, "sysfs"), (0x794c_7630, "overlay"), (0x0102_1994, "tmpfs"), (0x6969, "nfs"), (0x6573_5546, "fuse"), (0x0102_1997, "9p"),
      (0xEF53, "ext4"), (0x5846_5342, "xfs"), (0x9123_683E, "btrfs"), (0xF2F5_2010, "f2fs"), (0x1cd1, "devpts"), (0x6367_7270, "cgroup2"),
      (0x27_e0eb, "cgroup"),
    ]
    for (number, name) in known where number == magic {
      text = "\(name)"
      return
    }
    text = "its file system"
  }
}
