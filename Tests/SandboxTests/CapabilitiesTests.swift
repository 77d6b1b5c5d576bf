import Linux
import OCI
import Sandbox
import Testing

@Suite("capability names become sets")
struct CapabilitiesTests {
  @Test(
    "names and numbers are those of <linux/capability.h>",
    arguments: [
      ("CAP_CHOWN", UInt32(0)), ("CAP_DAC_READ_SEARCH", 2), ("CAP_SETPCAP", 8), ("CAP_NET_RAW", 13), ("CAP_SYS_MODULE", 16), ("CAP_SYS_ADMIN", 21),
      ("CAP_MKNOD", 27),
      ("CAP_SETFCAP", 31), ("CAP_MAC_OVERRIDE", 32), ("CAP_SYSLOG", 34), ("CAP_AUDIT_READ", 37), ("CAP_BPF", 39), ("CAP_CHECKPOINT_RESTORE", 40),
    ])
  func names(_ name: String, _ number: UInt32) {
    #expect(capabilityNumber(name) == number)
    #expect(capabilityName(number) == name)
  }

  @Test("every number has a name that leads back to it, and there are no more of them")
  func allNames() {
    for number in UInt32(0)...40 { #expect(capabilityNumber(capabilityName(number)) == number) }
    #expect(capabilityName(41) == "CAP_41")
  }

  @Test(
    "what is no name is none",
    arguments: ["", "CAP_", "CHOWN", "cap_chown", "CAP_chown", "CAP_CHOWN ", "CAP_CHOWN DAC_OVERRIDE", "CAP_41", "CAP_CHOW", "CAP_SYS"])
  func noNames(_ name: String) { #expect(capabilityNumber(name) == nil) }

  @Test("each set becomes its mask; an unset one is empty")
  func masks() throws {
    let sets = try CapabilitySets(
      planning: Capabilities(
        bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_BPF"], effective: ["CAP_KILL"], inheritable: ["CAP_CHOWN"], permitted: ["CAP_CHOWN", "CAP_KILL"],
        ambient: ["CAP_CHOWN"]),
      last: 40)
    #expect(sets.bounding.rawValue == 1 | 1 << 5 | 1 << 39)
    #expect(sets.effective.rawValue == 1 << 5)
    #expect(sets.inheritable.rawValue == 1)
    #expect(sets.permitted.rawValue == 1 | 1 << 5)
    #expect(sets.ambient.rawValue == 1)
    #expect(sets.unavailable == [])
    #expect(try CapabilitySets(planning: nil, last: 40) == CapabilitySets())
    #expect(try CapabilitySets(planning: Capabilities(), last: 40) == CapabilitySets())
  }

  @Test("a capability that does not exist, or that the kernel does not have, is left out and told once")
  func unavailable() throws {
    let names = ["CAP_SUDO", "CAP_CHOWN", "CAP_CHECKPOINT_RESTORE", "CHOWN"]
    let sets = try CapabilitySets(planning: Capabilities(bounding: names, effective: names, inheritable: names, permitted: names, ambient: names), last: 37)
    for set in [sets.bounding, sets.effective, sets.inheritable, sets.permitted, sets.ambient] { #expect(set.rawValue == 1) }
    #expect(sets.unavailable == ["CAP_SUDO", "CAP_CHECKPOINT_RESTORE", "CHOWN"])
  }

  @Test("a capability that apus has not got itself is left out and told")
  func notOurs() throws {
    let names = ["CAP_CHOWN", "CAP_SYS_RESOURCE"]
    let own = CapabilityMask.all.subtracting(CapabilityMask(number: 24))
    let sets = try CapabilitySets(planning: Capabilities(bounding: names, effective: names, permitted: names), last: 40, available: own)
    for set in [sets.bounding, sets.effective, sets.permitted] { #expect(set.rawValue == 1) }
    #expect(sets.unavailable == ["CAP_SYS_RESOURCE"])
  }

  @Test("what the kernel would refuse is refused with its path")
  func refusals() {
    func message(_ capabilities: Capabilities) -> String? {
      do throws(SpecError) {
        _ = try CapabilitySets(planning: capabilities, last: 40)
        return nil
      } catch { return error.message }
    }
    let both = ["CAP_CHOWN", "CAP_KILL"]
    let answer = "(the kernel would say: operation not permitted)"
    #expect(message(Capabilities(effective: ["CAP_KILL"])) == "process.capabilities.effective[0]: CAP_KILL is not permitted \(answer)")
    #expect(
      message(Capabilities(bounding: ["CAP_KILL"], inheritable: both, permitted: both))
        == "process.capabilities.inheritable[0]: CAP_CHOWN is not in the bounding set \(answer)")
  }

  @Test("an ambient capability that the kernel would refuse is left out and told, as runc and crun do without it")
  func withheldAmbient() throws {
    let both = ["CAP_CHOWN", "CAP_KILL"]
    let partly = try CapabilitySets(planning: Capabilities(bounding: both, inheritable: both, permitted: ["CAP_CHOWN"], ambient: both), last: 40)
    #expect(partly.ambient.numbers == [0])
    #expect(partly.withheldAmbient.numbers == [5])
    let none = try CapabilitySets(planning: Capabilities(bounding: both, permitted: both, ambient: both), last: 40)
    #expect(none.ambient.isEmpty)
    #expect(none.withheldAmbient.numbers == [0, 5])
  }
}
