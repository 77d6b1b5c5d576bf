import OCI
import Testing

@testable import Supervisor

@Suite("a manifest that is taken")
struct ManifestTests {
  @Test("a single container takes five lines")
  func fiveLines() throws {
    let text = """
      {
        "name": "cache",
        "services": {
          "redis": {"image": "redis@sha256:\(String(repeating: "a0", count: 32))", "network_mode": "host", "restart": "always"}
        }
      }
      """
    let manifest = try manifest(text)
    #expect(manifest.name == "cache" && manifest.services.count == 1 && manifest.volumes.isEmpty)
    let service = manifest.services[0]
    #expect(service.name == "redis" && service.containerName == "cache.redis" && service.image == "redis")
    #expect(service.digest?.text == "sha256:\(String(repeating: "a0", count: 32))")
    #expect(service.network == .host && service.restart.when == .always)
  }

  @Test("what is absent has its default")
  func defaults() throws {
    let manifest = try manifest(service: "")
    #expect(manifest.priority == 50 && manifest.logTotal == nil)
    #expect(manifest.updates.settle == 30_000 && manifest.updates.timeout == 300_000)
    #expect(manifest.updates.onFailure == .rollBack && manifest.updates.snapshot == .none)
    let service = manifest.services[0]
    #expect(service.digest == nil && service.platform == nil && service.entrypoint == nil && service.command == nil && service.environment.isEmpty)
    #expect(service.user == nil && service.workingDirectory == nil && service.hostname == nil && service.labels.isEmpty)
    #expect(service.mounts.isEmpty && service.devices.isEmpty && service.network == .own && service.processes == .own && service.ipc == .own)
    #expect(service.limits.memory == nil && service.limits.memoryAndSwap == nil && service.limits.processorQuota == nil)
    #expect(service.limits.processorShares == nil && service.limits.processors == nil && service.limits.tasks == nil)
    #expect(service.limits.oomScoreAdjustment == nil && service.limits.rlimits.isEmpty && service.limits.sharedMemory == 67_108_864)
    #expect(service.addedCapabilities.isEmpty && service.droppedCapabilities.isEmpty && !service.isReadOnly && service.noNewPrivileges)
    #expect(service.sysctls.isEmpty && !service.hasInit && !service.hasTerminal && !service.keepsInput && service.required.isEmpty)
    #expect(service.dependencies.isEmpty && service.restart.when == .no && service.onUnhealthy == .nothing && service.stop.signal == nil)
    #expect(service.stop.gracePeriod == 10_000 && service.readiness == .untold && service.watchdog == nil)
    #expect(service.logs.isKept && service.logs.fileSize == 1_048_576 && service.logs.files == 3 && service.logs.lineSize == 8192)
    #expect(service.logs.rate == 0 && service.logs.buffer == 65_536)
    #expect(!service.health.isDisabled && service.health.test == nil)
  }

