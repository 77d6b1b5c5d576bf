public import Linux

/// The path of a container's group below each hierarchy's mount point: at least one name, no `..`.
public struct CgroupPath: Sendable {
  /// With a slash before each name.
  public let path: Path

  /// The names, outermost first.
  var names: [Path] { path.components.map { Path(bytes: $0) } }

  /// From `linux.cgroupsPath`; nil for what does not name a group of its own: the root, a way up, a name that no file system takes. A relative path is taken
  /// from the mount point too, as crun does, so that the group is found again from anywhere.
  public init?(_ cgroupsPath: String) {
    // The kernel refuses newlines; NUL would end the path early.
    if cgroupsPath.utf8.contains(0) || cgroupsPath.utf8.contains(0x0A) || cgroupsPath.utf8.count > 4000 { return nil }
    let given = Path(cgroupsPath)
    let names = given.components
    if names.isEmpty || given.hasParentReference || names.contains(where: { $0.count > 255 }) { return nil }
    var bytes: [UInt8] = []
    for name in names {
      bytes.append(0x2F)
      bytes.append(contentsOf: name)
    }
    path = Path(bytes: bytes)
  }

  /// The group of container `id` whose configuration names none: `/apus/ID`.
  public init?(container id: String) { self.init(Text("/apus/\(id)").string) }
}
