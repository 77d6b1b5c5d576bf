internal import CLinux

extension FileDescriptor {
  /// Copies everything in this directory, which may be an `O_PATH` descriptor, into the empty directory `target`: files, directories, links, devices and FIFOs,
  /// with owners, modes, times and extended attributes. A socket's name without its server is of no use, and is left out.
  ///
  /// No link is followed. Directories deeper than 256 levels throw `.tooManyLinks`: each level holds two descriptors.
  public borrowing func copyContents(to target: borrowing FileDescriptor) throws(Errno) {
    let source = try open(".", .readOnly | .directory)
    let place = try target.open(".", .readOnly | .directory)
    try copyEntries(of: source, to: place, levels: 256)
    try copyMetadata(of: source, to: place, status: try source.status())
  }
}

private func copyEntries(of source: borrowing FileDescriptor, to target: borrowing FileDescriptor, levels: Int) throws(Errno) {
  if levels == 0 { throw .tooManyLinks }
  for entry in try source.entries() {
    let name = entry.name
    let status = try source.status(of: name)
    switch status.type {
    case .directory:
      try target.makeDirectory(name, mode: 0o700)
      let from = try source.open(name, .readOnly | .directory | .noFollow)
      let to = try target.open(name, .readOnly | .directory | .noFollow)
      try copyEntries(of: from, to: to, levels: levels - 1)
      try copyMetadata(of: from, to: to, status: status)
    case .regular:
      let from = try source.open(name, .readOnly | .noFollow | .nonBlocking)
      let to = try target.open(name, .writeOnly | .create | .exclusive | .noFollow, mode: 0o600)
      try copyBytes(of: from, to: to)
      try copyMetadata(of: from, to: to, status: status)
    case .symbolicLink:
      try target.makeLink(name, to: try source.readLink(name))
      try target.changeOwner(of: name, user: status.user, group: status.group)
      try target.changeTimes(of: name, status.modified)
    case .characterDevice, .blockDevice, .fifo:
      try target.makeNode(name, status.type, mode: 0o600, major: status.specialMajor, minor: status.specialMinor)
      let made = try target.open(name, .path | .noFollow)
      try made.changeOwner(user: status.user, group: status.group)
      try made.changeModeThroughProc(status.mode & 0o7777)
      try target.changeTimes(of: name, status.modified)
    case .socket, .unknown: continue
    }
  }
}

private func copyBytes(of source: borrowing FileDescriptor, to target: borrowing FileDescriptor) throws(Errno) {
  let (from, to) = (source.rawValue, target.rawValue)
  while try checked({ clinux_sendfile(to, from, 1 << 20) }) > 0 {}
}

/// Owner first: a change of owner clears the set-id bits and some attributes.
private func copyMetadata(of source: borrowing FileDescriptor, to target: borrowing FileDescriptor, status: FileStatus) throws(Errno) {
  try target.changeOwner(user: status.user, group: status.group)
  try target.changeMode(status.mode & 0o7777)
  for name in try source.attributeNames() {
    // The label of a new file is the policy's to give.
    if name == "security.selinux" { continue }
    let value = try source.attribute(name)
    do throws(Errno) {
      try target.setAttribute(name, value)
    } catch {
      // EOPNOTSUPP: a tmpfs takes user.* since Linux 6.6 only.
      if error.rawValue != 95 { throw error }
    }
  }
  try target.changeTimes(status.modified)
}
