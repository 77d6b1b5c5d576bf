import Sandbox

// A plan is made of objects, which nothing but tests compares.

extension JoinedNamespace: Equatable {
  static func == (left: JoinedNamespace, right: JoinedNamespace) -> Bool {
    left.kind == right.kind && left.path == right.path && left.descriptor == right.descriptor && left.changedBy == right.changedBy
  }
}

extension PlannedDevice: Equatable {
  static func == (left: PlannedDevice, right: PlannedDevice) -> Bool {
    left.path == right.path && left.type == right.type && left.major == right.major && left.minor == right.minor && left.mode == right.mode
      && left.user == right.user && left.group == right.group
  }
}

extension KernelParameter: Equatable {
  static func == (left: KernelParameter, right: KernelParameter) -> Bool { left.file == right.file && left.value == right.value }
}

extension ResourceLimit: Equatable {
  static func == (left: ResourceLimit, right: ResourceLimit) -> Bool {
    left.resource == right.resource && left.soft == right.soft && left.hard == right.hard && left.name == right.name
  }
}

extension PlannedMount.Content: Equatable {
  static func == (left: PlannedMount.Content, right: PlannedMount.Content) -> Bool {
    switch (left, right) {
    case (.fileSystem(let one), .fileSystem(let other)):
      one.type == other.type && one.source == other.source && one.flags == other.flags && one.data == other.data && one.endsReadOnly == other.endsReadOnly
        && one.copiesUp == other.copiesUp
    case (.bind(let one), .bind(let other)):
      one.source == other.source && one.isRecursive == other.isRecursive && one.set == other.set && one.clear == other.clear
        && one.idMap?.users == other.idMap?.users && one.idMap?.groups == other.idMap?.groups && one.idMap?.isRecursive == other.idMap?.isRecursive
    case (.cgroup(let one), .cgroup(let other)): one == other
    case (.remount(let one), .remount(let other)): one.set == other.set && one.clear == other.clear && one.data == other.data
    default: false
    }
  }
}
