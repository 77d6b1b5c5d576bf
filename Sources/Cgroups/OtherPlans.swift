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
    // 0 is the class of packets without a tag, which a new group has and v2 knows no other than.
    if let classID = network.classID, classID != 0 || (current != nil && layout.index(of: .networkClass) != nil) {
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

  /// Refuses a name that would be read as more than one word.
  private func requireWord(_ name: String, for limit: String) throws(CgroupPlanError) {
    if name.utf8.isEmpty || name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
      throw .refused(asked: SettingList.path(limit), reason: "a name is one word")
    }
  }
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
}
