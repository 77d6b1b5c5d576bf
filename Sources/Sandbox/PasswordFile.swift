public import Linux

/// Bounds for an image's /etc/passwd and /etc/group, which whoever made the image wrote.
public enum UserFile {
  /// The most bytes that are read of either file (CVE-2026-47262: an endless /etc/group took the memory of the host). A longer file is refused, not cut.
  public static var limit: Int { 1 << 20 }
  /// The most bytes of one line; a longer one is refused.
  static var lineLimit: Int { 1 << 16 }
  /// The most supplementary groups, `NGROUPS_MAX` of the kernel.
  static var groupLimit: Int { 65536 }
}

/// Who `User` of an image's configuration is, as the kernel needs it (image-spec, conversion.md).
public struct ResolvedUser: Equatable, Sendable {
  public var uid: UInt32
  public var gid: UInt32
  /// Supplementary groups, ascending, without `gid`; only for a user given by name and without a group (conversion.md).
  public var additionalGids: [UInt32]
  /// The home directory for `HOME`; `/` when the image names none.
  public var home: String

  public init(uid: UInt32, gid: UInt32, additionalGids: [UInt32] = [], home: String = "/") {
    self.uid = uid
    self.gid = gid
    self.additionalGids = additionalGids
    self.home = home
  }
}

/// Why a `User` means nobody.
public struct UserError: Error, Equatable, Sendable {
  /// One sentence, such as `user redis: not in the image's /etc/passwd`.
  public let message: String
  @inline(never)
  public init(_ message: Text) { self.message = message.string }
}

/// What of a user does not need a list.
struct FoundUser {
  var uid: UInt32
  var gid: UInt32
  /// A part of /etc/passwd; empty when the image names none.
  var home: ArraySlice<UInt8>
}

/// The user that `user` names, as `ResolvedUser`.
public func resolveUser(_ user: String, passwd: [UInt8]?, group: [UInt8]?) throws(UserError) -> ResolvedUser {
  var groups: [UInt32] = []
  let found = try resolveUser(Array(user.utf8), passwd: passwd, group: group, &groups)
  return ResolvedUser(uid: found.uid, gid: found.gid, additionalGids: groups, home: found.home.isEmpty ? "/" : string(found.home))
}

/// The user that `user` names: nothing (root), `user`, `uid`, `user:group`, `uid:gid`, `uid:group` or `user:gid`. `groups`, empty before, become the supplementary
/// ones. Between clone and exec: allocates nothing but for errors and for groups that there is no room for (docs/decisions/malloc.md).
///
/// `passwd` and `group` are the contents of the image's /etc/passwd and /etc/group, at most `UserFile.limit` bytes each; nil when it has none.
/// - Digits are always a number and never a name, and one that is no user id is refused: an overflow became root (CVE-2024-40635), and a number too big for an
///   id was looked up as a name in the image's own file (CVE-2026-46680). 4294967295 is -1, "no change", to the kernel.
/// - A number needs no entry; its entry, if there is one, gives group, home and additional groups (image-spec, config.md, "User"). Without one the group is 0.
/// - The first line with a name counts, and when that line is broken it is an error: a later one could only be there to be found instead.
func resolveUser(_ user: [UInt8], passwd: [UInt8]?, group: [UInt8]?, _ groups: inout [UInt32]) throws(UserError) -> FoundUser {
  let end = user.firstIndex(of: UserLine.colon) ?? user.endIndex
  let name = user[..<end]
  let groupName = user[end...].dropFirst()
  if groupName.contains(UserLine.colon) { throw UserError("user \(text(user[...])): more than one colon") }

  var resolved: FoundUser
  /// The name whose memberships count: nobody's, for a number without an entry.
  var member: ArraySlice<UInt8>?
  let named = !name.isEmpty && !isNumber(name)
  if named {
    try checkName(name, "user")
    guard let passwd else { throw UserError("user \(text(name)): the image has no /etc/passwd") }
    guard let line = try firstLine(of: passwd, "/etc/passwd", where: { field(0, of: $0).matches(name) }) else {
      throw UserError("user \(text(name)): not in the image's /etc/passwd")
    }
    guard fieldCount(line) == 7, let uid = identifier(field(2, of: line)), let gid = identifier(field(3, of: line)) else {
      throw UserError("user \(text(name)): its line in the image's /etc/passwd is broken")
    }
    resolved = FoundUser(uid: uid, gid: gid, home: try home(line, name))
    member = name
  } else {
    var uid: UInt32 = 0
    if !name.isEmpty {
      guard let number = identifier(name) else { throw UserError("user \(text(name)): not a user id, which is at most 4294967294") }
      uid = number
    }
    resolved = FoundUser(uid: uid, gid: 0, home: [])
    let wanted = uid
    if let passwd, let line = try firstLine(of: passwd, "/etc/passwd", where: { fieldCount($0) == 7 && identifier(field(2, of: $0)) == wanted }) {
      guard let gid = identifier(field(3, of: line)) else { throw UserError("user \(uid): its line in the image's /etc/passwd is broken") }
      resolved.gid = gid
      resolved.home = try home(line, name)
      member = field(0, of: line)
    }
  }

  if !groupName.isEmpty {
    resolved.gid = try resolveGroup(groupName, group)
  } else if let member, let group {
    try addMemberships(of: member, in: group, besides: resolved.gid, &groups)
  }
  return resolved
}

