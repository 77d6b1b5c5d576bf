import Linux
import OCI

@testable import Cgroups
@testable import Runtime

/// mountinfo, /proc/self/cgroup and cgroup.controllers, with NULs between them.
func fuzzCgroups(_ input: [UInt8]) {
  let texts = parts(input, 3)
  let table = MountTable(texts[0])
  for entry in table.entries.prefix(32) {
    _ = table.isVisible(entry)
    _ = unescaped(entry.mountPoint)
    require(isPrefix(entry.mountPoint, of: entry.mountPoint), "a directory holds itself")
  }
  let layout = CgroupLayout(mountInfo: texts[0], selfCgroup: texts[1]) { _ in texts[2] }
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

/// The files that `events` reads, a network device's counters and a process's status; each text goes to every reader.
func fuzzStatistics(_ input: [UInt8]) {
  _ = value(of: "usage_usec", in: input)
  _ = value(of: "oom_kill", in: input)
  let keyed = keyedNumbers(input)
  _ = numbers(input)
  let usage = usageByProcessor(input)
  require(usage.user.count == usage.kernel.count, "a processor has both columns")
  _ = blockIOEntries(input)
  _ = hugePageSize(input[...], suffix: "max")
  _ = ProcessStatus(parsing: input)
  var statistics = CgroupStatistics()
  statistics.blockIO = blockIO(unified: input)
  statistics.blockIO?.pressure = pressure(input)
  statistics.memory = CgroupStatistics.Memory(usage: CgroupStatistics.MemoryUse(current: 0))
  statistics.memory?.raw = keyed
  let line = EventDocument.statistics("fuzz", statistics, nil, NetworkInterface.all(in: input))
  require(line.last == 0x0A && !line.dropLast().contains(0x0A), "an event is one line")
}
