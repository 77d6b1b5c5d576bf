import Linux
import OCI
import Testing

@testable import Images

@Suite("how an image is run")
struct SpecificationTests {
  private func image(_ execution: ImageExecution) throws -> StoredImage {
    let digest = try Digest("sha256:\(String(repeating: "0", count: 64))")
    return StoredImage(
      record: ImageRecord(name: "app", manifest: digest, config: digest, layers: [], size: 0),
      config: ImageConfig(platform: Platform(architecture: "arm64"), author: "somebody", execution: execution, diffIDs: []), layers: [])
  }

  private func specified(_ execution: ImageExecution = ImageExecution(cmd: ["sh"]), _ change: (inout RunOptions) -> Void = { _ in }) throws -> RunSpecification
  {
    var options = RunOptions(id: try ContainerID("c1"))
    change(&options)
    return try specification(for: image(execution), root: "/r", options: options)
  }

  @Test("the entry point comes before the command, and arguments replace the command alone")
  func arguments() throws {
    let execution = ImageExecution(entrypoint: ["entry"], cmd: ["cmd", "x"])
    #expect(try specified(execution).spec.process?.args == ["entry", "cmd", "x"])
    #expect(try specified(execution) { $0.arguments = ["mine"] }.spec.process?.args == ["entry", "mine"])
    #expect(try specified(ImageExecution()) { $0.arguments = ["mine"] }.spec.process?.args == ["mine"])
    #expect(message { _ = try specified(ImageExecution()) } == "image app: says no command to run; give one after --")
  }

