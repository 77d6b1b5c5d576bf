internal import Linux
internal import OCI

// The on-disk format of EROFS as every kernel since Linux 5.4 reads it (Documentation/filesystems/erofs.rst, fs/erofs/erofs_fs.h): blocks of 4 KiB, nothing
// compressed, extended inodes, attributes with the inode that has them. All numbers are little-endian.

/// What is fixed in the format.
enum ErofsFormat {
  static var blockSize: UInt64 { 4096 }
  /// An inode begins at a multiple of it, which is its number. The C constant is `EROFS_SLOTSIZE`.
  static var slotSize: UInt64 { 32 }
  /// Of struct erofs_inode_extended.
  static var inodeSize: UInt64 { 64 }
  /// Where the number of links is in an inode.
  static var linksOffset: UInt64 { 44 }

  /// `count` rounded up to a multiple of `unit`, a power of two.
  static func rounded(_ count: UInt64, to unit: UInt64) -> UInt64 { (count + unit - 1) & ~(unit - 1) }
}

extension [UInt8] {
  /// Adds the lowest `count` bytes of `number`, the lowest first.
  @inline(never)
  mutating func append(_ number: UInt64, bytes count: Int) {
    for index in 0..<count { append(UInt8(truncatingIfNeeded: number >> UInt64(index * 8))) }
  }

  /// Adds zeros, up to a length that is a multiple of `unit`, a power of two.
  mutating func fill(to unit: UInt64) {
    while UInt64(count) & (unit - 1) != 0 { append(0) }
  }
}

/// What struct erofs_super_block says of a file system.
struct ErofsSuperblock {
  /// Where it is, behind room for boot loaders.
  static var place: UInt64 { 1024 }

  /// Number of the root directory.
  var root: UInt64
  var inodes: UInt64
  /// Of the file system.
  var blocks: UInt64
  /// The first 16 of its digits are those that tell the file system from others.
  var identity: Digest

  /// The superblock, and the rest of its block.
  func bytes() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(0xE0F5_E1E2, bytes: 8)
    // EROFS_FEATURE_COMPAT_SB_CHKSUM | EROFS_FEATURE_COMPAT_MTIME
    bytes.append(1 | 2, bytes: 4)
    // Block size as a power of two; no extension slots.
    bytes.append(12, bytes: 2)
    bytes.append(root, bytes: 2)
    bytes.append(inodes, bytes: 8)
    // When it was built: always the same for the same image.
    bytes.append(0, bytes: 8)
    bytes.append(0, bytes: 4)
    bytes.append(blocks, bytes: 4)
    // The numbers of inodes count from the block 0; there are no attributes that inodes share.
    bytes.append(0, bytes: 8)
    bytes += Array(identity.hex.utf8)[..<16]
    // The checksum covers what is behind the boot loaders' room.
    while UInt64(bytes.count) < ErofsFormat.blockSize - ErofsSuperblock.place { bytes.append(0) }
    let checksum = crc32c(bytes)
    for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(index * 8)) }
    return bytes
  }
}

/// CRC-32C as the kernel's crc32c(~0, ...) gives it, which inverts nothing at the end.
func crc32c(_ bytes: [UInt8]) -> UInt32 {
  var value = UInt32.max
  for byte in bytes {
    value ^= UInt32(byte)
    for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }
  return value
}

/// An inode, struct erofs_inode_extended.
struct ErofsInode {
  let status: FileStatus
  /// Bytes of what is in it: of a directory, its entries.
  let size: UInt64
  /// As `ErofsAttributes` encodes them.
  let attributes: [UInt8]
  var links: UInt64 = 1
  /// Counted from 1.
  var serial: UInt64 = 0
  /// The first block of its data.
  var block: UInt64 = 0

  init(_ status: FileStatus, size: UInt64, attributes: [UInt8]) {
    self.status = status
    self.size = size
    self.attributes = attributes
  }

  /// Bytes of the inode with its attributes.
  private var ownSize: UInt64 { ErofsFormat.inodeSize + UInt64(attributes.count) }
  /// The bytes of its data that follow the inode: those that fill no block, whenever a block has room for both.
  var rest: UInt64 {
    let rest = size & (ErofsFormat.blockSize - 1)
    return ownSize + rest <= ErofsFormat.blockSize ? rest : 0
  }
  /// Bytes that it takes with what follows it.
  var sizeWithRest: UInt64 { ownSize + rest }

  /// The inode and its attributes.
  func bytes() -> [UInt8] {
    var bytes: [UInt8] = []
    // The lowest bit is the version, an extended inode; then EROFS_INODE_FLAT_PLAIN (0) or EROFS_INODE_FLAT_INLINE (2).
    bytes.append(rest > 0 ? 1 | 2 << 1 : 1, bytes: 2)
    // The header of the attributes has 12 bytes and counts as one of 4.
    bytes.append(attributes.isEmpty ? 0 : UInt64(attributes.count) / 4 - 2, bytes: 2)
    bytes.append(UInt64(status.mode), bytes: 4)
    bytes.append(size, bytes: 8)
    bytes.append(block, bytes: 4)
    bytes.append(serial, bytes: 4)
    bytes.append(UInt64(status.user), bytes: 4)
    bytes.append(UInt64(status.group), bytes: 4)
    bytes.append(UInt64(bitPattern: status.modified.seconds), bytes: 8)
    bytes.append(UInt64(bitPattern: status.modified.nanoseconds), bytes: 4)
    bytes.append(links, bytes: 4)
    bytes.fill(to: ErofsFormat.inodeSize)
    return bytes + attributes
  }
}

