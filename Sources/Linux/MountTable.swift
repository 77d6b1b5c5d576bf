/// One line of /proc/self/mountinfo (proc_pid_mountinfo(5)), with its names as the kernel escapes them.
public final class MountEntry {
  public let id: UInt32
  public let parent: UInt32
  /// The directory of the file system that is mounted; for cgroups the group at the mount point.
  public let root: ArraySlice<UInt8>
  public let mountPoint: ArraySlice<UInt8>
  /// The options of this mount, such as `ro`.
  public let options: ArraySlice<UInt8>
  public let type: ArraySlice<UInt8>
  /// The options of the file system itself, where a v1 mount names its controllers.
  public let superOptions: ArraySlice<UInt8>

  /// Reads a line without its newline; nil when it is not of the documented form, so that a mount which cannot be understood is never used.
  public init?(line: ArraySlice<UInt8>) {
    let fields = line.split(separator: 0x20, omittingEmptySubsequences: false)
    // id, parent, device, root, mount point, options, any number of tags, "-", type, source, super options. A tag is never a lone hyphen.
    guard fields.count >= 10, let separator = fields[6...].firstIndex(where: { $0.count == 1 && $0.first == 0x2D }), fields.count >= separator + 4,
      let id = decimal(fields[0]), let parent = decimal(fields[1]), let id = UInt32(exactly: id), let parent = UInt32(exactly: parent),
      fields[3].first == Path.slash, fields[4].first == Path.slash
    else { return nil }
    self.id = id
    self.parent = parent
    root = fields[3]
    mountPoint = fields[4]
    options = fields[5]
    type = fields[separator + 1]
    superOptions = fields[separator + 3]
  }

  /// Whether nothing can be written through it: neither the mount nor the file system may be read-only. The kernel writes `rw` or `ro` before all other options.
  public var isReadOnly: Bool { MountEntry.begin(options, with: "ro") || MountEntry.begin(superOptions, with: "ro") }

  private static func begin(_ options: ArraySlice<UInt8>, with word: Literal) -> Bool {
    options.split(separator: 0x2C).first?.matches(word) ?? false
  }
}

/// The mounts of a mount namespace.
public struct MountTable {
  public let entries: [MountEntry]

  /// From the contents of /proc/self/mountinfo; lines that are not of the documented form are left out.
  public init(_ bytes: [UInt8]) {
    entries = bytes.split(separator: 0x0A).compactMap { MountEntry(line: $0) }
  }

  /// Whether the root directory is the mount that the kernel began with, its first RAM disk (rootfs, initramfs): no mount has that one on it, so that it is
  /// its own parent, and pivot_root(2) refuses to leave it (EINVAL).
  public var isOnFirstRoot: Bool { entries.contains { $0.id == $0.parent && $0.mountPoint.count == 1 } }

  /// Whether a walk to the mount point of `entry` ends in `entry`: a later mount on it or on a directory above hides it.
  ///
  /// Does the kernel's walk over the table: from the root on, each step enters the mount that stands first on the way.
  public func isVisible(_ entry: MountEntry) -> Bool {
    // By index: an entry is large, and copying all of them at each step takes longer than anything else here.
    var here: Int?
    // A table has no cycles, but what is read here is not trusted to have none.
    for _ in 0...entries.count {
      guard let next = firstStep(from: here, on: entry.mountPoint) else {
        guard let here else { return false }
        return entries[here].id == entry.id
      }
      here = next
    }
    return false
  }

  /// The mount that a walk along `path` enters next from the mount `here`, or first of all.
  private func firstStep(from here: Int?, on path: ArraySlice<UInt8>) -> Int? {
    var next: Int?
    for index in entries.indices {
      // Numbers first: most entries are nowhere near.
      if let here, entries[index].parent != entries[here].id || entries[index].id == entries[here].id { continue }
      if !isPrefix(entries[index].mountPoint, of: path) { continue }
      if here == nil, hasParent(index) { continue }
      if let next, entries[next].mountPoint.count <= entries[index].mountPoint.count { continue }
      next = index
    }
    return next
  }

  private func hasParent(_ child: Int) -> Bool {
    entries.indices.contains { entries[$0].id == entries[child].parent && entries[$0].id != entries[child].id }
  }
}

/// Whether the directory `above` is `path` or holds it.
public func isPrefix(_ above: ArraySlice<UInt8>, of path: ArraySlice<UInt8>) -> Bool {
  if above.count == 1 { return true }
  // Most paths differ in the last byte already.
  guard let last = above.last, above.count <= path.count, path[path.startIndex + above.count - 1] == last, path.starts(with: above) else { return false }
  return path.count == above.count || path[path.startIndex + above.count] == Path.slash
}

/// The bytes of a name in mountinfo, where the kernel writes space, tab, newline and backslash as `\` and three octal digits; nil for an escape that it never
/// writes.
public func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
  var result: [UInt8] = []
  result.reserveCapacity(bytes.count)
  var rest = bytes
  while let byte = rest.popFirst() {
    guard byte == 0x5C else {
      result.append(byte)
      continue
    }
    guard rest.count >= 3 else { return nil }
    var value: UInt32 = 0
    for digit in rest.prefix(3) {
      guard digit >= 0x30, digit <= 0x37 else { return nil }
      value = value << 3 | UInt32(digit - 0x30)
    }
    rest = rest.dropFirst(3)
    // A NUL cannot be in a name.
    guard value > 0, value <= 0xFF else { return nil }
    result.append(UInt8(value))
  }
  return result
}
