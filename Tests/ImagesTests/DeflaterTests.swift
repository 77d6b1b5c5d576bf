import Testing

@testable import Images

@Suite("compression to gzip")
struct DeflaterTests {
  private func deflated(_ bytes: [UInt8], pieces: Int = .max) -> [UInt8] {
    let deflater = Deflater()
    var start = 0
    while start < bytes.count {
      let end = start + min(pieces, bytes.count - start)
      bytes[start..<end].withUnsafeBytes { deflater.add($0) }
      start = end
    }
    deflater.finish()
    return deflater.output
  }

  @Test("zlib's inflate gives the same bytes again, whatever they are and in whatever pieces they come", arguments: [1, 511, Int.max])
  func roundTrip(pieces: Int) {
    var random = SystemRandomNumberGenerator()
    var cases: [[UInt8]] = [[], [0], [255], Array("abcabcabcabcabcabc".utf8), [UInt8](repeating: 0, count: 100_000)]
    // Every byte, and every length of a repetition.
    for length in [1, 2, 3, 4, 5, 9, 10, 11, 12, 17, 33, 130, 131, 256, 257, 258, 259, 260, 300, 600] {
      cases.append([UInt8(truncatingIfNeeded: length), 200, 1] + [UInt8](repeating: 7, count: length) + [UInt8(truncatingIfNeeded: length), 200, 1, 9])
    }
    // Every magnitude of a distance.
    for distance in stride(from: 5, to: 16_000, by: 1999) {
      let noise = (0..<distance).map { _ in UInt8.random(in: 0...255, using: &random) }
      cases.append(noise + noise + noise.reversed())
    }
    if pieces == 1 { cases = Array(cases.prefix(30)) }
    for bytes in cases {
      #expect(inflated(deflated(bytes, pieces: pieces), limit: 1 << 20) == bytes)
    }
  }

  @Test("what is never the same becomes longer by an eighth at most, what is always the same a ninetieth")
  func sizes() {
    var random = SystemRandomNumberGenerator()
    let noise = (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    #expect(deflated(noise).count < noise.count * 9 / 8 + 32)
    #expect(deflated([UInt8](repeating: 0, count: 50_000)).count < 520)
  }

  @Test("tar headers take no more than a twelfth")
  func headers() {
    let bytes = (0..<100).flatMap { Entry(name: "usr/share/doc/package-\($0)/copyright", size: $0 * 977, extended: []).header }
    #expect(deflated(bytes).count < bytes.count / 12)
  }
}
