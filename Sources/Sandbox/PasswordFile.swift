internal import Linux

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
  public init(_ message: String) { self.message = message }
}

/// The user that `user` names: nothing (root), `user`, `uid`, `user:group`, `uid:gid`, `uid:group` or `user:gid`.
///
/// `passwd` and `group` are the contents of the image's /etc/passwd and /etc/group, at most `UserFile.limit` bytes each; nil when it has none.
/// - Digits are always a number and never a name, and one that is no user id is refused: an overflow became root (CVE-2024-40635), and a number too big for an
///   id was looked up as a name in the image's own file (CVE-2026-46680). 4294967295 is -1, "no change", to the kernel.
/// - A number needs no entry; its entry, if there is one, gives group, home and additional groups (image-spec, config.md, "User"). Without one the group is 0.
/// - The first line with a name counts, and when that line is broken it is an error: a later one could only be there to be found instead.
public func resolveUser(_ user: String, passwd: [UInt8]?, group: [UInt8]?) throws(UserError) -> ResolvedUser {
  let parts = user.utf8.split(separator: UserLine.colon, omittingEmptySubsequences: false)
  if parts.count > 2 { throw UserError("user \(user): more than one colon") }
  let name = Array(parts[0])
  let groupName = parts.count == 2 ? Array(parts[1]) : []

  var resolved: ResolvedUser
  /// The name whose memberships count: nobody's, for a number without an entry.
  var member: [UInt8]?
  let named = !name.isEmpty && !isNumber(name)
  if named {
    try checkName(name, "user")
    guard let passwd else { throw UserError("user \(text(name)): the image has no /etc/passwd") }
    guard let line = try firstLine(of: passwd, "/etc/passwd", where: { $0.count > 0 && $0[0].elementsEqual(name) }) else {
      throw UserError("user \(text(name)): not in the image's /etc/passwd")
    }
    guard line.count == 7, let uid = identifier(line[2]), let gid = identifier(line[3]) else {
      throw UserError("user \(text(name)): its line in the image's /etc/passwd is broken")
    }
    resolved = ResolvedUser(uid: uid, gid: gid, home: try home(line, name))
    member = name
  } else {
    let uid: UInt32
    if name.isEmpty {
      uid = 0
    } else {
      guard let number = identifier(name[...]) else { throw UserError("user \(text(name)): not a user id, which is at most 4294967294") }
      uid = number
    }
    resolved = ResolvedUser(uid: uid, gid: 0)
    let entry = passwd == nil ? nil : try firstLine(of: passwd ?? [], "/etc/passwd", where: { $0.count == 7 && identifier($0[2]) == uid })
    if let entry {
      guard let gid = identifier(entry[3]) else { throw UserError("user \(uid): its line in the image's /etc/passwd is broken") }
      resolved.gid = gid
      resolved.home = try home(entry, name)
      member = Array(entry[0])
    }
  }

  if !groupName.isEmpty {
    resolved.gid = try resolveGroup(groupName, group)
  } else if let member, let group {
    resolved.additionalGids = try memberships(of: member, in: group, besides: resolved.gid)
  }
  return resolved
}

/// The number of a group given by number or by name.
private func resolveGroup(_ name: [UInt8], _ group: [UInt8]?) throws(UserError) -> UInt32 {
  if isNumber(name) {
    guard let number = identifier(name[...]) else { throw UserError("group \(text(name)): not a group id, which is at most 4294967294") }
    return number
  }
  try checkName(name, "group")
  guard let group else { throw UserError("group \(text(name)): the image has no /etc/group") }
  guard let line = try firstLine(of: group, "/etc/group", where: { $0.count > 0 && $0[0].elementsEqual(name) }) else {
    throw UserError("group \(text(name)): not in the image's /etc/group")
  }
  guard line.count == 4, let gid = identifier(line[2]) else { throw UserError("group \(text(name)): its line in the image's /etc/group is broken") }
  return gid
}

