internal import Linux

/// Whom the program runs as, in numbers.
struct ResolvedIdentity {
  var user: UInt32
  var group: UInt32
  var groups: [UInt32] = []
  /// False in a user namespace that denies it; then there are no groups to set.
  var maySetGroups = true
}

extension SandboxPlan {
  /// Looks an image's user up in /etc/passwd and /etc/group of the container's root, opened inside it. In the new process: what it needs memory for is in `supplies`.
  ///
  /// Without HOME in the environment it becomes the user's home directory.
  func resolveIdentity(in root: borrowing RootDirectory, maySetGroups: Bool, _ supplies: Supplies) throws(SandboxError) -> ResolvedIdentity {
    var resolved = try resolve(in: root, supplies)
    resolved.maySetGroups = maySetGroups
    settle(&resolved, supplies)
    if let addedGroup, userNamespace == nil, !supplies.groups.contains(addedGroup) { supplies.groups.append(addedGroup) }
    resolved.groups = supplies.groups
    return resolved
  }

  /// Makes the container's own user of it, if it has one.
  private func settle(_ resolved: inout ResolvedIdentity, _ supplies: Supplies) {
    guard let ownUser else { return }
    // What is root in the container has its capabilities by right of root, which this user is not.
    if resolved.user == 0 { capabilities.makeAmbient() }
    // The groups that an image names are other groups on the host.
    if case .image = identity { supplies.groups.removeAll(keepingCapacity: true) }
    (resolved.user, resolved.group) = (ownUser, ownUser)
  }

  private func resolve(in root: borrowing RootDirectory, _ supplies: Supplies) throws(SandboxError) -> ResolvedIdentity {
    switch identity {
    case .numeric(let user, let group, _):
      if looksForHome { supplies.setHome(home(in: root, supplies)) }
      return ResolvedIdentity(user: user, group: group)
    case .image:
      let passwd = try read("/etc/passwd", in: root, &supplies.passwd)
      let group = try read("/etc/group", in: root, &supplies.group)
      do throws(UserError) {
        let user = try resolveUser(supplies.user, passwd: passwd, group: group, &supplies.groups)
        if looksForHome { supplies.setHome(user.home) }
        return ResolvedIdentity(user: user.uid, group: user.gid)
      } catch {
        throw SandboxError(Text(error.message))
      }
    }
  }

  /// Fills `bytes` with the file and gives them; nil when the image has no such file.
  private func read(_ path: Path, in root: borrowing RootDirectory, _ bytes: inout [UInt8]) throws(SandboxError) -> [UInt8]? {
    do throws(Errno) {
      let file = try root.open(path, .readOnly | .nonBlocking)
      guard try file.status().type == .regular else { throw Errno.invalidArgument }
      try file.readAll(into: &bytes, limit: UserFile.limit)
      return bytes
    } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
      throw SandboxError("read", "\(path.description) of the image", error)
    }
  }

  /// The home directory that the container's /etc/passwd has for the number of the user; empty, and so "/", when it says nothing of use, as with runc and crun.
  private func home(in root: borrowing RootDirectory, _ supplies: Supplies) -> ArraySlice<UInt8> {
    guard let passwd = try? read("/etc/passwd", in: root, &supplies.passwd) else { return [] }
    var none: [UInt32] = []
    return (try? resolveUser(supplies.user, passwd: passwd, group: nil, &none))?.home ?? []
  }

  static var home: Literal { "HOME=" }

  /// Whether the environment says where home is; an empty value says nothing.
  private var hasHome: Bool {
    guard let last = environment.last(where: { $0.begins(with: SandboxPlan.home) }) else { return false }
    return last.utf8.count > SandboxPlan.home.bytes.count
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
