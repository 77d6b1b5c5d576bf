import OCI

// What the program never compares: by all members.

extension Descriptor: Equatable {
  static func == (left: Descriptor, right: Descriptor) -> Bool {
    left.mediaType == right.mediaType && left.digest == right.digest && left.size == right.size && left.platform == right.platform
      && left.artifactType == right.artifactType && left.annotations == right.annotations
  }
}

extension ImageConfig: Equatable {
  static func == (left: ImageConfig, right: ImageConfig) -> Bool {
    left.platform == right.platform && left.created == right.created && left.author == right.author && left.execution == right.execution
      && left.diffIDs == right.diffIDs
  }
}

extension ImageExecution: Equatable {
  static func == (left: ImageExecution, right: ImageExecution) -> Bool {
    left.user == right.user && left.env == right.env && left.entrypoint == right.entrypoint && left.cmd == right.cmd && left.workingDir == right.workingDir
      && left.exposedPorts == right.exposedPorts && left.volumes == right.volumes && left.labels == right.labels && left.stopSignal == right.stopSignal
      && left.healthcheck == right.healthcheck
  }
}

extension Healthcheck: Equatable {
  static func == (left: Healthcheck, right: Healthcheck) -> Bool {
    left.test == right.test && left.interval == right.interval && left.timeout == right.timeout && left.startPeriod == right.startPeriod
      && left.startInterval == right.startInterval && left.retries == right.retries
  }
}

extension Spec: Equatable {
  static func == (left: Spec, right: Spec) -> Bool { shown(left) == shown(right) }
}

extension LinuxSection: Equatable {
  static func == (left: LinuxSection, right: LinuxSection) -> Bool { shown(left) == shown(right) }
}

extension Process: Equatable {
  static func == (left: Process, right: Process) -> Bool { shown(left) == shown(right) }
}

private func shown(_ value: some Any) -> String {
  var text = ""
  dump(value, to: &text)
  return text
}
