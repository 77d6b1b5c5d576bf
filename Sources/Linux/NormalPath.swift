extension Path {
  /// The path without empty components, `.` and `..`: each `..` takes the component before it away, and at the root of an absolute path nothing. By the text
  /// alone: where a component is a link, the kernel may see another place.
  public var normal: Path {
    var names: [ArraySlice<UInt8>] = []
    for name in components {
      if !Path.isParentReference(name) {
        names.append(name)
      } else if let last = names.last, !Path.isParentReference(last) {
        names.removeLast()
      } else if !isAbsolute {
        names.append(name)
      }
    }
    var path = Path(isAbsolute ? "/" : "")
    for name in names { path = path.appending(name) }
    return path.isEmpty ? "." : path
  }
}
