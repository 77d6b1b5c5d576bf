import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("labels of the security modules")
struct SecurityLabelsTests {
  private static let context = "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811"

  /// The file system's own options of a planned mount.
  private func data(_ mount: PlannedMount) -> String? {
    guard case .fileSystem(let system) = mount.content else { return nil }
    return system.data.description
  }

  private func planned(_ mounts: [Mount], label: String? = context) throws -> [PlannedMount] {
    try plan(
      smallest {
        $0.mounts = mounts
        $0.linux?.mountLabel = label
      }
    ).mounts
  }

  @Test("labels are taken over; an empty one asks for nothing")
  func labels() throws {
    let spec = smallest {
      $0.process?.apparmorProfile = "docker-default"
      $0.process?.selinuxLabel = "u:r:untrusted:s0"
      $0.linux?.mountLabel = SecurityLabelsTests.context
    }
    let full = try plan(spec)
    #expect(full.labels.appArmor == "docker-default" && full.labels.seLinux == "u:r:untrusted:s0" && full.mountLabel == SecurityLabelsTests.context)
    let empty = try plan(
      smallest {
        $0.process?.apparmorProfile = ""
        $0.process?.selinuxLabel = ""
        $0.linux?.mountLabel = ""
      })
    #expect(empty.labels.appArmor == nil && empty.labels.seLinux == nil && empty.mountLabel == nil)
  }

  @Test("a label that would end the line or the option that it is written into is refused")
  func brokenLabels() {
    let reason = ": must not have control characters or quotes"
    #expect(refusal(smallest { $0.process?.apparmorProfile = "a\nb" }) == "process.apparmorProfile\(reason)")
    #expect(refusal(smallest { $0.process?.selinuxLabel = "a\u{0}" }) == "process.selinuxLabel\(reason)")
    #expect(refusal(smallest { $0.linux?.mountLabel = "a\",b=\"" }) == "linux.mountLabel\(reason)")
  }

  @Test("file systems get the context among their options, in quotes because it has commas")
  func mountLabel() throws {
    let mounts = try planned([
      Mount(destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "size=1m"]), Mount(destination: "/a", type: "ext4", source: "/dev/x"),
    ])
    #expect(data(mounts[0]) == "size=1m,context=\"\(SecurityLabelsTests.context)\"")
    #expect(data(mounts[1]) == "context=\"\(SecurityLabelsTests.context)\"")
    #expect(mounts.allSatisfy { $0.rootLabel == nil })
  }

  @Test("proc and sysfs have labels of their own, a message queue's root gets it as an attribute, a bind mount keeps those of its files")
  func otherMountLabels() throws {
    let mounts = try planned([
      Mount(destination: "/proc", type: "proc", source: "proc"), Mount(destination: "/sys", type: "sysfs", source: "sysfs"),
      Mount(destination: "/dev/mqueue", type: "mqueue", source: "mqueue"), Mount(destination: "/b", type: "bind", source: "/srv", options: ["bind"]),
      Mount(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup"),
    ])
    #expect(data(mounts[0]) == "" && data(mounts[1]) == "" && data(mounts[2]) == "")
    #expect(mounts.map { $0.rootLabel } == [nil, nil, SecurityLabelsTests.context, nil, SecurityLabelsTests.context])
    #expect(try planned([Mount(destination: "/dev/mqueue", type: "mqueue", source: "mqueue")], label: nil)[0].rootLabel == nil)
  }
}
