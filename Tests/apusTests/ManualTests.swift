import Linux
import Testing

@testable import apus

/// The manual says of each option what the table says: its spellings and its value. A page for one command has them under OPTIONS, a page for several under
/// the command's name in capitals.
@Suite("the manual pages and the table of commands")
struct ManualTests {
  /// The folder of the pages, from the place of this file.
  private static let folder = Path(bytes: Array(#filePath.utf8).dropLast("Tests/apusTests/ManualTests.swift".utf8.count)).appending("docs/man")

  private static func lines(_ page: String) throws -> [Substring] {
    String(decoding: try readFile(folder.appending("\(page).1.md"), limit: 1 << 20), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The options of a section, as `--memory N, -m N`; nil when the page or the section is not there.
  private static func options(_ page: String, _ section: String) -> [String]? {
    guard let lines = try? lines(page), let start = lines.firstIndex(of: "## \(section)") else { return nil }
    let body = lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }
    return body.filter { $0.hasPrefix("- **-") }.map { line in
      // What stands before the colon and the text; a colon in a value has no space behind it.
      var spelling = ""
      var rest = line.dropFirst(2)
      while let character = rest.first, !rest.hasPrefix(": ") {
        if character != "*" { spelling.append(character) }
        rest = rest.dropFirst()
      }
      return spelling
    }
  }

  /// An option of the table in the same form.
  private static func spelling(_ option: OptionSpec) -> String {
    let value = option.placeholder.map { " \($0)" } ?? ""
    return "--\(option.name)\(value)" + (option.letter.map { ", -\($0)\(value)" } ?? "")
  }

  /// The page and the section of a command.
  private static func place(of command: CommandSpec) -> (page: String, section: String)? {
    let words = "\(command.name)".split(separator: " ").map(String.init)
    if words.count == 2 { return ("apus-\(words[0])", words[1].uppercased()) }
    let pages = ["apus-create", "apus-run", "apus-exec", "apus-list", "apus-update", "apus-spec"]
    for page in pages where options(page, words[0].uppercased()) != nil { return (page, words[0].uppercased()) }
    return options("apus-\(words[0])", "OPTIONS").map { _ in ("apus-\(words[0])", "OPTIONS") }
  }

  @Test("every option is in the section of its command, and nothing else")
  func everyOption() throws {
    for command in commands {
      guard let place = ManualTests.place(of: command), let found = ManualTests.options(place.page, place.section) else {
        Issue.record("no page has a section for \(command.name)")
        continue
      }
      let expected = command.options.map { ManualTests.spelling($0.spec) }
      #expect(found.sorted() == expected.sorted(), "\(command.name) in \(place.page)")
    }
  }

  @Test("the program's own options are in apus(1)")
  func ownOptions() {
    #expect(ManualTests.options("apus", "OPTIONS")?.sorted() == globalOptions.map { ManualTests.spelling($0.spec) }.sorted())
  }

  @Test("apus(1) names every command with its page, and each page names its commands")
  func everyCommand() throws {
    let overview = try ManualTests.lines("apus")
    for command in commands {
      let page = try #require(ManualTests.place(of: command)?.page)
      #expect(overview.contains { $0.hasPrefix("- ") && $0.contains("**\(command.name)**") && $0.hasSuffix("; \(page)(1)") }, "\(command.name)")
      #expect(try ManualTests.lines(page).contains { $0.hasPrefix("    apus ") && $0.contains(" \(command.name)") }, "\(command.name)")
    }
  }
}
