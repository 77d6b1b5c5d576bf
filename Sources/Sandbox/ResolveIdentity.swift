internal import Linux

/// Whom the program runs as, in numbers.
struct ResolvedIdentity {
  var user: UInt32
  var group: UInt32
  var groups: [UInt32]
  /// False in a user namespace that denies it; then there are no groups to set.
  var maySetGroups: Bool
}

extension SandboxPlan {
  /// Looks an image's user up in /etc/passwd and /etc/group of the container's root, opened inside it. In the new process.
  ///
  /// Without HOME in the environment, `home` becomes that variable with the user's home directory, ended by a NUL. What a user is that is given by numbers takes
  /// no memory; one of an image is looked for in a copy of both files.
  func resolveIdentity(in root: borrowing RootDirectory, maySetGroups: Bool, home: inout [UInt8]) throws(SandboxError) -> ResolvedIdentity {
    var resolved = try resolve(identity, in: root, maySetGroups: maySetGroups, home: &home)
    settle(&resolved)
    if let addedGroup, userNamespace == nil, !resolved.groups.contains(addedGroup) { resolved.groups.append(addedGroup) }
    return resolved
  }

  /// Makes the container's own user of it, if it has one.
  private func settle(_ resolved: inout ResolvedIdentity) {
    guard let ownUser else { return }
    // What is root in the container has its capabilities by right of root, which this user is not.
    if resolved.user == 0 { capabilities.makeAmbient() }
    // The groups that an image names are other groups on the host.
    if case .image = identity { resolved.groups = [] }
    (resolved.user, resolved.group) = (ownUser, ownUser)
  }

  private func resolve(
    _ identity: Identity, in root: borrowing RootDirectory, maySetGroups: Bool, home: inout [UInt8]
  ) throws(SandboxError) -> ResolvedIdentity {
    switch identity {
    case .numeric(let user, let group, let groups):
      if looksForHome { findHome(of: user, in: root, &home) }
      return ResolvedIdentity(user: user, group: group, groups: groups, maySetGroups: maySetGroups)
    case .image(let name):
      let passwd = try read("/etc/passwd", in: root)
      let group = try read("/etc/group", in: root)
      do throws(UserError) {
        let user = try resolveUser(name, passwd: passwd, group: group)
        if looksForHome {
          home = Array(Text("HOME=\(user.home)\0").string.utf8)
        }
        return ResolvedIdentity(user: user.uid, group: user.gid, groups: user.additionalGids, maySetGroups: maySetGroups)
      } catch {
        throw SandboxError(Text(error.message))
      }
    }
  }

  /// The file's bytes; nil when the image has no such file.
  private func read(_ path: Path, in root: borrowing RootDirectory) throws(SandboxError) -> [UInt8]? {
    do throws(Errno) {
      let file = try root.open(path, .readOnly | .nonBlocking)
      guard try file.status().type == .regular else { throw Errno.invalidArgument }
      return try file.readAll(limit: UserFile.limit)
    } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
      throw SandboxError("read", "\(path.description) of the image", error)
    }
  }

  /// The home directory that the container's /etc/passwd has for a user; "/" when it says nothing of use, as with runc and crun.
  private func findHome(of user: UInt32, in root: borrowing RootDirectory, _ home: inout [UInt8]) {
    SandboxPlan.begin(&home)
    let start = home.count
    do throws(Errno) {
      let file = try root.open("/etc/passwd", .readOnly | .nonBlocking)
      try SandboxPlan.search(file, HomeSearch(of: user, home), &home)
    } catch {
      while home.count > start { home.removeLast() }
    }
    if home.count == start { home.append(Path.slash) }
    home.append(0)
  }

  private static func search(_ file: borrowing FileDescriptor, _ search: consuming HomeSearch, _ home: inout [UInt8]) throws(Errno) {
    let status = try file.status()
    guard status.type == .regular, status.size <= UInt64(UserFile.limit) else { throw .invalidArgument }
    var buffer = InlineArray<1024, UInt8>(repeating: 0)
    var left = UserFile.limit
    while left > 0 {
      var bytes = buffer.mutableSpan
      let count = try bytes.withUnsafeMutableBytes { (bytes) throws(Errno) in try file.read(into: bytes) }
      if count == 0 { break }
      for index in 0..<count where search.take(buffer[index], &home) { return }
      left -= count
    }
    _ = search.take(0x0A, &home)
  }

  private static func begin(_ home: inout [UInt8]) {
    home.removeAll(keepingCapacity: true)
    SandboxPlan.home.withUTF8Buffer { home.append(contentsOf: $0) }
  }

  private static var home: StaticString { "HOME=" }

  /// Whether the environment says where home is; an empty value says nothing.
  private var hasHome: Bool {
    guard let last = environment.last(where: { $0.begins(with: SandboxPlan.home) }) else { return false }
    return last.utf8.count > SandboxPlan.home.utf8CodeUnitCount
  }

  /// Whether HOME is the home directory that the container's /etc/passwd has for the user.
  var looksForHome: Bool { !hasHome }

  /// The environment as the program gets it, but for a HOME that it lacks: of a variable that is given twice the last value, as with runc and crun.
  var environmentWithoutHome: [String] {
    let looksForHome = looksForHome
    var given: [String] = []
    for (index, entry) in environment.enumerated() {
      let name = entry.utf8.prefix { $0 != 0x3D }
      let isGivenAgain = environment[(index + 1)...].contains { $0.utf8.starts(with: name) && $0.utf8.dropFirst(name.count).first == 0x3D }
      if isGivenAgain || (looksForHome && entry.begins(with: SandboxPlan.home)) { continue }
      given.append(entry)
    }
    return given
  }
}
