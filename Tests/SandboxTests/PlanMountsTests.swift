import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("entries of mounts become planned mounts")
struct PlanMountsTests {
  private func planned(_ mount: Mount) throws -> PlannedMount {
    try #require(try plan(smallest { $0.mounts = [mount] }).mounts.first)
  }

  private func refused(_ mount: Mount) -> String? { refusal(smallest { $0.mounts = [mount] }) }

  @Test("a file system with its flags and its own options")
  func fileSystem() throws {
    let mount = try planned(Mount(destination: "/tmp", type: "tmpfs", source: "scratch", options: ["nosuid", "nodev", "size=1m", "rprivate"]))
    #expect(mount.content == .fileSystem(PlannedFileSystem(type: "tmpfs", source: "scratch", flags: [.noSetUserID, .noDevices], data: "size=1m")))
    #expect(mount.target == "/tmp" && mount.propagation == [.private, .recursive] && mount.origin == "mounts[0]")
  }

  @Test("the source of a file system is its type when it is not given")
  func defaultSource() throws {
    #expect(try planned(Mount(destination: "/proc", type: "proc")).content == .fileSystem(PlannedFileSystem(type: "proc", source: "proc")))
  }

  @Test("a relative source of a bind mount counts from the bundle; the options make it one, whatever its type")
  func bindSource() throws {
    let relative = try planned(Mount(destination: "/a", type: "none", source: "data/x", options: ["rbind", "ro"]))
    #expect(relative.content == .bind(PlannedBind(source: "/bundle/data/x", isRecursive: true, set: .readOnly)))
    let absolute = try planned(Mount(destination: "/a", type: "bind", source: "/srv"))
    #expect(absolute.content == .bind(PlannedBind(source: "/srv")))
  }

  @Test("a bind mount changes flags of the mount, not of the file system that others use too")
  func bindFlags() throws {
    let mount = try planned(Mount(destination: "/a", source: "/srv", options: ["bind", "ro", "sync", "dirsync", "lazytime", "exec", "async", "rnosuid"]))
    #expect(mount.content == .bind(PlannedBind(source: "/srv", set: .readOnly, clear: .noExecute)))
    #expect(mount.recursiveSet == .noSetUserID && mount.recursiveClear.isEmpty)
  }

  @Test("both generations of cgroups are the container's own view")
  func cgroups() throws {
    for type in ["cgroup", "cgroup2"] {
      #expect(try planned(Mount(destination: "/sys/fs/cgroup", type: type, source: "cgroup", options: ["ro"])).content == .cgroup(flags: .readOnly))
    }
  }

  @Test("what is missing or not supported is refused with its path")
  func refusals() {
    for root in ["/", ".", "//", "/a/..", ".."] {
      #expect(refused(Mount(destination: root, type: "tmpfs")) == "mounts[0].destination: must not be the root itself")
    }
    #expect(refused(Mount(destination: "/a")) == "mounts[0].type: missing; only a bind mount can do without it")
    #expect(refused(Mount(destination: "/a", options: ["bind"])) == "mounts[0].source: missing; a bind mount needs it")
    #expect(refused(Mount(destination: "/a", type: "bind", source: "")) == "mounts[0].source: missing; a bind mount needs it")
    #expect(refused(Mount(destination: "/a", type: "ext4", options: ["tmpcopyup"])) == "mounts[0].options: tmpcopyup is for a mount of type tmpfs")
    #expect(refused(Mount(destination: "/a", source: "/b", options: ["bind", "tmpcopyup"])) == "mounts[0].options: tmpcopyup is for a mount of type tmpfs")
    #expect(refused(Mount(destination: "/a", type: "cgroup", options: ["ro", "name=x"])) == "mounts[0].options: name=x is no option of such a mount")
  }

  @Test("options for a file system are without effect on a bind mount, and told")
  func bindData() throws {
    let bind = Mount(destination: "/a", source: "/b", options: ["bind", "nosuid", "size=1", "x"])
    #expect(refused(bind) == nil)
    #expect(PlannedMount.optionsWithoutEffect(bind) == "size=1,x")
    #expect(PlannedMount.optionsWithoutEffect(Mount(destination: "/a", type: "bind", source: "/b", options: ["mode=755"])) == "mode=755")
    #expect(PlannedMount.optionsWithoutEffect(Mount(destination: "/a", source: "/b", options: ["rbind", "rro", "private"])) == nil)
    #expect(PlannedMount.optionsWithoutEffect(Mount(destination: "/a", type: "tmpfs", options: ["mode=755"])) == nil)
  }

