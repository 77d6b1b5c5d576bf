import OCI
import Testing

@testable import Trust

@Suite("hashes")
struct HashStreamTests {
  @Test("digests are those of the standards' own examples")
  func digests() {
    #expect(digest(of: Array("abc".utf8), .sha256)?.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      digest(of: Array("abc".utf8), .sha512)?.hex
        == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
    #expect(digest(of: [], .sha256)?.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test("the pieces in which bytes come do not matter: the processor's instructions and mbedTLS's code, which gets what is less than a block, agree")
  func pieces() throws {
    var random = SystemRandomNumberGenerator()
    for count in [1, 55, 56, 63, 64, 65, 127, 128, 1000, 70_001] {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let byByte = try #require(HashStream(.sha256))
      for byte in bytes { withUnsafeBytes(of: byte) { byByte.add($0) } }
      let expected = try #require(byByte.finish())
      #expect(digest(of: bytes, .sha256) == expected)
      for _ in 0..<20 {
        let stream = try #require(HashStream(.sha256))
        var rest = bytes[...]
        while !rest.isEmpty {
          let piece = Array(rest.prefix(Int.random(in: 0...(count / 3 + 1), using: &random)))
          piece.withUnsafeBytes { stream.add($0) }
          rest = rest.dropFirst(piece.count)
        }
        #expect(stream.finish() == expected)
      }
    }
  }
}
