internal import Cgroups
internal import JSON
internal import Linux
internal import OCI

extension Container {
  /// The ids of the container's processes, lowest first; none for one that has stopped.
  public func processIDs() throws(RuntimeError) -> [Int32] {
    if let groups = try groups() { return try convert { () throws(CgroupError) in try groups.processIDs() } }
    if try status() == .stopped { return [] }
    throw RuntimeError("cannot list the processes of container \(id.text): it has no control groups")
  }

  /// The ids as a line of JSON.
  public func processDocument() throws(RuntimeError) -> [UInt8] {
    let ids = try processIDs()
    var writer = JSONWriter(.compact)
    writer.array { array in
      for id in ids { array.value(id) }
    }
    return writer.bytes() + [0x0A]
  }

  /// The container's processes as `ps` shows them.
  @inline(never)
  public func processTable(_ table: ProcessTable) throws(RuntimeError) -> String {
    var processes: [ProcessInfo] = []
    for id in try processIDs() {
      if let info = try attempt("examine", "process \(id)", { () throws(Errno) in try ProcessInfo.read(id) }) { processes.append(info) }
    }
    do throws(SystemError) {
      return table.text(processes, try .here())
    } catch {
      throw RuntimeError(error)
    }
  }
}
