import Linux
import Testing

@testable import Probe

@Suite("the feature table")
struct FeatureTests {
  @Test("a missing feature is told with its build option")
  func message() {
    #expect(ProbeError.missing(.pidNamespace).message == "this kernel has no PID namespaces (CONFIG_PID_NS is off)")
    #expect(ProbeError.missing(.apparmor).message == "this kernel has no AppArmor (CONFIG_SECURITY_APPARMOR is off, or it was not enabled at boot)")
  }

  @Test("each case has its own row: the key is the case with hyphens")
  func keys() {
    let rows = FeatureRow.all()
    #expect(rows.count == Feature.allCases.count)
    for feature in Feature.allCases {
      var key = ""
      for character in "\(feature)" { key += character.isUppercase ? "-\(character.lowercased())" : String(character) }
      #expect(feature.row[.key] == key)
      #expect(feature.row.feature == feature)
    }
  }

  @Test("each row says what the feature is called, what needs it, how much it matters and how it is probed")
  func rows() {
    for row in FeatureRow.all() {
      for field: FeatureRow.Field in [.name, .needs, .probing] { #expect(!row[field].isEmpty, "\(row.feature) \(field)") }
      #expect(["v", "u", "e"].contains(row[.weight]), "\(row.feature)")
      #expect(Probing.Verb(Array(row[.probing].prefix { $0 != " " }.utf8)[...]) != nil, "\(row.feature)")
      #expect(!row.group.isEmpty)
      // A stand-in costs something, or is said to cost nothing; what nothing stands in for costs its own lack.
      #expect(row[.instead].isEmpty == row[.costs].isEmpty, "\(row.feature)")
    }
  }

  @Test("a stand-in that depends on a feature names one of the table")
  func standIns() {
    for row in FeatureRow.all() where row[.instead].hasPrefix("[") {
      #expect(row.instead?.feature != nil, "\(row.feature)")
      #expect(row.instead?.feature != row.feature)
      #expect(row.instead?.what.hasPrefix("[") == false)
    }
    #expect(Feature.cgroupV2.row.instead?.feature == .cgroups)
    #expect(Feature.openat2.row.instead?.what == "a walk in user space with the same meaning")
    #expect(Feature.mountNamespace.row.instead == nil)
    #expect(Feature.pidNamespace.row.instead?.feature == .hidepid)
  }

  @Test("what has neither a build option nor the Linux that brought it has a remedy")
  func remedies() {
    for row in FeatureRow.all() where row.options.isEmpty && row[.since].isEmpty { #expect(!row[.remedy].isEmpty, "\(row.feature)") }
  }

  @Test("a file system is found by its type, and no other row is")
  func fileSystemRows() {
    #expect(Feature(fileSystem: "mqueue") == .mqueue)
    #expect(Feature(fileSystem: "overlay") == .overlay)
    #expect(Feature(fileSystem: "erofs") == .erofs)
    #expect(Feature(fileSystem: "loop") == nil)
    #expect(Feature(fileSystem: "ext4") == nil)
  }

  @Test("a file system is found by its whole type")
  func fileSystems() {
    let contents = Array("nodev\ttmpfs\n\text4\nnodev\toverlay\n".utf8)
    #expect(lists(contents, "overlay") && lists(contents, "ext4") && lists(contents, "tmpfs"))
    #expect(!lists(contents, "over") && !lists(contents, "lay") && !lists(contents, "nodev") && !lists(contents, "btrfs"))
  }

  @Test("what every Linux has is present, and the features behind a set of namespaces are named, PID first")
  func present() throws {
    #expect(try Feature.mountNamespace.isPresent())
    #expect(Feature.behind([.mount, .pid, .time]) == [.pidNamespace, .mountNamespace, .timeNamespace])
    #expect(Feature.behind([]).isEmpty)
  }
}
