import OCI
import Testing

@testable import apus

@Suite("the configuration that apus spec writes")
struct ExampleSpecTests {
  @Test("it is one, and follows the version of this program", arguments: [true, false])
  func root(_ unified: Bool) throws {
    let spec = try Spec(parsing: Array(exampleSpec(.root, hasUnifiedCgroups: unified).utf8))
    #expect(spec.ociVersion == Spec.version && spec.root == Root(path: "rootfs", readonly: true) && spec.process?.terminal == true)
    #expect((spec.linux?.namespace(.cgroup) != nil) == unified && spec.linux?.namespace(.network) != nil && spec.linux?.namespace(.user) == nil)
    #expect(spec.linux?.resources?.devices.count == 1 && spec.mounts.count == 7)
  }

  @Test("without root the caller is mapped, and what takes other rights is left out")
  func rootless() throws {
    let linux = try #require(try Spec(parsing: Array(exampleSpec(.rootless(user: 1000, group: 100), hasUnifiedCgroups: true).utf8)).linux)
    #expect(linux.uidMappings == [IDMapping(containerID: 0, hostID: 1000, size: 1)] && linux.gidMappings == [IDMapping(containerID: 0, hostID: 100, size: 1)])
    #expect(linux.namespace(.user) != nil && linux.namespace(.cgroup) != nil && linux.namespace(.network) == nil && linux.resources == nil)
  }
}
