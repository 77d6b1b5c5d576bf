public import Linux
internal import OCI

/// What an image is imported from.
public enum ImageOrigin: Sendable {
  /// A directory, an archive, or a pipe that has a name.
  case path(Path)
  /// An archive that is read from standard input.
  case standardInput
}

/// The files of an image, by name: those of a directory, the entries of an archive, or what was staged of an archive that comes once.
final class ImageFiles {
  /// What the user named, for messages.
  let shown: String
  /// The directory, the archive, or the directory with the staged files.
  private let file: FileDescriptor
  /// Nil when the files are those of a directory.
  private let contents: ArchiveContents?
  private let isStaged: Bool
  /// What an image is called that nobody named: the directory's name, or the file's without its ending; nil for a pipe.
  let defaultName: String?

  /// Opens a directory or an archive. Of an archive that can be read at any place only the headers are read. One that comes through a pipe, or is compressed,
  /// is written into a new directory in `staging`, which the caller removes; `progress` gets the bytes written, about once in a mebibyte.
  init(
    _ origin: ImageOrigin, staging: borrowing FileDescriptor, limits: Limits, startReader: ReaderStart, progress: (UInt64) -> Void
  ) throws(ImageError) {
    var shown = "standard input"
    if case .path(let path) = origin { shown = path.description }
    self.shown = shown
    let file = try doing("open", Text(shown)) { () throws(Errno) in
      switch origin {
      case .path(let path): try FileDescriptor.open(path, .readOnly | .noControllingTerminal)
      case .standardInput: try FileDescriptor.duplicateStandardInput()
      }
    }
    let status = try doing("examine", Text(shown)) { () throws(Errno) in try file.status() }
    defaultName = try ImageFiles.defaultName(origin, status.type)
    if status.type == .directory {
      self.file = file
      contents = nil
      isStaged = false
      return
    }
    if status.type == .regular, file.isAtStart {
      let bytes = try doing("read", Text(shown)) { () throws(Errno) in Extent(try file.duplicate(), count: status.size) }
      let start = try doing("read", Text(shown)) { () throws(Errno) in try bytes.readStart() }
      if try within(Text(shown), { () throws(LayerError) in try LayerCompression.found(in: start) }) == .none {
        contents = try ImageFiles.contents(of: bytes, shown, limits, startReader)
        self.file = file
        isStaged = false
        return
      }
    }
    let place = try doing("make", "tmp/import/archive") { () throws(Errno) in try staging.ensureDirectory("archive", mode: 0o700) }
    contents = try ImageFiles.staged(file, in: place, shown, limits, startReader, progress)
    self.file = place
    isStaged = true
  }

  /// Whether these are the entries of an archive.
  var isArchive: Bool { contents != nil }

  /// The bytes of a file; nil when there is none of that name. `object` is for messages.
  func open(_ name: Path, _ object: @autoclosure () -> Text) throws(ImageError) -> Extent? {
    guard let contents else { return try openInDirectory(name, object()) }
    guard let entry = contents.find(name) else { return nil }
    return try doing("open", object()) { () throws(Errno) in
      if !isStaged { return Extent(try file.duplicate(), from: entry.start, count: entry.size) }
      return Extent(try file.open(ImageFiles.stagedName(entry.start), .readOnly | .noFollow), count: entry.size)
    }
  }

  /// A document that stands beside the blobs; nil when there is none.
  func document(_ name: Path) throws(ImageError) -> [UInt8]? {
    let object: Text = "\(shown)/\(name)"
    guard let file = try open(name, object) else { return nil }
    guard let bytes = try doing("read", object, { () throws(Errno) in try file.readAll(limit: Layout.documentLimit) }) else {
      throw ImageError(.invalid, "\(object): a document of more than \(Layout.documentLimit) bytes")
    }
    return bytes
  }

  /// Parses such a document.
  func parsed<Value>(_ name: Literal, _ parse: () throws(SpecError) -> Value) throws(ImageError) -> Value {
    do throws(SpecError) {
      return try parse()
    } catch {
      throw ImageError(error, in: "\(shown)/\(name)")
    }
  }

  /// The names of the files in a folder; none where there is no such folder.
  func names(in folder: Path) throws(ImageError) -> [Path] {
    guard let contents else {
      do throws(Errno) {
        return try file.open(folder, .readOnly | .directory | .noFollow).entries().map { $0.name }
      } catch {
        if error == .noSuchFileOrDirectory || error == .notDirectory { return [] }
        throw ImageError("read", "\(shown)/\(folder)", error)
      }
    }
    let prefix = folder.bytes + [Path.slash]
    return contents.names.compactMap { $0.bytes.starts(with: prefix) ? Path(bytes: $0.bytes.dropFirst(prefix.count)) : nil }
  }

