import Images
import Testing

@Suite("a gzip file in memory")
struct InflatedTests {
  private let text = [UInt8](repeating: 0x61, count: 200_000)

  @Test("its contents come whole, also those of two members")
  func whole() {
    #expect(inflated(gzip(text), limit: 200_000) == text)
    #expect(inflated(gzip(text) + gzip([0x62]), limit: 1 << 20) == text + [0x62])
    #expect(inflated(gzip([]), limit: 0) == [])
  }

  @Test("nothing comes of one that is longer than it may be, cut off, damaged or none")
  func refused() {
    #expect(inflated(gzip(text), limit: 199_999) == nil)
    #expect(inflated(Array(gzip(text).dropLast()), limit: 1 << 20) == nil)
    #expect(inflated(gzip(text) + [0x42], limit: 1 << 20) == nil)
    #expect(inflated(text, limit: 1 << 20) == nil)
    #expect(inflated([], limit: 1 << 20) == nil)
  }
}
