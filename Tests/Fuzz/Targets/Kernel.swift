import Linux
import OCI

@testable import Cgroups
@testable import Runtime
@testable import Sandbox

/// mountinfo, /proc/self/cgroup and cgroup.controllers, with NULs between them.
func fuzzCgroups(_ input: [UInt8]) {
  let texts = parts(input, 3)
  let table = MountTable(texts[0])
  let isTree = isTree(table)
  for entry in table.entries.prefix(32) {
    let isVisible = table.isVisible(entry)
    if isTree { require(isVisible == isReached(entry, table), "a mount is visible when a walk along its path ends in it") }
    _ = unescaped(entry.mountPoint)
    require(isPrefix(entry.mountPoint, of: entry.mountPoint), "a directory holds itself")
  }
  let layout = CgroupLayout(mountInfo: texts[0], selfCgroup: texts[1]) { _ in texts[2] }
  _ = resctrlMountPoint(texts[0])
  for hierarchy in layout.hierarchies { require(hierarchy.mountPoint.isAbsolute, "a hierarchy is mounted at an absolute path") }
  for index in layout.hierarchies.indices {
    for other in layout.hierarchies.indices where other != index {
      require(!layout.hierarchies[index].isSameHierarchy(as: layout.hierarchies[other]), "a hierarchy is found once")
    }
  }
  for controller in Controller.allCases {
    if let index = layout.index(of: controller) { require(layout.hierarchies[index].controllers.contains(controller), "a controller is where it is found") }
  }
  // What is planned there is for hierarchies that there are.
  do throws(CgroupPlanError) {
    let plan = try CgroupPlan(Resources(), layout: layout, reach: .all)
    for index in plan.hierarchies(of: layout) { require(layout.hierarchies.indices.contains(index), "a group is in a hierarchy that there is") }
    _ = plan.unifiedControllers(of: layout)
  } catch { requireMessage(error.message) }
}

/// Whether a table is one that the kernel could show: a single root, and each other mount below its parent's mount point, one for each place of a mount.
private func isTree(_ table: MountTable) -> Bool {
  let entries = table.entries
  if entries.count > 32 || Set(entries.map { $0.id }).count < entries.count { return false }
  let roots = entries.filter { entry in !entries.contains { $0.id == entry.parent } }
  guard roots.count == 1, roots[0].mountPoint.count == 1 else { return false }
  for (index, entry) in entries.enumerated() {
    guard let parent = entries.first(where: { $0.id == entry.parent }) else { continue }
    if parent.id == entry.id || !isPrefix(parent.mountPoint, of: entry.mountPoint) { return false }
    if entries[..<index].contains(where: { $0.parent == entry.parent && $0.mountPoint == entry.mountPoint }) { return false }
    // Every chain of parents ends at the root.
    var above = parent
    for _ in entries { above = entries.first { $0.id == above.parent } ?? above }
    if above.id != roots[0].id { return false }
  }
  return true
}

/// Walks along the path name by name, into each mount that stands there.
private func isReached(_ entry: MountEntry, _ table: MountTable) -> Bool {
  guard var here = table.entries.first(where: { one in !table.entries.contains { $0.id == one.parent } }) else { return false }
  let path = entry.mountPoint
  let ends = [path.startIndex + 1] + path.indices.dropFirst().filter { path[$0] == Path.slash } + [path.endIndex]
  for end in ends {
    while let next = table.entries.first(where: { $0.parent == here.id && $0.id != here.id && $0.mountPoint == path[..<end] }) { here = next }
  }
  return here.id == entry.id
}

/// The files that `events` reads, a network device's counters and a process's status; each text goes to every reader.
func fuzzStatistics(_ input: [UInt8]) {
  _ = value(of: "usage_usec", in: input)
  _ = value(of: "oom_kill", in: input)
  _ = numbers(input)
  _ = column("system", of: input)
  _ = signedNumber(input)
  _ = hugePageSize(input[...], suffix: "max")
  let ascending = numberList(input)
  require(zip(ascending, ascending.dropFirst()).allSatisfy { $0 < $1 }, "a list of the kernel ascends")
  _ = ProcessStatus(parsing: input)
  if let map = IDMap(parsing: input), let again = IDMap(parsing: Array(map.text.utf8)) { require(map == again, "a map of numbers is read as it was written") }
  let statistics = Statistic(.members)
  let end = Array("bytes".utf8)[...]
  for found in [keyed(keyedNumbers(input)), list(blockIOEntries(input)), list(blockIOEntries(end, of: input)), pressure(input)] {
    if let found { statistics.add(found, "some") }
  }
  let line = EventDocument.statistics("fuzz", statistics, nil, NetworkInterface.all(in: input))
  require(line.last == 0x0A && !line.dropLast().contains(0x0A), "an event is one line")
}

/// /proc/PID/stat, /proc/PID/status, /etc/passwd and /proc/PID/cmdline, with NULs between them: what `ps` shows of a process is one line without control characters.
func fuzzProcesses(_ input: [UInt8]) {
  let texts = parts(input, 4)
  let status = ProcessStatus(parsing: texts[0])
  guard let process = ProcessInfo(stat: texts[0]) else { return }
  if let status { require(status.startTime == process.startTime || process.startTime == 0, "both readers of stat find the same start") }
  process.add(status: texts[1])
  process.arguments = texts[3]
  for surroundings in [
    ProcessSurroundings(now: 1_800_000_000, bootTime: 1_700_000_000, memory: 1 << 30, width: 7, users: texts[2]),
    ProcessSurroundings(now: 0, bootTime: 0, memory: 0, width: 5, users: []),
  ] {
    for table in tables {
      let text = table.text([process], surroundings)
      require(text.utf8.filter { $0 == 0x0A }.count == 2 && text.utf8.last == 0x0A, "a process is one line")
      require(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control }, "nothing gets at a terminal")
    }
  }
}

private let tables: [ProcessTable] = [[], ["aux"], ["-e"], ["-o", "pid,sid,tty,stat,bsdtime,vsz,user,comm,args"]].map { options in
  do { return try ProcessTable(options: options) } catch { fatalError("\(error)") }
}
