import OCI
import Testing

@testable import Sandbox

@Suite("network devices of config.json")
struct NetworkDevicesTests {
  private func spec(_ devices: [NetDevice], _ type: NamespaceType? = .network) -> Spec {
    smallest { spec in
      spec.linux?.netDevices = devices
      if let type { spec.linux?.namespaces.append(Namespace(type: type)) }
    }
  }

  @Test("a device keeps its name unless another is given, or one for the kernel to number")
  func names() throws {
    let devices = [NetDevice(hostName: "eth0"), NetDevice(hostName: "eth1", name: "uplink"), NetDevice(hostName: "eth2", name: "lan%d")]
    let planned = try plan(spec(devices)).networkDevices
    #expect(planned.map(\.name) == ["eth0", "uplink", "lan%d"])
    #expect(planned.map(\.hostName) == ["eth0", "eth1", "eth2"])
    #expect(planned.map(\.isTemplate) == [false, false, true])
  }

  @Test("without a network namespace there is nowhere to move one to")
  func noNamespace() {
    let message = "linux.netDevices.eth0: needs a network namespace of the container's own, which linux.namespaces does not have"
    #expect(refusal(spec([NetDevice(hostName: "eth0")], nil)) == message)
    #expect(refusal(spec([NetDevice(hostName: "eth0")], .ipc)) == message)
  }

  @Test("what the kernel would not take for a name is refused", arguments: ["", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\nb", "sixteen-bytes-ab"])
  func badNames(_ name: String) {
    #expect(refusal(spec([NetDevice(hostName: name)])) == "linux.netDevices.\(name): not the name of a network device")
    let message = "linux.netDevices.eth0.name: not the name of a network device, nor one with %d at its end"
    if !name.isEmpty { #expect(refusal(spec([NetDevice(hostName: "eth0", name: name)])) == message) }
  }

  @Test("only %d at the end is a number", arguments: ["%s", "a%", "%da", "a%d%d", "%x"])
  func formats(_ name: String) {
    #expect(
      refusal(spec([NetDevice(hostName: "eth0", name: name)])) == "linux.netDevices.eth0.name: not the name of a network device, nor one with %d at its end")
  }

  @Test("two devices cannot get one name, unless the kernel numbers them")
  func twice() {
    let both = [NetDevice(hostName: "a", name: "b"), NetDevice(hostName: "b")]
    #expect(refusal(spec(both)) == "linux.netDevices.b.name: another network device gets the name b")
    #expect(refusal(spec([NetDevice(hostName: "a", name: "n%d"), NetDevice(hostName: "b", name: "n%d")])) == nil)
  }
}
