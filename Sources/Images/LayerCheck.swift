internal import Linux
public import OCI
internal import Trust

/// What became of the verification of a layer.
public final class LayerReport: Sendable {
  public enum State: Sendable {
    /// Everything is as it was imported.
    case sound
    /// Owners, modes, times or attributes were not, and have been put right.
    case repaired
    /// They are not.
    case differing
    /// Contents have changed, or there is less or more than was imported.
    case damaged
    /// The same, and the layer was taken out of the store.
    case quarantined
    /// What tells how it should be is missing or damaged.
    case withoutHeaders
    /// The archive has something that is not in the tree, so that nothing can be compared.
    case unverifiable
  }

  public let layer: Digest
  public let state: State
  /// The first things that are wrong, 16 at most: one sentence each.
  public let findings: [String]
  /// How many there are.
  public let count: UInt64

  init(_ layer: Digest, _ state: State, _ findings: [String], count: UInt64? = nil) {
    self.layer = layer
    self.state = state
    self.findings = findings
    self.count = count ?? UInt64(findings.count)
  }

  func with(_ state: State) -> LayerReport { LayerReport(layer, state, findings, count: count) }
}

/// Compares an unpacked layer with what was kept of its archive.
///
/// Contents are compared by the digest of the archive that they make; names, kinds, links and attributes one by one with what the headers say. Its memory grows by 8 bytes
/// for an entry.
final class LayerCheck {
  private let root: FileDescriptor
  /// Those below; nil when one of them is missing, so that nobody knows which whiteouts there have to be.
  private let lower: LowerLayers?
  private let limits: Limits
  private let start: ReaderStart
  /// Whether what differs is put right while it is found.
  private var isRepairing = false
  private var findings: [String] = []
  private var count: UInt64 = 0
  /// Whether something was found that cannot be put right.
  private var isDamaged = false
  /// Whether what was found says that the contents cannot be compared.
  private var isUnverifiable = false
  /// Hashes of a directory's number and a name in it: the names that entries have made, and directories that entries have made opaque.
  private var made: [UInt64] = []
  private var opaque: [UInt64] = []
  /// Directories that are not as their entry says; a later one of the same directory counts.
  private var differing: [(name: UInt64, finding: String)] = []
  private var hidden: [(parent: [Path], name: Path?)] = []

  init(root: consuming FileDescriptor, lower: LowerLayers?, limits: Limits = Limits(), start: @escaping ReaderStart) {
    self.root = root
    self.lower = lower
    self.limits = limits
    self.start = start
  }

  /// `headers` opens what was kept of the archive, for each time that it is read. Attributes are put right only when all else is as it was: then the headers are, too.
  func run(_ layer: Digest, diffID: Digest, repairing: Bool, headers: () throws(ImageError) -> Extent?) throws(ImageError) -> LayerReport {
    guard let kept = try headers() else {
      return LayerReport(layer, .withoutHeaders, ["nothing was kept of its archive's headers, so it cannot be verified until its image is imported again"])
    }
    guard let hash = HashStream(diffID.algorithm) else { throw ImageError(.system(.noMemory), "there is not enough memory to verify a layer") }
    do throws(LayerError) {
      try compare(kept) { hash.add($0) }
      for item in differing { tell(Text(item.finding)) }
      try findMore()
      if !isDamaged, let found = hash.finish(), found != diffID {
        damage("the contents of its files have changed: they make an archive with digest \(found.text)")
      }
    } catch {
      if case .headersDamaged = error.fault { return LayerReport(layer, .withoutHeaders, [error.message]) }
      throw ImageError(error, in: "layer \(layer.text)")
    }
    if isUnverifiable { return LayerReport(layer, .unverifiable, findings, count: count) }
    if isDamaged { return LayerReport(layer, .damaged, findings, count: count) }
    if count == 0 { return LayerReport(layer, .sound, []) }
    let report = LayerReport(layer, .differing, findings, count: count)
    guard repairing, let kept = try headers() else { return report }
    isRepairing = true
    try within("layer \(layer.text)") { () throws(LayerError) in
      try compare(kept, hasContents: false) { _ in }
      try findMore()
    }
    return report.with(.repaired)
  }

  private func damage(_ finding: Text) {
    isDamaged = true
    tell(finding)
  }

  private func tell(_ finding: Text) {
    if isRepairing { return }
    count += 1
    if findings.count < 16 { findings.append(finding.string) }
  }

  // MARK: entries

  private func compare(_ headers: Extent, hasContents: Bool = true, _ output: @escaping (UnsafeRawBufferPointer) -> Void) throws(LayerError) {
    made = []
    hidden = []
    let root = try system("open") { () throws(Errno) in try self.root.duplicate() }
    let archive = try LayerArchive(headers: headers, root: root, limits: limits, start: start) { (bytes) throws(LayerError) in output(bytes) }
    try archive.make(
      hasContents: hasContents,
      visit: { (entry) throws(LayerError) in
        do throws(LayerFault) {
          try compare(entry, archive.tree)
        } catch {
          throw LayerError(error, entry: entry.name)
        }
      },
      tell: { error in
        if case .contentReplaced = error.fault { self.isUnverifiable = true }
        self.damage(Text(error.message))
      })
    try layer { () throws(LayerFault) in
      for item in hidden where item.name == nil { try compareHidden(item.parent, nil, archive.tree) }
      for item in hidden where item.name != nil { try compareHidden(item.parent, item.name, archive.tree) }
    }
  }

