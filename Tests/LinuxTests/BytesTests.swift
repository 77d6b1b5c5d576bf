import Linux
import Testing

@Suite("functions for bytes that come before those of the standard library")
struct BytesTests {
  /// All texts of at most five letters, of which there are two.
  private static var texts: [[UInt8]] {
    var texts: [[UInt8]] = [[]]
    for length in 0..<5 { texts += texts.filter { $0.count == length }.flatMap { [$0 + [0x61], $0 + [0x2C]] } }
    return texts
  }

  @Test("bytes are split as those of other collections are", arguments: [true, false], [0, 1, 2, Int.max])
  func split(omits: Bool, limit: Int) {
    for text in BytesTests.texts {
      let expected = ContiguousArray(text).split(separator: 0x2C, maxSplits: limit, omittingEmptySubsequences: omits).map { Array($0) }
      let longer = [0x2C] + text + [0x61]
      let parts: [[ArraySlice<UInt8>]] = [
        text.split(separator: 0x2C, maxSplits: limit, omittingEmptySubsequences: omits),
        text[...].split(separator: 0x2C, maxSplits: limit, omittingEmptySubsequences: omits),
        longer[1..<(longer.count - 1)].split(separator: 0x2C, maxSplits: limit, omittingEmptySubsequences: omits),
        text.split(maxSplits: limit, omittingEmptySubsequences: omits) { $0 < 0x30 },
        String(decoding: text, as: UTF8.self).utf8.split(separator: 0x2C, maxSplits: limit, omittingEmptySubsequences: omits),
      ]
      for part in parts { #expect(part.map { Array($0) } == expected) }
    }
  }

  @Test("bytes are the same when they are as many and each is")
  func same() {
    for (one, other, isSame) in [("", "", true), ("a", "", false), ("", "a", false), ("ab", "ab", true), ("ab", "ac", false), ("ü", "u", false)] {
      let bytes = Array(one.utf8)
      #expect(bytes.elementsEqual(other.utf8) == isSame && bytes[...].elementsEqual(other.utf8) == isSame)
      #expect(one.utf8.elementsEqual(other.utf8) == isSame && other.utf8.elementsEqual(bytes[...]) == isSame && one.equals(other) == isSame)
    }
  }
}
