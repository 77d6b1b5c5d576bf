import OCI
import Testing

@Suite("config.json: the process")
struct ProcessTests {
  @Test("a whole process is taken")
  func whole() throws {
    let text = """
      {
        "terminal": true, "consoleSize": {"height": 25, "width": 80}, "user": {"uid": 1, "gid": 4294967294, "umask": 63, "additionalGids": [5, 6]},
        "args": ["sh", ""], "env": ["A=b"], "cwd": "/root",
        "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"], "inheritable": [], "permitted": ["CAP_X"], "ambient": ["CAP_FOWNER"]},
        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 18446744073709551615}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}],
        "noNewPrivileges": true, "apparmorProfile": "p", "oomScoreAdj": -1000, "selinuxLabel": "l",
        "scheduler": {"policy": "SCHED_DEADLINE", "nice": -20, "priority": 99, "flags": ["SCHED_FLAG_RECLAIM"], "runtime": 1, "deadline": 2, "period": 3},
        "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 7}, "execCPUAffinity": {"initial": "7", "final": "0-3,7"}
      }
      """
    #expect(
      try Process(parsing: Array(text.utf8))
        == Process(
          terminal: true, consoleSize: ConsoleSize(height: 25, width: 80), user: User(uid: 1, gid: UInt32.max - 1, umask: 0o077, additionalGids: [5, 6]),
          args: ["sh", ""], env: ["A=b"], cwd: "/root",
          capabilities: Capabilities(bounding: ["CAP_KILL"], effective: ["CAP_CHOWN"], permitted: ["CAP_X"], ambient: ["CAP_FOWNER"]),
          rlimits: [Rlimit(type: .openFiles, soft: 1024, hard: UInt64.max), Rlimit(type: .core, soft: 0, hard: 0)], noNewPrivileges: true,
          apparmorProfile: "p", oomScoreAdj: -1000, selinuxLabel: "l",
          scheduler: Scheduler(policy: .deadline, nice: -20, priority: 99, flags: [.reclaim], runtime: 1, deadline: 2, period: 3),
          ioPriority: IOPriority(priorityClass: .idle, priority: 7), execCPUAffinity: CPUAffinity(initial: "7", final: "0-3,7")))
  }

  @Test("what is absent has its default")
  func defaults() throws {
    #expect(try Process(parsing: Array(#"{"cwd": "/", "args": ["a"]}"#.utf8)) == Process(args: ["a"]))
  }

  @Test("the size of a terminal that there is not is ignored, as the specification demands")
  func consoleSize() throws {
    let spec = try specification(configuration(process: #""consoleSize": {"height": "x"}"#))
    #expect(spec.process?.consoleSize == nil)
    let refused = refusal(configuration(process: #""terminal": true, "consoleSize": {"height": 25, "width": 65536}"#))
    #expect(refused == "process.consoleSize.width: out of range: 65536 is not between 0 and 65535")
  }

  @Test(
    "a process without what it must have is refused",
    arguments: [
      ("{}", "process.args: missing"), (#"{"cwd": "/"}"#, "process.args: missing"), (#"{"args": ["a"]}"#, "process.cwd: missing"),
      (#"{"cwd": "/", "args": []}"#, "process.args: must have at least one entry"), (#"{"cwd": "", "args": ["a"]}"#, "process.cwd: must be an absolute path"),
      (#"{"cwd": "root", "args": ["a"]}"#, "process.cwd: must be an absolute path"), ("[]", "process: expected an object, found an array"),
      (#"{"cwd": "/", "args": "sh"}"#, "process.args: expected an array, found a string"),
      (#"{"cwd": "/", "args": ["sh", 1]}"#, "process.args[1]: expected a string, found a number"),
      (#"{"cwd": "/", "args": ["a\u0000b"]}"#, "process.args[0]: must not contain a NUL character"),
    ])
  func required(_ process: String, _ message: String) {
    #expect(refusal(configuration("\"process\": \(process)")) == message)
  }

  @Test("numbers that runc takes for 0 when they are missing are 0")
  func missingNumbers() throws {
    let process = try #require(try specification(configuration(process: #""user": {}, "ioPriority": {"class": "IOPRIO_CLASS_IDLE"}"#)).process)
    #expect(process.user == User())
    #expect(process.ioPriority == IOPriority(priorityClass: .idle, priority: 0))
  }

  @Test(
    "a member of a process is refused with its path",
    arguments: [
      (#""user": {"uid": -1, "gid": 0}"#, "process.user.uid: out of range: -1 is not between 0 and 4294967294"),
      (#""user": {"uid": 4294967295, "gid": 0}"#, "process.user.uid: out of range: 4294967295 is not between 0 and 4294967294"),
      (#""user": {"uid": 4294967296, "gid": 0}"#, "process.user.uid: out of range: 4294967296 is not between 0 and 4294967294"),
      (#""user": {"uid": "root", "gid": 0}"#, "process.user.uid: expected an integer, found a string"),
      (#""user": {"uid": 0, "gid": 0, "umask": 512}"#, "process.user.umask: out of range: 512 is not between 0 and 511"),
      (#""user": {"uid": 0, "gid": 0, "additionalGids": [1, -2]}"#, "process.user.additionalGids[1]: out of range: -2 is not between 0 and 4294967294"),
      (#""env": ["A=1", 2]"#, "process.env[1]: expected a string, found a number"),
      (#""capabilities": {"bounding": ["CAP_KILL", 5]}"#, "process.capabilities.bounding[1]: expected a string, found a number"),
      (#""rlimits": [{"type": "RLIMIT_X", "soft": 0, "hard": 0}]"#, "process.rlimits[0].type: unknown value 'RLIMIT_X'"),
      (#""rlimits": [{"type": "RLIMIT_CPU", "soft": 0}]"#, "process.rlimits[0].hard: missing"),
      (#""rlimits": [{"type": "RLIMIT_CPU", "soft": 2, "hard": 1}]"#, "process.rlimits[0]: the soft limit 2 is above the hard limit 1"),
      (
        #""rlimits": [{"type": "RLIMIT_CPU", "soft": 0, "hard": 0}, {"type": "RLIMIT_CPU", "soft": 0, "hard": 0}]"#,
        "process.rlimits[1]: RLIMIT_CPU is given twice"
      ),
      (
        #""rlimits": [{"type": "RLIMIT_CPU", "soft": -1, "hard": 0}]"#,
        "process.rlimits[0].soft: out of range: -1 is not between 0 and 18446744073709551615"
      ),
      (#""oomScoreAdj": 1001"#, "process.oomScoreAdj: out of range: 1001 is not between -1000 and 1000"),
      (#""scheduler": {}"#, "process.scheduler.policy: missing"),
      (#""scheduler": {"policy": "SCHED_FAIR"}"#, "process.scheduler.policy: unknown value 'SCHED_FAIR'"),
      (#""scheduler": {"policy": "SCHED_RR", "flags": ["X"]}"#, "process.scheduler.flags[0]: unknown value 'X'"),
      (#""scheduler": {"policy": "SCHED_RR", "nice": 20}"#, "process.scheduler.nice: out of range: 20 is not between -20 and 19"),
      (#""ioPriority": {"class": "IOPRIO_CLASS_NONE", "priority": 0}"#, "process.ioPriority.class: unknown value 'IOPRIO_CLASS_NONE'"),
      (#""ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 8}"#, "process.ioPriority.priority: out of range: 8 is not between 0 and 7"),
      (#""noNewPrivileges": 1"#, "process.noNewPrivileges: expected a boolean, found a number"),
    ])
  func members(_ members: String, _ message: String) {
    #expect(refusal(configuration(process: members)) == message)
  }
}
