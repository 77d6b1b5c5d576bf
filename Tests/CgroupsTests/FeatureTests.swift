import Linux
import Probe
import Testing

@testable import Cgroups

@Suite("controllers and the table of kernel features")
struct ControllerFeatureTests {
  @Test("each controller has its own row, which is probed by its name", arguments: Controller.allCases)
  func rows(_ controller: Controller) {
    let row = controller.feature.row
    #expect(row.group == "control groups")
    #expect(row[.probing] == (controller == .freezer ? "freezer" : "controller \(controller.name)"))
  }

  @Test("a limit with an option of its own has that of the feature, where there is one for it")
  func options() {
    let features: [(Limit, Feature)] = [
      (.cpuShares, .cpuWeight), (.cpuQuota, .cpuQuota), (.readBytes, .ioThrottle),
    ]
    for (limit, feature) in features {
      #expect(limit.row().option.elementsEqual(feature.option.utf8), "\(limit)")
      let words = feature.row[.probing].split(separator: " ")
      // The file by which the feature is found is one that limits of it are written to.
      #expect(limit.row().v1.elementsEqual(words[2].utf8) && limit.row().v2.elementsEqual(words[3].utf8), "\(limit)")
    }
  }

  @Test("features are tried where their controllers are mounted")
  func surroundings() {
    let android = Fixture.android.surroundings(dataDirectory: "/data/apus")
    #expect(android.place(.memoryController)?.mountPoint == "/dev/memcg" && android.place(.memoryController)?.version == 1)
    #expect(android.place(.pidsController) == nil)
    #expect(android.unified == "/sys/fs/cgroup" && android.hasHierarchy)
    // A v2 hierarchy filters devices by programs, and has no controller for it.
    #expect(android.place(.devicesController) == nil && Fixture.unified.surroundings(dataDirectory: "/").place(.devicesController) == nil)
    #expect(Fixture.legacy.surroundings(dataDirectory: "/").unified == nil)
    #expect(Fixture.unified.surroundings(dataDirectory: "/").place(.ioController)?.word == "io")
    #expect(!CgroupLayout().surroundings(dataDirectory: "/").hasHierarchy)
  }

  @Test("a trial group takes the place of the outermost group that is not there yet")
  func trial() throws {
    let path = try #require(CgroupPath("/apus-no-such-group/below/container"))
    #expect(path.trial("apus-check-1", in: CgroupLayout()).path == "/apus-no-such-group/below/apus-check-1")
    if let layout = layouts.first { #expect(path.trial("apus-check-1", in: layout).path == "/apus-check-1") }
  }
}
