public import Linux

/// What is wrong with a layer, and with which entry of it.
public final class LayerError: Error, Sendable {
  /// The entry's name as the archive has it; nil when the fault is not one entry's.
  public let entry: Path?
  public let fault: LayerFault

  @inline(never)
  public init(_ fault: LayerFault, entry: Path? = nil) {
    self.fault = fault
    self.entry = entry
  }

  /// One sentence, such as `entry ../etc/passwd: leads out of the archive`.
  public var message: String {
    guard let entry else { return fault.reason }
    return Text("entry \(printable(entry)): \(fault.reason)").string
  }
}

/// A foreign name for a message: control characters, which a terminal would obey, are shown as `?`, and a long name is cut.
func printable(_ name: Path) -> String {
  let shown = name.bytes.prefix(256).map { $0 < 0x20 || $0 == 0x7F ? 0x3F : $0 }
  let text = String(decoding: shown, as: UTF8.self)
  return name.bytes.count > shown.count ? Text("\(text)...").string : text
}

/// Why a layer cannot be applied.
public indirect enum LayerFault: Error, Sendable {
  // The stream of bytes.
  case truncated, notGzip, garbageAfterGzip, notZstd, windowTooLarge, unknownCompression(name: Literal)
  case otherCompression(found: Literal, declared: Literal)
  case wrongSize(expected: UInt64), longerThanDescriptor(expected: UInt64)
  case wrongDigest(found: String), wrongDiffID(expected: String, found: String)
  // The archive.
  case badChecksum, badNumber(field: TarField), negativeNumber(field: TarField), nulInName, unknownType(UInt8), sparse
  case metadataTooLong(limit: UInt64), badExtendedHeader, globalHeaderChangesEntries, metadataWithoutEntry, metadataTwice, oneZeroBlock
  // Names.
  case emptyName, leadsOut, parentReference, nameTooLong, pathTooLong(limit: UInt64), tooDeep(limit: UInt64), rootNotDirectory
  case bareWhiteout, whiteoutOfDots, whiteoutInTheMiddle
  case linkLeadsOut(target: Path), linkTargetMissing(target: Path), linkToDirectory(target: Path), emptyLinkTarget
  case duplicate, parentNotDirectory, linkLoop
  // An unpacked layer, when its archive is made again.
  case headersDamaged, contentMissing, contentReplaced, contentOfOtherSize(expected: UInt64)
  // Quotas.
  case tooManyEntries(limit: UInt64), tooManyBytes(limit: UInt64), ratio(limit: UInt64), tooManyWhiteouts(limit: UInt64)
  // The machine.
  case noMemory
  /// The process that reads the archive was ended by a signal, or has not kept to what was agreed with it.
  case readerKilled(signal: Int32), readerConfused
  /// That process could not give up its rights, or has no filter of system calls.
  case notConfined(Errno), notFiltered(Errno)
  case system(SystemError)
  /// An error that was met while an entry's data was read, and that names what it is about by itself.
  case data(LayerError)

  /// What is wrong, as the end of a sentence.
  public var reason: String { text.string }

  private var text: Text {
    switch self {
    case .truncated: "the archive ends too early"
    case .notGzip: "its content is not gzip, or damaged"
    case .garbageAfterGzip: "other bytes follow the gzip stream"
    case .notZstd: "its content is not zstd, or damaged"
    case .windowTooLarge: "its zstd frames need a window of more than 8 MiB (RFC 8878, 3.1.1.1.2)"
    case .otherCompression(let found, let declared): "its content is \(found), and its media type says \(declared)"
    case .unknownCompression(let name): "it is compressed by \(name), and only gzip and zstd are supported"
    case .wrongSize(let expected): "it is shorter than the \(expected) bytes of its descriptor"
    case .longerThanDescriptor(let expected): "it is longer than the \(expected) bytes of its descriptor"
    case .wrongDigest(let found): "its content has digest \(found)"
    case .wrongDiffID(let expected, let found): "its uncompressed content has digest \(found), and the image's config says \(expected)"
    case .badChecksum: "a tar header has a wrong checksum"
    case .badNumber(let field): "the tar header's \(field.name) is not a number in range"
    case .negativeNumber(let field): "the tar header's \(field.name) is negative"
    case .nulInName: "a name has a NUL byte in it"
    case .unknownType(let type): "tar entries of type \(UInt64(type)) are not known"
    case .sparse: "sparse files are not supported (image-spec, layer.md: they should not be used)"
    case .metadataTooLong(let limit): "an extended tar header is longer than \(limit) bytes"
    case .badExtendedHeader: "an extended tar header is malformed"
    case .globalHeaderChangesEntries: "a global tar header sets the name or size of entries"
    case .metadataWithoutEntry: "an extended tar header has no entry after it"
    case .metadataTwice: "an entry has two extended tar headers of the same kind"
    case .oneZeroBlock: "a tar header is empty"
    case .emptyName: "its name is empty"
    case .leadsOut: "leads out of the archive"
    case .parentReference: "has .. in its name"
    case .nameTooLong: "a part of its name is longer than 255 bytes"
    case .pathTooLong(let limit): "its name is longer than \(limit) bytes"
    case .tooDeep(let limit): "is more than \(limit) directories deep"
    case .rootNotDirectory: "replaces the root of the layer by something that is no directory"
    case .bareWhiteout: "is a whiteout of nothing"
    case .whiteoutOfDots: "is a whiteout of a directory's own or parent entry"
    case .whiteoutInTheMiddle: "is below a whiteout"
    case .linkLeadsOut(let target): "is a link to \(printable(target)), which leads out of the archive"
    case .linkTargetMissing(let target): "is a hard link to \(printable(target)), which the layer does not have before it"
    case .linkToDirectory(let target): "is a hard link to \(printable(target)), which is a directory"
    case .emptyLinkTarget: "is a link to nothing"
    case .duplicate: "is in the archive twice"
    case .parentNotDirectory: "its parent is a link to something that is no directory"
    case .linkLoop: "its parent is a chain of more than 40 symbolic links"
    case .headersDamaged: "what was kept of its archive's headers is damaged"
    case .contentMissing: "is missing"
    case .contentReplaced: "is a directory, because the archive has entries below it: what was in the file is gone"
    case .contentOfOtherSize(let expected): "is no file of \(expected) bytes"
    case .tooManyEntries(let limit): "more than \(limit) entries"
    case .tooManyBytes(let limit): "more than \(limit) bytes unpacked"
    case .ratio(let limit): "it unpacks to more than \(limit) times its size"
    case .tooManyWhiteouts(let limit): "more than \(limit) whiteouts"
    case .noMemory: "there is not enough memory to read it"
    case .readerKilled(let signal): "the process that read it was ended by signal \(Int64(signal))"
    case .readerConfused: "the process that read it told nonsense of it"
    case .notConfined(let error): "take the rights of the process that reads it: \(error.message)"
    case .notFiltered(let error): "load the seccomp filter of the process that reads it (CONFIG_SECCOMP_FILTER): \(error.message)"
    case .system(let error): Text(error.message)
    case .data(let error): Text(error.message)
    }
  }
}

