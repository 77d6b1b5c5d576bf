internal import Linux

/// Whom the program runs as, in numbers.
struct ResolvedIdentity {
  var user: UInt32
  var group: UInt32
  var groups: [UInt32]
  /// The user's home directory, for HOME; nil when the environment has that.
  var directory: String?
  /// False in a user namespace that denies it; then there are no groups to set.
  var maySetGroups: Bool
}

extension SandboxPlan {
  /// Looks an image's user up in /etc/passwd and /etc/group of the container's root, opened inside it.
  func resolveIdentity(in root: borrowing RootDirectory, maySetGroups: Bool) throws(SandboxError) -> ResolvedIdentity {
    var resolved = try resolve(identity, in: root, maySetGroups: maySetGroups)
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

  private func resolve(_ identity: Identity, in root: borrowing RootDirectory, maySetGroups: Bool) throws(SandboxError) -> ResolvedIdentity {
    switch identity {
    case .numeric(let user, let group, let groups):
      return ResolvedIdentity(user: user, group: group, groups: groups, directory: hasHome ? nil : home(of: user, in: root), maySetGroups: maySetGroups)
    case .image(let name):
      let passwd = try read("/etc/passwd", in: root)
      let group = try read("/etc/group", in: root)
      do throws(UserError) {
        let user = try resolveUser(name, passwd: passwd, group: group)
        return ResolvedIdentity(user: user.uid, group: user.gid, groups: user.additionalGids, directory: hasHome ? nil : user.home, maySetGroups: maySetGroups)
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
  private func home(of user: UInt32, in root: borrowing RootDirectory) -> String {
    guard let passwd = try? read("/etc/passwd", in: root) else { return "/" }
    do throws(UserError) {
      return try resolveUser("\(user)", passwd: passwd, group: nil).home
    } catch {
      return "/"
    }
  }

  private static var home: StaticString { "HOME=" }

  /// Whether the environment says where home is; an empty value says nothing.
  private var hasHome: Bool {
    guard let last = environment.last(where: { $0.begins(with: SandboxPlan.home) }) else { return false }
    return last.utf8.count > SandboxPlan.home.utf8CodeUnitCount
  }

  /// The environment as the program gets it: of a variable that is given twice the last value, as with runc and crun, and HOME, where it has none.
  func environment(home: String?) -> [String] {
    var given: [String] = []
    for (index, entry) in environment.enumerated() {
      let name = entry.utf8.prefix { $0 != 0x3D }
      let isGivenAgain = environment[(index + 1)...].contains { $0.utf8.starts(with: name) && $0.utf8.dropFirst(name.count).first == 0x3D }
      if isGivenAgain || (home != nil && entry.begins(with: SandboxPlan.home)) { continue }
      given.append(entry)
    }
    if let home { given.append("HOME=\(home)") }
    return given
  }
}
