internal import Linux
internal import OCI

/// Writes layers, merged as overlayfs merges them, as one EROFS file system: the same bytes for the same layers.
///
/// One pass: a directory's inode gets its place before those of what is in it, and its entries when those have theirs. What is held in memory is the names in the
/// directories on the way to where it is, and the numbers of files with several names. Inodes, each with its attributes and the rest of its data, lie between the
/// blocks of data; what is never written in between is zeros.
struct ErofsWriter: ~Copyable {
  private let layers: LowerLayers
  private let identity: Digest
  private let image: FileDescriptor
  private var space = ErofsSpace()
  private var inodes: UInt64 = 0
  /// Of each layer.
  private var links: [ErofsLinks]
  /// What is being written; for messages.
  private var current: Path = ""

  private init(_ layers: LowerLayers, identity: Digest, image: consuming FileDescriptor) {
    self.layers = layers
    self.identity = identity
    self.image = image
    links = layers.roots.map { _ in ErofsLinks() }
  }

  /// Writes everything to an empty file, and gives the number of bytes of the whole.
  ///
  /// - identity: tells the file system from others.
  static func write(_ layers: LowerLayers, identity: Digest, to image: consuming FileDescriptor) throws(ImageError) -> UInt64 {
    var writer = ErofsWriter(layers, identity: identity, image: image)
    do throws(Errno) {
      return try writer.writeAll()
    } catch {
      throw ImageError("write", "the EROFS file: /\(writer.current)", error)
    }
  }

  private mutating func writeAll() throws(Errno) -> UInt64 {
    let root = try directory("", in: Array(layers.roots.indices), parent: nil)
    for layer in links {
      for link in layer.all where link.names > 1 {
        var count: [UInt8] = []
        count.append(link.names, bytes: 4)
        try write(count, at: link.number * ErofsFormat.slotSize + ErofsFormat.linksOffset)
      }
    }
    let superblock = ErofsSuperblock(root: root, inodes: inodes, blocks: space.size / ErofsFormat.blockSize, identity: identity)
    try write(superblock.bytes(), at: ErofsSuperblock.place)
    // The last block may not have been written up to its end.
    if try image.status().size < space.size { try write([0], at: space.size - 1) }
    return space.size
  }

  // MARK: directories

  /// A directory of a layer that has a part in one of the merged ones.
  private struct Part {
    /// The index of the layer.
    var layer: Int
    var directory: OpenDirectory
  }

  /// Writes the directory `path` and everything in it; gives its number. `layers` have such a directory, the uppermost first.
  ///
  /// Its parts are not open while directories in it are written: layers times levels could be more than a process may have.
  private mutating func directory(_ path: Path, in layers: [Int], parent: UInt64?) throws(Errno) -> UInt64 {
    current = path
    var parts = try open(path, in: layers)
    var entries = try merge(parts)
    let top = parts[0].directory
    var inode = ErofsInode(
      try top.descriptor.status(), size: UInt64(ErofsEntry.blocks(entries).count), attributes: try ErofsWriter.attributes(of: top.descriptor))
    // Its own name and `.`, and the `..` of each one in it: `..` itself stands for the first of them.
    inode.links = UInt64(entries.count { $0.type == .directory })
    let own = try place(&inode)
    for index in entries.indices where entries[index].type != .directory {
      guard let part = parts.first(where: { $0.layer == entries[index].layers[0] }) else { continue }
      current = path.appending(entries[index].name.bytes)
      entries[index].inode = try file(entries[index].name, of: part)
    }
    parts = []
    for index in entries.indices where entries[index].type == .directory {
      let (name, layers) = (entries[index].name, entries[index].layers)
      if layers.isEmpty {
        entries[index].inode = name.count == 1 ? own : parent ?? own
      } else {
        entries[index].inode = try directory(path.appending(name.bytes), in: layers, parent: own)
      }
    }
    current = path
    try write(inode, own, ErofsEntry.blocks(entries))
    return own
  }

  /// The parts of a directory, down to the one that hides those below it.
  private func open(_ path: Path, in layers: [Int]) throws(Errno) -> [Part] {
    var parts: [Part] = []
    for layer in layers {
      // Nobody else writes into layers: each of the names was a directory.
      let directory = OpenDirectory(try self.layers.roots[layer].descriptor.open(path.isEmpty ? "." : path, .readOnly | .directory | .noFollow))
      parts.append(Part(layer: layer, directory: directory))
      if try directory.descriptor.isOpaque() { break }
    }
    return parts
  }

