internal import Linux
internal import OCI

extension SettingList {
  /// The setting for `linux.resources.pids`.
  func add(_ pids: PidsResources) {
    guard let limit = pids.limit else { return }
    // A new process cannot be made in a group with a limit of 0; 1 is the limit that lets the container start and do no more, as runc has it.
    set(.pidsLimit, limit < 0 ? "max" : Text(String(max(limit, 1))))
  }

  /// The settings for `linux.resources.hugepageLimits`.
  func add(_ limits: [HugepageLimit]) {
    for (index, limit) in limits.enumerated() {
      let place = Text("[\(index)]").string
      guard !limit.pageSize.utf8.isEmpty, limit.pageSize.utf8.allSatisfy({ isLetterOrDigit($0) }) else {
        refuse(.hugePages, at: Text("\(place).pageSize").string, "a page size is a number and a unit, such as 2MB")
        continue
      }
      let value = Text(String(limit.limit))
      set(.hugePages, value, at: place, name: limit.pageSize)
      // Reservations count separately since Linux 5.7; before, the first limit ends them as well, when they are used.
      set(.hugePagesReserved, value, .harmless, at: place, name: limit.pageSize)
    }
  }

  /// The settings for `linux.resources.network`: v1 only; v2 leaves both to eBPF and netfilter.
  func add(_ network: NetworkResources) {
    // 0 is the class of packets without a tag, which a new group has and v2 knows no other than.
    if let classID = network.classID, classID != 0 || (current != nil && layout.index(of: .networkClass) != nil) { set(.networkClass, UInt64(classID)) }
    for (index, priority) in network.priorities.enumerated() {
      let place = Text("[\(index)]").string
      if generation(of: .networkPriorities, at: place) != nil { requireWord(priority.name, .networkPriorities, at: Text("\(place).name").string) }
      set(.networkPriorities, "\(priority.name) \(priority.priority)", at: place)
    }
  }

  /// The settings for `linux.resources.rdma`.
  func add(_ limits: [RDMALimit]) {
    for limit in limits {
      requireWord(limit.device, .rdma, at: "")
      var value = Text(limit.device)
      if let handles = limit.hcaHandles { value = "\(value) hca_handle=\(handles)" }
      if let objects = limit.hcaObjects { value = "\(value) hca_object=\(objects)" }
      set(.rdma, value, at: Text(".\(limit.device)").string)
    }
  }

  /// Refuses a name that would be read as more than one word.
  private func requireWord(_ name: String, _ limit: Limit, at place: String) {
    if name.utf8.isEmpty || name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) { refuse(limit, at: place, "a name is one word") }
  }
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
}