  @Test("options that mount(2) would cut at the end of a page are refused")
  func dataLimit() throws {
    let option = "size=" + String(repeating: "1", count: 2000)
    let longest = [option, option, String(repeating: "x", count: 4095 - 2 * 2006)]
    #expect(refused(Mount(destination: "/a", type: "tmpfs", options: ["ro"] + longest)) == nil)
    #expect(
      refused(Mount(destination: "/a", type: "tmpfs", options: longest + [""]))
        == "mounts[0].options: those for the file system are 4096 bytes; mount(2) takes 4095")
  }

  @Test("only procfs stands on /proc")
  func proc() {
    for destination in ["/proc", "//proc/", "/./proc", "proc", "/tmp/../proc", "/proc/../proc"] {
      #expect(refused(Mount(destination: destination, type: "tmpfs")) == "mounts[0].destination: only procfs may be mounted on /proc")
      #expect(refused(Mount(destination: destination, type: "proc")) == nil)
      #expect(refused(Mount(destination: destination, source: "/proc", options: ["rbind"])) == nil)
    }
    #expect(refused(Mount(destination: "/process", type: "tmpfs")) == nil)
  }

  @Test("below /proc only what lxcfs provides", arguments: ["/proc/meminfo", "/proc/cpuinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid"])
  func lxcfs(_ destination: String) {
    #expect(refused(Mount(destination: destination, source: "/srv", options: ["bind"])) == nil)
  }

  @Test("and nothing else", arguments: ["/proc/sys", "/proc/sys/kernel", "/proc/self/attr", "/proc/net", "/proc/meminfo/x", "/proc/sysrq-trigger"])
  func belowProc(_ destination: String) {
    #expect(
      refused(Mount(destination: destination, source: "/srv", options: ["bind"])) == "mounts[0].destination: nothing may be mounted on \(destination)")
  }

  @Test(
    "a destination is taken by its text, from the root",
    arguments: [("a", "/a"), ("a/b/", "/a/b"), ("//a/./b", "/a/b"), ("/a/../b", "/b"), ("../../a", "/a"), ("/a/b/../../c/..//d", "/d")])
  func destinations(_ destination: String, _ target: String) throws {
    #expect(try planned(Mount(destination: destination, type: "tmpfs")).target == Path(target))
  }

  @Test("a tmpfs becomes read-only when everything stands in it, others at once")
  func readOnly() throws {
    let temporary = try planned(Mount(destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "ro", "mode=755"]))
    #expect(
      temporary.content == .fileSystem(PlannedFileSystem(type: "tmpfs", source: "tmpfs", flags: .noSetUserID, data: "mode=755", endsReadOnly: true)))
    let sysfs = try planned(Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"]))
    #expect(sysfs.content == .fileSystem(PlannedFileSystem(type: "sysfs", source: "sysfs", flags: .readOnly)))
  }

  @Test("a tmpfs may begin with what it hides")
  func copyUp() throws {
    let mount = try planned(Mount(destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "size=1m"]))
    #expect(mount.content == .fileSystem(PlannedFileSystem(type: "tmpfs", source: "tmpfs", data: "size=1m", copiesUp: true)))
  }

  @Test("a remount changes what is there: the file system, or with `bind` the one mount")
  func remount() throws {
    let system = try planned(Mount(destination: "/proc", type: "proc", source: "proc", options: ["remount", "nosuid", "dev", "hidepid=2"]))
    #expect(system.content == .remount(PlannedRemount(set: .noSetUserID, clear: .noDevices, data: "hidepid=2")))
    let one = try planned(Mount(destination: "/data", options: ["bind", "remount", "ro"]))
    #expect(one.content == .remount(PlannedRemount(set: .readOnly, clear: [], data: nil)))
  }

  @Test("recursive options are for every kind of mount")
  func recursive() throws {
    let mount = try planned(Mount(destination: "/sys", type: "sysfs", options: ["rro", "rexec"]))
    #expect(mount.recursiveSet == .readOnly && mount.recursiveClear == .noExecute && mount.hasRecursiveFlags)
  }
}

@Suite("device nodes are planned")
struct PlanDevicesTests {
  private func devices(_ device: Device) throws -> [PlannedDevice] { try plan(smallest { $0.linux?.devices = [device] }).devices }
  private func refused(_ device: Device) -> String? { refusal(smallest { $0.linux?.devices = [device] }) }

  @Test("a device comes after the standard ones, with the runtime's mode and owner unless it has its own")
  func added() throws {
    let plain = try devices(Device(type: .block, path: "/dev/x", major: 8, minor: 1))
    #expect(plain.count == 7)
    #expect(plain.last == PlannedDevice(path: "/dev/x", type: .blockDevice, major: 8, minor: 1, mode: 0o666, user: 0, group: 0))
    let own = try devices(Device(type: .unbufferedCharacter, path: "/dev/x", major: 4, minor: 64, fileMode: 0o20_640, uid: 7, gid: 8))
    #expect(own.last == PlannedDevice(path: "/dev/x", type: .characterDevice, major: 4, minor: 64, mode: 0o640, user: 7, group: 8))
    #expect(try devices(Device(type: .fifo, path: "/run/pipe")).last?.type == .fifo)
  }

  @Test("a standard device can be given another meaning, and is there once")
  func replaced() throws {
    let planned = try devices(Device(type: .character, path: "/dev/null", major: 1, minor: 3, fileMode: 0o600))
    #expect(planned.count == 6)
    #expect(planned.filter { $0.path == "/dev/null" }.map { $0.mode } == [0o600])
  }

  @Test("what is no device is refused with its path")
  func refusals() {
    #expect(refused(Device(type: .character, path: "dev/x", major: 1, minor: 1)) == "linux.devices[0].path: must be an absolute path without `..`")
    #expect(refused(Device(type: .character, path: "//", major: 1, minor: 1)) == "linux.devices[0].path: must name a file in a directory")
    #expect(refused(Device(type: .character, path: "/dev/../x", major: 1, minor: 1)) == "linux.devices[0].path: must be an absolute path without `..`")
    #expect(refused(Device(type: .character, path: "/dev/x", major: 1 << 32, minor: 1)) == "linux.devices[0]: 4294967296:1 is not a device number")
    #expect(refused(Device(type: .block, path: "/dev/x", major: 1, minor: -1)) == "linux.devices[0]: 1:-1 is not a device number")
  }
}
