import Testing
import Wording

@testable import apus

@Suite("the table of commands")
struct CommandTableTests {
  @Test("no two options of a command have one name or one letter, and only -h asks for help")
  func distinct() {
    for command in commands {
      let options = (command.options + [.help]).map(\.spec)
      #expect(Set(options.map { "\($0.name)" }).count == options.count, "\(command.name)")
      let letters = options.compactMap(\.letter)
      #expect(Set(letters).count == letters.count, "\(command.name)")
    }
    #expect(Set(globalOptions.map { "\($0.spec.name)" }).count == globalOptions.count)
  }

  @Test("no command hides another one or a group, and each of several words is in a group")
  func reachable() {
    let names = commands.map { "\($0.name)" }
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(!names.contains { $0.hasPrefix(name + " ") }, "\(name)")
      #expect(!commandGroups.contains { "\($0.name)" == name })
      #expect(name.contains(" ") == commandGroups.contains { name.hasPrefix("\($0.name) ") })
    }
  }

  @Test("names are as shells and people write them; summaries are one line without a full stop")
  func wording() {
    let words = CharacterSet("abcdefghijklmnopqrstuvwxyz0123456789-")
    for option in OptionID.allCases.map(\.spec) {
      #expect("\(option.name)".allSatisfy(words.contains), "\(option.name)")
      #expect(!"\(option.help)".hasSuffix(".") && !"\(option.help)".contains("\n"), "\(option.name)")
      #expect(option.completion != .choices || "\(option.placeholder ?? "")".contains("|"), "\(option.name)")
    }
    for command in commands {
      #expect("\(command.name)".split(separator: " ").allSatisfy { $0.allSatisfy(words.contains) })
      #expect(!"\(command.summary)".hasSuffix(".") && !"\(command.summary)".contains("\n"), "\(command.name)")
    }
  }

  @Test("a command that needs operands shows them in its usage and names them when they are missing")
  func operands() {
    for command in commands {
      #expect((command.operandCount.upperBound > 0) == (!command.operands.isEmpty), "\(command.name)")
      #expect((command.operandCount.lowerBound > 0) == (!command.needs.isEmpty), "\(command.name)")
    }
  }

  @Test("help has every option of a command, no line wider than a terminal, and no two spaces at an end")
  func help() {
    for command in commands {
      let text = HelpText.of(command)
      for option in command.options { #expect(text.contains("--\(option.spec.name)")) }
      #expect(text.hasPrefix("apus \(command.name): \(command.summary)\n\nUsage: apus \(command.name) [OPTIONS]"))
      #expect(text.hasSuffix("\n") && text.split(separator: "\n").allSatisfy { $0.count <= 100 && !$0.hasSuffix(" ") }, "\(text)")
    }
    #expect(HelpText.overview.split(separator: "\n").allSatisfy { $0.count <= 100 })
    for command in commands { #expect(HelpText.overview.contains("  \(command.name)  ")) }
  }

  @Test("help is laid out in two columns, with long lines continued in the second")
  func layout() {
    let command = CommandSpec(
      name: "demo", summary: "show it", operands: "ID", operandCount: 1...1, options: [.tty, .resources],
      description: "One two.\n\nThree.", perform: { (_) throws(Failure) in 0 })
    #expect(
      HelpText.of(command) == """
        apus demo: show it

        Usage: apus demo [OPTIONS] ID

        One two.

        Three.

        Options:
          -t, --tty             give the process a terminal
          -r, --resources FILE  the limits, as `linux.resources` of config.json; - for standard input; no
                                other option counts
          -h, --help            print this

        """)
  }
}

/// A set of characters, without Foundation.
private struct CharacterSet {
  private let characters: Set<Character>
  init(_ characters: String) { self.characters = Set(characters) }
  func contains(_ character: Character) -> Bool { characters.contains(character) }
}
