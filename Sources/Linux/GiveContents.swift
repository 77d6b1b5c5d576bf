extension FileDescriptor {
  /// Gives everything in this directory that does not belong to root to another user; of its group becomes `group` what is not root's. No link is followed, nothing
  /// on another mount is touched.
  ///
  /// Directories deeper than 256 levels throw `.tooManyLinks`: each level holds a descriptor.
  public borrowing func giveContents(to user: UInt32, group: UInt32) throws(Errno) {
    try giveEntries(of: self, device: try status().device, user: user, group: group, levels: 256)
  }
}

private func giveEntries(of directory: borrowing FileDescriptor, device: UInt64, user: UInt32, group: UInt32, levels: Int) throws(Errno) {
  if levels == 0 { throw .tooManyLinks }
  for entry in try directory.entries() {
    let status = try directory.status(of: entry.name)
    if status.user != 0, status.type == .directory || status.type == .regular || status.type == .symbolicLink {
      try directory.changeOwner(of: entry.name, user: user, group: status.group == 0 ? 0 : group)
    }
    guard status.type == .directory, status.device == device else { continue }
    try giveEntries(of: try directory.open(entry.name, .readOnly | .directory | .noFollow), device: device, user: user, group: group, levels: levels - 1)
  }
}
