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
}
