import Testing

@testable import apus

@Suite("the words of a command line")
struct ParsedArgumentsTests {
  private static let options: [OptionID] = [.bundle, .tty, .detach, .env, .readOnly, .memory]

  private func parse(_ words: [String], stopsAtOperand: Bool = false) throws -> ParsedArguments {
    try ParsedArguments(words[...], options: ParsedArgumentsTests.options, stopsAtOperand: stopsAtOperand)
  }

  @Test("options stand in front of operands and behind them")
  func anywhere() throws {
    let parsed = try parse(["--bundle", "/b", "one", "-t", "two"])
    #expect(parsed.value(.bundle) == "/b" && parsed.flag(.tty) && !parsed.flag(.detach) && parsed.operands == ["one", "two"])
  }

  @Test(
    "a value stands in the next word, behind = or behind its letter",
    arguments: [["--bundle", "/b"], ["--bundle=/b"], ["-b", "/b"], ["-b/b"], ["-b=/b"], ["-tb/b"], ["-tdb", "/b"], ["-b", "/a", "--bundle", "/b"]])
  func values(_ words: [String]) throws {
    let parsed = try parse(words + ["id"])
    #expect(parsed.value(.bundle) == "/b" && parsed.operands == ["id"])
  }

  @Test("a value is taken apart at the first =, may be empty, and may look like an option")
  func oddValues() throws {
    #expect(try parse(["-e", "A=b=c", "--env=B=", "--env=", "-e", "--tty", "--env", "--"]).values(.env) == ["A=b=c", "B=", "", "--tty", "--"])
  }

  @Test("of an option given twice the last value counts; an option not given has none")
  func last() throws {
    #expect(try parse(["-m", "1", "--memory=2"]).value(.memory) == "2")
    #expect(try parse([]).value(.memory) == nil && parse([]).values(.env).isEmpty)
  }

  @Test("letters of flags stand behind one dash")
  func letters() throws {
    let parsed = try parse(["-dt"])
    #expect(parsed.flag(.detach) && parsed.flag(.tty))
  }

  @Test("a dash alone and an empty word are operands, and -- makes operands of everything behind it, once")
  func operands() throws {
    #expect(try parse(["-", "", "--", "-t", "--", "--bundle"]).operands == ["-", "", "-t", "--", "--bundle"])
    #expect(try parse(["a", "--"]).operands == ["a"])
  }

  @Test("what follows the first operand is left alone where it is somebody else's; one -- in front of it is not a word of the command")
  func rest() throws {
    let parsed = try parse(["-t", "name", "sh", "-d", "--bogus", "--"], stopsAtOperand: true)
    #expect(parsed.flag(.tty) && !parsed.flag(.detach) && parsed.operands == ["name"])
    #expect(parsed.rest == ["sh", "-d", "--bogus", "--"] && parsed.command == parsed.rest)
    #expect(try parse(["--", "name", "--", "--", "x"], stopsAtOperand: true).command == ["--", "x"])
    #expect(try parse(["-t"], stopsAtOperand: true).operands.isEmpty)
  }

  @Test(
    "what cannot be understood is named as it was spelled",
    arguments: [
      (["--bogus"], .unknownOption("--bogus")), (["--bogus=x"], .unknownOption("--bogus")), (["--bund=x"], .unknownOption("--bund")),
      (["--b", "x"], .unknownOption("--b")), (["-x"], .unknownOption("-x")), (["-tx"], .unknownOption("-tx")), (["-tty"], .unknownOption("-tty")),
      (["--=x"], .unknownOption("--")), (["---tty"], .unknownOption("---tty")), (["-é"], .unknownOption("-é")), (["-t-d"], .unknownOption("-t-d")),
      (["--read-only=yes"], .takesNoValue("--read-only")), (["--read-only="], .takesNoValue("--read-only")), (["-t=1"], .takesNoValue("-t")),
      (["id", "--bundle"], .needsValue("--bundle")), (["-tb"], .needsValue("-b")),
    ] as [([String], ArgumentError)])
  func refused(_ words: [String], _ expected: ArgumentError) { #expect(throws: expected) { try parse(words) } }
}
