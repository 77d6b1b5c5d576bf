internal import Linux

extension CgroupPath {
  /// A group called `name` in the place of this one, or of the outermost one above it that is not there in some hierarchy: what can be told of a group there holds
  /// for this one, and when it is removed nothing is left.
  public func trial(_ name: String, in layout: CgroupLayout) -> CgroupPath {
    var above: Path = "/"
    for part in path.components.dropLast() {
      let next = above.appending(part)
      var isEverywhere = true
      for hierarchy in layout.hierarchies {
        do throws(Errno) {
          _ = try FileDescriptor.open(hierarchy.mountPoint.appending(next.bytes.dropFirst()), .path | .directory | .noFollow)
        } catch {
          isEverywhere = false
        }
      }
      if !isEverywhere { break }
      above = next
    }
    return CgroupPath(above.appending(name).description) ?? self
  }
}
