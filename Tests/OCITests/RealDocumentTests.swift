import OCI
import Testing

@Suite("documents that other programs wrote")
struct RealDocumentTests {
  @Test("podman's config.json")
  func podman() throws {
    let spec = try Spec(parsing: RealDocument.podman)
    #expect(spec.ociVersion == "1.0.2-dev")
    #expect(spec.process?.user == User(uid: 0, gid: 0, umask: 0o022))
    #expect(spec.process?.rlimits.first == Rlimit(type: .openFiles, soft: 1024, hard: 2048))
    #expect(spec.root?.readonly == true)
    #expect(spec.mounts.count == 13)
    #expect(spec.annotations.first == Annotation(key: "com.example.a", value: "b"))
    let linux = try #require(spec.linux)
    #expect(linux.namespaces.map(\.type) == [.pid, .network, .ipc, .uts, .mount])
    #expect(linux.resources?.memory == MemoryResources(limit: 67_108_864, swap: 134_217_728))
    #expect(linux.resources?.cpu == CPUResources(quota: 50000, period: 100_000))
    #expect(linux.resources?.pids?.limit == 100)
    #expect(linux.resources?.devices == [DeviceRule(allow: false)])
    #expect(linux.seccomp?.syscalls.count == 19)
    #expect(linux.maskedPaths.count == 11)
  }

  @Test("runc spec")
  func runc() throws {
    let spec = try Spec(parsing: RealDocument.runc)
    #expect(spec.process?.terminal == true)
    #expect(spec.process?.args == ["sh"])
    #expect(spec.process?.noNewPrivileges == true)
    #expect(spec.process?.capabilities?.bounding == ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"])
    #expect(spec.hostname == "runc")
    #expect(spec.mounts.map(\.destination) == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"])
    #expect(spec.linux?.namespaces.map(\.type) == [.pid, .network, .ipc, .uts, .mount])
  }

  @Test("crun spec")
  func crun() throws {
    let spec = try Spec(parsing: RealDocument.crun)
    #expect(spec.process?.cwd == "/")
    #expect(spec.hostname == "crun")
    #expect(spec.root == Root(path: "rootfs", readonly: true))
  }
}
