internal import Linux
internal import OCI

/// Makes the archive of a layer again, bit for bit, out of what was kept of it (`KeptHeaders`) and the files of the unpacked layer.
///
/// Nothing of it has been verified: whoever gets the archive compares its digest with the layer's DiffID.
final class LayerArchive {
  private let reader: ArchiveReader
  /// The unpacked layer.
  let tree: LayerTree
  private let limits: Limits
  private let output: ByteSink
  private let buffer: UnsafeMutableRawBufferPointer

  /// `headers` is the file that was kept, `root` the directory of the layer; `output` gets the archive.
  init(
    headers: Extent, root: consuming FileDescriptor, limits: Limits = Limits(), start: ReaderStart, output: @escaping ByteSink
  ) throws(LayerError) {
    var bytes: UInt64 = 0
    let input = ReaderInput(
      fill: { (buffer) throws(LayerError) in
        do throws(Errno) { return try headers.read(into: buffer) } catch { throw LayerError(.system(SystemError("read", "the headers", error))) }
      },
      take: { (count, _) throws(LayerError) in
        bytes += count
        if bytes > limits.bytes { throw LayerError(.headersDamaged) }
      })
    reader = try ArchiveReader(ReaderTask(purpose: .headers, compression: .gzip, limits: limits), input, start: start, keep: output)
    tree = LayerTree(root: root, lower: LowerLayers(), limits: limits)
    self.limits = limits
    self.output = output
    buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Makes all of it. An error about the headers says so; one about a file has the entry's name.
  ///
  /// - `visit`: gets each entry before its contents are read.
  /// - `tell`: gets the errors about files, and what can be made is made nevertheless. Without it the first one ends everything.
  /// - `hasContents`: false makes nothing of what is in files, which are not read.
  func make(
    hasContents: Bool = true, visit: (TarEntry) throws(LayerError) -> Void = { (_) throws(LayerError) in }, tell: ((LayerError) -> Void)? = nil
  ) throws(LayerError) {
    var entries: UInt64 = 0
    var left = limits.bytes
    while let entry = try next() {
      entries += 1
      // An import keeps to these limits.
      guard entries <= limits.entries, entry.size <= left else { throw LayerError(.headersDamaged) }
      left -= entry.size
      try visit(entry)
      guard let (parent, name) = try LayerArchive.file(entry, limits) else { continue }
      if entry.size == 0 || !hasContents { continue }
      do throws(LayerFault) {
        try copy(entry, parent, name)
      } catch {
        if case .data(let inner) = error { throw inner }
        let error = LayerError(error, entry: entry.name)
        if let tell { tell(error) } else { throw error }
      }
    }
  }

  /// Where the contents of a regular file are in the unpacked layer; nil for what has no contents there, so that what data it has is kept.
  static func file(_ entry: TarEntry, _ limits: Limits) throws(LayerError) -> (parent: [Path], name: Path)? {
    guard entry.kind == .file, case .file(let parent, let name) = try layer({ () throws(LayerFault) in try LayerName.parse(entry.name, limits: limits) })
    else { return nil }
    return (parent, name)
  }

  private func next() throws(LayerError) -> TarEntry? { try sound { () throws(LayerError) in try reader.next() } }

  /// Runs `body`, whose faults are those of the headers: an archive that was taken once has none.
  private func sound<Value>(_ body: () throws(LayerError) -> Value) throws(LayerError) -> Value {
    do throws(LayerError) {
      return try body()
    } catch {
      switch error.fault {
      case .noMemory, .system, .data, .readerKilled, .readerConfused, .notConfined, .notFiltered: throw error
      default: throw LayerError(.headersDamaged)
      }
    }
  }

  private func copy(_ entry: TarEntry, _ parent: [Path], _ name: Path) throws(LayerFault) {
    let place = try tree.find(parent)
    var left = entry.size
    var failure: LayerError?
    do throws(Errno) {
      guard let place else { throw Errno.noSuchFileOrDirectory }
      let file = try place.directory.open(name, .readOnly | .noFollow | .nonBlocking)
      let status = try file.status()
      if status.type == .directory { throw Errno.isDirectory }
      if status.type != .regular || status.size != entry.size { throw Errno.noData }
      while left > 0 {
        let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(left, UInt64(buffer.count)))]))
        if count == 0 { throw Errno.noData }
        left -= UInt64(count)
        do throws(LayerError) { try output(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])) } catch { failure = error }
        if failure != nil { break }
      }
    } catch {
      switch error {
      case .noSuchFileOrDirectory, .tooManyLinks, .notDirectory: throw .contentMissing
      case .isDirectory: throw .contentReplaced
      case .noData: throw .contentOfOtherSize(expected: entry.size)
      default: throw .system(SystemError("read", "", error))
      }
    }
    if let failure { throw .data(failure) }
  }
}
