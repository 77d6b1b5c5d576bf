import OCI
import Testing

@testable import apus

@Suite("limits on the command line")
struct UpdateTests {
  private func limits(_ words: String...) throws -> Resources {
    let command = CommandSpec.update
    let parsed = try command.parse((words + ["id"])[...])
    return try #require(parsed).limits().resources
  }

  private func refusal(_ words: String...) -> String? {
    do {
      _ = try CommandSpec.update.parse((words + ["id"])[...])?.limits()
      return nil
    } catch {
      return "\(error.status) \(error.message)"
    }
  }

  @Test("each option is a member of the resources")
  func options() throws {
    let resources = try limits(
      "--memory", "64m", "--memory-swap=-1", "--memory-reservation", "1.5k", "--cpu-share", "512", "--cpu-quota", "-1", "--cpu-burst", "7", "--cpu-period", "8",
      "--cpu-rt-runtime", "9", "--cpu-rt-period", "10", "--cpu-idle", "1", "--cpuset-cpus", "0-1", "--cpuset-mems", "0", "--pids-limit", "-1",
      "--blkio-weight", "500")
    #expect(resources.memory == MemoryResources(limit: 64 << 20, reservation: 1536, swap: -1))
    #expect(
      resources.cpu
        == CPUResources(shares: 512, quota: -1, burst: 7, period: 8, realtimeRuntime: 9, realtimePeriod: 10, cpus: "0-1", mems: "0", idle: 1))
    #expect(resources.pids == PidsResources(limit: -1) && resources.blockIO == BlockIOResources(weight: 500))
    #expect(try limits() == Resources(memory: MemoryResources(), cpu: CPUResources(), pids: PidsResources()))
  }

  @Test("what is no number is refused in runc's words")
  func refusals() {
    #expect(refusal("--memory", "x") == "1 invalid value for memory: x is not a number of bytes")
    #expect(refusal("--memory", "-2") == "1 invalid value for memory: -2 is not a number of bytes")
    #expect(refusal("--cpu-period", "-1") == "1 invalid value for cpu-period: -1 is not a whole number")
    #expect(refusal("--cpu-quota", "1.5") == "1 invalid value for cpu-quota: 1.5 is not a whole number")
    #expect(refusal("--cpu-idle", "2") == "1 invalid value for cpu-idle: 2 is neither 0 nor 1")
    #expect(refusal("--blkio-weight", "65536") == "1 invalid value for blkio-weight: 65536 is not within 10 to 1000")
  }

  @Test(
    "amounts of memory",
    arguments: [
      ("0", 0), ("123", 123), ("12b", 12), ("1k", 1024), ("1K", 1024), ("1kb", 1024), ("1KiB", 1024), ("64m", 64 << 20), ("1.5g", 3 << 29), ("2t", 2 << 40),
      ("1p", 1 << 50), ("0.5k", 512), ("1.0000000009k", 1024), ("8191p", 8191 << 50), ("8192p", nil), ("9223372036854775807", Int64.max),
      ("9223372036854775808", nil), ("", nil), ("k", nil), ("1x", nil), ("1ib", nil), ("1..5k", nil), ("1.k", nil), (".5k", nil), ("-1k", nil), ("1 k", nil),
    ] as [(String, Int64?)])
  func memory(text: String, bytes: Int64?) {
    #expect(memoryAmount(text) == bytes)
  }

  @Test(
    "times",
    arguments: [
      ("5s", 5000), ("500ms", 500), ("1m30s", 90000), ("1.5s", 1500), ("1h", 3_600_000), ("1us", 1), ("1ns", 1), ("0s", 0), ("0", 0), ("-5s", -5000),
      (".5s", 500), ("1.s", 1000), ("5", nil), ("", nil), ("s", nil), ("5 s", nil), ("5x", nil), ("1d", nil), ("99999999h", nil), ("+1s", 1000), ("1µs", 1),
    ] as [(String, Int64?)])
  func times(text: String, milliseconds: Int64?) {
    #expect(duration(text) == milliseconds)
  }
}
