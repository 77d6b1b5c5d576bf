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

/// The document of features.md and features-linux.md. No annotation of a config.json changes what Apus does.
var featuresDocument: String {
  let intelRdt = word(Support.intelRdt)
  let flags = list(words(of: SeccompFlag.names), "\n      ")
  return Text(
    """
    {
      "ociVersionMin": "1.0.0",
      "ociVersionMax": "\(Spec.version)",
      "hooks": \(list(words(of: "prestart createRuntime createContainer startContainer poststart poststop"), "\n  ")),
      "mountOptions": \(list(Support.mountOptions, "\n  ")),
      "linux": {
        "namespaces": \(list(Support.namespaces.map { $0.name }, "\n    ")),
        "capabilities": \(list(knownCapabilities, "\n    ")),
        "cgroup": {
          "v1": true,
          "v2": true,
          "systemd": false,
          "systemdUser": false,
          "rdma": true
        },
        "seccomp": {
          "enabled": true,
          "actions": \(list(Support.seccompActions.map { $0.name }, "\n      ")),
          "operators": \(list(words(of: SeccompOperator.names), "\n      ")),
          "archs": \(list(words(of: SeccompArchitecture.names), "\n      ")),
          "knownFlags": \(flags),
          "supportedFlags": \(flags)
        },
        "apparmor": {
          "enabled": true
        },
        "selinux": {
          "enabled": true
        },
        "intelRdt": {
          "enabled": \(intelRdt),
          "schemata": \(intelRdt),
          "monitoring": \(intelRdt)
        },
        "memoryPolicy": {
          "modes": \(list(words(of: MemoryPolicyMode.names), "\n      ")),
          "flags": \(list(words(of: MemoryPolicyFlag.names), "\n      "))
        },
        "mountExtensions": {
          "idmap": {
            "enabled": \(word(Support.idMappedMounts))
          }
        },
        "netDevices": {
          "enabled": \(word(Support.networkDevices))
        }
      },
      "annotations": {
        "apus.version": "\(version)"
      },
      "potentiallyUnsafeConfigAnnotations": []
    }

    """
  ).string
}

/// An array of names, none of which needs an escape. `line` ends a line and begins one as far in as the array's own.
@inline(never)
private func list(_ names: [String], _ line: Literal) -> Text {
  var elements: Text = ""
  for name in names { elements = "\(elements)\(elements.string.isEmpty ? "" : ",")\(line)  \"\(name)\"" }
  return "[\(elements)\(line)]"
}

private func word(_ value: Bool) -> Literal { value ? "true" : "false" }
