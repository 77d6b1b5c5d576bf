import Testing

@testable import Supervisor

@Suite("a manifest that is refused, with the place and the reason")
struct ManifestRefusalTests {
  @Test(
    "documents that are no manifests",
    arguments: [
      ("", "line 1, column 1: expected a value, but the document ends"), ("[]", "expected an object, found an array"), ("{}", "name: missing"),
      (#"{"name": "a"}"#, "services: missing"), (#"{"name": "a", "services": []}"#, "services: expected an object, found an array"),
      (#"{"name": "a", "services": {}}"#, "services: must have at least one entry"),
      (#"{"name": "a", "services": {"s": null}}"#, "services.s: expected an object, found null"),
      (#"{"name": "a", "services": {"s": {}}}"#, "services.s.image: missing"),
      (#"{"name": "a", "services": {"s": {"image": "i"}}}"#, "services.s.network_mode: missing"),
      (#"{"name": "a", "name": "b"}"#, "line 1, column 15: the key 'name' is given twice"),
      (#"{"name": "a", "other": 1, "services": {}}"#, "other: unknown key"), (#"{"name": "a", "other": null}"#, "other: unknown key"),
      (#"{"name": "a", "version": "3"}"#, "version: Compose has no more use for it; leave it out"),
      (#"{"name": "a", "networks": {}}"#, "networks: there are no networks of containers yet; see network_mode"),
      (#"{"name": "a", "secrets": {}}"#, "secrets: not supported yet; use volumes"),
      (#"{"name": "a", "include": []}"#, "include: there are no other files on a device; 'docker compose config' writes everything into one"),
    ])
  func documents(_ text: String, _ message: String) { #expect(refusal(text) == message) }

  private static let nameRule = "must be at most 63 lower-case letters, digits, '-' and '_', and begin with a letter or digit"
  private static let plainRule = "a name must be at most 63 letters, digits, '.', '-' and '_', and begin with a letter or digit"

  @Test("names of applications", arguments: ["", "A", "a.b", "-a", "_a", "a b", "a/b", "ä", String(repeating: "a", count: 64)])
  func applicationNames(_ name: String) { #expect(refusal(#"{"name": "\#(name)"}"#) == "name: \(Self.nameRule)") }

  @Test("names of services", arguments: ["a b", ".a", "-a", "_a", "a/b", "ä"])
  func serviceNames(_ name: String) {
    let path = name.utf8.allSatisfy { $0 != 0x20 && $0 != 0x2E && $0 != 0x2F && $0 < 0x80 } ? ".\(name)" : "[\"\(name == "ä" ? "??" : name)\"]"
    #expect(refusal(document(services: [(name, "")])) == "services\(path): \(Self.plainRule)")
  }

  @Test("names at their limits are taken")
  func longNames() throws {
    let name = String(repeating: "a", count: 63)
    #expect(refusal(#"{"name": "\#(name)", "services": {"\#(name)": {"image": "i", "network_mode": "none"}}}"#) == nil)
    #expect(refusal(document(services: [(name + "a", "")])) == "services.\(String(repeating: "a", count: 48))...: \(Self.plainRule)")
  }

  @Test(
    "keys that Apus has no use for are refused with the reason",
    arguments: [
      ("ports", "there are no networks of containers yet; see network_mode"), ("networks", "there are no networks of containers yet; see network_mode"),
      ("build", "images are built on the dev box"), ("deploy", "use mem_limit, cpus, pids_limit, restart and x-apus"), ("scale", "a service has one container"),
      ("env_file", "there are no other files on a device; 'docker compose config' writes everything into one"),
      ("privileged", "cap_add and devices give a service what it needs"), ("secrets", "not supported yet; use volumes"),
      ("profiles", "everything in a manifest is started"), ("pull_policy", "images are imported and not pulled"),
      ("pre_start", "not supported yet; a service that others wait for with service_completed_successfully comes before them"),
      ("extra_hosts", "/etc/resolv.conf and /etc/hosts cannot be set yet; a file can be bound there"), ("cpu_quota", "not supported"),
      ("uts", "not supported"), ("imag", "unknown key"), ("Image", "unknown key"), ("x", "unknown key"),
    ])
  func unsupported(_ key: String, _ reason: String) { #expect(refusal(document(service: "\"\(key)\": null")) == "services.a.\(key): \(reason)") }

  @Test(
    "unknown keys, wherever they are",
    arguments: [
      (#""healthcheck": {"tests": "x"}"#, "healthcheck.tests: unknown key"), (#""healthcheck": {"x-apus": 1}"#, "healthcheck.x-apus: unknown key"),
      (#""logging": {"size": "1m"}"#, "logging.size: unknown key"), (#""logging": {"options": {"compress": "true"}}"#, "logging.options.compress: unknown key"),
      (#""ulimits": {"core": {"soft": 1, "hard": 1, "x": 1}}"#, "ulimits.core.x: unknown key"),
      (#""depends_on": {"a": {"condition": "service_started", "when": 1}}"#, "depends_on.a.when: unknown key"),
      (#""devices": [{"source": "/dev/a", "mode": "r"}]"#, "devices[0].mode: unknown key"),
      (#""volumes": [{"type": "tmpfs", "target": "/t", "size": 1}]"#, "volumes[0].size: unknown key"),
      (#""volumes": [{"type": "tmpfs", "target": "/t", "tmpfs": {"uid": 1}}]"#, "volumes[0].tmpfs.uid: unknown key"),
      (#""x-apus": {"probes": "tcp:1"}"#, "x-apus.probes: unknown key"), (#""x-apus": {"backoff": {"max": "1s"}}"#, "x-apus.backoff.max: unknown key"),
      (#""x-apus": {"log": {"size": 1}}"#, "x-apus.log.size: unknown key"), (#""x-apus": {"x-apus": 1}"#, "x-apus.x-apus: unknown key"),
    ])
  func unknown(_ members: String, _ message: String) { #expect(refusal(document(service: members)) == "services.a.\(message)") }

  private static let variables = "a device has no variables to put in here; write '$$' for a dollar sign"

  @Test(
    "variables are not put in",
    arguments: [
      (#""user": "${UID}""#, "user"), (#""user": "$UID""#, "user"), (#""environment": {"A": "x$"}"#, "environment.A"),
      (#""environment": ["A=$$$"]"#, "environment[0]"), (#""command": ["a", "${B:-c}"]"#, "command[1]"), (#""command": "echo $B""#, "command"),
      (#""mem_limit": "${M}""#, "mem_limit"), (#""volumes": ["/a:$B"]"#, "volumes[0]"), (#""x-apus": {"probe": "tcp:$P"}"#, "x-apus.probe"),
    ])
  func interpolation(_ members: String, _ path: String) { #expect(refusal(document(service: members)) == "services.a.\(path): \(Self.variables)") }

  @Test(
    "what runs",
    arguments: [
      (#""command": 1"#, "command: expected an array, found a number"), (#""command": ["a", 1]"#, "command[1]: expected a string, found a number"),
      (#""entrypoint": "a | b""#, "entrypoint: this needs a shell: only quotes and backslashes mean something here, and they have to be closed"),
      (#""environment": "A=1""#, "environment: expected an object, found a string"), (#""environment": ["A"]"#, "environment[0]: expected 'KEY=VALUE'"),
      (#""environment": ["=1"]"#, "environment[0]: expected a key in front of the '='"),
      (#""environment": {"": 1}"#, #"environment[""]: expected a key in front of the '='"#),
      (#""environment": {"A=B": 1}"#, #"environment["A=B"]: expected a key in front of the '='"#),
      (#""environment": {"A": null}"#, "environment.A: expected a string, found null"),
      (#""environment": {"A": 1.5}"#, "environment.A: expected an integer, found 1.5"),
      (#""environment": {"A": []}"#, "environment.A: expected a string, found an array"),
      (#""environment": ["B=1", "A=1", "A=2", "A=3"]"#, "environment[2]: 'A' is given twice"), (#""labels": ["a=1", "a=2"]"#, "labels[1]: 'a' is given twice"),
      (#""labels": ["a\n=1", "a\n=2"]"#, "labels[1]: 'a?' is given twice"),
      (#""user": """#, "user: \(userRule)"), (#""user": "a:b:c""#, "user: \(userRule)"), (#""user": "a:""#, "user: \(userRule)"),
      (#""user": 1"#, "user: expected a string, found a number"),
      (#""working_dir": "srv""#, "working_dir: must be an absolute path"), (#""hostname": "a b""#, "hostname: expected the name of a host, at most 63 bytes"),
      (#""container_name": "a/b""#, "container_name: \(plainRule)"), (#""platform": "windows/amd64""#, "platform: \(platformRule)"),
      (#""platform": "linux""#, "platform: \(platformRule)"), (#""platform": "linux/""#, "platform: \(platformRule)"),
      (#""platform": "linux/arm/v7/x""#, "platform: \(platformRule)"), (#""tty": "true""#, "tty: expected a boolean, found a string"),
    ])
  func process(_ members: String, _ message: String) { #expect(refusal(document(service: members)) == "services.a.\(message)") }

  private static let userRule = "expected a user, and a group behind a ':' or not; names or numbers"
  private static let platformRule = "expected 'linux/ARCHITECTURE' or 'linux/ARCHITECTURE/VARIANT'"

  private static let imageRule = "expected the name of an image, with '@sha256:' and a digest behind it or without"

  @Test(
    "images",
    arguments: [
      ("", imageRule), ("a b", imageRule), ("@sha256:00", imageRule), ("/a", imageRule), (":a", imageRule), ("a@sha256:00", digestRule), ("a@", digestRule),
      ("a@md5:00", "the digest algorithm 'md5' is not supported, only sha256 and sha512 are"), (String(repeating: "a", count: 201), imageRule),
    ])
  func images(_ image: String, _ message: String) {
    #expect(refusal(#"{"name": "app", "services": {"a": {"image": "\#(image)", "network_mode": "none"}}}"#) == "services.a.image: \(message)")
  }

  private static let digestRule = "expected a digest, 'sha256:' and 64 or 'sha512:' and 128 lower-case hexadecimal digits"

  @Test(
    "mounts",
    arguments: [
      (#""volumes": ["/data"]"#, "volumes[0]: \(shortRule)"), (#""volumes": ["a:/b:ro:x"]"#, "volumes[0]: \(shortRule)"),
      (#""volumes": [""]"#, "volumes[0]: \(shortRule)"),
      (#""volumes": ["x:/b"]"#, "volumes[0]: 'x' is not declared in volumes"),
      (#""volumes": ["x\ny:/b"]"#, "volumes[0]: 'x?y' is not declared in volumes"),
      (#""volumes": [{"type": "volume", "source": "x", "target": "/b"}]"#, "volumes[0]: 'x' is not declared in volumes"),
      (#""volumes": ["./a:/b"]"#, "volumes[0]: \(hostRule)"), (#""volumes": ["~/a:/b"]"#, "volumes[0]: \(hostRule)"),
      (#""volumes": [{"type": "bind", "source": "a", "target": "/b"}]"#, "volumes[0].source: \(hostRule)"),
      (#""volumes": ["/a:b"]"#, "volumes[0]: \(placeRule)"), (#""volumes": ["/a:/"]"#, "volumes[0]: \(placeRule)"),
      (#""volumes": ["/a:/b/.."]"#, "volumes[0]: \(placeRule)"),
      (#""volumes": ["/a:/b:z"]"#, "volumes[0]: 'z' is no option of such a mount"),
      (#""volumes": ["/a:/b:nocopy"]"#, "volumes[0]: 'nocopy' is no option of such a mount"),
      (#""volumes": ["/a:/b:"]"#, "volumes[0]: '' is no option of such a mount"),
      (#""volumes": ["/a:/b", "/c:/b/."]"#, "volumes[1]: '/b' is given twice"), (#""volumes": ["/a:/b"], "tmpfs": "/b""#, "tmpfs: '/b' is given twice"),
      (#""volumes": [{"type": "image", "target": "/b"}]"#, "volumes[0].type: expected 'volume', 'bind' or 'tmpfs'"),
      (#""volumes": [{"type": "nfs", "target": "/b"}]"#, "volumes[0].type: expected 'volume', 'bind' or 'tmpfs'"),
      (#""volumes": [{"target": "/b"}]"#, "volumes[0].type: missing"),
      (#""volumes": [{"type": "tmpfs"}]"#, "volumes[0].target: missing"), (#""volumes": [{"type": "bind", "target": "/b"}]"#, "volumes[0].source: missing"),
      (#""volumes": [{"type": "tmpfs", "source": "a", "target": "/b"}]"#, "volumes[0].source: unknown key"),
      (#""volumes": [{"type": "tmpfs", "target": "/b", "bind": {}}]"#, "volumes[0].bind: unknown key"),
      (#""volumes": [{"type": "tmpfs", "target": "/b", "consistency": "x"}]"#, "volumes[0].consistency: unknown key"),
      (#""volumes": [{"type": "bind", "source": "/a", "target": "/b", "bind": {"selinux": "z"}}]"#, "volumes[0].bind.selinux: unknown key"),
      (#""volumes": [{"type": "bind", "source": "/a", "target": "/b", "bind": {"propagation": "x"}}]"#, "volumes[0].bind.propagation: unknown value 'x'"),
      (
        #""volumes": [{"type": "tmpfs", "target": "/b", "tmpfs": {"size": 0}}]"#,
        "volumes[0].tmpfs.size: out of range: 0 is not between 1 and 9223372036854775807"
      ),
      (#""volumes": [{"type": "tmpfs", "target": "/b", "tmpfs": {"mode": "9"}}]"#, "volumes[0].tmpfs.mode: expected octal digits such as '1777'"),
      (#""volumes": [{"type": "tmpfs", "target": "/b", "tmpfs": {"mode": 4096}}]"#, "volumes[0].tmpfs.mode: out of range: 4096 is not between 0 and 4095"),
      (#""volumes": [1]"#, "volumes[0]: expected an object, found a number"), (#""volumes": "x""#, "volumes: expected an array, found a string"),
      (#""tmpfs": ["/run:foo"]"#, "tmpfs[0]: 'foo' is no option of a tmpfs"),
      (#""tmpfs": ["/run:size="]"#, "tmpfs[0]: 'size=' is no option of a tmpfs"),
      (#""tmpfs": ["/run:size=50%"]"#, "tmpfs[0]: 'size=50%' is no option of a tmpfs"),
      (#""tmpfs": ["/run:mode=1888"]"#, "tmpfs[0]: 'mode=1888' is no option of a tmpfs"),
      (#""tmpfs": ["/run:uid=root"]"#, "tmpfs[0]: 'uid=root' is no option of a tmpfs"),
      (#""tmpfs": ["/run:exec=1"]"#, "tmpfs[0]: 'exec=1' is no option of a tmpfs"), (#""tmpfs": "run""#, "tmpfs: \(placeRule)"),
      (#""devices": ["vendor.com/gpu=0"]"#, "devices[0]: \(hostRule)"),
      (#""devices": ["/a:/b:r:x"]"#, "devices[0]: expected 'SOURCE:TARGET:ACCESS' with letters of 'rwm', each once, for the access"),
      (#""devices": ["/a:/b:rx"]"#, "devices[0]: expected 'SOURCE:TARGET:ACCESS' with letters of 'rwm', each once, for the access"),
      (#""devices": ["/a:/b:rr"]"#, "devices[0]: expected 'SOURCE:TARGET:ACCESS' with letters of 'rwm', each once, for the access"),
      (#""devices": ["/a", "/a"]"#, "devices[1]: '/a' is given twice"),
      (#""devices": [{"target": "/b"}]"#, "devices[0].source: missing"),
    ])
  func mounts(_ members: String, _ message: String) { #expect(refusal(document(service: members)) == "services.a.\(message)") }

  private static let shortRule = "expected 'SOURCE:TARGET' or 'SOURCE:TARGET:OPTIONS'; a volume without a name would be lost with the container"
  private static let hostRule = "must be an absolute path of the device; a manifest has no folder there"
  private static let placeRule = "expected an absolute path in the container that is not its root"

  @Test("a place in a volume does not lead out", arguments: ["/a", "..", "a/../../b", "a/..", ""])
  func subpaths(_ path: String) {
    let text = document(
      service: #""volumes": [{"type": "volume", "source": "d", "target": "/b", "volume": {"subpath": "\#(path)"}}]"#, beside: #", "volumes": {"d": {}}"#)
    #expect(refusal(text) == "services.a.volumes[0].volume.subpath: must be a path inside the volume")
  }

  @Test(
    "volumes of the application",
    arguments: [
      (#"{"a b": null}"#, #"volumes["a b"]: \#(plainRule)"#), (#"{"a": {"driver": "nfs"}}"#, "volumes.a.driver: there is only the driver 'local'"),
      (#"{"a": {"driver_opts": {}}}"#, "volumes.a.driver_opts: there is only the driver 'local', which has no options"),
      (#"{"a": {"external": true, "driver": "local"}}"#, "volumes.a: an external volume has nothing but a name"),
      (#"{"a": {"name": "../x"}}"#, "volumes.a.name: \(plainRule)"), (#"{"a": {"size": 1}}"#, "volumes.a.size: unknown key"),
      (#"{"a": 1}"#, "volumes.a: expected an object, found a number"), (#"{"a": {"name": "x"}, "b": {"name": "x"}}"#, "volumes.b: 'x' is given twice"),
      (#"{"a": {"name": "app_b"}, "b": {}}"#, "volumes.b: 'app_b' is given twice"),
    ])
  func volumes(_ volumes: String, _ message: String) { #expect(refusal(document(service: "", beside: #", "volumes": \#(volumes)"#)) == message) }

  @Test(
    "limits that cannot be",
    arguments: [
      (#""mem_limit": 0"#, "mem_limit: out of range: 0 is not between 524288 and 9223372036854775807"),
      (#""mem_limit": "64k""#, "mem_limit: expected a number of bytes such as '64m', not below 524288"),
      (#""mem_limit": "1.5g""#, "mem_limit: expected a number of bytes such as '64m', not below 524288"),
      (#""mem_limit": "8589934592g""#, "mem_limit: expected a number of bytes such as '64m', not below 524288"),
      (#""mem_limit": -1"#, "mem_limit: out of range: -1 is not between 524288 and 9223372036854775807"),
      (#""mem_limit": true"#, "mem_limit: expected a string, found a boolean"),
      (#""memswap_limit": "1g""#, "memswap_limit: needs mem_limit beside it, which it includes"),
      (#""mem_limit": "2m", "memswap_limit": "1m""#, "memswap_limit: memory and swap together are less than mem_limit"),
      (#""mem_limit": "2m", "memswap_limit": -2"#, "memswap_limit: out of range: -2 is not between 0 and 9223372036854775807"),
      (#""cpus": 0"#, "cpus: \(cpuRule)"), (#""cpus": 0.001"#, "cpus: \(cpuRule)"), (#""cpus": "x""#, "cpus: \(cpuRule)"),
      (#""cpus": 1e1"#, "cpus: \(cpuRule)"),
      (#""cpus": -1"#, "cpus: \(cpuRule)"), (#""cpu_shares": 1"#, "cpu_shares: out of range: 1 is not between 2 and 262144"),
      (#""cpuset": """#, "cpuset: \(cpusetRule)"), (#""cpuset": "3-1""#, "cpuset: \(cpusetRule)"), (#""cpuset": "0,""#, "cpuset: \(cpusetRule)"),
      (#""cpuset": "4096""#, "cpuset: \(cpusetRule)"), (#""cpuset": "0-1-2""#, "cpuset: \(cpusetRule)"),
      (#""pids_limit": 0"#, "pids_limit: must be above 0, or -1 for no limit"),
      (#""pids_limit": -2"#, "pids_limit: out of range: -2 is not between -1 and 4194304"),
      (#""oom_score_adj": 1001"#, "oom_score_adj: out of range: 1001 is not between -1000 and 1000"),
      (#""ulimits": {"files": 1}"#, "ulimits.files: there is no such limit; see setrlimit(2)"),
      (#""ulimits": {"NOFILE": 1}"#, "ulimits.NOFILE: there is no such limit; see setrlimit(2)"),
      (#""ulimits": {"nofile": {"soft": 2, "hard": 1}}"#, "ulimits.nofile: the soft limit is above the hard limit"),
      (#""ulimits": {"nofile": {"soft": -1, "hard": 1}}"#, "ulimits.nofile: the soft limit is above the hard limit"),
      (#""ulimits": {"nofile": {"soft": 1}}"#, "ulimits.nofile.hard: missing"),
      (#""ulimits": {"nofile": -2}"#, "ulimits.nofile: out of range: -2 is not between -1 and 9223372036854775807"),
      (#""shm_size": 0"#, "shm_size: out of range: 0 is not between 1 and 9223372036854775807"),
    ])
  func limits(_ members: String, _ message: String) { #expect(refusal(document(service: members)) == "services.a.\(message)") }

  private static let cpuRule = "expected a number of processors such as 0.5, at least 0.01"
  private static let cpusetRule = "expected numbers of processors such as '0-3,7'"

  @Test(
    "rights, namespaces and kernel parameters",
    arguments: [
      (#""network_mode": "bridge""#, "network_mode: \(networkRule)"), (#""network_mode": "container:x""#, "network_mode: \(networkRule)"),
      (#""network_mode": """#, "network_mode: \(networkRule)"),
      (#""pid": "private""#, "pid: expected 'host' or 'service:NAME'"), (#""pid": """#, "pid: expected 'host' or 'service:NAME'"),
      (#""ipc": "none""#, "ipc: expected 'private', 'shareable', 'host' or 'service:NAME'"), (#""pid": "service:b""#, "pid: 'b' is no service"),
      (#""network_mode": "service:""#, "network_mode: '' is no service"), (#""ipc": "service:a""#, "depends_on: a circle: a waits for a"),
      (#""cap_add": ["NET_FOO"]"#, "cap_add[0]: unknown value 'NET_FOO'"), (#""cap_drop": ["CAP_CAP_KILL"]"#, "cap_drop[0]: unknown value 'CAP_CAP_KILL'"),
      (#""cap_add": "ALL""#, "cap_add: expected an array, found a string"), (#""security_opt": ["seccomp:unconfined"]"#, "security_opt[0]: \(securityRule)"),
      (#""security_opt": ["no-new-privileges:maybe"]"#, "security_opt[0]: \(securityRule)"),
      (#""security_opt": ["apparmor=x"]"#, "security_opt[0]: \(securityRule)"),
      (#""network_mode": "host", "sysctls": {"net.ipv4.ip_forward": 1}"#, "sysctls: 'net.ipv4.ip_forward' is the network's, and that is not the service's own"),
      (#""sysctls": ["kernel.sem=1\n2"]"#, "sysctls: 'kernel.sem' must not contain a newline"),
    ])
  func rights(_ members: String, _ message: String) { #expect(refusal(document(services: [("a", members)])) == "services.a.\(message)") }

  private static let networkRule = "expected 'none', 'host' or 'service:NAME'; there are no networks of containers yet"
  private static let securityRule = "only 'no-new-privileges', with ':true' or ':false' or without, is supported"

  @Test(
    "restart, stop, health and logs",
    arguments: [
      (#""restart": "sometimes""#, "restart: \(restartRule)"), (#""restart": "always:3""#, "restart: \(restartRule)"),
      (#""restart": "on-failure:""#, "restart: \(restartRule)"),
      (#""restart": "on-failure:-1""#, "restart: \(restartRule)"), (#""restart": false"#, "restart: expected a string, found a boolean"),
      (#""stop_signal": "SIGNOT""#, "stop_signal: expected the name or number of a signal"),
      (#""stop_signal": "0""#, "stop_signal: expected the name or number of a signal"),
      (#""stop_grace_period": "10""#, "stop_grace_period: \(durationRule)"),
      (#""stop_grace_period": 10"#, "stop_grace_period: expected a string, found a number"),
      (#""stop_grace_period": "8761h""#, "stop_grace_period: out of range: it is not between 0 and 31536000000 ms"),
      (#""healthcheck": {"interval": "0s"}"#, "healthcheck.interval: out of range: it is not between 1 and 31536000000 ms"),
      (#""healthcheck": {"timeout": "1500us"}"#, "healthcheck.timeout: \(durationRule)"),
      (#""healthcheck": {"retries": 0}"#, "healthcheck.retries: out of range: 0 is not between 1 and 1000000"),
      (#""healthcheck": {"test": []}"#, "healthcheck.test: \(testRule)"), (#""healthcheck": {"test": ["CMD"]}"#, "healthcheck.test: \(testRule)"),
      (#""healthcheck": {"test": ["curl", "x"]}"#, "healthcheck.test: \(testRule)"),
      (#""healthcheck": {"test": ["CMD-SHELL", "a", "b"]}"#, "healthcheck.test: \(testRule)"),
      (#""healthcheck": {"test": ["NONE", "x"]}"#, "healthcheck.test: \(testRule)"), (#""healthcheck": {"test": ""}"#, "healthcheck.test: must not be empty"),
      (#""logging": {"driver": "syslog"}"#, "logging.driver: expected 'json-file', 'local' or 'none'; logs are kept on the device"),
      (#""logging": {"options": {"max-size": "x"}}"#, "logging.options.max-size: expected a number of bytes such as '64m', not below 4096"),
      (#""logging": {"options": {"max-file": "0"}}"#, "logging.options.max-file: expected a number of files from 1 to 100"),
      (#""logging": {"options": {"max-size": "4k"}}"#, "logging.options.max-size: is shorter than a line, x-apus.log.line"),
      (#""logging": {"options": {"max-file": 101}}"#, "logging.options.max-file: expected a number of files from 1 to 100"),
    ])
  func policies(_ members: String, _ message: String) { #expect(refusal(document(service: members)) == "services.a.\(message)") }

  private static let restartRule = "expected 'no', 'always', 'unless-stopped', 'on-failure' or 'on-failure:N'"
  private static let durationRule = "expected a duration such as '1m30s' or '500ms', in whole milliseconds"
  private static let testRule = "expected 'NONE', 'CMD' and a command, or 'CMD-SHELL' and one line"

  @Test(
    "Apus's own words of a service",
    arguments: [
      (#""probe": "udp:1""#, "probe: \(probeRule)"), (#""probe": "tcp:0""#, "probe: \(probeRule)"), (#""probe": "tcp:65536""#, "probe: \(probeRule)"),
      (#""probe": "tcp""#, "probe: \(probeRule)"),
      (#""probe": "tcp:1/x""#, "probe: \(probeRule)"), (#""probe": "http:80/a b""#, "probe: \(probeRule)"), (#""probe": "unix:x""#, "probe: \(probeRule)"),
      (#""probe": "unix:/\#(String(repeating: "a", count: 107))""#, "probe: \(probeRule)"),
      (#""ready": "yes""#, "ready: expected 'notify', or the number of a descriptor from 3 to 1023"),
      (#""ready": 2"#, "ready: out of range: 2 is not between 3 and 1023"),
      (#""watchdog": "1ms""#, "watchdog: out of range: it is not between 100 and 31536000000 ms"),
      (#""permanent_statuses": [256]"#, "permanent_statuses[0]: out of range: 256 is not between 0 and 255"),
      (#""permanent_statuses": [1, 1]"#, "permanent_statuses[1]: '1' is given twice"),
      (#""backoff": {"first": "2s", "longest": "1s"}"#, "backoff: first is above longest"),
      (#""backoff": {"jitter": 101}"#, "backoff.jitter: out of range: 101 is not between 0 and 100"),
      (#""crash_limit": 0"#, "crash_limit: out of range: 0 is not between 1 and 4096"),
      (#""crash_window": "1m""#, "crash_window: means nothing without crash_limit"), (#""give_up": "explode""#, "give_up: unknown value 'explode'"),
      (#""on_unhealthy": "kill""#, "on_unhealthy: unknown value 'kill'"), (#""require": ["x"]"#, "require[0]: unknown value 'x'"),
      (#""require": ["pids-limit", "pids-limit"]"#, "require[1]: 'pids-limit' is given twice"),
      (#""log": {"line": "2m"}"#, "log.line: is longer than a file, max-size"),
      (#""log": {"line": 15}"#, "log.line: out of range: 15 is not between 16 and 9223372036854775807"),
      (#""log": {"buffer": "4095"}"#, "log.buffer: expected a number of bytes such as '64m', not below 4096"),
      (#""log": {"rate": -1}"#, "log.rate: out of range: -1 is not between 0 and 1000000"),
    ])
  func own(_ members: String, _ message: String) {
    #expect(refusal(document(service: #""x-apus": {\#(members)}"#)) == "services.a.x-apus.\(message)")
  }

  private static let probeRule = "expected 'tcp:PORT', 'http:PORT/PATH' or 'unix:/PATH'"

  @Test("a probe of a health check that is disabled")
  func disabledProbe() {
    let message = refusal(document(service: #""healthcheck": {"disable": true}, "x-apus": {"probe": "tcp:1"}"#))
    #expect(message == "services.a.x-apus.probe: the health check is disabled")
  }

  @Test(
    "Apus's own words of an application",
    arguments: [
      (#"{"priority": 101}"#, "x-apus.priority: out of range: 101 is not between 0 and 100"), (#"{"prio": 1}"#, "x-apus.prio: unknown key"),
      (#"{"log_total": 0}"#, "x-apus.log_total: out of range: 0 is not between 1 and 9223372036854775807"),
      (#"{"log_total": "1k"}"#, "x-apus.log_total: is less than 4 KiB for each service whose logs are kept"),
      (#"{"update": {"when": 1}}"#, "x-apus.update.when: unknown key"),
      (#"{"update": {"settle": "5m"}}"#, "x-apus.update: timeout must be longer than settle"),
      (#"{"update": {"on_failure": "x"}}"#, "x-apus.update.on_failure: unknown value 'x'"),
      (#"{"update": {"snapshot": "x"}}"#, "x-apus.update.snapshot: unknown value 'x'"),
      ("[]", "x-apus: expected an object, found an array"),
    ])
  func application(_ own: String, _ message: String) { #expect(refusal(document(service: "", beside: #", "x-apus": \#(own)"#)) == message) }
}

@Suite("a manifest whose services do not go together")
struct ManifestRuleTests {
  @Test(
    "what services say of one another",
    arguments: [
      ([("a", #""depends_on": ["b"]"#)], "services.a.depends_on: 'b' is no service"),
      ([("a", #""depends_on": ["b\nc"]"#)], "services.a.depends_on: 'b?c' is no service"),
      ([("a", #""depends_on": ["b", "b"]"#), ("b", "")], "services.a.depends_on[1]: 'b' is given twice"),
      ([("a", #""depends_on": {"b": {"restart": true}}"#), ("b", "")], "services.a.depends_on.b.condition: missing"),
      ([("a", #""depends_on": {"b": {"condition": "service_up"}}"#), ("b", "")], "services.a.depends_on.b.condition: unknown value 'service_up'"),
      ([("a", #""depends_on": ["a"]"#)], "services.a.depends_on: a circle: a waits for a"),
      (
        [("a", ""), ("b", #""depends_on": ["c", "a"]"#), ("c", #""depends_on": ["a", "d"]"#), ("d", #""depends_on": ["b"]"#)],
        "services.b.depends_on: a circle: b waits for c waits for d waits for b"
      ),
      (
        [("x", #""depends_on": ["a"]"#), ("a", #""depends_on": ["b"]"#), ("b", #""depends_on": ["a"]"#)],
        "services.a.depends_on: a circle: a waits for b waits for a"
      ),
      (
        [("a", #""network_mode": "service:b""#), ("b", #""depends_on": ["a"]"#)],
        "services.a.depends_on: a circle: a waits for b waits for a"
      ),
      ([("a", #""pid": "service:b""#), ("b", #""ipc": "service:a""#)], "services.a.depends_on: a circle: a waits for b waits for a"),
      ([("a", #""container_name": "x""#), ("b", #""container_name": "x""#)], "services.b: 'x' is given twice"),
      ([("a", #""container_name": "app.b""#), ("b", "")], "services.b: 'app.b' is given twice"),
      (
        [("a", #""depends_on": {"b": {"condition": "service_completed_successfully"}}"#), ("b", #""restart": "always""#)],
        "services.a.depends_on: 'b' never completes, because it is always restarted"
      ),
      (
        [("a", #""depends_on": {"b": {"condition": "service_completed_successfully"}}"#), ("b", #""restart": "unless-stopped""#)],
        "services.a.depends_on: 'b' never completes, because it is always restarted"
      ),
      (
        [("a", #""depends_on": {"b": {"condition": "service_healthy"}}"#), ("b", #""healthcheck": {"disable": true}"#)],
        "services.a.depends_on: 'b' is never healthy, because its health check is disabled"
      ),
    ] as [([(String, String)], String)])
  func together(_ services: [(String, String)], _ message: String) {
    #expect(refusal(document(services: services.map { (name: $0.0, members: $0.1) })) == message)
  }

  @Test("a service without a health check that says when it is ready can be waited for")
  func ready() {
    let text = document(services: [
      ("a", #""depends_on": {"b": {"condition": "service_healthy"}}"#), ("b", #""healthcheck": {"disable": true}, "x-apus": {"ready": "notify"}"#),
    ])
    #expect(refusal(text) == nil)
  }

  @Test("there are as many services as fit, and the longest chain of them is no circle")
  func chain() {
    func services(_ count: Int, last: String) -> [(name: String, members: String)] {
      (0..<count).map { ("s\($0)", $0 + 1 < count ? "\"depends_on\": [\"s\($0 + 1)\"]" : last) }
    }
    #expect(refusal(document(services: services(64, last: ""))) == nil)
    #expect(refusal(document(services: services(65, last: ""))) == "services: must have at most 64 entries")
    let circle = (0...63).map { "s\($0)" }.joined(separator: " waits for ")
    #expect(refusal(document(services: services(64, last: #""depends_on": ["s0"]"#))) == "services.s0.depends_on: a circle: \(circle) waits for s0")
  }

  @Test("everything waits for everything before it: the most dependencies that there can be")
  func dense() {
    let services = (0..<64).map { index -> (name: String, members: String) in
      ("s\(index)", "\"depends_on\": [\((0..<index).map { "\"s\($0)\"" }.joined(separator: ", "))]")
    }
    #expect(refusal(document(services: services)) == nil)
  }

  @Test("a document has bounds")
  func bounds() {
    let padding = String(repeating: " ", count: 256 << 10)
    #expect(refusal(padding + document(service: "")) == "line 1, column 1: the document is longer than 262144 bytes")
    let deep = String(repeating: "[", count: 20) + String(repeating: "]", count: 20)
    #expect(refusal(document(service: "", beside: #", "x-deep": \#(deep)"#))?.hasSuffix("nested deeper than 16 levels") == true)
    let many = (0..<8000).map { #""V\#($0)=1""# }.joined(separator: ",")
    #expect(refusal(document(service: "\"environment\": [\(many)]")) == nil)
    let tooMany = (0..<17000).map { _ in "1" }.joined(separator: ",")
    #expect(refusal(document(service: "\"cap_add\": [\(tooMany)]"))?.contains("16384") == true)
  }
}
