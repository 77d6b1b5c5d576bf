import OCI
import Testing

@testable import Sandbox

@Suite("what features tells is what the planner does")
struct SupportTests {
  /// Whether the property is refused because of itself, and not because of what it says.
  private func isUnknown(_ change: (inout Spec) -> Void) -> Bool { refusal(smallest(change))?.contains("not supported") ?? false }

  @Test("properties that are refused as a whole")
  func properties() {
    let range = [IDMapping(containerID: 0, hostID: 1000, size: 1)]
    #expect(
      isUnknown {
        $0.mounts = [Mount(destination: "/m", source: "/s", options: ["bind"], uidMappings: range, gidMappings: range)]
      } == !Support.idMappedMounts)
    #expect(isUnknown { $0.linux?.netDevices = [NetDevice(hostName: "eth0")] } == !Support.networkDevices)
    #expect(isUnknown { $0.linux?.intelRdt = IntelRdt(closID: "a") } == !Support.intelRdt)
  }

  @Test("namespaces that are refused as a whole", arguments: NamespaceType.allCases)
  func namespaces(_ type: NamespaceType) {
    let isRefused = isUnknown { spec in
      if type != .mount { spec.linux?.namespaces.append(Namespace(type: type)) }
    }
    #expect(Support.namespaces.contains(type) == !isRefused)
  }

  @Test("mount options that are refused, or not known")
  func mountOptions() {
    for option in Support.mountOptions {
      let options = MountOptions([option])
      #expect(options.data.isEmpty, "\(option)")
    }
    #expect(MountOptions.names.count >= 60 && Set(MountOptions.names).count == MountOptions.names.count)
  }

  @Test("actions of filters that are refused", arguments: SeccompAction.allCases)
  func actions(_ action: SeccompAction) {
    let rule = SeccompRule(names: ["read"], action: action)
    let filter = try? SeccompFilter(compiling: Seccomp(defaultAction: .allow, listenerPath: "/run/listener", syscalls: [rule]))
    #expect(Support.seccompActions.contains(action) == (filter != nil))
  }

  @Test("every capability is found again by its name")
  func capabilities() {
    #expect(knownCapabilities.first == "CAP_CHOWN" && knownCapabilities.last == "CAP_CHECKPOINT_RESTORE" && knownCapabilities.count == 41)
    for (number, name) in knownCapabilities.enumerated() { #expect(capabilityNumber(name) == UInt32(number)) }
  }
}