  private func compare(_ entry: TarEntry, _ tree: LayerTree) throws(LayerFault) {
    switch try LayerName.parse(entry.name, limits: limits) {
    case .aufs: break
    case .root:
      made.append(LayerCheck.rootName)
      try act("examine", "") { () throws(Errno) in try self.compareDirectory(entry, self.root, named: LayerCheck.rootName) }
    case .opaque(let directory): try hide(directory, nil)
    case .whiteout(let parent, let name): try hide(parent, name)
    case .file(let parent, let name):
      if entry.kind == .characterDevice, entry.deviceMajor == 0, entry.deviceMinor == 0 { return try hide(parent, name) }
      if entry.kind == .characterDevice || entry.kind == .blockDevice { return }
      guard let place = try tree.find(parent) else { return missing(entry) }
      try act("examine", "") { () throws(Errno) in
        guard let status = try place.directory.statusIfPresent(of: name) else { return self.missing(entry) }
        let key = LayerCheck.key(try place.directory.status().inode, name)
        self.made.append(key)
        try self.compare(entry, name, status, key, in: place.directory)
      }
      if entry.kind == .hardLink { try compareHardLink(entry, name, place, tree) }
    }
  }

  private func hide(_ parent: [Path], _ name: Path?) throws(LayerFault) {
    if hidden.count >= limits.whiteouts { throw .headersDamaged }
    hidden.append((parent, name))
  }

  private func missing(_ entry: TarEntry) { damage("entry \(printable(entry.name)): is missing") }

  private func compare(_ entry: TarEntry, _ name: Path, _ status: FileStatus, _ key: UInt64, in parent: borrowing FileDescriptor) throws(Errno) {
    switch (entry.kind, status.type) {
    case (.file, .regular), (.fifo, .fifo):
      let file = try parent.open(name, .readOnly | .nonBlocking | .noFollow)
      let words = try file.differences(from: entry, status, hasMore: false)
      guard !words.isEmpty else { return }
      tell(LayerCheck.differing(entry.name, words))
      if isRepairing { try file.restore(entry) }
    case (.directory, .directory): try compareDirectory(entry, try parent.open(name, .readOnly | .directory | .noFollow), named: key)
    case (.symbolicLink, .symbolicLink):
      guard try parent.readLink(name) == entry.linkName else { return damage("entry \(printable(entry.name)): leads elsewhere") }
      let words = status.differences(from: entry)
      guard !words.isEmpty else { return }
      tell(LayerCheck.differing(entry.name, words))
      guard isRepairing else { return }
      try parent.changeOwner(of: name, user: entry.user, group: entry.group)
      try parent.changeTimes(of: name, entry.modified)
    // What it is another name of is compared by its own entry.
    case (.hardLink, _): break
    // Told by whoever reads it.
    case (.file, .directory) where entry.size > 0: break
    default: damage("entry \(printable(entry.name)): is another kind of file")
    }
  }

  private func compareDirectory(_ entry: TarEntry, _ directory: borrowing FileDescriptor, named key: UInt64) throws(Errno) {
    let status = try directory.status()
    differing.removeAll { $0.name == key }
    if try directory.differences(from: entry, status, hasMore: false).isEmpty { return }
    // Another entry of the same directory may have given it attributes, which stay.
    let isAgain = made.dropLast().contains(key)
    let words = try directory.differences(from: entry, status, hasMore: isAgain)
    if words.isEmpty { return }
    differing.append((key, LayerCheck.differing(entry.name, words).string))
    if isRepairing { try directory.restore(entry, hasMore: isAgain) }
  }

  private func compareHardLink(_ entry: TarEntry, _ name: Path, _ place: LayerPlace, _ tree: LayerTree) throws(LayerFault) {
    var path = try LayerName.components(entry.linkName, limits: limits)
    guard let last = path.popLast() else { return }
    var isSame = false
    try tree.withDirectory(path) { (directory, _) throws(Errno) in
      guard let target = try directory.statusIfPresent(of: last), let own = try place.directory.statusIfPresent(of: name) else { return }
      isSame = own.isSameFile(as: target)
    }
    if !isSame { damage("entry \(printable(entry.name)): is no other name of \(printable(entry.linkName))") }
  }

  // MARK: whiteouts

