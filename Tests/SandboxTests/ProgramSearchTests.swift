import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("where a program is looked for")
struct ProgramSearchTests {
  private func candidates(_ program: String, _ environment: [String]) throws -> [String] {
    let spec = smallest {
      $0.process?.args = [program]
      $0.process?.env = environment
    }
    return ProgramSearch(try plan(spec)).candidates.map { $0.description }
  }

  @Test("a name with a slash is a path, absolute or from the working directory")
  func paths() throws {
    #expect(try candidates("/bin/sh", ["PATH=/usr/bin"]) == ["/bin/sh"])
    #expect(try candidates("bin/sh", ["PATH=/usr/bin"]) == ["bin/sh"])
  }

  @Test("other names are looked for along the PATH of the container, in its order")
  func names() throws {
    #expect(try candidates("sh", ["A=b", "PATH=/usr/bin:/bin/", "PATHS=/x"]) == ["/usr/bin/sh", "/bin/sh"])
  }

  @Test("an empty entry means the working directory")
  func emptyEntry() throws {
    #expect(try candidates("sh", ["PATH=:/bin"]) == ["./sh", "/bin/sh"])
    #expect(try candidates("sh", ["PATH="]) == ["./sh"])
  }

  @Test("without PATH the usual places are searched, not the working directory")
  func noPath() throws {
    #expect(try candidates("sh", ["HOME=/"]) == ["/usr/local/bin/sh", "/bin/sh", "/usr/bin/sh"])
  }

  @Test("HOME comes from the user's entry unless the environment has one")
  func home() throws {
    let plan = try plan(smallest { $0.process?.env = ["A=1"] })
    #expect(plan.environment(home: "/home/a") == ["A=1", "HOME=/home/a"])
    #expect(plan.environment(home: nil) == ["A=1"])
    // An empty one says nothing.
    plan.environment = ["HOME=", "B=2"]
    #expect(plan.environment(home: "/home/a") == ["B=2", "HOME=/home/a"])
  }
}
