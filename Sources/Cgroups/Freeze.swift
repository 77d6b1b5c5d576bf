internal import Linux

extension ContainerCgroup {
  /// Whether a freezer stops all processes of the container at once.
  public func canFreeze() throws(CgroupError) -> Bool { try freezer() != nil }

  /// The group that stops all processes of the container: of v2 since Linux 5.2, else of the v1 freezer.
  func freezer() throws(CgroupError) -> GroupDirectory? {
    if let unified = groups.first(where: { $0.hierarchy.generation == .v2 }), try unified.has("cgroup.freeze") { return unified }
    return groups.first { $0.hierarchy.generation == .v1 && $0.hierarchy.controllers.contains(.freezer) }
  }

  /// Stops every process of the container, those of groups below too, and waits until they stand; when they do not within ten seconds, all go on.
  public func freeze() throws(CgroupError) {
    guard let group = try freezer() else { throw ContainerCgroup.missingFreezer }
    do throws(CgroupError) {
      if group.hierarchy.generation == .v2 { try group.freezeUnified() } else { try group.freezeLegacy() }
    } catch {
      // A container that is half frozen is of no use to anybody; the first error is the one to tell.
      try? group.thaw()
      throw error
    }
  }

  /// Lets the processes go on.
  public func thaw() throws(CgroupError) {
    guard let group = try freezer() else { throw ContainerCgroup.missingFreezer }
    try group.thaw()
  }

  /// Whether the container was frozen by itself; not with a group above it.
  public func isFrozen() throws(CgroupError) -> Bool {
    guard let group = try freezer() else { return false }
    if group.hierarchy.generation == .v2 { return try group.number("cgroup.freeze") == 1 }
    guard let state = try group.read("freezer.state"), !state[...].matches("THAWED\n") else { return false }
    // Linux 3.3 is the first to tell whose doing it is.
    return try group.number("freezer.self_freezing") != 0
  }

  private static var missingFreezer: CgroupError { .refused("no control group of the container can be frozen") }
}

extension GroupDirectory {
  fileprivate func thaw() throws(CgroupError) {
    let (file, value) = hierarchy.generation == .v2 ? ("cgroup.freeze", "0") : ("freezer.state", "THAWED")
    try attempt("write", "\(value) to \(file) in \(description)") { () throws(Errno) in try write(file, value) }
  }

  /// The write asks for it; `cgroup.events` tells when it is done.
  fileprivate func freezeUnified() throws(CgroupError) {
    try attempt("write 1 to", "cgroup.freeze in \(description)") { () throws(Errno) in try write("cgroup.freeze", "1") }
    var patience = Patience(milliseconds: 10000)
    while true {
      guard let events = try read("cgroup.events") else { throw .refused("the control group \(description) is gone") }
      if value(of: "frozen", in: events) == 1 { return }
      guard patience.wait() else { throw .refused("the processes of the control group \(description) do not freeze: one of them waits for a device") }
    }
  }

  /// The kernel of v1 freezes the processes that there are when it is told to; new ones leave it at FREEZING until it is told again, and again. Now and then
  /// everything is let go, which gets those out of the way that were about to fork.
  fileprivate func freezeLegacy() throws(CgroupError) {
    for attempt in 1...1000 {
      if attempt % 50 == 0 {
        try thaw()
        pause(milliseconds: 10)
      }
      try Cgroups.attempt("write FROZEN to", "freezer.state in \(description)") { () throws(Errno) in try write("freezer.state", "FROZEN") }
      // A slow machine needs a moment.
      if attempt % 25 == 0 { pause(milliseconds: 1) }
      guard let state = try read("freezer.state") else { throw .refused("the control group \(description) is gone") }
      if state[...].matches("FROZEN\n") { return }
    }
    throw .refused("the processes of the control group \(description) do not freeze: they fork too fast, or one of them waits for a device")
  }
}

/// Does nothing for a while.
func pause(milliseconds: Int32) { _ = try? waitForInput([], timeoutMilliseconds: milliseconds) }