  /// A whiteout of `name` in `parent` or, without a name, an opaque directory. There is one only where there is something to hide.
  private func compareHidden(_ parent: [Path], _ name: Path?, _ tree: LayerTree) throws(LayerFault) {
    let resolved = try tree.resolve(parent)
    var isNeeded = try lowerHas(resolved + (name.map { [$0] } ?? []))
    guard let place = try tree.find(parent) else {
      if isNeeded { damage("\(shown(parent, name)): is not hidden any more") }
      return
    }
    if let name {
      for length in 0...resolved.count where isNeeded {
        try tree.withDirectory(Array(resolved[..<length])) { (directory, _) throws(Errno) in
          if try directory.isOpaque() { isNeeded = false }
        }
      }
      try act("examine", "") { () throws(Errno) in
        guard let status = try place.directory.statusIfPresent(of: name) else {
          if isNeeded { self.damage("\(shown(parent, name)): is not hidden any more") }
          return
        }
        if status.isWhiteout { self.made.append(LayerCheck.key(try place.directory.status().inode, name)) }
        guard status.type == .directory else { return }
        try self.compareOpaque(place.directory.open(name, .readOnly | .directory | .noFollow), isNeeded, shown(parent, name))
      }
    } else {
      try act("examine", "") { () throws(Errno) in try self.compareOpaque(place.directory, isNeeded, shown(parent, nil)) }
    }
  }

  private func compareOpaque(_ directory: borrowing FileDescriptor, _ isNeeded: Bool, _ name: String) throws(Errno) {
    opaque.append(try directory.status().inode)
    guard isNeeded, try !directory.isOpaque() else { return }
    tell("\(name): does not hide what is below it")
    if isRepairing { try directory.makeOpaque() }
  }

  /// False when nobody knows.
  private func lowerHas(_ path: [Path]) throws(LayerFault) -> Bool {
    guard let lower else { return false }
    return try act("look into", "the layers below") { () throws(Errno) in
      switch try lower.find(path) {
      case .nothing: false
      case .file: true
      case .directory: true
      }
    }
  }

  // MARK: what no entry has made

  /// Looks for names that no entry has made, and compares the directories that were made only because something is in them.
  private func findMore() throws(LayerError) {
    let names = made.ascending()
    try system("examine") { () throws(Errno) in
      _ = try self.walk(self.root, [], names)
      if !names.place(of: LayerCheck.rootName).isThere { try self.compareImplied(self.root, []) }
    }
  }

  /// Whether anything in the directory was made by an entry.
  private func walk(_ directory: borrowing FileDescriptor, _ path: [Path], _ names: [UInt64]) throws(Errno) -> Bool {
    let number = try directory.status().inode
    var hasMade = false
    for entry in try directory.open(".", .readOnly | .directory).entries() {
      let status = try directory.status(of: entry.name)
      let here = path + [entry.name]
      var isMade = names.place(of: LayerCheck.key(number, entry.name)).isThere
      if status.type == .directory, here.count <= limits.depth {
        let child = try directory.open(entry.name, .readOnly | .directory | .noFollow)
        if try walk(child, here, names), !isMade {
          isMade = true
          try compareImplied(child, here)
        }
        if isMade, try child.isOpaque(), !opaque.contains(status.inode) { damage("\(shown(here, nil)): hides what is below it, and should not") }
      }
      if isMade { hasMade = true } else { damage("\(shown(here, nil)): is not in the archive") }
    }
    return hasMade
  }

  /// A directory that the archive does not mention looks as it does in the layers below. Its time may have been that of an import.
  private func compareImplied(_ directory: borrowing FileDescriptor, _ path: [Path]) throws(Errno) {
    guard let lower else { return }
    let status = try directory.status()
    let entry = TarEntry(name: Path(shown(path, nil)), kind: .directory, modified: status.modified)
    (entry.user, entry.group, entry.mode) = (effectiveUser(), status.group, 0o755)
    if case .directory(let model) = try lower.find(path) {
      let like = try model.status()
      (entry.user, entry.group, entry.mode) = (like.user, like.group, like.mode & 0o7777)
      for name in try model.attributeNames() where LayerAttribute.isAllowed(name) {
        entry.attributes.append(TarAttribute(name: name, value: try model.attribute(name)))
      }
    }
    let words = try directory.differences(from: entry, status, hasMore: false)
    if words.isEmpty { return }
    tell(LayerCheck.differing(entry.name, words))
    if isRepairing { try directory.restore(entry) }
  }

  // MARK: names

  private static func differing(_ name: Path, _ words: [String]) -> Text {
    "\(printable(name)): \(joined(words, with: ", ")) \(words.count == 1 ? "is" : "are") not as in the archive"
  }

  private static var rootName: UInt64 { 0 }

  /// FNV-1a, 64 bits.
  private static func key(_ directory: UInt64, _ name: Path) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ directory &* 0x9E37_79B9_7F4A_7C15
    for byte in name.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  private func system<Value: ~Copyable>(_ operation: Literal, _ body: () throws(Errno) -> Value) throws(LayerError) -> Value {
    do throws(Errno) { return try body() } catch { throw LayerError(.system(SystemError(operation, "a directory", error))) }
  }
}

/// A path for a message.
private func shown(_ path: [Path], _ name: Path?) -> String {
  joined((path + (name.map { [$0] } ?? [])).map { printable($0) }, with: "/")
}
