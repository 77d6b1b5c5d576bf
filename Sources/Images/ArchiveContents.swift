internal import Linux

/// What an archive of an image has, by name: where the bytes of each file are, and which entry each link stands for.
///
/// Nothing is unpacked, so that a name leads nowhere but to another entry.
struct ArchiveContents {
  struct Entry {
    var name: Path
    /// Where the file's bytes begin, in the archive; or the number of the file that they were staged in.
    var start: UInt64
    var size: UInt64
    /// The name of the entry that a link stands for; nil for a file.
    var target: Path?
  }

  /// In the order of the bytes of their names, once all are there.
  private var entries: [Entry] = []

  /// Reads all of an archive. `place` says for each file where its bytes are to be found, and may read them.
  init(_ reader: EntryReader, limits: Limits, place: (TarEntry) throws(LayerError) -> UInt64) throws(LayerError) {
    var left = limits.entries
    while let entry = try reader.next() {
      if left == 0 { throw LayerError(.tooManyEntries(limit: limits.entries)) }
      left -= 1
      guard try note(entry, limits) else { continue }
      if entry.kind == .file { entries[entries.count - 1].start = try place(entry) }
    }
    entries = entries.sorted(byBytesOf: { $0.name.bytes })
    // Two entries of one name are one image for one reader and another for the next.
    for (index, entry) in entries.enumerated() where index > 0 && entries[index - 1].name == entry.name {
      throw LayerError(.duplicate, entry: entry.name)
    }
  }

  /// Notes a file or a link; false for what has no bytes to find.
  private mutating func note(_ entry: TarEntry, _ limits: Limits) throws(LayerError) -> Bool {
    do throws(LayerFault) {
      let parts = try LayerName.components(entry.name, limits: limits)
      var target: Path?
      switch entry.kind {
      case .file: break
      // A hard link names an entry from the top of the archive on, a symbolic one from its own directory on.
      case .hardLink: target = try ArchiveContents.resolve(entry.linkName, from: [], limits)
      case .symbolicLink: target = try ArchiveContents.resolve(entry.linkName, from: Array(parts.dropLast()), limits)
      default: return false
      }
      guard entries.count < limits.archiveEntries else { throw .tooManyEntries(limit: limits.archiveEntries) }
      // No builder has longer ones, and all are held in memory.
      if entry.name.bytes.count > limits.archiveNameLength { throw .pathTooLong(limit: limits.archiveNameLength) }
      if let target, target.bytes.count > limits.archiveNameLength { throw .pathTooLong(limit: limits.archiveNameLength) }
      entries.append(Entry(name: ArchiveContents.joined(parts), start: 0, size: entry.size, target: target))
      return true
    } catch {
      throw LayerError(error, entry: entry.name)
    }
  }

  /// The names of all files and links, in the order of their bytes.
  var names: [Path] { entries.map { $0.name } }

  /// The file of that name, or the one that a link of that name stands for; nil when there is none.
  func find(_ name: Path) -> Entry? {
    var name = name
    // Docker's own archives have one link at most in the way.
    for _ in 0..<8 {
      guard let entry = lookUp(name) else { return nil }
      guard let target = entry.target else { return entry }
      name = target
    }
    return nil
  }

  private func lookUp(_ name: Path) -> Entry? {
    place(of: name.bytes, among: entries.count) { entries[$0].name.bytes }.map { entries[$0] }
  }

  /// A name in a document of the archive as entries are noted: without `.` and empty parts; nil for one that leads nowhere in it.
  static func normal(_ name: String, _ limits: Limits) -> Path? {
    do throws(LayerFault) {
      return joined(try LayerName.components(Path(name), limits: limits))
    } catch {
      return nil
    }
  }

  /// Where a link in `directory` leads; `..` is taken lexically, because directories of an archive are no links.
  private static func resolve(_ link: Path, from directory: [Path], _ limits: Limits) throws(LayerFault) -> Path {
    if link.isEmpty { throw .emptyLinkTarget }
    if link.bytes.count > limits.pathLength { throw .pathTooLong(limit: limits.pathLength) }
    var parts = link.isAbsolute ? [] : directory
    for part in link.components {
      if !part.elementsEqual(StaticBytes("..")) {
        parts.append(Path(bytes: part))
      } else if parts.popLast() == nil {
        throw .linkLeadsOut(target: link)
      }
    }
    return joined(parts)
  }

  private static func joined(_ parts: [Path]) -> Path {
    var bytes: [UInt8] = []
    for part in parts {
      if !bytes.isEmpty { bytes.append(Path.slash) }
      bytes += part.bytes
    }
    return Path(bytes: bytes)
  }
}
