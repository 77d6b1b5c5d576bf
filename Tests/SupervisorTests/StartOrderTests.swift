import OCI
import Testing

@testable import Supervisor

@Suite("the order in which services start")
struct StartOrderTests {
  private func service(_ name: String, _ dependencies: String...) -> Service {
    Service(name: name, dependencies: dependencies.map { Dependency(service: $0) })
  }

  private func names(_ services: [Service]) throws -> [String] {
    try StartOrder(Application(name: "app", services: services)).places.map { services[$0].name }
  }

  private func refusal(_ services: [Service]) -> String {
    do throws(SpecError) { _ = try StartOrder(Application(name: "app", services: services)) } catch { return error.message }
    return ""
  }

  @Test("is dependencies first, and the manifest's where they leave it open")
  func order() throws {
    #expect(try names([service("a"), service("b"), service("c")]) == ["a", "b", "c"])
    #expect(try names([service("web", "app", "log"), service("app", "db"), service("log"), service("db")]) == ["log", "db", "app", "web"])
  }

  @Test(
    "names the cycle that there is",
    arguments: [
      ([("a", ["a"])], "services.a.depends_on: a cycle: a -> a"),
      ([("a", ["b"]), ("b", ["a"])], "services.a.depends_on: a cycle: a -> b -> a"),
      // Who only depends on a cycle is not one of it; an optional dependency makes one as well.
      ([("z", ["a"]), ("a", ["x", "b"]), ("b", ["c"]), ("c", ["?a"]), ("x", [])], "services.a.depends_on: a cycle: a -> b -> c -> a"),
    ] as [([(String, [String])], String)])
  func cycles(_ services: [(String, [String])], _ message: String) {
    let made = services.map { name, others in
      Service(name: name, dependencies: others.map { Dependency(service: $0.filter { $0 != "?" }, isRequired: !$0.hasPrefix("?")) })
    }
    #expect(refusal(made) == message)
  }

  @Test("has no place for a required service that is not there")
  func missing() {
    #expect(refusal([service("a", "b")]) == "services.a.depends_on.b: there is no such service")
    #expect(refusal([Service(name: "a", dependencies: [Dependency(service: "b", isRequired: false)])]) == "")
  }

  @Test("is found for a ladder of 400 services, each of which depends on two")
  func ladder() throws {
    var services = [service("s0"), service("s1")]
    for index in 2..<400 { services.append(service("s\(index)", "s\(index - 1)", "s\(index - 2)")) }
    #expect(try names(services.reversed()).last == "s399")
  }
}
