import Testing
import Wording

@Suite("sorting by indices")
struct OrderTests {
  @Test("keys are put in the order of their bytes, and equal ones stay as they were")
  func keys() {
    let keys: [[UInt8]] = [[2], [1, 255], [], [1], [2], [1, 0]]
    #expect(order(of: keys.map { $0[...] }) == [2, 3, 5, 1, 0, 4])
    #expect(order(of: []).isEmpty)
  }

  @Test("many elements are sorted as the standard library sorts them")
  func many() {
    var generator = SystemRandomNumberGenerator()
    let numbers = (0..<3000).map { _ in Int32.random(in: -400...400, using: &generator) }
    #expect(numbers.ascending() == numbers.sorted())
    let names = numbers.map { "\($0)" }
    #expect(names.sorted(byNames: { $0 }) == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  @Test("elements with the same key keep their order")
  func stable() {
    let pairs = (0..<500).map { (key: [UInt8($0 % 7)][...], number: $0) }
    let sorted = pairs.sorted(byBytesOf: { $0.key })
    for (pair, before) in zip(sorted.dropFirst(), sorted) where pair.key == before.key { #expect(pair.number > before.number) }
    #expect(sorted.map { $0.number }.ascending() == pairs.map { $0.number })
  }

  @Test("a key is found among sorted ones, in every place, and not where it is none of them")
  func place() {
    for count in 0..<9 {
      let keys = (0..<count).map { [UInt8(2 * $0 + 1)][...] }
      for key in 0...(2 * count + 1) {
        let found = Wording.place(of: [UInt8(key)][...], among: count) { keys[$0] }
        #expect(found == (key % 2 == 1 && key / 2 < count ? key / 2 : nil))
      }
    }
  }
}