/// The groups whose member lists hold `name`; lines that are no group's are passed over.
private func memberships(of name: [UInt8], in group: [UInt8], besides primary: UInt32) throws(UserError) -> [UInt32] {
  var groups: [UInt32] = []
  var lines = UserLine(group, "/etc/group")
  while let fields = try lines.next() {
    if fields.count != 4 { continue }
    var isMember = false
    for member in fields[3].split(separator: UserLine.comma) where member.elementsEqual(name) { isMember = true }
    if isMember, let gid = identifier(fields[2]), gid != primary { groups.append(gid) }
  }
  var distinct: [UInt32] = []
  for gid in groups.ascending() where distinct.last != gid { distinct.append(gid) }
  if distinct.count > UserFile.groupLimit { throw UserError("user \(text(name)): in more than \(UserFile.groupLimit) groups") }
  return distinct
}

/// The fields of the first line for which `matches` holds.
private func firstLine(
  of file: [UInt8], _ path: StaticString, where matches: ([ArraySlice<UInt8>]) -> Bool
) throws(UserError) -> [ArraySlice<UInt8>]? {
  var lines = UserLine(file, path)
  while let fields = try lines.next() {
    if matches(fields) { return fields }
  }
  return nil
}

/// The sixth field. HOME goes into the environment as text, so it has to be text, and an absolute path is what programs take it for.
private func home(_ fields: [ArraySlice<UInt8>], _ name: [UInt8]) throws(UserError) -> String {
  let bytes = fields[5]
  if bytes.isEmpty { return "/" }
  guard bytes.first == 0x2F, let path = String(validating: bytes, as: UTF8.self) else {
    throw UserError("user \(text(name)): its home directory in the image's /etc/passwd is not an absolute path")
  }
  return path
}

/// Walks the lines of /etc/passwd or /etc/group: fields between colons. Empty lines and those with a NUL, which end early for every other reader, are passed
/// over.
private struct UserLine {
  static var colon: UInt8 { 0x3A }
  static var comma: UInt8 { 0x2C }
  static var newline: UInt8 { 0x0A }

  private var rest: ArraySlice<UInt8>
  private let path: StaticString
  private var number = 0
  private let isTooLong: Bool

  init(_ file: [UInt8], _ path: StaticString) {
    rest = file[...]
    self.path = path
    isTooLong = file.count > UserFile.limit
  }

  mutating func next() throws(UserError) -> [ArraySlice<UInt8>]? {
    if isTooLong { throw UserError("the image's \(path) is longer than \(UserFile.limit) bytes") }
    while !rest.isEmpty {
      let end = rest.firstIndex(of: UserLine.newline) ?? rest.endIndex
      let line = rest[..<end]
      rest = rest[end...].dropFirst()
      number += 1
      if line.count > UserFile.lineLimit { throw UserError("line \(number) of the image's \(path) is longer than \(UserFile.lineLimit) bytes") }
      if line.isEmpty || line.contains(0) { continue }
      return line.split(separator: UserLine.colon, omittingEmptySubsequences: false)
    }
    return nil
  }
}

/// A sign makes neither a number nor a name: `-1` must not become an id by anybody's parser, and `+name` is an instruction of NIS, not an entry.
private func checkName(_ name: [UInt8], _ kind: StaticString) throws(UserError) {
  if name[0] == 0x2B || name[0] == 0x2D { throw UserError("\(kind) \(text(name)): neither an id nor a name") }
  if name.contains(0) || name.contains(UserLine.newline) { throw UserError("\(kind): a name with a line break or a NUL") }
}

private func isNumber(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }

/// A decimal number from 0 to 4294967294.
private func identifier(_ digits: ArraySlice<UInt8>) -> UInt32? {
  guard let number = decimal(digits), number < UInt64(UInt32.max) else { return nil }
  return UInt32(number)
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
