internal import Linux

/// Whom the program runs as, in numbers.
struct ResolvedIdentity {
  var user: UInt32
  var group: UInt32
  var groups: [UInt32]
  /// The home directory of the image's user, for HOME; nil when config.json gave numbers.
  var directory: String?
  /// False in a user namespace that denies it; then there are no groups to set.
  var maySetGroups: Bool
}

extension SandboxPlan {
  /// Looks an image's user up in /etc/passwd and /etc/group of the container's root, opened inside it.
  func resolveIdentity(in root: borrowing RootDirectory, maySetGroups: Bool) throws(SandboxError) -> ResolvedIdentity {
    switch identity {
    case .numeric(let user, let group, let groups):
      return ResolvedIdentity(user: user, group: group, groups: groups, directory: nil, maySetGroups: maySetGroups)
    case .image(let name):
      let passwd = try read("/etc/passwd", in: root)
      let group = try read("/etc/group", in: root)
      do throws(UserError) {
        let user = try resolveUser(name, passwd: passwd, group: group)
        return ResolvedIdentity(user: user.uid, group: user.gid, groups: user.additionalGids, directory: user.home, maySetGroups: maySetGroups)
      } catch {
        throw SandboxError(error.message)
      }
    }
  }

  /// The file's bytes; nil when the image has no such file.
  private func read(_ path: Path, in root: borrowing RootDirectory) throws(SandboxError) -> [UInt8]? {
    do throws(Errno) {
      let file = try root.open(path, [.readOnly, .nonBlocking])
      guard try file.status().type == .regular else { throw Errno.invalidArgument }
      return try file.readAll(limit: UserFile.limit)
    } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
      throw SandboxError(SystemError("read \(path.description) of", "the image", error))
    }
  }

  /// The environment with HOME, unless it has one already or nothing is known of it.
  func environment(home: String?) -> [String] {
    guard let home, !environment.contains(where: { $0.begins(with: "HOME=") }) else { return environment }
    return environment + ["HOME=\(home)"]
  }
}
