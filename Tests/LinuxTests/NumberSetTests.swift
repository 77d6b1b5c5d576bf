import Linux
import Testing

@Suite("a set of numbers")
struct NumberSetTests {
  @Test(
    "a range sets exactly its bits, whatever words it begins and ends in",
    arguments: [0...0, 63...63, 0...63, 1...62, 63...64, 64...64, 5...127, 64...191, 60...200, 1000...1023] as [ClosedRange<UInt32>])
  func range(_ range: ClosedRange<UInt32>) {
    var set = NumberSet()
    set.insert(range)
    var found: [UInt32] = []
    for (index, word) in set.words.enumerated() { for bit in 0..<64 where word >> UInt64(bit) & 1 == 1 { found.append(UInt32(index * 64 + bit)) } }
    #expect(found == Array(range))
    #expect(set.numbers == found)
    #expect(set.words.count == Int(range.upperBound / 64) + 1)
  }

  @Test("ranges add up, and a document with a great many of them takes no longer than its text")
  func many() {
    var set = NumberSet()
    set.insert(7...8)
    for _ in 0..<1000 { set.insert(0...65535) }
    #expect(set.words == Array(repeating: UInt64.max, count: 1024))
  }
}
