import Linux
import OCI
import Probe
import Sandbox
import Testing

@Suite("what a container asks of the kernel")
struct RequirementsTests {
  /// `feature path`, or the type of the file system; with `!` where nothing can stand in.
  private func asked(_ change: (inout Spec) -> Void) throws -> [String] {
    try plan(smallest(change)).requirements.map {
      let mark = $0.isStrict ? "!" : ""
      return "\($0.feature?.row[.key] ?? $0.fileSystem?.description ?? "") \($0.path)\(mark)"
    }
  }

  @Test("its namespaces, PID first, with no path: the runtime's refusal has none either")
  func namespaces() throws {
    #expect(try asked { _ in } == ["mount-namespace !"])
    let asked = try asked { $0.linux = LinuxSection(namespaces: [Namespace(type: .mount), Namespace(type: .uts), Namespace(type: .pid)]) }
    #expect(asked == ["pid-namespace !", "mount-namespace !", "uts-namespace !"])
  }

  @Test("the file systems that it mounts, those that are in no table too")
  func fileSystems() throws {
    let asked = try asked {
      $0.mounts = [
        Mount(destination: "/proc", type: "proc", source: "proc"), Mount(destination: "/a", type: "apusfs", source: "a"),
        Mount(destination: "/b", type: "bind", source: "/tmp", options: ["bind"]), Mount(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup"),
      ]
    }
    #expect(asked == ["mount-namespace !", "proc mounts[0]", "apusfs mounts[1]", "cgroups mounts[3]"])
  }

  @Test("options that only newer kernels have; nothing stands in for the flags of a tree")
  func options() throws {
    let asked = try asked {
      $0.mounts = [
        Mount(destination: "/a", type: "tmpfs", source: "a", options: ["nosymfollow"]),
        Mount(destination: "/b", type: "bind", source: "/tmp", options: ["rbind", "rro"]),
      ]
    }
    #expect(asked == ["mount-namespace !", "tmpfs mounts[0]", "nosymfollow mounts[0]", "mount-setattr mounts[1]!"])
  }

  @Test("security modules, scheduling and a terminal, by their places in config.json")
  func process() throws {
    let asked = try asked {
      $0.process?.terminal = true
      $0.process?.apparmorProfile = "profile"
      $0.process?.ioPriority = IOPriority(priorityClass: .bestEffort, priority: 4)
    }
    #expect(asked == ["apparmor process.apparmorProfile", "mount-namespace !", "devpts process.terminal", "io-priority process.ioPriority"])
  }

  @Test("what is looked for before anything is made comes first, and is a part of it")
  func quick() throws {
    let plan = try plan(smallest { $0.process?.selinuxLabel = "label" })
    #expect(plan.quickRequirements.count == 2 && plan.requirements.count == 2)
    #expect(plan.quickRequirements.first?.feature == .selinux)
  }
}
