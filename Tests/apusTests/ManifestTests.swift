import Runtime
import Supervisor
import Testing
import Wording

@Suite("manifests and the runtime")
struct ManifestTests {
  @Test("a manifest calls what has a stand-in as the command line does")
  func standIns() { #expect(StandIn.names.words == BestEffort.all.list && StandIn.allCases.count == BestEffort.all.list.count) }
}
