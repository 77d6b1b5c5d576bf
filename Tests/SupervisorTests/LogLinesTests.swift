import Testing

@testable import Supervisor

/// The parts that a splitter makes of pieces, each with a mark: `>` goes on, `|` ends its line. The first part of a line has a `^` in front.
private func parts(_ pieces: [String], limit: Int) -> [String] {
  let splitter = LineSplitter(limit: limit)
  var parts: [String] = []
  for piece in pieces {
    var rest = Array(piece.utf8)[...]
    while let part = splitter.next(&rest) { parts.append(text(part)) }
    #expect(rest.isEmpty)
  }
  if let part = splitter.end() { parts.append(text(part)) }
  #expect(splitter.end() == nil)
  return parts
}

private func text(_ part: LineSplitter.Part) -> String { (part.isStart ? "^" : "") + String(decoding: part.text, as: UTF8.self) + (part.isEnd ? "|" : ">") }

@Suite("what a container writes becomes lines")
struct LogLinesTests {
  @Test(
    "a line is what ends with a line feed, in whatever pieces it comes",
    arguments: [
      ([], []), ([""], []), (["a\n"], ["^a|"]), (["\n"], ["^|"]), (["\n\n"], ["^|", "^|"]), (["a", "b\n"], ["^ab|"]),
      (["a", "", "b", "\n", "c\nd\n"], ["^ab|", "^c|", "^d|"]),
      (["a\r\n"], ["^a\r|"]), (["a\0b\n"], ["^a\0b|"]),
    ] as [([String], [String])])
  func lines(_ pieces: [String], _ expected: [String]) { #expect(parts(pieces, limit: 8) == expected) }

  @Test("what is said last without a line feed is a line", arguments: [(["a"], ["^a|"]), (["a\n", "b"], ["^a|", "^b|"])] as [([String], [String])])
  func end(_ pieces: [String], _ expected: [String]) { #expect(parts(pieces, limit: 8) == expected) }

  @Test(
    "a line up to the limit is whole, and a longer one comes in parts",
    arguments: [
      (["12345678\n"], ["^12345678|"]), (["1234", "5678", "\n"], ["^12345678|"]), (["12345678"], ["^12345678|"]), (["123456789\n"], ["^12345678>", "9|"]),
      (["12345678", "9", "\n"], ["^12345678>", "9|"]), (["1234567", "89\nab\n"], ["^12345678>", "9|", "^ab|"]),
      (["12345678abcdefgh\n"], ["^12345678>", "abcdefgh|"]),
      (["12345678abcdefghX"], ["^12345678>", "abcdefgh>", "X|"]),
    ] as [([String], [String])])
  func long(_ pieces: [String], _ expected: [String]) { #expect(parts(pieces, limit: 8) == expected) }

  @Test(
    "a character is not cut in two, unless it is none",
    arguments: [
      (["1234567ä\n"], ["^1234567>", "ä|"]), (["123456ä\n"], ["^123456ä|"]), (["12345", "67ä", "x\n"], ["^1234567>", "äx|"]), (["12345€\n"], ["^12345€|"]),
      (["123456€€€\n"], ["^123456>", "€€>", "€|"]), (["12345🐦\n"], ["^12345>", "🐦|"]), (["123", "45🐦", "🐦🐦\n"], ["^12345>", "🐦🐦>", "🐦|"]),
    ] as [([String], [String])])
  func characters(_ pieces: [String], _ expected: [String]) { #expect(parts(pieces, limit: 8) == expected) }

  @Test("bytes that are no text are cut at the limit")
  func noText() {
    let splitter = LineSplitter(limit: 8)
    var rest = [UInt8](repeating: 0x80, count: 20)[...]
    var counts: [Int] = []
    while let part = splitter.next(&rest) { counts.append(part.text.count) }
    #expect(counts == [8, 8] && splitter.end()?.text.count == 4)
  }

  @Test("the pieces make no difference", arguments: 0..<20)
  func pieces(_ seed: UInt64) {
    var random = Random(state: seed)
    let text = (0..<400).map { _ in random.one(of: ["a", "b", "ä", "€", "🐦", "\n", "\n", "0123456789"]) }.joined()
    let limit = Int(4 + random.below(20))
    let expected = parts([text], limit: limit)
    #expect(expected.allSatisfy { $0.utf8.count <= limit + 2 })
    let said = expected.joined().replacing("^", with: "").replacing(">", with: "").replacing("|", with: "\n")
    #expect(said == text || said == text + "\n")
    var pieces: [[UInt8]] = [[]]
    for byte in text.utf8 { if random.chance(20) { pieces.append([byte]) } else { pieces[pieces.count - 1].append(byte) } }
    let splitter = LineSplitter(limit: limit)
    var found: [[UInt8]] = []
    for piece in pieces {
      var rest = piece[...]
      while let part = splitter.next(&rest) { found.append(Array(part.text) + [part.isEnd ? 0x7C : 0x3E]) }
    }
    if let part = splitter.end() { found.append(Array(part.text) + [0x7C]) }
    #expect(found == expected.map { Array($0.utf8.drop { $0 == 0x5E }) })
  }
}