  /// Removes a file that is needed no more, if it takes space that is ours.
  func release(_ name: Path) {
    guard isStaged, let entry = contents?.find(name) else { return }
    try? file.unlink(ImageFiles.stagedName(entry.start))
  }

  private func openInDirectory(_ name: Path, _ object: Text) throws(ImageError) -> Extent? {
    var opened: FileDescriptor?
    do throws(Errno) {
      // O_NONBLOCK: a FIFO of that name would hang the open.
      opened = try file.open(name, .readOnly | .noFollow | .nonBlocking)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      if error == .tooManyLinks { throw ImageError(.invalid, "\(object): is a symbolic link") }
      throw ImageError("open", object, error)
    }
    guard let file = opened.take() else { return nil }
    let status = try doing("examine", object) { () throws(Errno) in try file.status() }
    guard status.type == .regular else { throw ImageError(.invalid, "\(object): is no regular file") }
    return Extent(file, count: status.size)
  }

  private static func defaultName(_ origin: ImageOrigin, _ type: FileType) throws(ImageError) -> String? {
    guard case .path(let path) = origin, type == .directory || type == .regular else { return nil }
    var name = path.components.last ?? []
    if type == .regular {
      for ending in [".gz", ".zst", ".tar", ".tgz"] as [Literal] where name.count > ending.bytes.count {
        let (stem, end) = (name.dropLast(ending.bytes.count), name.suffix(ending.bytes.count))
        if end.matches(ending) { name = stem }
      }
    } else if name.isEmpty || name.elementsEqual(StaticBytes("..")) {
      // Of `.` and the like it is the kernel's.
      let real = try doing("open", "\(path)") { () throws(Errno) in try FileDescriptor.open(path, .path | .directory).currentPath() }
      name = real.components.last ?? []
    }
    return name.isEmpty ? "image" : string(name)
  }

  // MARK: archives

  private static func contents(of bytes: Extent, _ shown: String, _ limits: Limits, _ startReader: ReaderStart) throws(ImageError) -> ArchiveContents {
    try within(Text(shown)) { () throws(LayerError) in
      let input = ReaderInput(
        fill: { (buffer) throws(LayerError) in
          do throws(Errno) { return try bytes.read(into: buffer) } catch { throw LayerError(.system(SystemError("read", "the archive", error))) }
        }, skip: { bytes.skip($0) })
      let reader = try ArchiveReader(ReaderTask(purpose: .listing, compression: .none, limits: limits), input, start: startReader)
      return try ArchiveContents(reader, limits: limits) { (_) throws(LayerError) in reader.position }
    }
  }

  /// Writes each file of the archive into `place`, under a number: its name is foreign, and nothing here depends on it. Its bytes are not hashed on the way,
  /// because they are when they are read again, and what nobody reads need not be right.
  private static func staged(
    _ file: consuming FileDescriptor, in place: borrowing FileDescriptor, _ shown: String, _ limits: Limits, _ startReader: ReaderStart,
    _ progress: (UInt64) -> Void
  ) throws(ImageError) -> ArchiveContents {
    let directory = OpenDirectory(try doing("open", "tmp/import/archive") { () throws(Errno) in try place.duplicate() })
    let input = ArchiveInput(file)
    return try within(Text(shown)) { () throws(LayerError) in
      let stream = try ArchiveStream(input, limits: limits)
      let reader = try stream.reader(start: startReader)
      var number: UInt64 = 0
      var shown: UInt64 = 0
      let contents = try ArchiveContents(reader, limits: limits) { (entry) throws(LayerError) in
        number += 1
        try write(entry, reader, as: number, in: directory) {
          guard reader.position >= shown + 1 << 20 else { return }
          shown = reader.position
          progress(shown)
        }
        return number
      }
      return contents
    }
  }

  private static func write(_ entry: TarEntry, _ reader: EntryReader, as number: UInt64, in place: OpenDirectory, progress: () -> Void) throws(LayerError) {
    let object: Text = "\(entry.size) bytes"
    do throws(LayerFault) {
      let file = try act("write", object) { () throws(Errno) in
        // Said before the medium is full, not after.
        if try place.descriptor.fileSystemStatus().bytesAvailable < entry.size { throw .noSpace }
        return try place.descriptor.open(stagedName(number), .writeOnly | .create | .exclusive | .noFollow, mode: 0o600)
      }
      do throws(LayerError) {
        while let piece = try reader.piece() {
          do throws(Errno) { try file.writeAll(piece) } catch { throw LayerError(.system(SystemError("write", object, error)), entry: entry.name) }
          progress()
        }
      } catch {
        throw .data(error)
      }
    } catch {
      if case .data(let inner) = error { throw inner }
      throw LayerError(error, entry: entry.name)
    }
  }

  private static func stagedName(_ number: UInt64) -> Path { Path(Text("\(number)").string) }
}
