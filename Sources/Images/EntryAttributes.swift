internal import Linux

/// What of an unpacked entry is not as its header says, and how that is put right: owner, mode, extended attributes, time.
extension FileDescriptor {
  /// What of this open file, which was made of `entry` and has this status, differs: words such as `owner`; nothing when it is as it was made.
  /// `hasMore`: another entry may have given it attributes as well.
  borrowing func differences(from entry: TarEntry, _ status: FileStatus, hasMore: Bool) throws(Errno) -> [String] {
    var found = status.differences(from: entry)
    if status.mode & 0o7777 != entry.mode { found.append("mode") }
    for name in try wrongAttributes(entry, hasMore: hasMore) { found.append(Text("attribute \(printable(name))").string) }
    return found
  }

  /// Makes it as it was made, in the order in which one does not undo the other.
  borrowing func restore(_ entry: TarEntry, hasMore: Bool = false) throws(Errno) {
    try changeOwner(user: entry.user, group: entry.group)
    try changeMode(entry.mode)
    // A change of owner takes a file's capability away, so that those are all looked at again.
    for name in try wrongAttributes(entry, hasMore: hasMore) {
      if let value = entry.value(of: name) { try setAttribute(name, value) } else { try removeAttribute(name) }
    }
    try changeTimes(entry.modified)
  }

  /// The names of attributes that are missing, have another value, or should not be there.
  private borrowing func wrongAttributes(_ entry: TarEntry, hasMore: Bool) throws(Errno) -> [Path] {
    var wrong: [Path] = []
    for attribute in entry.attributes where LayerAttribute.isAllowed(attribute.name) && !wrong.contains(attribute.name) {
      let expected = entry.value(of: attribute.name) ?? []
      do throws(Errno) {
        if try self.attribute(attribute.name) != expected { wrong.append(attribute.name) }
      } catch {
        // Where the file system has no such attributes it was left out.
        if error == .noData { wrong.append(attribute.name) } else if error != .notSupported { throw error }
      }
    }
    if hasMore { return wrong }
    for name in try attributeNames() where LayerAttribute.matters(name) && entry.value(of: name) == nil { wrong.append(name) }
    return wrong
  }
}

extension FileStatus {
  /// Whether owner and time are the entry's.
  func differences(from entry: TarEntry) -> [String] {
    var found: [String] = []
    if user != entry.user || group != entry.group { found.append("owner") }
    if !modified.isKept(of: entry.modified) { found.append("time") }
    return found
  }
}

extension FileTime {
  /// Whether this is what a file system makes of `time`: some have no nanoseconds, and no time beyond those that they have.
  func isKept(of time: FileTime) -> Bool {
    if seconds == time.seconds { return nanoseconds == time.nanoseconds || nanoseconds == 0 }
    // The last second of 32 bits, with a sign and without, and that of ext4's 34 bits; the first one of all.
    let lasts: [Int64] = [0x7FFF_FFFF, 0xFFFF_FFFF, 0x3_7FFF_FFFF]
    return lasts.contains(seconds) && time.seconds > seconds || seconds == -0x8000_0000 && time.seconds < seconds
  }
}

extension LayerAttribute {
  /// Whether an attribute changes what a container sees or may do. Whether overlayfs shows what is below is looked at apart from this.
  static func matters(_ name: Path) -> Bool {
    if name == "trusted.overlay.opaque" { return false }
    return isAllowed(name) || name.bytes.starts(with: StaticBytes("trusted.overlay.")) || name.bytes.starts(with: StaticBytes("user.overlay."))
  }
}

extension TarEntry {
  /// The value that the attribute has in the end: that of the last one of its name, as the kernel gives it back.
  fileprivate func value(of name: Path) -> [UInt8]? {
    guard LayerAttribute.isAllowed(name), let attribute = attributes.last(where: { $0.name == name }) else { return nil }
    let value = attribute.value
    // A capability for the user namespace of root itself (VFS_CAP_REVISION_3, linux/capability.h) is one without a namespace.
    if name == "security.capability", value.count == 24, value[3] == 3, value[20...].allSatisfy({ $0 == 0 }) {
      return Array(value[..<3]) + [2] + Array(value[4..<20])
    }
    return value
  }
}
