import Testing

@testable import Supervisor

@Suite("an application's defaults")
struct ApplicationTests {
  @Test("are those of Compose and Docker")
  func defaults() {
    let service = Service(name: "a")
    #expect(service.restart.when == .no && service.restart.firstDelay == 100 && service.restart.longestDelay == 60_000)
    #expect(service.stop.gracePeriod == 10_000 && service.health == nil)
  }
}