/// How much an image may ask of the device. The defaults are far above what real images need, and far below what would hurt a device with a disk of some
/// gigabytes; how much memory an import takes does not depend on them, but for `whiteouts`.
public struct Limits: Equatable, Sendable {
  /// Layers of an image. Default 128; Docker's builders stop at 127.
  public var layers: UInt64 = 128
  /// Entries of a layer. Default 1,000,000.
  public var entries: UInt64 = 1_000_000
  /// Bytes of a layer's archive, unpacked. Default 8 GiB.
  public var bytes: UInt64 = 8 << 30
  /// How many times larger than its blob the archive may be. Default 200; deflate cannot reach more than 1,032.
  public var ratio: UInt64 = 200
  /// Below so many bytes of archive the ratio does not matter: a file of zeros is not an attack by itself. Default 256 MiB.
  public var ratioFloor: UInt64 = 256 << 20
  /// Directories from the root to an entry, the entry included. Default 256.
  public var depth: UInt64 = 256
  /// Bytes of an entry's name. Default 4,095, the kernel's limit for a path.
  public var pathLength: UInt64 = 4095
  /// Bytes of one extended header. Default 1 MiB, which is also Go's limit.
  public var metadata: UInt64 = 1 << 20
  /// Whiteouts and opaque directories of a layer; each is held in memory until the layer's end. Default 65,536.
  public var whiteouts: UInt64 = 65536
  /// Files and links of an archive with images. Default 16,384; their names are held in memory.
  public var archiveEntries: UInt64 = 16384
  /// Bytes of a name in it. Default 255: builders make names of some 80.
  public var archiveNameLength: UInt64 = 255
  /// Images of an archive or a layout. Default 128.
  public var images: UInt64 = 128
  /// Bytes of layers, unpacked, that an import puts on the medium before it is complete, so that the next one need not unpack them again should it be killed.
  /// Default 32 MiB: what is less is done again in a second, and each time costs a `syncfs`.
  public var bytesToKeep: UInt64 = 32 << 20

  public init() {}
}
