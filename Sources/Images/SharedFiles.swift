internal import Linux
internal import Wording

/// Files of other layers that a layer shares, by a link, while it is unpacked (docs/decisions/shared-files.md).
///
/// Those at the same place, of the same size, owner, mode and time, and without attributes, are compared with the contents that come, before anything is written.
/// A file that is shared has one name in each of its layers, always the same one: no container ever sees two names of it.
final class SharedFiles {
  /// The roots of the layers, those first that were imported last.
  private let layers: [OpenDirectory]
  /// The numbers of the files that have become links here, ascending: 8 bytes for each.
  private var linked: [UInt64] = []

  /// Bytes. Smaller ones have next to nothing of what layers have in common, and are most of the files.
  private static var leastSize: UInt64 { 16 << 10 }

  init(_ layers: [OpenDirectory]) { self.layers = layers }

  /// One that may be what `entry`, `name` in the directory `parent` of its layer, is about; nil when there is none.
  func find(_ entry: TarEntry, _ name: Path, in parent: [Path]) -> SharedFile? {
    if entry.size < SharedFiles.leastSize || !entry.attributes.isEmpty { return nil }
    var path = Path("")
    for part in parent { path = path.appending(part.bytes) }
    path = path.appending(name.bytes)
    var found: SharedFile?
    var names: UInt64 = 0
    for layer in layers {
      // What cannot be looked at is not shared.
      guard let file = try? layer.descriptor.openWithoutLinks(path, .readOnly | .nonBlocking), let status = try? file.status() else { continue }
      if let found {
        if found.status.isSameFile(as: status) { names += 1 }
      } else if SharedFiles.isSame(file, status, entry) {
        found = SharedFile(file, status)
        names = 1
      }
    }
    // One with names elsewhere has several in one layer, or would get too many.
    return found?.status.links == names ? found : nil
  }

  private static func isSame(_ file: borrowing FileDescriptor, _ status: FileStatus, _ entry: TarEntry) -> Bool {
    guard status.type == .regular, status.size == entry.size, status.modified == entry.modified else { return false }
    return (try? file.differences(from: entry, status, hasMore: false).isEmpty) ?? false
  }

  /// Remembers that a file has become a link.
  fileprivate func add(_ inode: UInt64) {
    let (index, isThere) = linked.place(of: inode)
    if !isThere { linked.insert(inode, at: index) }
  }

  /// To be called before `name`, in a directory of the layer, gets another name in it: what other layers have as well becomes a file of its own.
  func separate(_ name: Path, _ status: FileStatus, in directory: borrowing FileDescriptor) throws(Errno) {
    guard linked.place(of: status.inode).isThere else { return }
    let modified = try directory.status().modified
    let shared = try directory.open(name, .readOnly | .noFollow | .nonBlocking)
    try directory.unlink(name)
    let own = try directory.open(name, .writeOnly | .create | .exclusive | .noFollow, mode: 0o600)
    try own.append(status.size, of: shared)
    try own.resemble(shared)
    try directory.changeTimes(modified)
  }
}

/// A file that may turn out to have the contents that come.
final class SharedFile {
  let descriptor: FileDescriptor
  let status: FileStatus
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
  /// Bytes from its start that are the same so far.
  private var same: UInt64 = 0

  init(_ descriptor: consuming FileDescriptor, _ status: FileStatus) {
    self.descriptor = descriptor
    self.status = status
  }

  deinit { buffer.deallocate() }

  /// Reads an entry's contents as long as they are the same; gives the first piece that is not.
  func compare(_ reader: EntryReader, _ progress: () -> Void) throws(LayerError) -> UnsafeRawBufferPointer? {
    while let piece = try reader.piece() {
      if !goesOn(with: piece) { return piece }
      progress()
    }
    return nil
  }

  /// Whether these bytes come next in it; they are then passed over.
  private func goesOn(with bytes: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count {
      let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(bytes.count - done, buffer.count)])
      // What cannot be read is not the same.
      guard let count = try? descriptor.read(into: room, at: same + UInt64(done)), count > 0,
        SharedFile.areSame(UnsafeRawBufferPointer(rebasing: room[..<count]), UnsafeRawBufferPointer(rebasing: bytes[done..<(done + count)]))
      else { return false }
      done += count
    }
    same += UInt64(bytes.count)
    return true
  }

  /// Eight bytes at a time, because the C library compares one by one as well.
  private static func areSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    while index + 8 <= left.count {
      if left.loadUnaligned(fromByteOffset: index, as: UInt64.self) != right.loadUnaligned(fromByteOffset: index, as: UInt64.self) { return false }
      index += 8
    }
    return left[index...].elementsEqual(right[index...])
  }

  /// Gives it a name more, in a directory of a layer that is being written; false where that cannot be.
  func link(to directory: borrowing FileDescriptor, _ name: Path, _ shared: SharedFiles?) -> Bool {
    do throws(Errno) {
      try descriptor.link(to: directory, name)
    } catch {
      return false
    }
    shared?.add(status.inode)
    return true
  }

  /// Writes what was the same, and the piece that came after it, to a new file.
  func copy(to other: borrowing FileDescriptor, and piece: UnsafeRawBufferPointer?) throws(Errno) {
    try other.append(same, of: descriptor)
    if let piece { try other.writeAll(piece) }
  }
}

extension Store {
  /// How many layers are looked at for files to share.
  private static var sharedLayerLimit: Int { 16 }

  /// The layers that were imported last.
  func recentLayers() throws(ImageError) -> [OpenDirectory] {
    var newest: [(name: Path, time: FileTime)] = []
    for name in try names(in: headers, "headers") {
      guard let time = try? headers.status(of: name).modified else { continue }
      let place = newest.firstIndex { ($0.time.seconds, $0.time.nanoseconds) < (time.seconds, time.nanoseconds) } ?? newest.count
      newest.insert((name, time), at: place)
      if newest.count > Store.sharedLayerLimit { newest.removeLast() }
    }
    var roots: [OpenDirectory] = []
    for layer in newest {
      if let root = try? layers.open(layer.name, .readOnly | .directory | .noFollow) { roots.append(OpenDirectory(root)) }
    }
    return roots
  }
}
