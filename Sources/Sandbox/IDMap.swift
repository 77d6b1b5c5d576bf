internal import Linux
public import OCI

/// User or group numbers of a user namespace, and what they are outside: /proc/PID/uid_map and gid_map (user_namespaces(7)).
public struct IDMap: Sendable, Equatable {
  public var ranges: [IDMapping]

  public init(ranges: [IDMapping]) { self.ranges = ranges }

  /// Checks ranges of config.json as the kernel would, which says no more than EINVAL. `path` is theirs in the document.
  init(checking ranges: [IDMapping], _ path: String) throws(SpecError) {
    // UID_GID_MAP_MAX_EXTENTS: since Linux 4.15, five before.
    if ranges.count > 340 { throw SpecError(path: Text(path), reason: "\(ranges.count) ranges; the kernel takes 340") }
    for (index, range) in ranges.enumerated() {
      for (before, other) in ranges[..<index].enumerated() {
        guard overlaps(range.containerID, other.containerID, range, other) || overlaps(range.hostID, other.hostID, range, other) else { continue }
        throw SpecError(path: "\(path)[\(index)]", reason: "overlaps \(path)[\(before)]")
      }
    }
    self.ranges = ranges
    // One write of less than a page, which is never smaller.
    if text.utf8.count > 4095 { throw SpecError(path: Text(path), reason: "too many ranges: the kernel takes 4095 bytes of text") }
  }

  /// Reads what the kernel shows; nil for anything else.
  init?(parsing bytes: [UInt8]) {
    ranges = []
    for line in bytes.split(separator: 0x0A) {
      let numbers = line.split(separator: 0x20).map { decimal($0).flatMap { UInt32(exactly: $0) } }
      guard numbers.count == 3, let inside = numbers[0], let outside = numbers[1], let size = numbers[2] else { return nil }
      ranges.append(IDMapping(containerID: inside, hostID: outside, size: size))
    }
  }

  /// As it is written to the kernel's file.
  var text: String {
    var text = ""
    for range in ranges { text += Text("\(range.containerID) \(range.hostID) \(range.size)\n").string }
    return text
  }

  /// What the number `id` of the namespace is outside; nil when it is nothing there.
  public func outside(_ id: UInt32) -> UInt32? {
    for range in ranges where id >= range.containerID && id - range.containerID < range.size { return range.hostID + (id - range.containerID) }
    return nil
  }

  /// Whether both map the same numbers in the same ranges, in whatever order: the kernel sorts many of them. Neither has a range twice.
  func hasSameRanges(as other: IDMap) -> Bool { ranges.count == other.ranges.count && ranges.allSatisfy { other.ranges.contains($0) } }
}

private func overlaps(_ first: UInt32, _ second: UInt32, _ one: IDMapping, _ other: IDMapping) -> Bool {
  UInt64(first) < UInt64(second) + UInt64(other.size) && UInt64(second) < UInt64(first) + UInt64(one.size)
}
