internal import JSON
internal import Linux
internal import OCI
internal import Sandbox

extension CommandSpec {
  /// `apus features`: what this program does, whatever the kernel has; runtime-spec features.md.
  static var features: CommandSpec {
    CommandSpec(
      name: "features", summary: "print what of the specification apus does, as JSON",
      description: "This is about the program, not about the kernel, which `apus check` looks at.",
      perform: { (_) throws(Failure) in try show(featuresDocument) })
  }
}

/// The document of features.md and features-linux.md.
var featuresDocument: String {
  var writer = JSONWriter(.pretty)
  writer.object { features in
    features.member("ociVersionMin", "1.0.0")
    features.member("ociVersionMax", Spec.version)
    features.strings("hooks", ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"])
    features.strings("mountOptions", Support.mountOptions.map { Text("\($0)").string })
    features.key("linux")
    features.object { writeLinux(&$0) }
    features.key("annotations")
    features.object { $0.member("apus.version", version) }
    // No annotation of a config.json changes what Apus does.
    features.strings("potentiallyUnsafeConfigAnnotations", [])
  }
  return String(decoding: writer.bytes(), as: UTF8.self)
}

private func writeLinux(_ linux: inout JSONWriter) {
  linux.strings("namespaces", Support.namespaces.map { $0.name })
  linux.strings("capabilities", knownCapabilities)
  linux.key("cgroup")
  linux.object { cgroup in
    cgroup.member("v1", true)
    cgroup.member("v2", true)
    cgroup.member("systemd", false)
    cgroup.member("systemdUser", false)
    cgroup.member("rdma", true)
  }
  linux.key("seccomp")
  linux.object { seccomp in
    seccomp.member("enabled", true)
    seccomp.strings("actions", Support.seccompActions.map { $0.name })
    seccomp.strings("operators", SeccompOperator.allCases.map { $0.name })
    seccomp.strings("archs", SeccompArchitecture.allCases.map { $0.name })
    seccomp.strings("knownFlags", SeccompFlag.allCases.map { $0.name })
    seccomp.strings("supportedFlags", SeccompFlag.allCases.map { $0.name })
  }
  for module in ["apparmor", "selinux"] {
    linux.key(module)
    linux.object { $0.member("enabled", true) }
  }
  linux.key("intelRdt")
  linux.object { rdt in
    rdt.member("enabled", Support.intelRdt)
    rdt.member("schemata", Support.intelRdt)
    rdt.member("monitoring", Support.intelRdt)
  }
  linux.key("memoryPolicy")
  linux.object { policy in
    policy.strings("modes", MemoryPolicyMode.allCases.map { $0.name })
    policy.strings("flags", MemoryPolicyFlag.allCases.map { $0.name })
  }
  linux.key("mountExtensions")
  linux.object { extensions in
    extensions.key("idmap")
    extensions.object { $0.member("enabled", Support.idMappedMounts) }
  }
  linux.key("netDevices")
  linux.object { $0.member("enabled", Support.networkDevices) }
}

extension JSONWriter {
  /// Writes a key and an array of strings.
  fileprivate mutating func strings(_ key: String, _ strings: [String]) {
    self.key(key)
    array { writer in
      for string in strings { writer.value(string) }
    }
  }
}
