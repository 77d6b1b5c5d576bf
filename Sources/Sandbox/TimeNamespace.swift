internal import Linux
internal import OCI

extension SandboxPlan {
  /// Checks the clocks' offsets: they are set once, in a time namespace that is new (time_namespaces(7)).
  static func timeOffsets(_ linux: LinuxSection) throws(SpecError) -> [TimeOffset] {
    if linux.timeOffsets.isEmpty { return [] }
    guard let namespace = linux.namespace(.time) else {
      throw SpecError(path: "linux.timeOffsets", reason: "needs a time namespace (linux.namespaces)")
    }
    guard namespace.path?.utf8.isEmpty ?? true else {
      throw SpecError(path: "linux.timeOffsets", reason: "the time namespace is joined, and its offsets are set already")
    }
    return linux.timeOffsets
  }

  /// Makes the time namespace that children of this process are born in. Linux 5.6.
  func makeTimeNamespace() throws(SandboxError) {
    try attempt("make", "a time namespace") { () throws(Errno) in try unshare(.time) }
    if timeOffsets.isEmpty { return }
    // Before a process is in it.
    let proc = try ProcHandle.open()
    for offset in timeOffsets {
      do throws(Errno) {
        try proc.write(Text("\(offset.clock.name) \(offset.secs) \(offset.nanosecs)").string, to: "self/timens_offsets")
      } catch {
        let path = Text("linux.timeOffsets.\(offset.clock.name)").string
        // ERANGE
        if error.rawValue == 34 { throw SandboxError("\(path): the clock would stand below 0, or above half of what it can count to") }
        throw SandboxError("\(path): write /proc/self/timens_offsets: \(error.message)")
      }
    }
  }
}