  @Test("the image's variables stay unless the options replace them; PATH, HOSTNAME and, with a terminal, TERM are added when missing")
  func environment() throws {
    #expect(
      try specified(ImageExecution(env: ["A=1", "B=2", "broken"], cmd: ["sh"])) { $0.env = ["B=3", "C=4=5"] }.spec.process?.env == [
        "A=1", "B=3", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=c1", "C=4=5",
      ])
    #expect(
      try specified(ImageExecution(env: ["PATH=/x", "TERM=dumb", "HOSTNAME=h"], cmd: ["sh"])) { $0.terminal = true }.spec.process?.env == [
        "PATH=/x", "TERM=dumb", "HOSTNAME=h",
      ])
    #expect(try specified { $0.terminal = true }.spec.process?.env.contains("TERM=xterm") ?? false)
  }

  @Test("of a variable that is set again and again, each has the place of the first and the value of the last, however many there are")
  func manyVariables() throws {
    let image = (0..<4000).map { "V\($0 % 2000)=\($0)" }
    let env = try #require(try specified(ImageExecution(env: image, cmd: ["sh"])) { $0.env = ["V7=mine", "W=1"] }.spec.process?.env)
    let expected = (0..<2000).map { $0 == 7 ? "V7=mine" : "V\($0)=\($0 + 2000)" }
    #expect(Array(env.prefix(2000)) == expected && env.count == 2003 && env.last == "W=1")
  }

  @Test("of a label that is given again and again the last counts, however many there are")
  func manyLabels() throws {
    let labels = (0..<4000).map { Annotation(key: "l\($0 % 2000)", value: "\($0)") }
    let annotations = try specified(ImageExecution(cmd: ["sh"], labels: labels)).imageAnnotations.filter { $0.key.hasPrefix("l") }
    #expect(annotations == (2000..<4000).map { Annotation(key: "l\($0 - 2000)", value: "\($0)") })
  }

  @Test("user, working directory, stop signal and host name")
  func details() throws {
    let specified = try specified(ImageExecution(user: "redis:data", cmd: ["sh"], workingDir: "data", stopSignal: "SIGQUIT"))
    #expect(specified.user == "redis:data")
    #expect(specified.stopSignal == "SIGQUIT")
    #expect(specified.spec.process?.cwd == "/data")
    #expect(specified.spec.hostname == "c1")
    #expect(try self.specified { $0.hostname = "h" }.spec.hostname == "h")
    // A host name has 64 bytes at most, an id 1,024.
    var options = RunOptions(id: try ContainerID(String(repeating: "i", count: 100)))
    options.arguments = ["sh"]
    #expect(try specification(for: image(ImageExecution()), root: "/r", options: options).spec.hostname?.utf8.count == 63)
    #expect(specified.spec.root == Root(path: "/r", readonly: false))
    #expect(try self.specified { $0.readOnly = true }.spec.root?.readonly == true)
  }

  @Test("limits: memory without swap, tasks, processor time; none unless asked for")
  func limits() throws {
    let resources = try #require(
      try specified {
        $0.memory = 64 << 20
        $0.pids = 50
        $0.cpuQuota = 150_000
      }.spec.linux?.resources)
    #expect(resources.memory == MemoryResources(limit: 64 << 20, swap: 64 << 20))
    #expect(resources.pids == PidsResources(limit: 50))
    #expect(resources.cpu == CPUResources(quota: 150_000, period: 100_000))
    let none = try #require(try specified().spec.linux?.resources)
    #expect(none.memory == nil && none.pids == nil && none.cpu == nil)
  }

  @Test("namespaces: all but user and time, and the host's network only when asked for")
  func namespaces() throws {
    #expect(try specified().spec.linux?.namespaces.map { $0.type } == [.pid, .mount, .ipc, .uts, .cgroup, .network])
    #expect(try specified { $0.network = .host }.spec.linux?.namespace(.network) == nil)
  }

  @Test("control groups that are not used are not shown")
  func controlGroups() throws {
    let (with, without) = (try specified().spec.mounts, try specified { $0.controlGroups = false }.spec.mounts)
    #expect(with.filter { $0.destination != "/sys/fs/cgroup" } == without && with.count == without.count + 1)
  }

  @Test("reduced by default: capabilities, devices, new privileges, paths")
  func reduced() throws {
    let specified = try specified()
    let capabilities = try #require(specified.spec.process?.capabilities)
    #expect(capabilities.bounding.count == 11 && capabilities.effective == capabilities.bounding && capabilities.permitted == capabilities.bounding)
    #expect(capabilities.inheritable.isEmpty && capabilities.ambient.isEmpty)
    for name in ["CAP_MKNOD", "CAP_NET_RAW", "CAP_SYS_ADMIN", "CAP_AUDIT_WRITE"] { #expect(!capabilities.bounding.contains(name)) }
    #expect(specified.spec.process?.noNewPrivileges == true)
    #expect(specified.spec.linux?.resources?.devices.first == DeviceRule(allow: false))
    #expect(specified.spec.linux?.maskedPaths.contains("/proc/kcore") == true)
    #expect(specified.spec.linux?.readonlyPaths.contains("/proc/sys") == true)
    for mount in specified.spec.mounts where mount.destination.utf8.starts(with: "/sys".utf8) { #expect(mount.options.contains("ro")) }
  }

  @Test("what the image says about itself is kept apart from what the runtime obeys; labels win (CVE-2026-53488)")
  func annotations() throws {
    let execution = ImageExecution(
      cmd: ["sh"], exposedPorts: ["80/tcp", "53/udp"],
      labels: [Annotation(key: "org.opencontainers.image.author", value: "label"), Annotation(key: "run.oci.hooks", value: "/evil")])
    let specified = try specified(execution)
    #expect(specified.spec.annotations.isEmpty)
    func value(_ key: String) -> String? { specified.imageAnnotations.first { $0.key == key }?.value }
    #expect(value("org.opencontainers.image.author") == "label")
    #expect(value("org.opencontainers.image.exposedPorts") == "80/tcp,53/udp")
    #expect(value("run.oci.hooks") == "/evil")
    #expect(specified.imageAnnotations.filter { $0.key == "org.opencontainers.image.author" }.count == 1)
  }
}
