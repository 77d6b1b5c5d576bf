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

  @Test("HOME is looked for unless the environment has one, and an empty one says nothing")
  func home() throws {
    let plan = try plan(smallest { $0.process?.env = ["A=1", "A=2"] })
    #expect(plan.looksForHome && plan.environmentWithoutHome == ["A=2"])
    plan.environment = ["HOME=", "B=2"]
    #expect(plan.looksForHome && plan.environmentWithoutHome == ["B=2"])
    plan.environment = ["HOME=/a", "B=2"]
    #expect(!plan.looksForHome && plan.environmentWithoutHome == ["HOME=/a", "B=2"])
  }

  @Test("HOME that is found comes last")
  func foundHome() throws {
    let plan = try plan(smallest { $0.process?.env = ["A=1"] })
    let supplies = Supplies(for: plan, keeping: [])
    #expect(supplies.wholeEnvironment(of: plan) == ["A=1"])
    supplies.setHome(Array("/home/a".utf8)[...])
    #expect(supplies.wholeEnvironment(of: plan) == ["A=1", "HOME=/home/a"])
    supplies.setHome([])
    #expect(supplies.wholeEnvironment(of: plan) == ["A=1", "HOME=/"])
  }
}