/// Extended attributes beside an inode: struct erofs_xattr_ibody_header, and struct erofs_xattr_entry for each.
struct ErofsAttributes {
  /// Empty as long as there is none.
  private(set) var bytes: [UInt8] = []

  /// Adds one; false when its name has no prefix that this needs, or when the inode cannot tell of so much.
  mutating func add(_ name: Path, _ value: [UInt8]) -> Bool {
    let isUser = name.bytes.starts(with: StaticBytes("user."))
    guard isUser || name.bytes.starts(with: StaticBytes("security.")) else { return false }
    let rest = name.bytes.dropFirst(isUser ? 5 : 9)
    // 16 bits for the length of a value; 16 for that of all, in units of 4 bytes.
    guard !rest.isEmpty, value.count < 1 << 16, bytes.count + 4 + rest.count + value.count < 1 << 17 else { return false }
    // The header: nothing is shared with other inodes.
    if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: 12) }
    bytes.append(UInt64(rest.count), bytes: 1)
    // EROFS_XATTR_INDEX_USER and EROFS_XATTR_INDEX_SECURITY.
    bytes.append(isUser ? 1 : 6, bytes: 1)
    bytes.append(UInt64(value.count), bytes: 2)
    bytes += rest
    bytes += value
    bytes.fill(to: 4)
    return true
  }
}

/// What has a name in a merged directory, `.` and `..` among it.
struct ErofsEntry {
  var name: Path
  var type: FileType
  /// The layers that it is in: of a directory all that have a part in it, the uppermost first; none for `.` and `..`.
  var layers: [Int] = []
  /// Number of the inode.
  var inode: UInt64 = 0

  /// The blocks of a directory; all but the last are filled up with zeros. Each begins with struct erofs_dirent for every name in it, followed by the names.
  ///
  /// The kernel searches by halves, first for the block and then in it, so `entries` are in the order of the bytes of their names.
  static func blocks(_ entries: [ErofsEntry]) -> [UInt8] {
    // Of struct erofs_dirent.
    let entrySize = 12
    var bytes: [UInt8] = []
    var first = 0
    while first < entries.count {
      var end = first
      var used = 0
      while end < entries.count, used + entrySize + entries[end].name.count <= Int(ErofsFormat.blockSize) {
        used += entrySize + entries[end].name.count
        end += 1
      }
      bytes.fill(to: ErofsFormat.blockSize)
      var name = (end - first) * entrySize
      for index in first..<end {
        bytes.append(entries[index].inode, bytes: 8)
        bytes.append(UInt64(name), bytes: 2)
        bytes.append(number(entries[index].type), bytes: 2)
        name += entries[index].name.count
      }
      while first < end {
        bytes += entries[first].name.bytes
        first += 1
      }
    }
    return bytes
  }

  /// The C constants are `FT_REG_FILE` and its kin (include/linux/fs_types.h). Layers have nothing else.
  private static func number(_ type: FileType) -> UInt64 {
    switch type {
    case .directory: 2
    case .fifo: 5
    case .symbolicLink: 7
    default: 1
    }
  }
}

/// The room in the file. Where an inode goes does not matter to the kernel, so those with much behind them leave holes that small ones fill.
struct ErofsSpace {
  private struct Hole {
    var start: UInt64
    var room: UInt64
  }

  /// Bytes, whole blocks of them; the first is the superblock's.
  private(set) var size = ErofsFormat.blockSize
  private var holes = [Hole](repeating: Hole(start: 0, room: 0), count: 64)

  /// A place for an inode that has so many bytes with all that follows it. What fits into a block is in one: the kernel does not read inline data from two.
  mutating func place(_ count: UInt64) -> UInt64 {
    let needed = ErofsFormat.rounded(count, to: ErofsFormat.slotSize)
    var best = -1
    var smallest = 0
    for index in holes.indices {
      let room = holes[index].room
      if room < holes[smallest].room { smallest = index }
      if room >= needed, best < 0 || room < holes[best].room { best = index }
    }
    if best >= 0 {
      let start = holes[best].start
      holes[best] = Hole(start: start + needed, room: holes[best].room - needed)
      return start
    }
    let start = size
    size += ErofsFormat.rounded(needed, to: ErofsFormat.blockSize)
    let room = size - start - needed
    if room > holes[smallest].room { holes[smallest] = Hole(start: start + needed, room: room) }
    return start
  }

  /// The first of the blocks that so many bytes take.
  mutating func blocks(_ count: UInt64) -> UInt64 {
    let start = size
    size += ErofsFormat.rounded(count, to: ErofsFormat.blockSize)
    return start / ErofsFormat.blockSize
  }
}
