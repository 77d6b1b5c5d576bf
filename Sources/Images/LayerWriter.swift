public import Linux

/// Something of a layer that was left out, and that its user may want to know of.
public struct LayerNote: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// A device node: useless on a data partition that is mounted `nodev`, and a risk on others. A container gets its devices from its own /dev.
    case device
    /// An extended attribute, given with its name, that a layer may not set or that the file system cannot keep.
    case attribute(Path)
  }
  /// The entry's name in the archive.
  public var entry: Path
  public var kind: Kind

  /// One sentence, such as `dev/sda: device nodes are left out`.
  public var message: String {
    switch kind {
    case .device: Text("\(printable(entry)): device nodes are left out").string
    case .attribute(let name): Text("\(printable(entry)): the extended attribute \(printable(name)) is left out").string
    }
  }
}

/// What applying a layer came to.
public struct LayerSummary: Equatable, Sendable {
  /// Entries of the archive.
  public var entries: UInt64 = 0
  /// Bytes of the archive.
  public var bytes: UInt64 = 0
  /// The first things that were left out, 64 at most, and how many there were in all.
  public var notes: [LayerNote] = []
  public var noteCount: UInt64 = 0

  mutating func note(_ kind: LayerNote.Kind, _ entry: Path) {
    noteCount += 1
    if notes.count < 64 { notes.append(LayerNote(entry: entry, kind: kind)) }
  }

  /// Keeps no more of the name, which may have a mebibyte, than is shown.
  mutating func note(attribute name: Path, _ entry: Path) { note(.attribute(Path(bytes: name.bytes.prefix(257))), entry) }
}

/// Writes a layer into a new directory, in the form in which overlayfs takes it (image-spec, layer.md; Documentation/filesystems/overlayfs.rst).
///
/// Metadata go on in the order owner, mode, attributes, times, because chown(2) clears set-id bits and `security.capability`. A directory's time is put back
/// whenever the writer leaves it, so nothing has to be remembered until the end but the whiteouts.
final class LayerWriter {
  private let tree: LayerTree
  private let limits: Limits
  private let shared: SharedFiles?
  private var summary = LayerSummary()
  /// Names to be hidden, and directories to be made opaque (the name is nil): applied at the end, because they never hide what the layer itself has.
  private var hidden: [(parent: [Path], name: Path?)] = []

  /// `root` is an empty directory that becomes the layer. Files that are among the `shared` ones become links.
  init(root: consuming FileDescriptor, lower: LowerLayers, limits: Limits, shared: SharedFiles? = nil) {
    tree = LayerTree(root: root, lower: lower, limits: limits)
    self.limits = limits
    self.shared = shared
  }

  /// Writes all entries of the archive. `progress` is called after each entry and each piece of a file.
  func apply(_ reader: EntryReader, progress: () -> Void) throws(LayerError) -> LayerSummary {
    while let entry = try reader.next() {
      summary.entries += 1
      if summary.entries > limits.entries { throw LayerError(.tooManyEntries(limit: limits.entries)) }
      do throws(LayerFault) {
        try apply(entry, reader, progress)
      } catch {
        if case .data(let inner) = error { throw inner }
        throw LayerError(error, entry: entry.name)
      }
      progress()
    }
    try layer { () throws(LayerFault) in
      try tree.leave()
      for item in hidden where item.name == nil { try makeOpaque(item.parent) }
      for item in hidden { if let name = item.name { try hide(name, in: item.parent) } }
      try tree.leave()
    }
    return summary
  }

