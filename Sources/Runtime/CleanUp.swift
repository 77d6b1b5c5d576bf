internal import Cgroups
internal import Linux
public import OCI

extension StateDirectory {
  /// Ends and removes what is left of container `id`, whose process was killed; whether nothing of it is left, so that nobody uses its root any more.
  ///
  /// False for a container that another process runs or that is kept, and for one that does not end.
  public func endLeftover(_ id: ContainerID) -> Bool {
    do throws(RuntimeError) {
      let layout = try discoverCgroups()
      return try sweep(id) { (left) throws(RuntimeError) in try cleanUp(left, layout) }
    } catch {
      // The next container that is made warns of it: it tries once more.
      return false
    }
  }
}

/// Undoes what a killed process of ours has left of a container; nothing of that runs any more when this comes back.
func cleanUp(_ record: ContainerRecord, _ layout: CgroupLayout) throws(RuntimeError) {
  if record.cgroupsPath.utf8.isEmpty { try endProcess(record) }
  if let path = CgroupPath(record.cgroupsPath) {
    try convert { () throws(CgroupError) in
      if let left = try ContainerCgroup.existing(path, layout: layout) {
        try left.kill(milliseconds: patience)
        try left.remove()
      }
    }
  }
  try record.resourceClass?.remove()
}

/// How many milliseconds a killed container has to end: every later run comes by as long as it does not.
private var patience: Int32 { 1000 }

/// Kills the first process of a container without groups, and waits for its end; with a process namespace the others end before it.
private func endProcess(_ record: ContainerRecord) throws(RuntimeError) {
  guard let id = record.process, let startTime = record.startTime else { return }
  do throws(Errno) {
    guard let process = try ProcessHandle.find(id, startTime: startTime) else { return }
    try process.send(.kill)
    var left = patience
    while try !process.hasEnded() {
      if left <= 0 { throw Errno.busy }
      // Ready when it has ended; without a pidfd only the time passes.
      _ = try waitForInput([process.descriptor], timeoutMilliseconds: 10)
      left -= 10
    }
  } catch {
    if error != .noSuchProcess { throw RuntimeError("kill", "process \(id)", error) }
  }
}
