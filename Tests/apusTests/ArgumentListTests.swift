import Testing

@testable import apus

@Suite("the words of a command line")
struct ArgumentListTests {
  /// Each argument as text: options in brackets.
  private func taken(_ words: [String]) -> [String] {
    var list = ArgumentList(words)
    var taken: [String] = []
    while let argument = list.nextArgument() {
      switch argument {
      case .operand(let word): taken.append(word)
      case .option(let name, let value): taken.append("[\(name)\(value.map { "|\($0)" } ?? "")]")
      }
    }
    return taken
  }

  @Test("options begin with a dash; a dash alone is an operand")
  func kinds() { #expect(taken(["-t", "--tty", "redis", "-", ""]) == ["[-t]", "[--tty]", "redis", "-", ""]) }

  @Test("a value behind = is taken apart at the first one, and may be empty; a short option has none")
  func attached() { #expect(taken(["--env=A=b", "--name=", "-e=A"]) == ["[--env|A=b]", "[--name|]", "[-e=A]"]) }

  @Test("-- is passed over and makes operands of everything behind it, once")
  func separator() { #expect(taken(["-a", "--", "-b", "--", "c"]) == ["[-a]", "-b", "--", "c"]) }

  @Test("-- at the end is nothing")
  func lastSeparator() { #expect(taken(["a", "--"]) == ["a"]) }

  @Test("a value is what is attached, else the next word, whatever it looks like")
  func values() throws {
    var list = ArgumentList(["-x", "rest"])
    #expect(try list.value(of: "--name", "given") == "given")
    #expect(try list.value(of: "--name", nil) == "-x")
    #expect(list.rest() == ["rest"] && list.next() == nil && list.rest().isEmpty)
    do throws(Failure) {
      _ = try list.value(of: "--name", nil)
      Issue.record("there is no word left")
    } catch {
      #expect(error.message == "option --name needs a value" && error.status == 2)
    }
  }
}