  private func apply(_ entry: TarEntry, _ reader: EntryReader, _ progress: () -> Void) throws(LayerFault) {
    switch try LayerName.parse(entry.name, limits: limits) {
    case .aufs: return
    case .root:
      guard entry.kind == .directory else { throw .rootNotDirectory }
      try tree.leave()
      try tree.withDirectory([]) { (root, _) throws(Errno) in try self.setAttributes(of: root, entry) }
    case .opaque(let directory): try remember(directory, nil)
    case .whiteout(let parent, let name): try remember(parent, name)
    case .file(let parent, let name):
      // A layer that was made of overlayfs's own files has whiteouts as overlayfs knows them.
      if entry.kind == .characterDevice, entry.deviceMajor == 0, entry.deviceMinor == 0 { return try remember(parent, name) }
      if entry.kind == .characterDevice || entry.kind == .blockDevice { return summary.note(.device, entry.name) }
      try create(entry, name, in: try tree.enter(parent).directory, reader, progress)
    }
  }

  private func create(
    _ entry: TarEntry, _ name: Path, in parent: borrowing FileDescriptor, _ reader: EntryReader, _ progress: () -> Void
  ) throws(LayerFault) {
    switch entry.kind {
    case .file: try createFile(entry, name, in: parent, reader, progress)
    case .directory: try createDirectory(entry, name, in: parent)
    case .symbolicLink:
      if entry.linkName.isEmpty { throw .emptyLinkTarget }
      try new("make the link") { () throws(Errno) in
        try parent.makeLink(name, to: entry.linkName)
        try parent.changeOwner(of: name, user: entry.user, group: entry.group)
        try parent.changeTimes(of: name, entry.modified)
      }
      for attribute in entry.attributes { summary.note(attribute: attribute.name, entry.name) }
    case .fifo:
      try new("make the FIFO") { () throws(Errno) in
        try parent.makeNode(name, .fifo, mode: 0o600)
        let made = try parent.open(name, .readOnly | .nonBlocking | .noFollow)
        try self.setAttributes(of: made, entry)
      }
    case .hardLink: try createHardLink(entry, name, in: parent)
    case .characterDevice, .blockDevice: summary.note(.device, entry.name)
    }
  }

  private func createFile(
    _ entry: TarEntry, _ name: Path, in parent: borrowing FileDescriptor, _ reader: EntryReader, _ progress: () -> Void
  ) throws(LayerFault) {
    let twin = shared?.find(entry, name, in: tree.resolved)
    var other: UnsafeRawBufferPointer?
    if let twin {
      do throws(LayerError) { other = try twin.compare(reader, progress) } catch { throw .data(error) }
      if other == nil, twin.link(to: parent, name, shared) { return }
    }
    // O_EXCL: nothing that exists is ever opened for writing.
    let file = try new("make the file") { () throws(Errno) in try parent.open(name, .writeOnly | .create | .exclusive | .noFollow, mode: 0o600) }
    if let twin { try act("write", "") { () throws(Errno) in try twin.copy(to: file, and: other) } }
    do throws(LayerError) {
      while let piece = try reader.piece() {
        do throws(Errno) { try file.writeAll(piece) } catch { throw LayerError(.system(SystemError("write", "", error)), entry: entry.name) }
        progress()
      }
    } catch {
      throw .data(error)
    }
    try new("set the attributes") { () throws(Errno) in try self.setAttributes(of: file, entry) }
  }

  private func createDirectory(_ entry: TarEntry, _ name: Path, in parent: borrowing FileDescriptor) throws(LayerFault) {
    do throws(Errno) {
      do throws(Errno) {
        try parent.makeDirectory(name, mode: 0o700)
      } catch {
        if error != .fileExists { throw error }
      }
      let directory = try parent.open(name, .readOnly | .directory | .noFollow)
      try setAttributes(of: directory, entry)
    } catch {
      // ENOTDIR: something else was made under that name before. A directory that comes twice takes the attributes of the later entry.
      if error == .notDirectory || error == .tooManyLinks { throw .duplicate }
      throw .system(SystemError("make the directory", "", error))
    }
  }

