import Linux
import Testing

@testable import Sandbox

@Suite("mounts that a root that is moved would leave open")
struct MoveRootTests {
  private func found(_ lines: [String], outside root: String = "/root/fs") -> [String] {
    MountTable(Array(lines.joined(separator: "\n").utf8)).uncovered(outside: Array(root.utf8)[...]).map { String(decoding: $0.mountPoint, as: UTF8.self) }
  }

  @Test("procfs and sysfs of the host, wherever they are")
  func hosts() {
    let lines = [
      "1 0 8:1 / / rw - ext4 /dev/a rw", "2 1 0:5 / /proc rw - proc proc rw", "3 1 0:6 / /sys rw shared:1 - sysfs sysfs rw",
      "4 1 0:5 / /srv/other\\040proc rw - proc proc rw", "5 1 0:7 / /tmp rw - tmpfs tmpfs rw",
    ]
    #expect(found(lines) == ["/proc", "/sys", "/srv/other\\040proc"])
  }

  @Test("not those of the container, not parts, and not what another mount stands on")
  func notOthers() {
    let lines = [
      "1 0 8:1 / / rw - ext4 /dev/a rw", "2 1 8:1 /fs /root/fs rw - ext4 /dev/a rw", "3 2 0:5 / /root/fs/proc rw - proc proc rw",
      "4 1 0:6 /fs/cgroup /cg rw - sysfs sysfs rw", "5 1 0:8 / /proc rw - proc proc rw", "6 5 0:9 / /proc rw - tmpfs none ro",
      "7 1 0:5 / /root/fsx rw - proc proc rw",
    ]
    #expect(found(lines) == ["/root/fsx"])
    // A mount on a part of it leaves the rest open.
    #expect(found(["1 0 8:1 / / rw - ext4 a rw", "2 1 0:5 / /proc rw - proc p rw", "3 2 0:9 / /proc/sys rw - tmpfs n ro"]) == ["/proc"])
  }
}
