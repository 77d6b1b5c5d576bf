internal import Linux

/// What the name of an entry means (image-spec, layer.md).
enum LayerName: Equatable {
  /// The root of the layer.
  case root
  /// A file: the directories above it, and its own name.
  case file(parent: [Path], name: Path)
  /// `.wh.NAME`: hides `name` of the layers below.
  case whiteout(parent: [Path], name: Path)
  /// `.wh..wh..opq`: hides everything that the layers below have in this directory.
  case opaque(directory: [Path])
  /// Bookkeeping of AUFS (`.wh..wh.plnk`, `.wh..wh.aufs`, ...), which old builders let slip in.
  case aufs

  /// Takes the name apart. An absolute one counts from the root of the layer, as every reader has it.
  static func parse(_ name: Path, limits: Limits) throws(LayerFault) -> LayerName {
    let parts = try components(name, limits: limits)
    guard let last = parts.last else { return .root }
    let parent = Array(parts.dropLast())
    let prefix = StaticBytes(".wh.")
    if let first = parts.first, first.bytes.starts(with: StaticBytes(".wh..wh.")), !first.bytes.elementsEqual(StaticBytes(".wh..wh..opq")) { return .aufs }
    for part in parent where part.bytes.starts(with: prefix) { throw .whiteoutInTheMiddle }
    guard last.bytes.starts(with: prefix) else { return .file(parent: parent, name: last) }
    let hidden = Path(bytes: last.bytes.dropFirst(4))
    if hidden.isEmpty { throw .bareWhiteout }
    if hidden == "." || hidden == ".." { throw .whiteoutOfDots }
    if hidden.bytes.elementsEqual(StaticBytes(".wh..opq")) { return .opaque(directory: parent) }
    if hidden.bytes.starts(with: prefix) { return .aufs }
    return .whiteout(parent: parent, name: hidden)
  }

  /// The parts of a name between its slashes; `..` is refused, whether it would lead out or not: with links in the way nobody can tell by the name.
  static func components(_ name: Path, limits: Limits) throws(LayerFault) -> [Path] {
    if name.isEmpty { throw .emptyName }
    if name.bytes.count > limits.pathLength { throw .pathTooLong(limit: limits.pathLength) }
    var parts: [Path] = []
    var hasParentReference = false
    var depth = 0
    for part in name.components {
      if part.count > 255 { throw .nameTooLong }
      if part.elementsEqual(StaticBytes("..")) {
        hasParentReference = true
        depth -= 1
        if depth < 0 { throw .leadsOut }
        continue
      }
      depth += 1
      parts.append(Path(bytes: part))
    }
    if hasParentReference { throw .parentReference }
    if parts.count > limits.depth { throw .tooDeep(limit: limits.depth) }
    return parts
  }
}