  private func createHardLink(_ entry: TarEntry, _ name: Path, in parent: borrowing FileDescriptor) throws(LayerFault) {
    let target = entry.linkName
    var path: [Path] = []
    do throws(LayerFault) {
      path = try LayerName.components(target, limits: limits)
    } catch {
      throw .linkLeadsOut(target: target)
    }
    guard let last = path.popLast() else { throw .linkToDirectory(target: target) }
    var outcome: LayerFault? = .linkTargetMissing(target: target)
    try tree.withDirectory(path) { (directory, _) throws(Errno) in
      guard let status = try directory.statusIfPresent(of: last) else { return }
      if status.type == .directory {
        outcome = .linkToDirectory(target: target)
        return
      }
      do throws(Errno) {
        try shared?.separate(last, status, in: directory)
        try directory.link(last, to: parent, name)
        outcome = nil
      } catch {
        outcome = error == .fileExists ? .duplicate : .system(SystemError("make the hard link", "", error))
      }
    }
    if let outcome { throw outcome }
  }

  /// Owner, mode, extended attributes and times of what has been made.
  private func setAttributes(of file: borrowing FileDescriptor, _ entry: TarEntry) throws(Errno) {
    try file.changeOwner(user: entry.user, group: entry.group)
    try file.changeMode(entry.mode)
    for attribute in entry.attributes {
      guard LayerAttribute.isAllowed(attribute.name) else {
        summary.note(attribute: attribute.name, entry.name)
        continue
      }
      do throws(Errno) {
        try file.setAttribute(attribute.name, attribute.value)
      } catch {
        // A file system without `user.*` (tmpfs before Linux 6.6); a file capability that is lost would change what the program can do, so that one is an
        // error.
        if error != .notSupported || attribute.name.bytes.starts(with: StaticBytes("security.")) { throw error }
        summary.note(attribute: attribute.name, entry.name)
      }
    }
    try file.changeTimes(entry.modified)
  }

  /// Makes something under a name that has to be free. Which entry it is for is said where the error is caught.
  private func new<Value: ~Copyable>(_ operation: Literal, _ body: () throws(Errno) -> Value) throws(LayerFault) -> Value {
    do throws(Errno) {
      return try body()
    } catch {
      if error == .fileExists { throw .duplicate }
      throw .system(SystemError(operation, "", error))
    }
  }

  private func remember(_ parent: [Path], _ name: Path?) throws(LayerFault) {
    if hidden.count >= limits.whiteouts { throw .tooManyWhiteouts(limit: limits.whiteouts) }
    hidden.append((parent, name))
  }

  private func makeOpaque(_ path: [Path]) throws(LayerFault) {
    let path = try tree.resolve(path)
    // Where nothing is below there is nothing to hide.
    guard try lowerHas(path) else { return }
    let place = try tree.enter(path)
    try act("make opaque", "a directory") { () throws(Errno) in try place.directory.makeOpaque() }
  }

  private func hide(_ name: Path, in parent: [Path]) throws(LayerFault) {
    let parent = try tree.resolve(parent)
    // overlayfs shows a whiteout that hides nothing: as a device in its directory's listing. So there may be none without need.
    guard try lowerHas(parent + [name]), try !isBelowOpaque(parent) else { return }
    let place = try tree.enter(parent)
    try act("make the whiteout", Text(printable(name))) { () throws(Errno) in
      guard let status = try place.directory.statusIfPresent(of: name) else {
        return try place.directory.makeNode(name, .characterDevice, mode: 0)
      }
      // The layer has something new under the name: a file hides the old one by itself, a directory would be merged with it (umoci#546).
      if status.type == .directory { try place.directory.open(name, .readOnly | .directory | .noFollow).makeOpaque() }
    }
  }

  private func lowerHas(_ path: [Path]) throws(LayerFault) -> Bool {
    try act("look into", "the layers below") { () throws(Errno) in
      switch try tree.lower.find(path) {
      case .nothing: false
      case .file: true
      case .directory: true
      }
    }
  }

  private func isBelowOpaque(_ path: [Path]) throws(LayerFault) -> Bool {
    var isOpaque = false
    for length in 0...path.count where !isOpaque {
      try tree.withDirectory(Array(path[..<length])) { (directory, _) throws(Errno) in isOpaque = try directory.isOpaque() }
    }
    return isOpaque
  }
}