  /// What overlayfs shows in a directory of these parts, in the order of the names' bytes.
  private func merge(_ parts: [Part]) throws(Errno) -> [ErofsEntry] {
    var found = [ErofsEntry(name: ".", type: .directory), ErofsEntry(name: "..", type: .directory)]
    for part in parts {
      for entry in try part.directory.descriptor.entries() {
        var type = entry.type
        if type == .unknown || type == .characterDevice {
          let status = try part.directory.descriptor.status(of: entry.name)
          // There is no other device in a layer.
          type = status.isWhiteout ? .characterDevice : status.type
        }
        found.append(ErofsEntry(name: entry.name, type: type, layers: [part.layer]))
      }
    }
    var entries: [ErofsEntry] = []
    // The name that was seen last, and whether the layers below have anything to say about it.
    var last: Path?
    var isOpen = false
    for index in order(of: found.map { $0.name.bytes }) {
      let entry = found[index]
      let isNew = last.map { $0 != entry.name } ?? true
      last = entry.name
      if isNew {
        isOpen = entry.type == .directory
        if entry.type != .characterDevice { entries.append(entry) }
      } else if isOpen {
        isOpen = entry.type == .directory
        if isOpen { entries[entries.count - 1].layers += entry.layers }
      }
    }
    return entries
  }

  // MARK: files

  /// Writes what is no directory; gives its number.
  private mutating func file(_ name: Path, of part: Part) throws(Errno) -> UInt64 {
    let directory = part.directory
    let status = try directory.descriptor.status(of: name)
    if status.links > 1, let known = links[part.layer].number(of: status.inode) { return known }
    let number: UInt64
    switch status.type {
    case .regular:
      let file = try directory.descriptor.open(name, .readOnly | .noFollow)
      var inode = ErofsInode(status, size: status.size, attributes: try ErofsWriter.attributes(of: file))
      number = try place(&inode)
      try image.seek(to: inode.block * ErofsFormat.blockSize)
      try image.append(inode.size - inode.rest, from: file)
      let rest = try file.readAll(limit: Int(inode.rest))
      if UInt64(rest.count) != inode.rest { throw .inputOutput }
      try write(inode.bytes() + rest, at: number * ErofsFormat.slotSize)
    case .symbolicLink:
      let target = try directory.descriptor.readLink(name)
      var inode = ErofsInode(status, size: UInt64(target.count), attributes: [])
      number = try place(&inode)
      try write(inode, number, Array(target.bytes))
    case .fifo:
      var inode = ErofsInode(status, size: 0, attributes: [])
      number = try place(&inode)
      try write(inode, number, [])
    default:
      // Layers have nothing else.
      throw .invalidArgument
    }
    if status.links > 1 { links[part.layer].add(status.inode, number) }
    return number
  }

  /// Attributes that layers may have; those of links and FIFOs are none of them.
  private static func attributes(of file: borrowing FileDescriptor) throws(Errno) -> [UInt8] {
    var attributes = ErofsAttributes()
    // In the order of their bytes, because that of file systems differs.
    for name in try file.attributeNames().sorted(byBytesOf: { $0.bytes }) where LayerAttribute.isAllowed(name) {
      if !attributes.add(name, try file.attribute(name)) { throw .argumentListTooLong }
    }
    return attributes.bytes
  }

  // MARK: places

  /// Gives an inode its number, and blocks to what does not follow it.
  private mutating func place(_ inode: inout ErofsInode) throws(Errno) -> UInt64 {
    inodes += 1
    inode.serial = inodes
    let place = space.place(inode.sizeWithRest)
    if inode.size > inode.rest { inode.block = space.blocks(inode.size - inode.rest) }
    // The numbers of blocks have 32 bits.
    if space.size >> 44 != 0 { throw .fileTooLarge }
    return place / ErofsFormat.slotSize
  }

  /// Writes an inode and its contents.
  private func write(_ inode: ErofsInode, _ number: UInt64, _ contents: [UInt8]) throws(Errno) {
    let inBlocks = Int(inode.size - inode.rest)
    if inBlocks > 0 { try write(Array(contents[..<inBlocks]), at: inode.block * ErofsFormat.blockSize) }
    try write(inode.bytes() + contents[inBlocks...], at: number * ErofsFormat.slotSize)
  }

  private func write(_ bytes: [UInt8], at place: UInt64) throws(Errno) {
    try image.seek(to: place)
    try image.writeAll(bytes)
  }
}

/// The files of a layer that have several names, by their inodes there.
private struct ErofsLinks {
  struct Link {
    var number: UInt64
    var names: UInt64 = 1
  }

  /// In ascending order.
  private var inodes: [UInt64] = []
  private(set) var all: [Link] = []

  /// The number that the file has already; nil when it was not seen before. Counts the name.
  mutating func number(of inode: UInt64) -> UInt64? {
    let (index, isThere) = inodes.place(of: inode)
    if !isThere { return nil }
    all[index].names += 1
    return all[index].number
  }

  mutating func add(_ inode: UInt64, _ number: UInt64) {
    let index = inodes.place(of: inode).index
    inodes.insert(inode, at: index)
    all.insert(Link(number: number), at: index)
  }
}