  @Test("null is as if it were not there, as in Compose, also where a volume is declared")
  func null() throws {
    let manifest = try manifest(document(service: #""command": null, "user": null, "x-apus": null"#, beside: #", "volumes": {"data": null}"#))
    #expect(manifest.services[0].command == nil && manifest.services[0].user == nil)
    #expect(manifest.volumes.map(\.key) == ["data"] && manifest.volumes[0].name == "app_data" && !manifest.volumes[0].isExternal)
  }

  @Test("what runs")
  func process() throws {
    let service = try service(
      #"""
        "command": ["-c", "a b", ""], "entrypoint": "/bin/sh -e 'x y' \"\"", "environment": {"A": "1", "B": 2, "C": true, "D": "$$x", "E": ""},
        "user": "web:33", "working_dir": "/srv", "hostname": "h", "container_name": "mine", "labels": ["a.b=c=d", "e="], "platform": "linux/arm/v7",
        "init": true, "tty": true, "stdin_open": true, "read_only": true
      """#)
    #expect(service.command == ["-c", "a b", ""] && service.entrypoint == ["/bin/sh", "-e", "x y", ""])
    #expect(service.environment == ["A=1", "B=2", "C=true", "D=$x", "E="])
    #expect(service.user == "web:33" && service.workingDirectory == "/srv" && service.hostname == "h" && service.containerName == "mine")
    #expect(service.labels == [Annotation(key: "a.b", value: "c=d"), Annotation(key: "e", value: "")])
    #expect(service.platform == Platform(architecture: "arm", variant: "v7"))
    #expect(service.hasInit && service.hasTerminal && service.keepsInput && service.isReadOnly)
  }

  @Test("a list of variables, and an empty command that takes the image's away")
  func lists() throws {
    let service = try service(#""environment": ["A=b=c", "B="], "command": [], "entrypoint": """#)
    #expect(service.environment == ["A=b=c", "B="])
    #expect(service.command == [] && service.entrypoint == [])
  }

  @Test("mounts in both syntaxes, volumes and devices")
  func mounts() throws {
    let text = document(
      service: #"""
        "volumes": [
          "data:/data", "data:/cold/:ro,nocopy", "/etc/x:/etc//y:rw,rslave",
          {"type": "volume", "source": "data", "target": "/v", "volume": {"nocopy": true, "subpath": "a/./b"}, "read_only": true},
          {"type": "bind", "source": "/run/s", "target": "/s", "bind": {"create_host_path": false, "propagation": "shared"}},
          {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1m", "mode": 1023}}, {"type": "tmpfs", "target": "/u", "tmpfs": {"mode": "700"}, "x-y": 1}
        ],
        "tmpfs": ["/run", "/tmp:size=64k,mode=1777,noexec,ro"],
        "devices": ["/dev/ttyUSB0", "/dev/i2c-1:/dev/i2c-0", "/dev/a:/dev/b:rw", {"source": "/dev/c", "permissions": "r"}]
        """#, beside: #", "volumes": {"data": {"name": "shared", "external": true}, "more": {"driver": "local", "labels": {"a": 1}}}"#)
    let manifest = try manifest(text)
    let shown = manifest.services[0].mounts.map { mount in
      "\(mount.kind) \(mount.source) \(mount.target) \(mount.isReadOnly) \(mount.options) \(mount.copiesImage) \(mount.makesSource) \(mount.subpath ?? "-")"
    }
    #expect(
      shown == [
        "volume data /data false [] true true -", "volume data /cold true [] false true -", #"bind /etc/x /etc/y false ["rslave"] true true -"#,
        "volume data /v true [] false true a/b", #"bind /run/s /s false ["shared"] true false -"#,
        #"tmpfs  /t false ["size=1048576", "mode=1777"] true true -"#, #"tmpfs  /u false ["mode=700"] true true -"#, "tmpfs  /run false [] true true -",
        #"tmpfs  /tmp true ["size=65536", "mode=1777", "noexec"] true true -"#,
      ])
    #expect(manifest.volumes.map { "\($0.key) \($0.name) \($0.isExternal) \($0.labels.count)" } == ["data shared true 0", "more app_more false 1"])
    let devices = manifest.services[0].devices.map { "\($0.source) \($0.target) \($0.access)" }
    #expect(devices == ["/dev/ttyUSB0 /dev/ttyUSB0 rwm", "/dev/i2c-1 /dev/i2c-0 rwm", "/dev/a /dev/b rw", "/dev/c /dev/c r"])
    #expect(try service(#""tmpfs": "/run:rw""#).mounts.map(\.target) == ["/run"])
  }

  @Test("limits")
  func limits() throws {
    let limits = try service(
      #"""
      "mem_limit": "64m", "memswap_limit": 134217728, "cpus": 0.5, "cpu_shares": 512, "cpuset": "0-3,7", "pids_limit": 100, "oom_score_adj": -500,
      "ulimits": {"nofile": {"soft": 1024, "hard": -1}, "core": 0}, "shm_size": "1g"
      """#
    ).limits
    #expect(limits.memory == 67_108_864 && limits.memoryAndSwap == 134_217_728 && limits.processorQuota == 50_000 && limits.processorShares == 512)
    #expect(limits.processors == "0-3,7" && limits.tasks == 100 && limits.oomScoreAdjustment == -500 && limits.sharedMemory == 1 << 30)
    #expect(limits.rlimits == [Rlimit(type: .openFiles, soft: 1024, hard: .max), Rlimit(type: .core, soft: 0, hard: 0)])
    let others = try service(#""mem_limit": 67108864, "memswap_limit": -1, "cpus": "1.25", "pids_limit": -1"#).limits
    #expect(others.memory == 67_108_864 && others.memoryAndSwap == -1 && others.processorQuota == 125_000 && others.tasks == nil)
    #expect(try service(#""mem_limit": "1m", "memswap_limit": 0"#).limits.memoryAndSwap == nil)
  }

  @Test("Compose's names of resource limits are those of the runtime")
  func rlimitNames() {
    #expect(Rlimit.names.words.map { "RLIMIT_\($0.uppercased())" } == RlimitType.names.words)
  }

  @Test("rights, namespaces and kernel parameters")
  func rights() throws {
    let service = try service(
      #"""
      "cap_add": ["NET_RAW", "cap_sys_time"], "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:false"], "pid": "host", "ipc": "shareable",
      "sysctls": {"net.core.somaxconn": 1024}
      """#)
    #expect(service.addedCapabilities == ["CAP_NET_RAW", "CAP_SYS_TIME"] && service.droppedCapabilities == ["ALL"] && !service.noNewPrivileges)
    #expect(service.processes == .host && service.ipc == .own && service.sysctls == [Sysctl(key: "net.core.somaxconn", value: "1024")])
    #expect(try Self.isOn("no-new-privileges") && Self.isOn("no-new-privileges:true"))
  }

  private static func isOn(_ option: String) throws -> Bool { try service(#""security_opt": ["\#(option)"]"#).noNewPrivileges }

  @Test("restart, stop and logs")
  func policies() throws {
    let service = try service(
      #"""
      "restart": "on-failure:5", "stop_signal": "SIGUSR1", "stop_grace_period": "1m30s", "logging": {"driver": "json-file", "options": {"max-size": "2m",
      "max-file": "4"}}
      """#)
    #expect(service.restart.when == .onFailure(limit: 5) && service.stop.signal == 10 && service.stop.gracePeriod == 90_000)
    #expect(service.logs.isKept && service.logs.fileSize == 2 << 20 && service.logs.files == 4)
    for (word, when) in [("no", .no), ("unless-stopped", .unlessStopped), ("on-failure", .onFailure(limit: nil)), ("on-failure:0", .onFailure(limit: nil))]
      as [(String, RestartPolicy.When)]
    { #expect(try manifest(service: #""restart": "\#(word)""#).services[0].restart.when == when) }
    #expect(try manifest(service: #""logging": {"driver": "none"}"#).services[0].logs.isKept == false)
  }

  @Test("Apus's own words")
  func own() throws {
    let text = document(
      service: #"""
        "x-apus": {
          "backoff": {"first": "1s", "longest": "5m", "reset_after": "1m", "jitter": 25}, "crash_limit": 4, "crash_window": "1m", "give_up": "rollback",
          "log": {"line": 4096, "rate": 100, "buffer": "8k"}, "on_unhealthy": "restart", "permanent_statuses": [2, 127], "probe": "tcp:6379",
          "ready": "notify", "require": ["pid-namespace", "cpu-quota"], "watchdog": "30s"
        }, "x-other": {"anything": ["${X}", null]}
        """#,
      beside: """
        , "x-apus": {"priority": 100, "log_total": "8m", "update": {"settle": "10s", "timeout": "1m", "on_failure": "nothing", "snapshot": "best-effort"}}
        , "x-else": "$"
        """)
    let manifest = try manifest(text)
    #expect(manifest.priority == 100 && manifest.logTotal == 8 << 20 && manifest.updates.settle == 10_000 && manifest.updates.timeout == 60_000)
    #expect(manifest.updates.onFailure == .nothing && manifest.updates.snapshot == .bestEffort)
    let service = manifest.services[0]
    let restart = service.restart
    #expect(restart.firstDelay == 1000 && restart.longestDelay == 300_000 && restart.resetAfter == 60_000 && restart.jitter == 250)
    #expect(restart.crashLimit == 4 && restart.crashWindow == 60_000 && restart.giveUp == .rollBack && restart.permanentStatuses == [2, 127])
    #expect(service.logs.lineSize == 4096 && service.logs.rate == 100 && service.logs.buffer == 8192)
    #expect(service.onUnhealthy == .restart && service.health.test == .tcp(port: 6379) && service.readiness == .notification)
    #expect(service.required == ["pid-namespace", "cpu-quota"] && service.watchdog == 30_000)
  }

  @Test("a descriptor for readiness, and a first delay above the usual longest one")
  func descriptor() throws {
    let service = try service(#""x-apus": {"ready": 3, "backoff": {"first": "2m"}}"#)
    #expect(service.readiness == .descriptor(3) && service.restart.longestDelay == 120_000)
  }

  @Test(
    "health checks in all forms",
    arguments: [
      (#""healthcheck": {"test": "a || b"}"#, .command(["/bin/sh", "-c", "a || b"])), (#""healthcheck": {"test": ["CMD", "a", ""]}"#, .command(["a", ""])),
      (#""healthcheck": {"test": ["CMD-SHELL", "a"]}"#, .command(["/bin/sh", "-c", "a"])), (#""healthcheck": {"test": ["NONE"]}"#, nil),
      (#""healthcheck": {"test": ["CMD", "a"], "disable": true}"#, nil), (#""x-apus": {"probe": "tcp:65535"}"#, .tcp(port: 65535)),
      (#""x-apus": {"probe": "http:80"}"#, .http(port: 80, path: "/")), (#""x-apus": {"probe": "http:80/a/b?c:d"}"#, .http(port: 80, path: "/a/b?c:d")),
      (#""x-apus": {"probe": "unix:/run/x.sock"}"#, .unix(path: "/run/x.sock")),
      (#""healthcheck": {"test": "curl"}, "x-apus": {"probe": "tcp:1"}"#, .tcp(port: 1)),
    ] as [(String, HealthCheck.Test?)])
  func healthChecks(_ members: String, _ test: HealthCheck.Test?) throws {
    #expect(try service(members).health.check(imageSays: nil)?.test == test)
  }

  @Test("dependencies in both forms")
  func dependencies() throws {
    let text = document(services: [
      ("a", #""depends_on": ["b", "c"]"#),
      (
        "b",
        #"""
        "depends_on": {"c": {"condition": "service_healthy", "restart": true, "required": false}, "d": {"condition": "service_completed_successfully"}}
        """#
      ), ("c", ""), ("d", #""restart": "on-failure""#),
    ])
    let services = try manifest(text).services
    #expect(services[0].dependencies == [Dependency(service: "b"), Dependency(service: "c")])
    #expect(
      services[1].dependencies == [
        Dependency(service: "c", condition: .healthy, isRequired: false, isBound: true), Dependency(service: "d", condition: .completed),
      ])
  }

  @Test("who is in another service's namespace depends on it, and starts anew with it")
  func joined() throws {
    let text = document(services: [
      ("a", #""network_mode": "service:b", "pid": "service:b", "ipc": "service:c""#),
      ("b", ""), ("c", #""network_mode": "service:b", "depends_on": {"b": {"condition": "service_healthy", "required": false}}"#),
    ])
    let services = try manifest(text).services
    #expect(services[0].network == .service("b") && services[0].processes == .service("b") && services[0].ipc == .service("c"))
    #expect(services[0].dependencies == [Dependency(service: "b", isBound: true), Dependency(service: "c", isBound: true)])
    #expect(services[2].dependencies == [Dependency(service: "b", condition: .healthy, isBound: true)])
  }

  @Test("the application that is run has each service's policies, and the health check of its image where the manifest has none")
  func application() throws {
    let text = document(services: [
      ("a", #""restart": "always", "stop_signal": "9""#),
      ("b", #""depends_on": ["a"], "healthcheck": {"test": ["CMD", "x"]}, "x-apus": {"on_unhealthy": "stop"}"#),
    ])
    let image = Healthcheck(test: ["CMD", "i"], interval: 1_000_000_000)
    let application = try manifest(text).application(checks: [image, image])
    #expect(application.name == "app" && application.services.map(\.name) == ["a", "b"])
    #expect(application.services[0].health?.test == .command(["i"]) && application.services[0].health?.interval == 1000)
    #expect(application.services[0].restart.when == .always && application.services[0].stop.signal == 9)
    #expect(application.services[1].health?.test == .command(["x"]) && application.services[1].onUnhealthy == .stop)
    #expect(application.services[1].dependencies == [Dependency(service: "a")])
    #expect(try manifest(text).application(checks: []).services[0].health == nil)
  }

  @Test("who waits for a service to be healthy that cannot tell is refused once the images are known")
  func neverHealthy() throws {
    let waiting = #""depends_on": {"b": {"condition": "service_healthy"}}"#
    let manifest = try manifest(document(services: [("a", waiting), ("b", "")]))
    #expect(try manifest.application(checks: [nil, Healthcheck(test: ["CMD", "x"])]).services[1].health != nil)
    for check in [nil, Healthcheck(test: []), Healthcheck(test: ["NONE"])] {
      do throws(SpecError) {
        _ = try manifest.application(checks: [Healthcheck(test: ["CMD", "x"]), check])
        Issue.record("it was taken")
      } catch {
        let reason = "'b' is never healthy: neither the manifest nor its image has a check, and it does not say when it is ready"
        #expect(error.message == "services.a.depends_on: \(reason)")
      }
    }
    let ready = try Manifest(parsing: Array(document(services: [("a", waiting), ("b", #""x-apus": {"ready": 4}"#)]).utf8))
    #expect(try ready.application(checks: []).services.count == 2)
  }

  @Test("an image's health check counts, and each number of the manifest beats the image's")
  func imageHealth() throws {
    let image = Healthcheck(
      test: ["CMD-SHELL", "i"], interval: 1_500_000, timeout: 2_000_000, startPeriod: 3_000_000, startInterval: 4_000_000, retries: 5)
    let check = try #require(try service(#""healthcheck": {"timeout": "7s", "retries": 8}"#).health.check(imageSays: image))
    #expect(check.test == .command(["/bin/sh", "-c", "i"]) && check.interval == 2 && check.timeout == 7000 && check.retries == 8)
    #expect(check.startPeriod == 3 && check.startInterval == 4)
    let settings = HealthSettings()
    for test in [[], ["NONE"], ["CMD"], ["CMD-SHELL", "a", "b"], ["OTHER", "a"]] { #expect(settings.check(imageSays: Healthcheck(test: test)) == nil) }
    let defaults = try #require(settings.check(imageSays: Healthcheck(test: ["CMD", "a"], interval: -5)))
    #expect(defaults.interval == 30_000 && defaults.timeout == 30_000 && defaults.retries == 3 && defaults.startPeriod == 0 && defaults.startInterval == 5000)
    #expect(try service(#""healthcheck": {"disable": true}"#).health.check(imageSays: image) == nil)
  }
}