/// The number of a group given by number or by name.
@inline(never)
private func resolveGroup(_ name: ArraySlice<UInt8>, _ group: [UInt8]?) throws(UserError) -> UInt32 {
  if isNumber(name) {
    guard let number = identifier(name) else { throw UserError("group \(text(name)): not a group id, which is at most 4294967294") }
    return number
  }
  try checkName(name, "group")
  guard let group else { throw UserError("group \(text(name)): the image has no /etc/group") }
  guard let line = try firstLine(of: group, "/etc/group", where: { field(0, of: $0).matches(name) }) else {
    throw UserError("group \(text(name)): not in the image's /etc/group")
  }
  guard fieldCount(line) == 4, let gid = identifier(field(2, of: line)) else {
    throw UserError("group \(text(name)): its line in the image's /etc/group is broken")
  }
  return gid
}

/// Adds the groups whose member lists hold `name`, ascending and each once; lines that are no group's are passed over.
@inline(never)
private func addMemberships(
  of name: ArraySlice<UInt8>, in group: [UInt8], besides primary: UInt32, _ groups: inout [UInt32]
) throws(UserError) {
  var lines = UserLine(group, "/etc/group")
  while let line = try lines.next() {
    guard fieldCount(line) == 4, hasMember(name, field(3, of: line)), let gid = identifier(field(2, of: line)), gid != primary else { continue }
    groups.append(gid)
  }
  sortDistinct(&groups)
  if groups.count > UserFile.groupLimit { throw UserError("user \(text(name)): in more than \(UserFile.groupLimit) groups") }
}

/// Whether the list, with commas between names, has one.
private func hasMember(_ name: ArraySlice<UInt8>, _ list: ArraySlice<UInt8>) -> Bool {
  var rest = list
  while !rest.isEmpty {
    let end = rest.firstIndex(of: UserLine.comma) ?? rest.endIndex
    if end > rest.startIndex, rest[..<end].matches(name) { return true }
    rest = rest[end...].dropFirst()
  }
  return false
}

private func sortDistinct(_ groups: inout [UInt32]) {
  // In place, as long as that is quick.
  if groups.count > 64 {
    groups = groups.ascending()
  } else {
    for index in groups.indices {
      var at = index
      while at > 0, groups[at - 1] > groups[at] {
        groups.swapAt(at - 1, at)
        at -= 1
      }
    }
  }
  var count = 0
  for index in groups.indices where count == 0 || groups[count - 1] != groups[index] {
    groups[count] = groups[index]
    count += 1
  }
  while groups.count > count { groups.removeLast() }
}

/// The first line for which `matches` holds.
@inline(never)
private func firstLine(
  of file: [UInt8], _ path: Literal, where matches: (ArraySlice<UInt8>) -> Bool
) throws(UserError) -> ArraySlice<UInt8>? {
  var lines = UserLine(file, path)
  while let line = try lines.next() {
    if matches(line) { return line }
  }
  return nil
}

/// How many fields a line has, with colons between them.
@inline(never)
private func fieldCount(_ line: ArraySlice<UInt8>) -> Int {
  var count = 1
  for byte in line where byte == UserLine.colon { count += 1 }
  return count
}

/// One field; empty when the line has fewer.
@inline(never)
private func field(_ number: Int, of line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
  var rest = line
  for _ in 0..<number {
    guard let end = rest.firstIndex(of: UserLine.colon) else { return [] }
    rest = rest[(end + 1)...]
  }
  return rest[..<(rest.firstIndex(of: UserLine.colon) ?? rest.endIndex)]
}

/// The sixth field; what is no absolute path is not what programs take HOME for.
@inline(never)
private func home(_ line: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) throws(UserError) -> ArraySlice<UInt8> {
  let path = field(5, of: line)
  if path.isEmpty || path.first == Path.slash { return path }
  throw UserError("user \(text(name)): its home directory in the image's /etc/passwd is not an absolute path")
}

/// Walks the lines of /etc/passwd or /etc/group. Empty lines and those with a NUL, which end early for every other reader, are passed over.
private struct UserLine {
  static var colon: UInt8 { 0x3A }
  static var comma: UInt8 { 0x2C }
  static var newline: UInt8 { 0x0A }

  private var rest: ArraySlice<UInt8>
  private let path: Literal
  private var number = 0
  private let isTooLong: Bool

  init(_ file: [UInt8], _ path: Literal) {
    rest = file[...]
    self.path = path
    isTooLong = file.count > UserFile.limit
  }

  @inline(never)
  mutating func next() throws(UserError) -> ArraySlice<UInt8>? {
    if isTooLong { throw UserError("the image's \(path) is longer than \(UserFile.limit) bytes") }
    while !rest.isEmpty {
      let end = rest.firstIndex(of: UserLine.newline) ?? rest.endIndex
      let line = rest[..<end]
      rest = rest[end...].dropFirst()
      number += 1
      if line.count > UserFile.lineLimit { throw UserError("line \(number) of the image's \(path) is longer than \(UserFile.lineLimit) bytes") }
      if line.isEmpty || line.contains(0) { continue }
      return line
    }
    return nil
  }
}

/// A sign makes neither a number nor a name: `-1` must not become an id by anybody's parser, and `+name` is an instruction of NIS, not an entry.
private func checkName(_ name: ArraySlice<UInt8>, _ kind: Literal) throws(UserError) {
  if name.first == 0x2B || name.first == 0x2D { throw UserError("\(kind) \(text(name)): neither an id nor a name") }
  if name.contains(0) || name.contains(UserLine.newline) { throw UserError("\(kind): a name with a line break or a NUL") }
}

private func isNumber(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }

/// A decimal number from 0 to 4294967294.
private func identifier(_ digits: ArraySlice<UInt8>) -> UInt32? {
  guard let number = decimal(digits), number < UInt64(UInt32.max) else { return nil }
  return UInt32(number)
}

private func text(_ bytes: ArraySlice<UInt8>) -> String { string(bytes) }
