internal import Linux

/// A directory of a layer that is being written, held open while entries arrive for it.
final class LayerPlace {
  /// The way to it as the archive's entries name it, and without links.
  let literal: [Path]
  let resolved: [Path]
  let directory: FileDescriptor
  /// Its time as its own entry set it: writing into it changes the time, so it is put back when the writer goes elsewhere.
  let modified: FileTime

  init(literal: [Path], resolved: [Path], _ directory: consuming FileDescriptor) throws(Errno) {
    self.literal = literal
    self.resolved = resolved
    self.modified = try directory.status().modified
    self.directory = directory
  }
}

/// The directory that a layer is written into, and the way from names in the archive to directories in it.
///
/// Every step goes from an open directory to a name in it, never through a path that the kernel would walk: links are read and followed here, `/` and `..` stop
/// at the root of the layer, so nothing leads out of it (CVE-2021-29136, CVE-2021-32760, CVE-2025-47290). Nobody else writes there: it is a new directory of
/// mode 0700 above.
final class LayerTree {
  private let root: FileDescriptor
  let lower: LowerLayers
  private let limits: Limits
  private var current: LayerPlace?

  init(root: consuming FileDescriptor, lower: LowerLayers, limits: Limits) {
    self.root = root
    self.lower = lower
    self.limits = limits
  }

  /// The directory `path`, made if it is missing. Entries come directory by directory, so the last one stays open.
  func enter(_ path: [Path]) throws(LayerFault) -> LayerPlace {
    if let current, current.literal == path { return current }
    try leave()
    var found: LayerPlace?
    try walk(path, making: true) { (directory, resolved) throws(Errno) in
      found = try LayerPlace(literal: path, resolved: resolved, directory)
    }
    guard let found else { throw .parentNotDirectory }
    current = found
    return found
  }

  /// The directory `path` if the layer has it, held open in place of the last one. For a layer that is not being written: no time is put back.
  func find(_ path: [Path]) throws(LayerFault) -> LayerPlace? {
    if let current, current.literal == path { return current }
    current = nil
    try walk(path, making: false) { (directory, resolved) throws(Errno) in
      current = try LayerPlace(literal: path, resolved: resolved, directory)
    }
    return current
  }

  /// The way, without links, to the directory that was entered last.
  var resolved: [Path] { current?.resolved ?? [] }

  /// Puts back the time of the directory that was entered last: to be called before its own attributes are set, and at the end.
  func leave() throws(LayerFault) {
    guard let place = current else { return }
    current = nil
    try act("set the times of a directory", "") { () throws(Errno) in try place.directory.changeTimes(place.modified) }
  }

  /// The directory `path` if the layer has it, not made and not held open; `body` is not called when it is missing.
  func withDirectory(_ path: [Path], _ body: (borrowing FileDescriptor, [Path]) throws(Errno) -> Void) throws(LayerFault) {
    try walk(path, making: false) { (directory: consuming FileDescriptor, resolved) throws(Errno) in try body(directory, resolved) }
  }

  /// `path` without the links in it that the layer has; what the layer lacks of it stays as it is.
  func resolve(_ path: [Path]) throws(LayerFault) -> [Path] {
    try walk(path, making: false) { (_: consuming FileDescriptor, _) throws(Errno) in }
  }

