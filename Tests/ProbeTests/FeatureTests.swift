import Linux
import Testing

@testable import Probe

@Suite("the feature table")
struct FeatureTests {
  @Test("a missing feature is told with its build option")
  func message() {
    #expect(ProbeError.missing(.pidNamespace).message == "this kernel has no PID namespaces (CONFIG_PID_NS is off)")
    #expect(ProbeError.missing(.overlayFileSystem).message == "this kernel has no overlay file system (CONFIG_OVERLAY_FS is off, or its module is not loaded)")
    #expect(ProbeError.missing(.appArmor).message == "this kernel has no AppArmor (CONFIG_SECURITY_APPARMOR is off, or it was not enabled at boot)")
  }

  @Test("every row is filled in")
  func rows() {
    for feature in Feature.allCases {
      #expect(feature.name.utf8CodeUnitCount > 0)
      #expect(feature.option.utf8CodeUnitCount > 0)
      #expect(feature.otherwise.utf8CodeUnitCount > 0)
    }
  }

  @Test("a file system is found by its whole type")
  func fileSystems() {
    let contents = Array("nodev\ttmpfs\n\text4\nnodev\toverlay\n".utf8)
    #expect(lists(contents, "overlay") && lists(contents, "ext4") && lists(contents, "tmpfs"))
    #expect(!lists(contents, "over") && !lists(contents, "lay") && !lists(contents, "nodev") && !lists(contents, "btrfs"))
  }

  @Test("what every Linux has is present, and a set of namespaces is asked for at once")
  func present() throws {
    for feature: Feature in [.mountNamespace, .procFileSystem, .tmpFileSystem] { #expect(try feature.isPresent(), "\(feature)") }
    try Feature.require(namespaces: [.mount])
    try Feature.require(namespaces: [])
  }
}
