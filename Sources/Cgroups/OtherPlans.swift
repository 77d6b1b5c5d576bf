internal import Linux
internal import OCI

extension SettingList {
  /// The setting for `linux.resources.pids`.
  mutating func add(_ pids: PidsResources) throws(CgroupPlanError) {
    guard let limit = pids.limit else { return }
    // A new process cannot be made in a group with a limit of 0; 1 is the limit that lets the container start and do no more, as runc has it.
    try add(.pids, "pids.max", limit < 0 ? "max" : "\(max(limit, 1))", for: "pids.limit")
  }

  /// The settings for `linux.resources.hugepageLimits`.
  mutating func add(_ limits: [HugepageLimit]) throws(CgroupPlanError) {
    for (index, limit) in limits.enumerated() {
      let asked = "hugepageLimits[\(index)]"
      guard !limit.pageSize.utf8.isEmpty, limit.pageSize.utf8.allSatisfy({ isLetterOrDigit($0) }) else {
        throw .refused(asked: SettingList.path("\(asked).pageSize"), reason: "a page size is a number and a unit, such as 2MB")
      }
      let suffix = try generation(of: .hugePages, for: asked) == .v1 ? "limit_in_bytes" : "max"
      try add(.hugePages, "hugetlb.\(limit.pageSize).\(suffix)", "\(limit.limit)", for: asked)
      // Reservations count separately since Linux 5.7; before, the first limit ends them as well, when they are used.
      try add(.hugePages, "hugetlb.\(limit.pageSize).rsvd.\(suffix)", "\(limit.limit)", for: asked, ifMissing: .harmless)
    }
  }

  /// The settings for `linux.resources.network`: v1 only; v2 leaves both to eBPF and netfilter.
  mutating func add(_ network: NetworkResources) throws(CgroupPlanError) {
    if let classID = network.classID {
      try requireV1(.networkClass, for: "network.classID")
      try add(.networkClass, "net_cls.classid", "\(classID)", for: "network.classID")
    }
    for (index, priority) in network.priorities.enumerated() {
      let asked = "network.priorities[\(index)]"
      try requireV1(.networkPriority, for: asked)
      try requireWord(priority.name, for: "\(asked).name")
      try add(.networkPriority, "net_prio.ifpriomap", "\(priority.name) \(priority.priority)", for: asked)
    }
  }

  /// The settings for `linux.resources.rdma`.
  mutating func add(_ limits: [RDMALimit]) throws(CgroupPlanError) {
    for limit in limits {
      try requireWord(limit.device, for: "rdma")
      var value = limit.device
      if let handles = limit.hcaHandles { value += " hca_handle=\(handles)" }
      if let objects = limit.hcaObjects { value += " hca_object=\(objects)" }
      try add(.rdma, "rdma.max", value, for: "rdma.\(limit.device)")
    }
  }

  /// The settings for `linux.resources.unified`: files of cgroup v2 by name, after all others, so that they decide.
  mutating func add(_ unified: [UnifiedSetting]) throws(CgroupPlanError) {
    for setting in unified {
      let asked = SettingList.path("unified.\(setting.file)")
      let name = Array(setting.file.utf8)
      guard name.allSatisfy({ isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }), let dot = name.firstIndex(of: 0x2E), dot > 0 else {
        throw .refused(asked: asked, reason: "not the name of a control file")
      }
      guard let index = layout.unifiedIndex else { throw .refused(asked: asked, reason: "needs cgroup v2, which is not mounted here") }
      var controller: Controller?
      if name[..<dot].matches("cgroup") {
        // The other core files move, kill or freeze processes, or belong to who makes the group.
        guard setting.file.equals("cgroup.max.depth") || setting.file.equals("cgroup.max.descendants") || setting.file.equals("cgroup.pressure") else {
          throw .refused(asked: asked, reason: "not a limit")
        }
      } else {
        controller = Controller(unifiedName: name[..<dot])
        guard let known = controller else { throw .refused(asked: asked, reason: "no such controller") }
        if !layout.hierarchies[index].controllers.contains(known) { throw .noController(asked: asked, controller: known) }
      }
      settings.append(
        Setting(
          hierarchy: index, controller: controller, file: setting.file, value: setting.value, alternative: nil, asked: asked,
          option: controller?.option ?? "CGROUPS", ifMissing: .refuse))
    }
  }

  /// Refuses a name that would be read as more than one word.
  private func requireWord(_ name: String, for limit: String) throws(CgroupPlanError) {
    if name.utf8.isEmpty || name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
      throw .refused(asked: SettingList.path(limit), reason: "a name is one word")
    }
  }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
}