  /// Walks `path` and gives the way that it is without links. `body` gets the directory at its end; when that is missing it is made, or `body` is not called.
  @discardableResult
  private func walk(_ path: [Path], making: Bool, _ body: (consuming FileDescriptor, [Path]) throws(Errno) -> Void) throws(LayerFault) -> [Path] {
    var pending: [Path] = path.reversed()
    var resolved: [Path] = []
    var linksLeft = 40
    do throws(Errno) {
      var here = try root.duplicate()
      while let name = pending.popLast() {
        if name == ".." {
          // What has been walked has no links in it, so one level up is all but the last of it.
          _ = resolved.popLast()
          here = try open(resolved)
          continue
        }
        let status = try here.statusIfPresent(of: name)
        switch status?.type {
        case .directory: break
        case .symbolicLink:
          linksLeft -= 1
          if linksLeft < 0 { throw Errno.tooManyLinks }
          let target = try here.readLink(name)
          if target.isAbsolute {
            resolved = []
            here = try root.duplicate()
          }
          for part in target.components.reversed() { pending.append(Path(bytes: part)) }
          continue
        case nil:
          guard making else { return LayerTree.lexical(resolved + [name] + pending.reversed()) }
          try makeMissing(name, at: resolved, in: here)
        default:
          guard making else { return LayerTree.lexical(resolved + [name] + pending.reversed()) }
          // An entry below a file replaces the file (image-spec, layer.md; umoci 0.5.0 had it wrong); what a link led to is left alone.
          guard linksLeft == 40 else { throw Errno.notDirectory }
          try here.unlink(name)
          try makeMissing(name, at: resolved, in: here)
        }
        resolved.append(name)
        if resolved.count > limits.depth { throw Errno.nameTooLong }
        here = try here.open(name, .readOnly | .directory | .noFollow)
      }
      try body(here, resolved)
      return resolved
    } catch {
      switch error {
      case .tooManyLinks: throw .linkLoop
      case .notDirectory: throw .parentNotDirectory
      case .nameTooLong: throw .tooDeep(limit: limits.depth)
      default: throw .system(SystemError("enter its directory", "", error))
      }
    }
  }

  /// `path` with each `..` and the name before it taken out: for what does not exist there is nothing else to go by.
  private static func lexical(_ path: [Path]) -> [Path] {
    var result: [Path] = []
    for name in path {
      if name == ".." { _ = result.popLast() } else { result.append(name) }
    }
    return result
  }

  /// The directory at `path`, which has no links in it.
  private func open(_ path: [Path]) throws(Errno) -> FileDescriptor {
    var here = try root.duplicate()
    for name in path { here = try here.open(name, .readOnly | .directory | .noFollow) }
    return here
  }

  /// Makes a directory that no entry described: it looks as it does in the layers below, because overlayfs shows the uppermost one's attributes, and as a new
  /// one otherwise.
  private func makeMissing(_ name: Path, at parent: [Path], in directory: borrowing FileDescriptor) throws(Errno) {
    let modified = try directory.status().modified
    try directory.makeDirectory(name, mode: 0o700)
    let made = try directory.open(name, .readOnly | .directory | .noFollow)
    switch try lower.find(parent + [name]) {
    case .directory(let model): try made.resemble(model)
    case .file: try made.beNew()
    case .nothing: try made.beNew()
    }
    try directory.changeTimes(modified)
  }
}

extension FileDescriptor {
  /// What a directory is like that no entry describes. Its time is always the same, so that the same layers become the same files.
  borrowing func beNew() throws(Errno) {
    try changeMode(0o755)
    try changeTimes(FileTime(seconds: 0))
  }

  /// Takes over owner, mode, own attributes and times of `model`.
  borrowing func resemble(_ model: borrowing FileDescriptor) throws(Errno) {
    let status = try model.status()
    try changeOwner(user: status.user, group: status.group)
    try changeMode(status.mode & 0o7777)
    for name in try model.attributeNames() where LayerAttribute.isAllowed(name) {
      try setAttribute(name, try model.attribute(name))
    }
    try changeTimes(status.modified)
  }
}

/// Which extended attributes a layer may set.
enum LayerAttribute {
  /// `security.capability` and `user.*`. Not `trusted.overlay.*` and `user.overlay.*`, with which an image could forge whiteouts, redirects and metadata-only
  /// copies, and not labels and access lists, which mean something only on the machine that they come from.
  static func isAllowed(_ name: Path) -> Bool {
    if name.bytes.elementsEqual(StaticBytes("security.capability")) { return true }
    return name.bytes.starts(with: StaticBytes("user.")) && !name.bytes.starts(with: StaticBytes("user.overlay."))
  }
}

/// Runs `body` and gives its errno the operation and the object.
@inline(__always)
func act<Value: ~Copyable>(
  _ operation: Literal, _ object: @autoclosure () -> Text, _ body: () throws(Errno) -> Value
) throws(LayerFault) -> Value {
  do throws(Errno) {
    return try body()
  } catch {
    throw .system(SystemError(operation, object(), error))
  }
}
